/* Has its calls answered by a supervisor of its own, in each way that there is, and makes them unseen. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
    struct sock_filter all[] = { { BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW } };
    struct sock_fprog program = { 1, all };
    int ways = 0;

    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    for (unsigned long flags = 8; flags < 64; flags++)
        if (flags & SECCOMP_FILTER_FLAG_NEW_LISTENER)
            ways += syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program) >= 0;
    ways += syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 8UL | 1UL << 32, &program) >= 0;
    ways += ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0;
    ways += syscall(SYS_userfaultfd, 1) >= 0;
    ways += syscall(SYS_keyctl, 0, -3, 1) >= 0;
    char parameters[256] = { 0 };
    ways += syscall(SYS_io_uring_setup, 8, parameters) >= 0;
    ways += unshare(CLONE_NEWUSER) == 0;
    ways += syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0;
    fprintf(stderr, "found %d ways", ways);
    return 3;
}
