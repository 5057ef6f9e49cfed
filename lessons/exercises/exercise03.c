/*
 * Exercise 3: ask the kernel for its record (shmctl with IPC_STAT).
 *
 *     cc -o exercise03 exercise03.c && cargo run --bin check -- 3 -- ./exercise03
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
