/* fail never-removed */

#include "begin.h"

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    int id;
    if ((id = shmget(IPC_PRIVATE, SIZE, IPC_CREAT | 0600) == -1))
        return 1;
    shmctl(id, IPC_RMID, NULL);
    return 0;
}
