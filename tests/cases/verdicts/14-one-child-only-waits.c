/* pass */

#include "begin.h"

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    int id = make();
    char *memory = attach(id, NULL, 0);
    pid_t idle = fork();
    if (idle == 0)
        pause();
    pid_t child = fork();
    if (child == 0) {
        strcpy(memory, "done");
        _exit(0);
    }
    waitpid(child, NULL, 0);
    puts(memory);
    kill(idle, SIGTERM);
    waitpid(idle, NULL, 0);
    detach(memory);
    take_away(id);
    return 0;
}
