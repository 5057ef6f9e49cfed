/* fail wrote-nothing: stood there before the child began */

#include "begin.h"

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    int id = make();
    char *memory = attach(id, NULL, 0);
    strcpy(memory, "I say it myself");
    if (fork() == 0)
        _exit(0);
    wait(NULL);
    puts(memory);
    detach(memory);
    take_away(id);
    return 0;
}
