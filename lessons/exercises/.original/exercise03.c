/*
 * Exercise 3: ask the kernel for its record (shmctl with IPC_STAT).
 *
 * The goal: cargo run --bin check -- 3. A hint: cargo run --bin check -- 3 --hint.
 * Both are for the top of the checkout. Without check, there, too:
 *
 *     cc -o /tmp/exercise03 lessons/exercises/exercise03.c && /tmp/exercise03
 */

#include <stdio.h>
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/shm.h>

enum { SIZE = 25600 };

/* Given: says what failed, and ends the program. */
static void fail(const char *call)
{
    perror(call);
    exit(EXIT_FAILURE);
}

int main(void)
{
    int id = shmget(IPC_PRIVATE, SIZE, IPC_CREAT | IPC_EXCL | 0600);
    if (id == -1)
        fail("shmget");
    if (shmat(id, NULL, 0) == (void *)-1)
        fail("shmat");

    /* Yours: ask the kernel how large the segment is, and print what it says. */

    if (shmctl(id, IPC_RMID, NULL) == -1)
        fail("shmctl(IPC_RMID)");
    return 0;
}
