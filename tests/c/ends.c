/*
 * Ways to end, and to make noise: what `trace` is to leave alone.
 *
 *     cc -O2 -o ends tests/c/ends.c && ./ends exit
 */

#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t came;

static void heard(int number)
{
    came = number;
}

static void every_byte(int file)
{
    unsigned char bytes[256];
    int i;

    for (i = 0; i < 256; i++)
        bytes[i] = (unsigned char)i;
    if (write(file, bytes, sizeof bytes) != sizeof bytes)
        exit(1);
}

/* One that comes before this waits is kept until then. */
static int wait_for_signal(int number)
{
    sigset_t held, usual;

    sigemptyset(&held);
    sigaddset(&held, number);
    sigprocmask(SIG_BLOCK, &held, &usual);
    signal(number, heard);
    puts("ready");
    fflush(stdout);
    while (!came)
        sigsuspend(&usual);
    printf("signal %d\n", (int)came);
    return 7;
}

/* Says on standard output how often its child was stopped and went on, as an untraced shell would see it. */
static int job_control(void)
{
    pid_t child = fork();
    int status;

    if (child == 0) {
        raise(SIGSTOP);
        _exit(5);
    }
    waitpid(child, &status, WUNTRACED);
    printf("stopped %d\n", WIFSTOPPED(status) ? WSTOPSIG(status) : -1);
    kill(child, SIGCONT);
    waitpid(child, &status, 0);
    printf("exited %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : -1);
    return 0;
}

int main(int count, char **words)
{
    const char *way = count > 1 ? words[1] : "";
    long i;

    if (strcmp(way, "exit") == 0)
        return 42;
    if (strcmp(way, "segv") == 0)
        *(volatile char *)16 = 'x';
    if (strcmp(way, "term") == 0)
        raise(SIGTERM);
    if (strcmp(way, "realtime") == 0)
        raise(SIGRTMIN + 3);
    if (strcmp(way, "hear-realtime") == 0) {
        signal(SIGRTMIN + 3, heard);
        raise(SIGRTMIN + 3);
        return came == SIGRTMIN + 3 ? 0 : 1;
    }
    if (strcmp(way, "bytes") == 0) {
        every_byte(1);
        every_byte(2);
    }
    if (strcmp(way, "int") == 0)
        return wait_for_signal(SIGINT);
    if (strcmp(way, "term-heard") == 0)
        return wait_for_signal(SIGTERM);
    if (strcmp(way, "jobs") == 0)
        return job_control();
    if (strcmp(way, "pipe") == 0)
        return signal(SIGPIPE, SIG_DFL) == SIG_DFL ? 0 : 1;
    if (strcmp(way, "calls") == 0)
        for (i = 0; i < 100000; i++)
            syscall(SYS_getppid);
    if (strcmp(way, "forever") == 0)
        for (;;)
            if (fork() == -1)
                usleep(1000);
    if (strcmp(way, "hang") == 0)
        for (;;)
            pause();
    if (strcmp(way, "loop") == 0)
        for (i = 0; i < 1000; i++)
            shmctl(shmget(IPC_PRIVATE, 1, IPC_CREAT | 0600), IPC_RMID, NULL);
    return 0;
}
