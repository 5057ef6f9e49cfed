/* pass */

#include "begin.h"

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    int id = make();
    char *memory = attach(id, NULL, 0);
    take_away(id);
    if (fork() == 0) {
        strcpy(memory, "marked, and still here");
        _exit(0);
    }
    wait(NULL);
    puts(memory);
    detach(memory);
    return 0;
}
