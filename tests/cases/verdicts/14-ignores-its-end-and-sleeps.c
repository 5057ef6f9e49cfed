/* fail never-waited: did not wait for */

#include "begin.h"

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    int id = make();
    char *memory = attach(id, NULL, 0);
    signal(SIGCHLD, SIG_IGN);
    pid_t child = fork();
    if (child == 0) {
        strcpy(memory, "nobody asks");
        _exit(0);
    }
    usleep(300000);
    puts(memory);
    detach(memory);
    take_away(id);
    return 0;
}
