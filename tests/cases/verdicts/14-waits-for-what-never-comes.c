/* fail never-waited: did not wait for */

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
        strcpy(memory, "nobody tells");
        _exit(0);
    }
    struct pollfd quiet = {ends[0], POLLIN, 0};
    poll(&quiet, 1, 400);
    puts(memory);
    detach(memory);
    take_away(id);
    return 0;
}
