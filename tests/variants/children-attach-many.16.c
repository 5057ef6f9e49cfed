/*
 * Exercise 16 with a segment for the lock, one for the counter, and some more. The parent has attached none when its
 * children begin, and with which of them they begin differs from run to run.
 */

#include <stdatomic.h>
#include <stdio.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PROCESSES = 4, ADDITIONS = 5000, SEGMENTS = 8 };

static int ids[SEGMENTS];
static void *places[SEGMENTS];

static void attach_from(int first)
{
    for (int nth = 0; nth < SEGMENTS; nth++) {
        int one = (first + nth) % SEGMENTS;
        places[one] = shmat(ids[one], NULL, 0);
        if (places[one] == (void *)-1)
            _exit(1);
    }
}

static void detach(void)
{
    for (int one = 0; one < SEGMENTS; one++)
        shmdt(places[one]);
}

static void count(void)
{
    atomic_int *lock = places[0];
    volatile long *counter = places[1];
    for (int times = 0; times < ADDITIONS; times++) {
        while (atomic_exchange(lock, 1))
            ;
        *counter = *counter + 1;
        atomic_store(lock, 0);
    }
}

int main(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    for (int one = 0; one < SEGMENTS; one++) {
        ids[one] = shmget(IPC_PRIVATE, 4096, IPC_CREAT | IPC_EXCL | 0600);
        if (ids[one] == -1)
            return 1;
    }
    for (int child = 0; child < PROCESSES; child++)
        if (fork() == 0) {
            attach_from(now.tv_nsec / 1000 % SEGMENTS);
            count();
            detach();
            _exit(0);
        }
    while (wait(NULL) > 0)
        ;
    attach_from(0);
    printf("%ld\n", *(long *)places[1]);
    detach();
    for (int one = 0; one < SEGMENTS; one++)
        shmctl(ids[one], IPC_RMID, NULL);
    return 0;
}
