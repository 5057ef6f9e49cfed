/* Does to every process number but its own what could change or stop a judge; then it does the exercise. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static int looked_into;
int main(void);

static void meddle(int pid)
{
    struct rlimit nothing = { 0, 0 };
    struct sched_param idle = { 0 };
    char path[64], byte;
    struct iovec here = { &byte, 1 }, there = { (void *)main, 1 };
    cpu_set_t one;

    for (int resource = 0; resource < 16; resource++)
        syscall(SYS_prlimit64, pid, resource, &nothing, NULL);
    sched_setscheduler(pid, SCHED_IDLE, &idle);
    CPU_ZERO(&one);
    CPU_SET(0, &one);
    sched_setaffinity(pid, sizeof one, &one);
    setpriority(PRIO_PROCESS, pid, 19);
    snprintf(path, sizeof path, "/proc/%d/mem", pid);
    looked_into += open(path, O_RDWR) >= 0;
    looked_into += process_vm_readv(pid, &here, 1, &there, 1, 0) > 0;
    looked_into += ptrace(PTRACE_SEIZE, pid, NULL, NULL) == 0;
    for (int number = 1; number < 65; number++)
        kill(pid, number);
}

/* The keys of whoever marks are no hand-in's business. */
static int reads_keys(void)
{
    char byte;
    int keys = open("/proc/keys", O_RDONLY), users = open("/proc/key-users", O_RDONLY);

    return read(keys, &byte, 1) > 0 || read(users, &byte, 1) > 0;
}

int main(void)
{
    looked_into += reads_keys();
    for (int pid = 1; pid < 400; pid++)
        if (pid != getpid())
            meddle(pid);
    meddle(getppid() ? getppid() : 1);
    if (looked_into) {
        fprintf(stderr, "looked into %d", looked_into);
        return 3;
    }
    int id = shmget(IPC_PRIVATE, 25600, IPC_CREAT | 0600);
    return id < 0 || shmctl(id, IPC_RMID, NULL);
}
