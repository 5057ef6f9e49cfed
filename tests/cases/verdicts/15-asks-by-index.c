/* fail never-asked: by its index */

#include "begin.h"

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    int id = make();
    char *memory = attach(id, NULL, 0);
    strcpy(memory, TEXT);
    struct shmid_ds record;
    for (int index = 0; index < 4; index++)
        shmctl(index, 15, &record);
    detach(memory);
    take_away(id);
    return 0;
}
