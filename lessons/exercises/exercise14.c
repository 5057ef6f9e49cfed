/*
 * Exercise 14: survive a fork.
 *
 * The goal: cargo run --bin check -- 14. A hint: cargo run --bin check -- 14 --hint.
 * Both are for the top of the checkout. Without check, there, too:
 *
 *     cc -o /tmp/exercise14 lessons/exercises/exercise14.c && /tmp/exercise14
 */

#include <stdio.h>
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

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

    /*
     * Yours: the child has a copy of the attachment, and answers in the segment. Which of its calls are not its
     * business? The parent still needs the segment when the child has ended.
     */
    pid_t child = fork();
    if (child == -1)
        fail("fork");
    if (child == 0) {
        snprintf(memory, SIZE, "THE CHILD WAS HERE");
        shmdt(memory);
        shmctl(id, IPC_RMID, NULL);
        exit(EXIT_SUCCESS);
    }

    waitpid(child, NULL, 0);
    printf("%s\n", memory);
    if (shmdt(memory) == -1)
        fail("shmdt");
    if (shmctl(id, IPC_RMID, NULL) == -1)
        fail("shmctl(IPC_RMID)");
    return 0;
}
