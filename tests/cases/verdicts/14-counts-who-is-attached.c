/* pass */

#include "begin.h"

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    int id = make();
    char *memory = attach(id, NULL, 0);
    pid_t child = fork();
    if (child == 0) {
        strcpy(memory, "the second one");
        _exit(0);
    }
    while (child > 0 && ask(id).shm_nattch > 1)
        usleep(10000);
    puts(memory);
    detach(memory);
    take_away(id);
    return 0;
}
