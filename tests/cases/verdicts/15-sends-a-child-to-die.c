/* fail leaked-on-error: is left */

#include "begin.h"

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    int id = make();
    char *memory = attach(id, NULL, 0);
    if (fork() == 0) {
        strcpy(memory, TEXT);
        ask(id);
        _exit(0);
    }
    wait(NULL);
    strcpy(memory, TEXT);
    printf("%lu\n", (unsigned long)ask(id).shm_nattch);
    detach(memory);
    take_away(id);
    return 0;
}
