/* fail never-waited: did not wait for the child */

#include "begin.h"

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    int id = make();
    char *memory = attach(id, NULL, 0);
    if (fork() == 0) {
        usleep(100000);
        strcpy(memory, "soon");
        _exit(0);
    }
    sleep(1);
    puts(memory);
    detach(memory);
    take_away(id);
    return 0;
}
