/* fail wrote-nothing: not at the work */

#include "begin.h"

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    int id = make();
    char *memory = attach(id, NULL, 0);
    if (fork() == 0) {
        ask(id);
        _exit(0);
    }
    wait(NULL);
    strcpy(memory, TEXT);
    struct shmid_ds record;
    for (int index = 0; index < 4; index++)
        shmctl(index, SHM_STAT, &record);
    detach(memory);
    take_away(id);
    return 0;
}
