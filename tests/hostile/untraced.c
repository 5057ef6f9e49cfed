/* Makes a process that no tracer is told of, which runs for ever and holds the output open. */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
    if (syscall(SYS_clone, CLONE_UNTRACED | SIGCHLD, 0, 0, 0, 0) == 0) {
        setsid();
        for (;;)
            pause();
    }
    return 0;
}
