/* Fills memory that no process has mapped: files that have no name, each within the limit on files. */
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
    static char block[1 << 20];

    for (int file = 0; file < 60; file++) {
        int fd = syscall(SYS_memfd_create, "memory", 0);
        for (int size = 0; size < 15; size++)
            if (write(fd, block, sizeof block) == -1)
                break;
    }
    sleep(1);
    return 0;
}
