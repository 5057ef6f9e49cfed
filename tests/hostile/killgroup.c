/* Kills its process group, and everybody whom it may. */
#include <signal.h>
#include <unistd.h>

int main(void)
{
    if (fork() == 0)
        kill(0, SIGKILL);
    sleep(1);
    kill(-1, SIGKILL);
    return 0;
}
