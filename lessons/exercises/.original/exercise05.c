/*
 * Exercise 5: detach the segment (shmdt).
 *
 * The goal: cargo run --bin check -- 5. A hint: cargo run --bin check -- 5 --hint.
 * Both are for the top of the checkout. Without check, there, too:
 *
 *     cc -o /tmp/exercise05 lessons/exercises/exercise05.c && /tmp/exercise05
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
    char *memory = shmat(id, NULL, 0);
    if (memory == (void *)-1)
        fail("shmat");
    snprintf(memory, SIZE, "THIS IS A TEST");

    /* Yours: take the mapping away, before the segment is removed. */

    if (shmctl(id, IPC_RMID, NULL) == -1)
        fail("shmctl(IPC_RMID)");
    return 0;
}
