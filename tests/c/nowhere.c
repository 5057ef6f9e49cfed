/* Calls whose pointers lead nowhere: the kernel answers EFAULT, and whoever watches can say no more than the address. */
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/shm.h>

int main(void) {
    void *nowhere = (void *)0x10;
    int segment = shmget(IPC_PRIVATE, 4096, 0600);
    int set = semget(IPC_PRIVATE, 1, 0600);
    shmctl(segment, IPC_STAT, nowhere);
    shmctl(segment, IPC_SET, nowhere);
    semop(set, nowhere, 2);
    shmctl(segment, IPC_RMID, 0);
    return semctl(set, 0, IPC_RMID);
}
