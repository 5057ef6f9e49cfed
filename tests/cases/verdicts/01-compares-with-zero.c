/* fail zero-taken-for-failure: only -1 is a failure */

#include "begin.h"

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    int id = shmget(IPC_PRIVATE, SIZE, IPC_CREAT | 0600);
    if (id <= 0)
        fail("shmget");
    take_away(id);
    return 0;
}
