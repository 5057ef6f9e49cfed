/*
 * Exercise 12: reattach when the address is taken.
 *
 * The goal: cargo run --bin check -- 12. A hint: cargo run --bin check -- 12 --hint.
 * Both are for the top of the checkout. Without check, there, too:
 *
 *     cc -o /tmp/exercise12 lessons/exercises/exercise12.c && /tmp/exercise12
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

static void *const WANTED = (void *)0x5000000;

int main(void)
{
    int id = shmget(IPC_PRIVATE, SIZE, IPC_CREAT | IPC_EXCL | 0600);
    if (id == -1)
        fail("shmget");
    char *memory = shmat(id, WANTED, 0);
    if (memory == (void *)-1)
        fail("shmat");
    printf("Attached at address %p\n", (void *)memory);

    /* Yours: attach it a second time. Try the same address, which is taken now; then go on where there is room. */
    char *second = shmat(id, WANTED, 0);
    if (second == NULL)
        second = shmat(id, NULL, 0);

    printf("Attached at address %p, too\n", (void *)second);
    snprintf(second, SIZE, "THIS IS A TEST");
    if (shmdt(second) == -1)
        fail("shmdt");
    if (shmdt(memory) == -1)
        fail("shmdt");
    if (shmctl(id, IPC_RMID, NULL) == -1)
        fail("shmctl(IPC_RMID)");
    return 0;
}
