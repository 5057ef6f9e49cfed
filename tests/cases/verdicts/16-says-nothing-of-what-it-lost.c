/* fail lost-updates: B's update is lost */

#include "begin.h"

#include <stdatomic.h>

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    int id = make();
    char *memory = attach(id, NULL, 0);
    atomic_int *tickets = (atomic_int *)memory;
    volatile int *counter = (volatile int *)(memory + 128);
    for (int child = 0; child < 4; child++)
        if (fork() == 0) {
            for (int round = 0; round < 5000; round++) {
                atomic_fetch_add(tickets, 1);
                int seen = *counter;
                usleep(1);
                /* Whoever slept longest has the last word. */
                *counter = seen < 3000 ? seen + 1 : 1000;
            }
            _exit(0);
        }
    while (wait(NULL) > 0)
        ;
    detach(memory);
    take_away(id);
    return 0;
}
