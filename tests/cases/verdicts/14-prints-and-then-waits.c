/* fail never-printed: when the child had ended */

#include "begin.h"

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    int id = make();
    char *memory = attach(id, NULL, 0);
    pid_t child = fork();
    if (child == 0) {
        usleep(50000);
        strcpy(memory, "late");
        _exit(0);
    }
    puts(memory);
    waitpid(child, NULL, 0);
    detach(memory);
    take_away(id);
    return 0;
}
