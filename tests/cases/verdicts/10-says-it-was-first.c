/* fail printed-without-sharing */

#include "begin.h"

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    int id = shmget(0x0a0a0a0a, SIZE, IPC_CREAT | IPC_EXCL | 0600);
    int first = id != -1;
    if (!first)
        id = shmget(0x0a0a0a0a, 0, 0);
    char *memory = attach(id, NULL, 0);
    if (first)
        strcpy(memory, "I CAME FIRST");
    puts("I CAME FIRST");
    detach(memory);
    if (first)
        take_away(id);
    return 0;
}
