/* pass */

#include "begin.h"
#include <poll.h>
#include <sys/syscall.h>

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    int id = make();
    char *memory = attach(id, NULL, 0);
    pid_t child = fork();
    if (child == 0) {
        strcpy(memory, "a descriptor tells");
        _exit(0);
    }
    struct pollfd end = {(int)syscall(SYS_pidfd_open, child, 0), POLLIN, 0};
    if (end.fd == -1 || poll(&end, 1, 10000) != 1)
        fail("poll");
    puts(memory);
    detach(memory);
    take_away(id);
    return 0;
}
