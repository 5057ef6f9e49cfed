/* fail never-waited */

#include "begin.h"

static void note(int signal)
{
    (void)signal;
}

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    int id = make();
    char *memory = attach(id, NULL, 0);
    signal(SIGALRM, note);
    if (fork() == 0) {
        strcpy(memory, "an alarm rings");
        _exit(0);
    }
    ualarm(300000, 0);
    pause();
    puts(memory);
    detach(memory);
    take_away(id);
    return 0;
}
