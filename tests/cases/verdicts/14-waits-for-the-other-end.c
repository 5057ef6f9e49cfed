/* pass */

#include "begin.h"
#include <poll.h>

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    int id = make();
    char *memory = attach(id, NULL, 0);
    int ends[2];
    if (pipe(ends) == -1)
        fail("pipe");
    pid_t child = fork();
    if (child == 0) {
        strcpy(memory, "a pipe is closed");
        _exit(0);
    }
    close(ends[1]);
    struct pollfd closed = {ends[0], POLLIN, 0};
    if (poll(&closed, 1, 10000) != 1)
        fail("poll");
    puts(memory);
    detach(memory);
    take_away(id);
    return 0;
}
