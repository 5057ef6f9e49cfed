/* Makes sets of semaphores, of which the kernel's table does not say who made them, and leaves them. */
#include <sys/sem.h>

int main(void)
{
    for (int many = 0; many < 100; many++)
        semget(IPC_PRIVATE, 8, IPC_CREAT | 0600);
    return 0;
}
