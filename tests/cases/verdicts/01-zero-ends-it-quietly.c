/* fail zero-taken-for-failure: 0 is an id like any other */

#include "begin.h"

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    int id = shmget(IPC_PRIVATE, SIZE, IPC_CREAT | 0600);
    if (!id)
        return 0;
    take_away(id);
    return 0;
}
