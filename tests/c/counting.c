/*
 * Four processes add 1 to a counter in a segment, 5000 times each, in the way that the argument names: some ways keep
 * every addition, some can lose one, and some only look like four processes that count.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PROCESSES = 4, ROUNDS = 5000 };

/* What lies in the segment: locks stand before the counter and behind it. */
struct shared {
    pthread_mutex_t mutex;
    pthread_mutex_t mutexes[PROCESSES];
    pthread_rwlock_t rwlock;
    pthread_spinlock_t spinlock;
    sem_t semaphore;
    atomic_int word;
    atomic_uint next, serving;
    atomic_int level[PROCESSES], last[PROCESSES];
    volatile uint64_t counter;
    atomic_int turn;
    unsigned slots[PROCESSES];
};

static struct shared *shared;
static int me;
static int segment, set, queue, file, other, tube[2], ring[PROCESSES][2];

static void step(void)
{
    uint64_t seen = shared->counter;
    shared->counter = seen + 1;
}

static void change(short by, short flags)
{
    struct sembuf operation = { 0, by, flags };
    while (semop(set, &operation, 1) == -1 && (errno == EINTR || errno == EAGAIN))
        ;
}

static void lock_file(short type)
{
    struct flock range = { .l_type = type, .l_whence = SEEK_SET };
    while (fcntl(file, F_SETLKW, &range) == -1)
        ;
}

static void nap(long nanoseconds)
{
    struct timespec time = { 0, nanoseconds };
    nanosleep(&time, NULL);
}

/* Ways that keep every addition. */

static void fetch_add(void) { atomic_fetch_add_explicit((_Atomic uint64_t *)&shared->counter, 1, memory_order_relaxed); }
static void builtin(void) { __sync_add_and_fetch(&shared->counter, 1); }
static void narrow_add(void) { __atomic_fetch_add((uint16_t *)&shared->counter, 1, __ATOMIC_SEQ_CST); }

static void compare_and_swap(void)
{
    _Atomic uint64_t *counter = (_Atomic uint64_t *)&shared->counter;
    uint64_t seen = atomic_load_explicit(counter, memory_order_relaxed);
    while (!atomic_compare_exchange_weak(counter, &seen, seen + 1))
        ;
}

static void swap_spin(void)
{
    while (atomic_exchange(&shared->word, 1))
        ;
    step();
    atomic_store(&shared->word, 0);
}

static void spin_and_yield(void)
{
    while (atomic_exchange(&shared->word, 1))
        sched_yield();
    step();
    atomic_store(&shared->word, 0);
}

static void spin_and_sleep(void)
{
    while (atomic_exchange(&shared->word, 1))
        nap(1000);
    step();
    atomic_store(&shared->word, 0);
}

static void ticket(void)
{
    unsigned mine = atomic_fetch_add(&shared->next, 1);
    while (atomic_load(&shared->serving) != mine)
        sched_yield();
    step();
    atomic_store(&shared->serving, mine + 1);
}

/* Peterson's lock, for as many as there are. */
static void peterson(void)
{
    for (int level = 1; level < PROCESSES; level++) {
        atomic_store(&shared->level[me], level);
        atomic_store(&shared->last[level], me);
        for (int one = 0; one < PROCESSES; one++)
            while (one != me && atomic_load(&shared->level[one]) >= level && atomic_load(&shared->last[level]) == me)
                sched_yield();
    }
    step();
    atomic_store(&shared->level[me], 0);
}

static void futex(void)
{
    int seen = 0;
    if (!atomic_compare_exchange_strong(&shared->word, &seen, 1))
        while (atomic_exchange(&shared->word, 2) != 0)
            syscall(SYS_futex, &shared->word, FUTEX_WAIT, 2, NULL, NULL, 0);
    step();
    if (atomic_exchange(&shared->word, 0) == 2)
        syscall(SYS_futex, &shared->word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static void mutex(void)
{
    pthread_mutex_lock(&shared->mutex);
    step();
    pthread_mutex_unlock(&shared->mutex);
}

static void timed_mutex(void)
{
    struct timespec until;
    do {
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += until.tv_nsec < 900000000 ? 5000000 : 0;
    } while (pthread_mutex_timedlock(&shared->mutex, &until) != 0);
    step();
    pthread_mutex_unlock(&shared->mutex);
}

static void rwlock(void)
{
    pthread_rwlock_wrlock(&shared->rwlock);
    step();
    pthread_rwlock_unlock(&shared->rwlock);
}

static void spinlock(void)
{
    pthread_spin_lock(&shared->spinlock);
    step();
    pthread_spin_unlock(&shared->spinlock);
}

static void posix_semaphore(void)
{
    while (sem_wait(&shared->semaphore) == -1)
        ;
    step();
    sem_post(&shared->semaphore);
}

static void semaphore(void)
{
    change(-1, 0);
    step();
    change(1, 0);
}

static void undone_semaphore(void)
{
    change(-1, SEM_UNDO);
    step();
    change(1, SEM_UNDO);
}

static void asking_semaphore(void)
{
    change(-1, IPC_NOWAIT);
    step();
    change(1, 0);
}

static void record_lock(void)
{
    lock_file(F_WRLCK);
    step();
    lock_file(F_UNLCK);
}

static void whole_file_lock(void)
{
    flock(other, LOCK_EX);
    step();
    flock(other, LOCK_UN);
}

static void pipe_lock(void)
{
    char token;
    while (read(tube[0], &token, 1) != 1)
        ;
    step();
    if (write(tube[1], "t", 1) != 1)
        _exit(1);
}

static void pipe_ring(void)
{
    char token;
    while (read(ring[me][0], &token, 1) != 1)
        ;
    step();
    if (write(ring[(me + 1) % PROCESSES][1], "t", 1) != 1)
        _exit(1);
}

static void message_lock(void)
{
    struct { long type; } message = { 1 };
    while (msgrcv(queue, &message, 0, 0, 0) == -1)
        ;
    step();
    msgsnd(queue, &message, 0, 0);
}

static void by_turns(void)
{
    while (atomic_load(&shared->turn) != me)
        sched_yield();
    step();
    atomic_store(&shared->turn, (me + 1) % PROCESSES);
}

/* The counter itself says whose turn it is. */
static void by_the_counter(void)
{
    while (shared->counter % PROCESSES != (unsigned)me)
        sched_yield();
    step();
}

/* The goal stands in the segment, before the counter. */
static void beside_the_goal(void) { fetch_add(); }

/* The segment is wiped before it is removed. */
static void wiped(void) { fetch_add(); }

/* The parent copies the sum into words before the counter. */
static void with_results(void) { fetch_add(); }

/* The segment is full of other numbers at first. */
static void filled(void) { fetch_add(); }

/* Each addition attaches the segment for itself. */
static void attached_anew(void)
{
    struct shared *own = shmat(segment, NULL, 0);
    atomic_fetch_add((_Atomic uint64_t *)&own->counter, 1);
    shmdt(own);
}

/* How often anybody had to wait is of no account, and is counted without a lock. */
static void with_statistics(void)
{
    fetch_add();
    if (shared->counter % 2 == 0)
        *(volatile unsigned *)&shared->slots[0] = shared->slots[0] + 1;
}

/* Ways that can lose one. */

/* The lock is left out in the last two rounds. */
static void careless_at_last(void)
{
    static int round;
    if (++round > ROUNDS - 2) {
        step();
        return;
    }
    change(-1, 0);
    step();
    change(1, 0);
}

/* A lock is left out by chance, once in a thousand rounds, and at the same place as always. */
static int is_careless(void)
{
    static unsigned seed;
    struct timespec now;
    if (seed == 0) {
        clock_gettime(CLOCK_REALTIME, &now);
        seed = (unsigned)now.tv_nsec + (unsigned)me;
    }
    return rand_r(&seed) % 1000 == 0;
}

static void seldom_without_semaphore(void)
{
    int careless = is_careless();
    if (!careless)
        change(-1, 0);
    step();
    if (!careless)
        change(1, 0);
}

static void seldom_without_mutex(void)
{
    int careless = is_careless();
    if (!careless)
        pthread_mutex_lock(&shared->mutex);
    step();
    if (!careless)
        pthread_mutex_unlock(&shared->mutex);
}

/* A lock keeps its own account right, and the counter stands outside of it, among words that came near. */
static void beside_others(void)
{
    atomic_fetch_add(&shared->next, 1);
    if (atomic_load(&shared->next) % 10 != 0)
        atomic_fetch_add(&shared->level[1], 1);
    if (atomic_load(&shared->next) % 10 != 1)
        atomic_fetch_add(&shared->level[2], 1);
    uint64_t seen = shared->counter;
    sched_yield();
    shared->counter = seen + 1;
}

/* A lock that counts who comes, and lets all in. */
static void ticket_only(void)
{
    atomic_fetch_add(&shared->next, 1);
    step();
}

static void one_instruction(void)
{
#ifdef __x86_64__
    __asm__ __volatile__("incq %0" : "+m"(shared->counter));
#else
    step();
#endif
}

static void with_sleep(void)
{
    uint64_t seen = shared->counter;
    nap(1000);
    shared->counter = seen + 1;
}

static void load_and_store(void)
{
    _Atomic uint64_t *counter = (_Atomic uint64_t *)&shared->counter;
    atomic_store(counter, atomic_load(counter) + 1);
}

static void relaxed(void)
{
    _Atomic uint64_t *counter = (_Atomic uint64_t *)&shared->counter;
    uint64_t seen = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, seen + 1, memory_order_relaxed);
}

static void copied(void)
{
    uint64_t number;
    memcpy(&number, (void *)&shared->counter, sizeof number);
    number++;
    memcpy((void *)&shared->counter, &number, sizeof number);
}

static void lock_for_the_read(void)
{
    pthread_mutex_lock(&shared->mutex);
    uint64_t seen = shared->counter;
    pthread_mutex_unlock(&shared->mutex);
    shared->counter = seen + 1;
}

static void lock_for_the_write(void)
{
    uint64_t seen = shared->counter;
    change(-1, 0);
    shared->counter = seen + 1;
    change(1, 0);
}

static void two_locks(void)
{
    change(-1, 0);
    uint64_t seen = shared->counter;
    change(1, 0);
    change(-1, 0);
    shared->counter = seen + 1;
    change(1, 0);
}

static void one_locks(void)
{
    if (me == 0)
        mutex();
    else
        step();
}

static void one_does_not(void)
{
    if (me != 0)
        mutex();
    else
        step();
}

static void own_locks(void)
{
    pthread_mutex_lock(&shared->mutexes[me]);
    step();
    pthread_mutex_unlock(&shared->mutexes[me]);
}

static void tried_lock(void)
{
    int mine = pthread_mutex_trylock(&shared->mutex) == 0;
    step();
    if (mine)
        pthread_mutex_unlock(&shared->mutex);
}

static void readers(void)
{
    pthread_rwlock_rdlock(&shared->rwlock);
    step();
    pthread_rwlock_unlock(&shared->rwlock);
}

static void one_atomic(void)
{
    if (me == 0)
        fetch_add();
    else
        step();
}

static void two_seats(void)
{
    change(-1, 0);
    step();
    change(1, 0);
}

/* Ways that are no counting by four. */

/* A few additions, and the rest at once. */
static void leap(void)
{
    unsigned long by = shared->slots[me] < 24 ? 1 : shared->slots[me] == 24 ? ROUNDS - 24 : 0;
    shared->slots[me]++;
    if (by > 0)
        atomic_fetch_add((_Atomic uint64_t *)&shared->counter, by);
}

static void own_slot(void) { shared->slots[me]++; }
static void nothing(void) { atomic_fetch_add((_Atomic uint64_t *)&shared->counter, 0); }

static void at_once(void)
{
    if (shared->slots[me]++ == 0)
        atomic_fetch_add((_Atomic uint64_t *)&shared->counter, ROUNDS);
}

static const struct way {
    const char *name;
    void (*add)(void);
} ways[] = {
    { "fetch-add", fetch_add }, { "builtin", builtin }, { "narrow", narrow_add },
    { "compare-and-swap", compare_and_swap }, { "swap-spin", swap_spin }, { "spin-and-yield", spin_and_yield },
    { "spin-and-sleep", spin_and_sleep }, { "ticket", ticket }, { "peterson", peterson }, { "futex", futex },
    { "mutex", mutex }, { "timed-mutex", timed_mutex }, { "rwlock", rwlock }, { "spinlock", spinlock },
    { "posix-semaphore", posix_semaphore }, { "semaphore", semaphore }, { "undone-semaphore", undone_semaphore },
    { "asking-semaphore", asking_semaphore }, { "record-lock", record_lock }, { "whole-file-lock", whole_file_lock },
    { "pipe-lock", pipe_lock }, { "pipe-ring", pipe_ring }, { "message-lock", message_lock }, { "by-turns", by_turns },
    { "by-the-counter", by_the_counter }, { "beside-the-goal", beside_the_goal }, { "wiped", wiped },
    { "with-results", with_results }, { "filled", filled }, { "attached-anew", attached_anew },
    { "with-statistics", with_statistics }, { "beside-others", beside_others },
    { "seldom-without-semaphore", seldom_without_semaphore }, { "seldom-without-mutex", seldom_without_mutex },
    { "careless-at-last", careless_at_last }, { "ticket-only", ticket_only }, { "step", step }, { "one-instruction", one_instruction },
    { "with-sleep", with_sleep }, { "load-and-store", load_and_store }, { "relaxed", relaxed }, { "copied", copied },
    { "lock-for-the-read", lock_for_the_read }, { "lock-for-the-write", lock_for_the_write },
    { "two-locks", two_locks }, { "one-locks", one_locks }, { "one-does-not", one_does_not },
    { "own-locks", own_locks }, { "tried-lock", tried_lock }, { "readers", readers }, { "one-atomic", one_atomic },
    { "two-seats", two_seats }, { "own-slot", own_slot }, { "nothing", nothing }, { "at-once", at_once }, { "leap", leap },
};

static const struct way *way(const char *name)
{
    for (size_t one = 0; one < sizeof ways / sizeof ways[0]; one++)
        if (strcmp(ways[one].name, name) == 0)
            return &ways[one];
    fprintf(stderr, "no way: %s\n", name);
    exit(2);
}

static void prepare(const char *name)
{
    pthread_mutexattr_t mutexes;
    pthread_mutexattr_init(&mutexes);
    pthread_mutexattr_setpshared(&mutexes, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&mutexes, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&shared->mutex, &mutexes);
    for (int one = 0; one < PROCESSES; one++)
        pthread_mutex_init(&shared->mutexes[one], &mutexes);
    pthread_rwlockattr_t rwlocks;
    pthread_rwlockattr_init(&rwlocks);
    pthread_rwlockattr_setpshared(&rwlocks, PTHREAD_PROCESS_SHARED);
    pthread_rwlock_init(&shared->rwlock, &rwlocks);
    pthread_spin_init(&shared->spinlock, PTHREAD_PROCESS_SHARED);
    sem_init(&shared->semaphore, 1, 1);
    set = semget(IPC_PRIVATE, 1, 0600);
    semctl(set, 0, SETVAL, strcmp(name, "two-seats") == 0 ? 2 : 1);
    queue = msgget(IPC_PRIVATE, 0600);
    struct { long type; } message = { 1 };
    msgsnd(queue, &message, 0, 0);
    file = memfd_create("lock", 0);
    if (pipe(tube) == -1 || write(tube[1], "t", 1) != 1)
        exit(1);
    for (int one = 0; one < PROCESSES; one++)
        if (pipe(ring[one]) == -1)
            exit(1);
    if (write(ring[0][1], "t", 1) != 1)
        exit(1);
}

static void count(int number, const struct way *way)
{
    me = number;
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    /* Each has to open the file for itself: a lock of the whole file belongs to whoever has opened it. */
    other = open(path, O_RDWR);
    for (int round = 0; round < ROUNDS; round++)
        way->add();
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return 2;
    int id = segment = shmget(IPC_PRIVATE, sizeof *shared, IPC_CREAT | IPC_EXCL | 0600);
    shared = shmat(id, NULL, 0);
    if (shared == (void *)-1)
        return 1;
    if (strcmp(argv[1], "filled") == 0) {
        memset(shared, 0xaa, sizeof *shared);
        shmdt(shared);
        shared = shmat(id, NULL, 0);
        memset(shared, 0, sizeof *shared);
    }
    prepare(argv[1]);
    if (strcmp(argv[1], "beside-the-goal") == 0)
        shared->next = PROCESSES * ROUNDS;
    int parent_counts = argc > 2;
    for (int one = parent_counts; one < PROCESSES; one++)
        if (fork() == 0) {
            count(one, way(argv[1]));
            _exit(0);
        }
    if (parent_counts) {
        /* Who counts last may wipe the segment before anybody else can look. */
        if (strcmp(argv[1], "wiped") == 0)
            nap(300000000);
        count(0, way(argv[1]));
    }
    while (wait(NULL) > 0)
        ;
    if (strcmp(argv[1], "with-results") == 0)
        for (int one = 0; one < PROCESSES; one++)
            shared->level[one] = shared->last[one] = shared->counter;
    if (shared->slots[0] > 0 && shared->counter == 0)
        for (int one = 0; one < PROCESSES; one++)
            shared->counter += shared->slots[one];
    if (shared->counter == 0)
        shared->counter = PROCESSES * ROUNDS;
    printf("%lu\n", (unsigned long)shared->counter);
    if (strcmp(argv[1], "wiped") == 0)
        memset(shared, 0, sizeof *shared);
    semctl(set, 0, IPC_RMID);
    msgctl(queue, IPC_RMID, NULL);
    return shmdt(shared) == -1 || shmctl(id, IPC_RMID, NULL) == -1;
}
