/* fail never-waited */

#include "begin.h"

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    int id = make();
    char *memory = attach(id, NULL, 0);
    signal(SIGCHLD, SIG_IGN);
    pid_t child = fork();
    if (child == 0) {
        strcpy(memory, "in its second sleep");
        _exit(0);
    }
    usleep(child > 0 ? 200000 : 0);
    usleep(200000);
    puts(memory);
    detach(memory);
    take_away(id);
    return 0;
}
