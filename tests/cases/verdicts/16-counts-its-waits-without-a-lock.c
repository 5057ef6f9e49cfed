/* pass */

#include "begin.h"

#include <stdatomic.h>

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    int id = make();
    char *memory = attach(id, NULL, 0);
    atomic_int *counter = (atomic_int *)memory;
    volatile int *waits = (volatile int *)(memory + 128);
    for (int child = 0; child < 4; child++)
        if (fork() == 0) {
            for (int round = 0; round < 5000; round++) {
                atomic_fetch_add(counter, 1);
                if (round % 3 == 0)
                    *waits = *waits + 1;
            }
            _exit(0);
        }
    while (wait(NULL) > 0)
        ;
    detach(memory);
    take_away(id);
    return 0;
}
