/* fail wrote-nothing: No child wrote */

#include "begin.h"

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    int id = make();
    char *memory = attach(id, NULL, 0);
    if (fork() == 0) {
        usleep(50000);
        _exit(0);
    }
    strcpy(memory, "I say it myself");
    wait(NULL);
    puts(memory);
    detach(memory);
    take_away(id);
    return 0;
}
