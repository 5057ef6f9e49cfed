/* Exercise 15, otherwise: a child does the work, and its parent removes the segment, whatever becomes of the child. */

#include <string.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
    int id = shmget(IPC_PRIVATE, 25600, IPC_CREAT | IPC_EXCL | 0600);

    if (fork() == 0) {
        struct shmid_ds record;
        char *memory = shmat(id, NULL, 0);
        strcpy(memory, "THIS IS A TEST");
        shmctl(id, IPC_STAT, &record);
        shmdt(memory);
        _exit(0);
    }
    wait(NULL);
    shmctl(id, IPC_RMID, NULL);
    return 0;
}
