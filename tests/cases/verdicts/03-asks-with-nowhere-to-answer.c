/* fail never-asked: was refused */

#include "begin.h"

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    int id = make();
    shmctl(id, IPC_STAT, (struct shmid_ds *)16);
    puts("25600");
    take_away(id);
    return 0;
}
