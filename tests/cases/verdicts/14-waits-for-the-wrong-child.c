/* fail never-waited */

#include "begin.h"

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    int id = make();
    char *memory = attach(id, NULL, 0);
    if (fork() == 0) {
        strcpy(memory, "the other one was waited for");
        _exit(0);
    }
    pid_t other = fork();
    if (other == 0) {
        usleep(300000);
        _exit(0);
    }
    if (waitpid(other, NULL, 0) == -1)
        fail("waitpid");
    puts(memory);
    detach(memory);
    take_away(id);
    return 0;
}
