/* Makes a segment and a set of semaphores, and kills the one who would remove them. */
#include <signal.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <unistd.h>

int main(void)
{
    semget(IPC_PRIVATE, 1, IPC_CREAT | 0600);
    shmget(IPC_PRIVATE, 25600, IPC_CREAT | 0600);
    kill(getppid(), SIGKILL);
    return 0;
}
