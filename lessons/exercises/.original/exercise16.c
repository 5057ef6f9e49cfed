/*
 * Exercise 16: a counter without lost updates.
 *
 * The goal: cargo run --bin check -- 16. A hint: cargo run --bin check -- 16 --hint.
 * Both are for the top of the checkout. Without check, there, too:
 *
 *     cc -o /tmp/exercise16 lessons/exercises/exercise16.c && /tmp/exercise16
 */

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

/* Given: says what failed, and ends the program. */
static void fail(const char *call)
{
    perror(call);
    exit(EXIT_FAILURE);
}

/* How many processes count, and how far each. */
enum { CHILDREN = 4, ROUNDS = 5000 };

/* Adds 1 to the counter at the start of the segment, 5000 times. */
static void count(volatile unsigned *counter)
{
    for (int round = 0; round < ROUNDS; round++) {
        /* Yours: between these lines another process may come, and one of the two additions is lost. */
        unsigned seen = *counter;
        sched_yield();
        *counter = seen + 1;
    }
}

int main(void)
{
    int id = shmget(IPC_PRIVATE, 4096, IPC_CREAT | IPC_EXCL | 0600);
    if (id == -1)
        fail("shmget");
    volatile unsigned *counter = shmat(id, NULL, 0);
    if (counter == (void *)-1)
        fail("shmat");

    for (int child = 0; child < CHILDREN; child++) {
        pid_t pid = fork();
        if (pid == -1)
            fail("fork");
        if (pid == 0) {
            count(counter);
            exit(EXIT_SUCCESS);
        }
    }
    while (wait(NULL) > 0)
        ;
    printf("%u of %u\n", *counter, CHILDREN * ROUNDS);
    if (shmdt((void *)counter) == -1)
        fail("shmdt");
    if (shmctl(id, IPC_RMID, NULL) == -1)
        fail("shmctl(IPC_RMID)");
    return 0;
}
