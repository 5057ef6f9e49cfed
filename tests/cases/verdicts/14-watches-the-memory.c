/* fail never-waited: did not wait */

#include "begin.h"

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    int id = make();
    char *memory = attach(id, NULL, 0);
    if (fork() == 0) {
        strcpy(memory, "soon");
        usleep(200000);
        _exit(0);
    }
    while (*(volatile char *)memory == 0)
        usleep(1000);
    puts(memory);
    detach(memory);
    take_away(id);
    return 0;
}
