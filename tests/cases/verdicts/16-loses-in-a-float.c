/* fail lost-updates: update is lost */

#include "begin.h"

#include <sys/sem.h>

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    int id = make(), set = semget(IPC_PRIVATE, 1, IPC_CREAT | 0600);
    char *memory = attach(id, NULL, 0);
    volatile float *counter = (volatile float *)(memory + 40);
    if (set == -1 || semctl(set, 0, SETVAL, 1) == -1)
        return 1;
    for (int child = 0; child < 4; child++)
        if (fork() == 0) {
            for (int round = 0; round < 5000; round++) {
                *counter = *counter + 1;
            }
            _exit(0);
        }
    while (wait(NULL) > 0)
        ;
    printf("%.0f\n", *counter);
    semctl(set, 0, IPC_RMID);
    detach(memory);
    take_away(id);
    return 0;
}
