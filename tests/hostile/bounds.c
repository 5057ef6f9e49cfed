/* Does the exercise, but only if the kernel bounds it: each limit is there, and cannot be raised. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/utsname.h>

static int missing;

static void is_bounded(const char *name, int resource, rlim_t most)
{
    struct rlimit limit, more = { RLIM_INFINITY, RLIM_INFINITY };

    if (getrlimit(resource, &limit) || limit.rlim_max > most || setrlimit(resource, &more) == 0) {
        fprintf(stderr, "%s is not bounded ", name);
        missing = 1;
    }
}

static int is_at_least(int major, int minor)
{
    struct utsname system;
    int here, second;

    uname(&system);
    sscanf(system.release, "%d.%d", &here, &second);
    return here > major || (here == major && second >= minor);
}

/* A number from a file of the kernel's; -1, if there is none. */
static long number_in(const char *path)
{
    FILE *file = fopen(path, "r");
    long number = -1;

    if (file && fscanf(file, "%ld", &number) == 1)
        fclose(file);
    return number;
}

int main(void)
{
    is_bounded("RLIMIT_CPU", RLIMIT_CPU, 36000);
    is_bounded("RLIMIT_AS", RLIMIT_AS, 8ul << 30);
    is_bounded("RLIMIT_FSIZE", RLIMIT_FSIZE, 16 << 20);
    is_bounded("RLIMIT_NOFILE", RLIMIT_NOFILE, 64);
    is_bounded("RLIMIT_CORE", RLIMIT_CORE, 0);
    if (is_at_least(5, 14))
        is_bounded("RLIMIT_NPROC", RLIMIT_NPROC, 128);
    if (is_at_least(6, 14) && number_in("/proc/sys/kernel/pid_max") > 1024)
        missing = fprintf(stderr, "pid_max is not bounded ");
    if (number_in("/proc/self/oom_score_adj") != 1000)
        missing = fprintf(stderr, "it would not be the first to go ");
    if (missing)
        return 3;
    int id = shmget(IPC_PRIVATE, 25600, IPC_CREAT | 0600);
    return id < 0 || shmctl(id, IPC_RMID, NULL);
}
