/* Exercise 10, with a mistake: it gives up where another was first. */

#include <errno.h>
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

enum { KEY = 0x0a0a0a0a };

int main(void)
{
    int id = shmget(KEY, SIZE, IPC_CREAT | IPC_EXCL | 0600);
    int first = id != -1;

    if (!first && errno != EEXIST)
        fail("shmget");
    if (id == -1)
        fail("shmget");
    char *memory = shmat(id, NULL, 0);
    if (memory == (void *)-1)
        fail("shmat");
    if (first)
        snprintf(memory, SIZE, "I CAME FIRST");
    printf("%s\n", memory);
    if (shmdt(memory) == -1)
        fail("shmdt");
    if (first && shmctl(id, IPC_RMID, NULL) == -1)
        fail("shmctl(IPC_RMID)");
    return 0;
}
