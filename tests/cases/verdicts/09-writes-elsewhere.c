/* fail key-collision */

#include "begin.h"

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    int id = shmget(0x09090909, 0, 0);
    if (id == -1)
        fail("shmget");
    char *memory = attach(id, NULL, 0);
    puts(memory);
    memory[200] = 1;
    detach(memory);
    return 0;
}
