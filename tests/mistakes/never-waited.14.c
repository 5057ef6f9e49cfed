/* Exercise 14, with a mistake: the parent looks at the memory until something is there, and not for the child's end. */

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
    pid_t child = fork();
    if (child == -1)
        fail("fork");
    if (child == 0) {
        snprintf(memory, SIZE, "THE CHILD WAS HERE");
        usleep(100000);
        shmdt(memory);
        exit(EXIT_SUCCESS);
    }

    while (*(volatile char *)memory == 0)
        usleep(1000);
    printf("%s\n", memory);
    if (shmdt(memory) == -1)
        fail("shmdt");
    if (shmctl(id, IPC_RMID, NULL) == -1)
        fail("shmctl(IPC_RMID)");
    return 0;
}
