/* pass */

#include "begin.h"

static volatile sig_atomic_t ended;

static void note(int signal)
{
    (void)signal;
    ended = 1;
}

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    int id = make();
    char *memory = attach(id, NULL, 0);
    signal(SIGCHLD, note);
    if (fork() == 0) {
        strcpy(memory, "told by a signal");
        _exit(0);
    }
    while (!ended)
        usleep(10000);
    puts(memory);
    detach(memory);
    take_away(id);
    return 0;
}
