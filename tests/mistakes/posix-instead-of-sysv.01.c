/* Exercise 1, with a mistake: shared memory, tidied up to the last byte, and not of System V. */

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { SIZE = 25600 };

int main(void)
{
    int file = shm_open("/playground-posix-tidy", O_CREAT | O_EXCL | O_RDWR, 0600);
    if (file == -1 || ftruncate(file, SIZE) == -1)
        return 1;
    char *memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (memory == MAP_FAILED)
        return 1;
    strcpy(memory, "THIS IS A TEST");
    munmap(memory, SIZE);
    close(file);
    return shm_unlink("/playground-posix-tidy");
}
