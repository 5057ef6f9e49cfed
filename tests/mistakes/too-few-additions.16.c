/* Exercise 16, with a mistake: each child counts for itself, and adds its sum in the end. */

#include <stdatomic.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
    int id = shmget(IPC_PRIVATE, 4096, IPC_CREAT | IPC_EXCL | 0600);
    atomic_uint *counter = shmat(id, NULL, 0);

    for (int child = 0; child < 4; child++) {
        if (fork() == 0) {
            unsigned own = 0;
            for (int round = 0; round < 5000; round++)
                own++;
            atomic_fetch_add(counter, own);
            shmdt(counter);
            _exit(0);
        }
    }
    while (wait(NULL) > 0)
        ;
    shmdt(counter);
    shmctl(id, IPC_RMID, NULL);
    return 0;
}
