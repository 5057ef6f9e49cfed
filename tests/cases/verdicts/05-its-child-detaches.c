/* fail never-detached: still attached */

#include "begin.h"

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    int id = make();
    char *memory = attach(id, NULL, 0);
    strcpy(memory, TEXT);
    if (fork() == 0) {
        detach(memory);
        _exit(0);
    }
    wait(NULL);
    take_away(id);
    return 0;
}
