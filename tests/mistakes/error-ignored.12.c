/* Exercise 12, with a mistake: what shmget returns is not looked at. */

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

static void *const WANTED = (void *)0x5000000;

int main(void)
{
    int id = shmget(IPC_PRIVATE, SIZE, IPC_CREAT | IPC_EXCL | 0600);
    char *memory = shmat(id, WANTED, 0);
    if (memory == (void *)-1)
        fail("shmat");
    printf("Attached at address %p\n", (void *)memory);

    char *second = shmat(id, WANTED, 0);
    if (second == (void *)-1 && errno == EINVAL)
        second = shmat(id, NULL, 0);
    if (second == (void *)-1)
        fail("shmat");
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
