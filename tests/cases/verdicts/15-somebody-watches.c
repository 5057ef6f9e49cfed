/* pass */

#include "begin.h"

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    int id = make();
    pid_t worker = fork();
    if (worker == 0) {
        char *memory = attach(id, NULL, 0);
        strcpy(memory, TEXT);
        printf("%lu\n", (unsigned long)ask(id).shm_nattch);
        _exit(0);
    }
    waitpid(worker, NULL, 0);
    take_away(id);
    return 0;
}
