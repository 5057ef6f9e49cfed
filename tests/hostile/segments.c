/* Fills memory by segments, which no limit on its own memory counts, and leaves them. */
#include <string.h>
#include <sys/shm.h>

int main(void)
{
    for (int many = 0; many < 10000; many++) {
        int id = shmget(IPC_PRIVATE, 1 << 20, IPC_CREAT | 0600);
        char *memory = shmat(id, NULL, 0);
        if (memory != (void *)-1) {
            memset(memory, 1, 1 << 20);
            shmdt(memory);
        }
    }
    return 0;
}
