/*
 * Exercise 6: reattach at an address of your choice.
 *
 * The goal: cargo run --bin check -- 6. A hint: cargo run --bin check -- 6 --hint.
 * Both are for the top of the checkout. Without check, there, too:
 *
 *     cc -o /tmp/exercise06 lessons/exercises/exercise06.c && /tmp/exercise06
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
    if (shmdt(memory) == -1)
        fail("shmdt");

    /* Yours: attach the segment again, at 0x5000000 this time, print the address, and detach it. */

    if (shmctl(id, IPC_RMID, NULL) == -1)
        fail("shmctl(IPC_RMID)");
    return 0;
}
