/* fail posix-instead-of-sysv: mmap(MAP_SHARED|MAP_ANONYMOUS) */

#include "begin.h"

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    char *memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    strcpy(memory, TEXT);
    return 0;
}
