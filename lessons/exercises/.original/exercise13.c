/*
 * Exercise 13: offsets instead of pointers.
 *
 * The goal: cargo run --bin check -- 13. A hint: cargo run --bin check -- 13 --hint.
 * Both are for the top of the checkout. Without check, there, too:
 *
 *     cc -o /tmp/exercise13 lessons/exercises/exercise13.c && /tmp/exercise13
 */

#include <stdint.h>
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
    snprintf(memory + 64, SIZE - 64, "THIS IS A TEST");

    /*
     * Yours: the segment begins with a number that says where the text is. An address says so only as long as the
     * segment stays where it is, and in this program only. Write what stays true, and follow it below.
     */
    *(uint64_t *)memory = (uint64_t)(uintptr_t)(memory + 64);
    if (shmdt(memory) == -1)
        fail("shmdt");

    memory = shmat(id, (void *)0x5000000, 0);
    if (memory == (void *)-1)
        fail("shmat");
    printf("Reattached at address %p\n", (void *)memory);
    uint64_t link = *(uint64_t *)memory;
    printf("%s\n", (char *)(uintptr_t)link);
    if (shmdt(memory) == -1)
        fail("shmdt");
    if (shmctl(id, IPC_RMID, NULL) == -1)
        fail("shmctl(IPC_RMID)");
    return 0;
}
