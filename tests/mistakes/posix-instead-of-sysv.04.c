/* Exercise 4, with a mistake: the memory is shared, but by POSIX calls. */

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

int main(void)
{
    int file = shm_open("/mistake", O_CREAT | O_RDWR, 0600);
    ftruncate(file, 25600);
    char *memory = mmap(NULL, 25600, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    snprintf(memory, 25600, "THIS IS A TEST");
    shm_unlink("/mistake");
    return 0;
}
