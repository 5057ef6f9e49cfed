/*
 * Makes so many segments, and removes them all: what it costs to be told of each must not grow with their number.
 *
 *     cc -O2 -o many tests/bench/many.c && ./many 4000
 */

#include <stdio.h>
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/shm.h>

enum { MOST = 4096 };

int main(int count, char **words)
{
    static int ids[MOST];
    int wanted = count == 2 ? atoi(words[1]) : 0, made;

    for (made = 0; made < wanted && made < MOST; made++) {
        ids[made] = shmget(IPC_PRIVATE, 100, IPC_CREAT | 0600);
        if (ids[made] == -1)
            break;
    }
    if (made != wanted)
        perror("shmget");
    for (int i = 0; i < made; i++)
        shmctl(ids[i], IPC_RMID, NULL);
    return made == wanted ? 0 : 1;
}
