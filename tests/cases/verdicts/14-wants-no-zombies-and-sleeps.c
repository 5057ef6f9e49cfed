/* fail never-waited */

#include "begin.h"

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    int id = make();
    char *memory = attach(id, NULL, 0);
    struct sigaction none = { .sa_handler = SIG_DFL, .sa_flags = SA_NOCLDWAIT };
    sigaction(SIGCHLD, &none, NULL);
    pid_t child = fork();
    if (child == 0) {
        strcpy(memory, "nothing is left of it");
        _exit(0);
    }
    usleep(child > 0 ? 300000 : 0);
    puts(memory);
    detach(memory);
    take_away(id);
    return 0;
}
