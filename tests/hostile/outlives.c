/* Becomes one that sleeps, after making another that no tracer is told of. SECONDS tells them from others. */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
    for (int number = 1; number < 65; number++)
        signal(number, SIG_IGN);
    syscall(SYS_clone, CLONE_UNTRACED | SIGCHLD, 0, 0, 0, 0);
    setsid();
    execlp("sleep", "sleep", SECONDS, (char *)0);
    return 1;
}
