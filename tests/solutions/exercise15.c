/* Exercise 15, solved: leave nothing behind after a crash. */

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
    /* Marked from here on: the segment goes with its last attachment, however that ends. */
    if (shmctl(id, IPC_RMID, NULL) == -1)
        fail("shmctl(IPC_RMID)");

    struct shmid_ds record;
    snprintf(memory, SIZE, "THIS IS A TEST");
    if (shmctl(id, IPC_STAT, &record) == -1)
        fail("shmctl(IPC_STAT)");
    printf("%lu attachments\n", (unsigned long)record.shm_nattch);
    if (shmdt(memory) == -1)
        fail("shmdt");
    return 0;
}
