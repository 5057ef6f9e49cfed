/* fail posix-instead-of-sysv: mmap */

#include "begin.h"

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    int file = open("/dev/shm/a-file", O_RDWR | O_CREAT, 0600);
    if (file == -1 || ftruncate(file, SIZE) == -1)
        fail("a file");
    char *memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    strcpy(memory, TEXT);
    return 0;
}
