/* pass */

#include "begin.h"

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    int id = make();
    char *memory = attach(id, NULL, 0);
    pid_t child = fork();
    if (child == 0) {
        strcpy(memory, "late is not never");
        _exit(0);
    }
    usleep(200000);
    if (waitpid(child, NULL, 0) == -1)
        fail("waitpid");
    puts(memory);
    detach(memory);
    take_away(id);
    return 0;
}
