/* Exercise 16: each child counts in a mapping of its own, and keeps what it has inherited until it ends. */

#include <stdatomic.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
    int id = shmget(IPC_PRIVATE, 25600, IPC_CREAT | IPC_EXCL | 0600);
    void *inherited = shmat(id, NULL, 0);

    for (int child = 0; child < 4; child++) {
        if (fork() == 0) {
            atomic_uint *counter = shmat(id, NULL, 0);
            for (int round = 0; round < 5000; round++)
                atomic_fetch_add(counter, 1);
            shmdt((void *)counter);
            _exit(0);
        }
    }
    while (wait(NULL) > 0)
        ;
    shmdt(inherited);
    shmctl(id, IPC_RMID, NULL);
    return 0;
}
