/* fail removed-by-the-wrong-process: removed segment */

#include "begin.h"

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    int id = make();
    char *memory = attach(id, NULL, 0);
    if (fork() == 0) {
        strcpy(memory, "and away");
        detach(memory);
        take_away(id);
        _exit(0);
    }
    wait(NULL);
    puts(memory);
    detach(memory);
    return 0;
}
