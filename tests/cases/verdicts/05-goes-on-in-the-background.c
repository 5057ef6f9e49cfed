/* pass */

#include "begin.h"

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    int id = make();
    char *memory = attach(id, NULL, 0);
    strcpy(memory, TEXT);
    pid_t first = getpid();
    if (fork() != 0)
        return 0;
    while (getppid() == first)
        usleep(1000);
    usleep(100000);
    detach(memory);
    take_away(id);
    return 0;
}
