/* pass */

#include "begin.h"

static volatile sig_atomic_t told;

static void note(int signal)
{
    (void)signal;
    told = 1;
}

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    int id = make();
    char *memory = attach(id, NULL, 0);
    signal(SIGUSR1, note);
    sigset_t usr1, before;
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    sigprocmask(SIG_BLOCK, &usr1, &before);
    pid_t child = fork();
    if (child == 0) {
        usleep(200000);
        strcpy(memory, "told, and then waited for");
        kill(getppid(), SIGUSR1);
        _exit(0);
    }
    while (!told)
        sigsuspend(&before);
    if (waitpid(child, NULL, 0) == -1)
        fail("waitpid");
    puts(memory);
    detach(memory);
    take_away(id);
    return 0;
}
