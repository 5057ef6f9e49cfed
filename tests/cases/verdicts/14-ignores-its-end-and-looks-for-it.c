/* pass */

#include "begin.h"

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    int id = make();
    char *memory = attach(id, NULL, 0);
    signal(SIGCHLD, SIG_IGN);
    pid_t child = fork();
    if (child == 0) {
        strcpy(memory, "is it there");
        _exit(0);
    }
    while (kill(child, 0) == 0)
        usleep(20000);
    puts(memory);
    detach(memory);
    take_away(id);
    return 0;
}
