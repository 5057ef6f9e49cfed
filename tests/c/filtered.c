/*
 * A program that puts a seccomp filter in front of its own calls, as sandboxes do, and then does without any check.
 *
 *     cc -o filtered tests/c/filtered.c && ./filtered trap
 */

#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/ipc.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <unistd.h>

static int segment(void)
{
    return shmget(IPC_PRIVATE, 100, IPC_CREAT | 0600);
}

static long forbid(unsigned call, unsigned action, unsigned flags)
{
    struct sock_filter steps[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, action),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {4, steps};

    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

static long filter(unsigned action, unsigned flags)
{
    return forbid(SYS_shmget, action, flags);
}

/* A program without a single check, where a sandbox refuses it the first call: not its own mistake. */
static void refused(unsigned action)
{
    int id;

    filter(action, 0);
    id = segment();
    shmdt(shmat(id, NULL, 0));
    shmctl(id, IPC_RMID, NULL);
}

static void answers(void)
{
    refused(SECCOMP_RET_ERRNO | EPERM);
}

static void trap(void)
{
    refused(SECCOMP_RET_TRAP);
}

static void kills(void)
{
    refused(SECCOMP_RET_KILL_PROCESS);
}

static void go_on(int number)
{
    (void)number;
}

/* A handler lets it go on, with whatever stands in the register for an answer. */
static void handled(void)
{
    signal(SIGSYS, go_on);
    filter(SECCOMP_RET_TRAP, 0);
    segment();
}

/* It tidies up in the end, as far as it is let. */
static void kept_from(unsigned call, unsigned action)
{
    int id = segment();
    void *memory = shmat(id, NULL, 0);

    signal(SIGSYS, go_on);
    forbid(call, action, 0);
    shmdt(memory);
    shmctl(id, IPC_RMID, NULL);
}

static void removal_answered(void)
{
    kept_from(SYS_shmctl, SECCOMP_RET_ERRNO | EPERM);
}

static void removal_trapped(void)
{
    kept_from(SYS_shmctl, SECCOMP_RET_TRAP);
}

static void removal_kills(void)
{
    kept_from(SYS_shmctl, SECCOMP_RET_KILL_PROCESS);
}

static void detaching(void)
{
    kept_from(SYS_shmdt, SECCOMP_RET_ERRNO | EPERM);
}

static void listener(void)
{
    filter(SECCOMP_RET_ALLOW, SECCOMP_FILTER_FLAG_NEW_LISTENER);
    shmctl(segment(), IPC_RMID, NULL);
}

static const struct {
    const char *name;
    void (*does)(void);
} WAYS[] = {
    {"errno", answers}, {"trap", trap}, {"kill", kills}, {"handled", handled}, {"listener", listener},
    {"removal-errno", removal_answered}, {"removal-trap", removal_trapped}, {"removal-kill", removal_kills},
    {"detaching", detaching},
};

int main(int count, char **words)
{
    size_t i;

    for (i = 0; count == 2 && i < sizeof WAYS / sizeof *WAYS; i++) {
        if (strcmp(words[1], WAYS[i].name) == 0)
            WAYS[i].does();
    }
    return 0;
}
