/* fail zero-taken-for-failure: only -1 is a failure */

#include "begin.h"

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    int id = shmget(0x09090909, 0, 0);
    if (id <= 0)
        fail("shmget");
    char *memory = attach(id, NULL, SHM_RDONLY);
    puts(memory);
    detach(memory);
    return 0;
}
