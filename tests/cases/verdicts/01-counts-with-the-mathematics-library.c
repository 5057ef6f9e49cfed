/* pass */

#include "begin.h"
#include <math.h>

int main(int argc, char **argv)
{
    (void)argv;
    /* A value that the compiler does not know: it cannot leave the library out. */
    int id = shmget(IPC_PRIVATE, (size_t)lround(pow(160, argc + 1)), IPC_CREAT | 0600);

    if (id == -1)
        fail("shmget");
    take_away(id);
    return 0;
}
