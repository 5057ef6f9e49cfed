/* fail lost-updates: update is lost */

#include "begin.h"

#include <sched.h>

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    int id = make();
    volatile int *counter = (volatile int *)attach(id, NULL, 0), *is_taken = counter + 20;
    for (int child = 0; child < 4; child++)
        if (fork() == 0) {
            for (int round = 0; round < 5000; round++) {
                while (*is_taken)
                    sched_yield();
                *is_taken = 1;
                *counter = *counter + 1;
                *is_taken = 0;
            }
            _exit(0);
        }
    while (wait(NULL) > 0)
        ;
    printf("%d\n", *counter);
    detach((void *)counter);
    take_away(id);
    return 0;
}
