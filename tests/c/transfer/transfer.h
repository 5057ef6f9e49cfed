/*
 * What writer.c and reader.c have in common: how they find each other, and how each learns that the other has gone.
 *
 * A segment holds one block of bytes. A set of four semaphores says whose turn it is, and who is there. Both are found
 * by the key of the current folder, so that the two programs have to be started in the same one, in either order.
 */

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <time.h>
#include <unistd.h>

/* What the segment holds. The widths are fixed: a program of 32 bits and one of 64 see the same layout. */
struct transfer {
    uint32_t length; /* of the block; 0 says that there are no more */
    uint32_t ended;  /* whether the reader has seen that */
    char bytes[4096];
};

/* The semaphores. Linux makes each of them 0, and each means what it should at 0: nobody has to prepare them. */
enum { FULL, TAKEN, WRITER, READER, SEMAPHORES };

static int set = -1, segment = -1;
static volatile struct transfer *shared;

/* Removes both. The partner's semop then fails with EIDRM, and its memory stays until it detaches. */
static void clean_up(void)
{
    if (segment != -1)
        shmctl(segment, IPC_RMID, NULL);
    if (set != -1)
        semctl(set, 0, IPC_RMID);
}

static void fail(const char *why)
{
    fprintf(stderr, "%s%s%s\n", why, errno ? ": " : "", errno ? strerror(errno) : "");
    clean_up();
    exit(EXIT_FAILURE);
}

/* Ctrl-C and kill. On Linux shmctl and semctl are plain system calls, which a handler may make. */
static void on_signal(int number)
{
    clean_up();
    _exit(128 + number);
}

/* Adds to a semaphore. To take from it is to add a negative number, and waits until there is enough. */
static void change(unsigned short semaphore, short by)
{
    struct sembuf operation = {semaphore, by, 0};

    while (semop(set, &operation, 1) == -1)
        if (errno != EINTR)
            fail(errno == EIDRM ? "The partner has removed everything" : "semop");
}

/* The kernel takes back what was done with SEM_UNDO, however a process ends: then the partner counts 0. */
static int is_there(unsigned short partner)
{
    int value = semctl(set, partner, GETVAL);

    if (value == -1)
        fail("semctl");
    return value > 0;
}

/*
 * Says that this process is there, if nobody else plays its part; a later one also demands that its partner is there.
 *
 * The last two operations leave the semaphore that the partner waits for as it is. But at the end of this process the
 * kernel takes back the second one, which adds 1: so the partner wakes up, and finds that nobody is there.
 */
static int enter(unsigned short me, unsigned short partner, unsigned short mine, int is_first)
{
    struct sembuf operations[] = {
        {partner, -1, IPC_NOWAIT}, {partner, 1, 0},       {me, 0, IPC_NOWAIT},
        {me, 1, SEM_UNDO},         {mine, 1, 0},          {mine, -1, SEM_UNDO},
    };
    size_t skipped = is_first ? 2 : 0;

    return semop(set, operations + skipped, 6 - skipped);
}

/* The first of the two. Whatever segment has the key was left by processes that were killed. */
static void make_segment(key_t key)
{
    int old = shmget(key, 0, 0);

    if (old != -1)
        shmctl(old, IPC_RMID, NULL);
    segment = shmget(key, sizeof(struct transfer), IPC_CREAT | IPC_EXCL | 0600);
    if (segment == -1)
        fail("shmget");
}

/* The second of the two. The first makes the set, then the segment, and enters last: so both are there. */
static int join(unsigned short me, unsigned short partner, unsigned short mine)
{
    const struct timespec moment = {0, 10 * 1000 * 1000};

    for (int tries = 0; tries < 100; tries++) {
        if (enter(me, partner, mine, 0) == 0)
            return 1;
        if (errno == EIDRM || errno == EINVAL)
            return 0;
        if (errno != EAGAIN)
            fail("semop");
        if (semctl(set, me, GETVAL) > 0) {
            set = -1; /* It belongs to others. */
            errno = 0;
            fail("Another process plays this part already");
        }
        nanosleep(&moment, NULL);
    }
    /* Nobody has been there for a second: the set was left by processes that were killed. An id is never used again
     * at once, so that this cannot remove a set that somebody has just made with the same key. */
    semctl(set, 0, IPC_RMID);
    return 0;
}

/* Finds the partner, or is there for it. */
static void meet(unsigned short me, unsigned short partner, unsigned short mine)
{
    const key_t key = ftok(".", 'T');

    if (key == -1)
        fail("ftok");
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    for (;;) {
        set = semget(key, SEMAPHORES, IPC_CREAT | IPC_EXCL | 0600);
        if (set != -1) {
            make_segment(key);
            if (enter(me, partner, mine, 1) == -1)
                fail("semop");
            break;
        }
        if (errno != EEXIST)
            fail("semget");
        set = semget(key, SEMAPHORES, 0);
        if (set != -1 && join(me, partner, mine)) {
            segment = shmget(key, sizeof(struct transfer), 0);
            break;
        }
    }
    shared = shmat(segment, NULL, 0);
    if (shared == (void *)-1)
        fail("shmat");
}
