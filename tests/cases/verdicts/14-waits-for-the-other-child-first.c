/* pass */

#include "begin.h"

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    int id = make();
    char *memory = attach(id, NULL, 0);
    pid_t first = fork();
    if (first == 0) {
        strcpy(memory, "first to begin, last to be asked for");
        _exit(0);
    }
    pid_t second = fork();
    if (second == 0) {
        usleep(300000);
        _exit(0);
    }
    if (waitpid(second, NULL, 0) == -1 || waitpid(first, NULL, 0) == -1)
        fail("waitpid");
    puts(memory);
    detach(memory);
    take_away(id);
    return 0;
}
