/*
 * What each chapter of the book shows "in C": one function a lesson, each of which holds what it says.
 *
 *     cc -std=c11 -O2 -Wall -Wextra -o chapters tests/c/chapters.c -lrt && ./chapters 3
 *
 * A test compiles this file and runs every function. Lessons 2, 4, 5 and 8 show shm.c.
 */

#define _GNU_SOURCE
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SIZE = 25600 };

static void fail(const char *call)
{
    perror(call);
    exit(EXIT_FAILURE);
}

/* Lesson 0. */
static void pipe_to_a_child(void)
{
    int ends[2]; /* to read from, to write to */
    char word[16] = "";

    if (pipe(ends) == -1)
        fail("pipe");
    pid_t reader = fork();
    if (reader == -1)
        fail("fork");
    if (reader == 0) {
        close(ends[1]); /* or the reader would wait for its own end */
        if (read(ends[0], word, sizeof word) == -1) /* waits until there is something */
            fail("read");
        _exit(strcmp(word, "hello"));
    }
    close(ends[0]);
    if (write(ends[1], "hello", sizeof "hello") == -1)
        fail("write");
    close(ends[1]);
    int status;
    waitpid(reader, &status, 0);
    assert(status == 0);
}

/* Lesson 1. */
static int allocate(void)
{
    int flags = IPC_CREAT | IPC_EXCL;
    int id = shmget(IPC_PRIVATE, SIZE, flags | S_IRUSR | S_IWUSR);

    if (id == -1)
        fail("shmget");
    return id;
}

/* Lesson 3. */
static size_t size_of(int id)
{
    struct shmid_ds record;

    if (shmctl(id, IPC_STAT, &record) == -1)
        fail("shmctl(IPC_STAT)");
    return record.shm_segsz;
}

/* Lesson 6. */
static void *attach_preferring(int id, void *wanted)
{
    void *memory = shmat(id, wanted, 0);

    if (memory == (void *)-1 && (errno == EINVAL || errno == ENOMEM || errno == EPERM))
        memory = shmat(id, NULL, 0); /* the address is taken, or too high, or too low */
    if (memory == (void *)-1)
        fail("shmat");
    return memory;
}

/* Lesson 7: what stands at an offset stands there wherever the segment is mapped. */
struct note {
    size_t text; /* an offset, and not a pointer */
};

static const char *text_of(const struct note *note)
{
    return (const char *)note + note->text;
}

/* Lesson 9. */
static key_t key_of(const char *file)
{
    key_t key = ftok(file, 'p');

    if (key == -1) /* shmget would take it for a key like any other */
        fail("ftok");
    return key;
}

/* Lesson 10: says which of the two it did. */
static int create_or_open(key_t key, int *created)
{
    for (;;) {
        int id = shmget(key, SIZE, IPC_CREAT | IPC_EXCL | 0600);

        *created = id != -1;
        if (id == -1 && errno == EEXIST)
            id = shmget(key, SIZE, 0);
        if (id != -1)
            return id;
        if (errno != ENOENT) /* removed between the two calls: try again */
            fail("shmget");
    }
}

/* Lesson 11. */
static void allow(int id, mode_t mode)
{
    struct shmid_ds record;

    if (shmctl(id, IPC_STAT, &record) == -1)
        fail("shmctl(IPC_STAT)");
    record.shm_perm.mode = mode; /* the owner and the group stay as they are */
    if (shmctl(id, IPC_SET, &record) == -1)
        fail("shmctl(IPC_SET)");
}

/* Lesson 12. */
static void two_views(int id)
{
    char *one = shmat(id, NULL, 0), *other = shmat(id, NULL, SHM_RDONLY);

    if (one == (void *)-1 || other == (void *)-1)
        fail("shmat");
    strcpy(one, "THIS IS A TEST");
    assert(one != other && strcmp(other, "THIS IS A TEST") == 0);
    shmdt(one);
    shmdt(other);
}

/* Lesson 13. */
static long faults_of_a_pass(volatile char *memory)
{
    struct rusage before, after;
    long page = sysconf(_SC_PAGESIZE);

    getrusage(RUSAGE_SELF, &before);
    for (long offset = 0; offset < SIZE; offset += page)
        (void)memory[offset]; /* to read is enough */
    getrusage(RUSAGE_SELF, &after);
    return after.ru_minflt - before.ru_minflt;
}

/* Lesson 14. */
static unsigned long attachments(int id)
{
    struct shmid_ds record;

    if (shmctl(id, IPC_STAT, &record) == -1)
        fail("shmctl(IPC_STAT)");
    return record.shm_nattch;
}

static void fork_and_kill(int id)
{
    void *memory = shmat(id, NULL, 0);

    if (memory == (void *)-1)
        fail("shmat");
    pid_t child = fork();
    if (child == -1)
        fail("fork");
    if (child == 0)
        for (;;)
            pause();
    assert(attachments(id) == 2); /* nobody has called shmat for the child */
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    assert(attachments(id) == 1); /* and nobody shmdt */
    shmdt(memory);
}

/* Lesson 15: from the mark on, no end of a process can leave the segment. */
static char *attach_and_mark(int id)
{
    char *memory = shmat(id, NULL, 0);

    if (memory == (void *)-1)
        fail("shmat");
    if (shmctl(id, IPC_RMID, NULL) == -1)
        fail("shmctl(IPC_RMID)");
    return memory;
}

/* Lesson 16. */
static int is_marked(int id)
{
    struct shmid_ds record;

    if (shmctl(id, IPC_STAT, &record) == -1)
        fail("shmctl(IPC_STAT)");
    return (record.shm_perm.mode & SHM_DEST) != 0;
}

/* Lesson 17. */
static void count_unguarded(volatile unsigned *counter)
{
    for (int round = 0; round < 1000; round++)
        (*counter)++; /* loads, adds, stores: volatile makes the compiler do so in each round */
}

static void count_exactly(atomic_uint *counter)
{
    for (int round = 0; round < 1000; round++)
        atomic_fetch_add(counter, 1); /* one step, which nobody can divide */
}

/* Lesson 18. SEM_UNDO: the kernel gives back what a process that dies has taken. */
static void take(int set)
{
    struct sembuf minus_one = {.sem_num = 0, .sem_op = -1, .sem_flg = SEM_UNDO};

    while (semop(set, &minus_one, 1) == -1)
        if (errno != EINTR)
            fail("semop");
}

static void give(int set)
{
    struct sembuf plus_one = {.sem_num = 0, .sem_op = 1, .sem_flg = SEM_UNDO};

    if (semop(set, &plus_one, 1) == -1)
        fail("semop");
}

/* Lesson 19: a message without a call. Whoever waits for it spins. */
struct letter {
    atomic_int there;
    char text[60];
};

static void put(struct letter *letter, const char *text)
{
    strcpy(letter->text, text);
    /* The text first, then the flag. */
    atomic_store_explicit(&letter->there, 1, memory_order_release);
}

static const char *wait_for(struct letter *letter)
{
    while (!atomic_load_explicit(&letter->there, memory_order_acquire))
        ;
    return letter->text;
}

/* Lesson 20. CLOCK_MONOTONIC does not jump when somebody sets the time. */
static int64_t nanoseconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* Lesson 21. A mutex that lies in shared memory itself. One process makes it. */
static void make_mutex(pthread_mutex_t *mutex)
{
    pthread_mutexattr_t attributes;

    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(mutex, &attributes);
}

/* Returns 1 if the holder before has died: put in order what the mutex guards. */
static int lock_mutex(pthread_mutex_t *mutex)
{
    int error = pthread_mutex_lock(mutex); /* errno is not set */

    if (error == EOWNERDEAD)
        pthread_mutex_consistent(mutex);
    return error == EOWNERDEAD;
}

/* A byte goes along: without any, nothing is sent. */
static void send_descriptor(int socket, int descriptor)
{
    char byte = '!', control[CMSG_SPACE(sizeof(int))] = { 0 };
    struct iovec data = { &byte, 1 };
    struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1,
        .msg_control = control, .msg_controllen = sizeof control };
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);

    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &descriptor, sizeof(int));
    if (sendmsg(socket, &message, 0) == -1)
        fail("sendmsg");
}

static int receive_descriptor(int socket)
{
    char byte, control[CMSG_SPACE(sizeof(int))];
    struct iovec data = { &byte, 1 };
    struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1,
        .msg_control = control, .msg_controllen = sizeof control };
    int descriptor = -1;

    if (recvmsg(socket, &message, MSG_CMSG_CLOEXEC) == -1)
        fail("recvmsg");
    if (CMSG_FIRSTHDR(&message) != NULL)
        memcpy(&descriptor, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(int));
    return descriptor;
}

/* What to use today: the same pages by a file descriptor. */
static char *map_a_file_descriptor(int descriptor)
{
    if (ftruncate(descriptor, SIZE) == -1)
        fail("ftruncate");
    int rights = PROT_READ | PROT_WRITE;
    char *memory = mmap(NULL, SIZE, rights, MAP_SHARED, descriptor, 0);
    if (memory == MAP_FAILED)
        fail("mmap");
    close(descriptor); /* the mapping keeps the pages */
    return memory;
}

static char *by_name(const char *name)
{
    int descriptor = shm_open(name, O_CREAT | O_EXCL | O_RDWR, 0600);

    if (descriptor == -1)
        fail("shm_open");
    /* The name stays until somebody calls shm_unlink. */
    return map_a_file_descriptor(descriptor);
}

static char *by_memfd(void)
{
    int descriptor = memfd_create("buffer", MFD_CLOEXEC);

    if (descriptor == -1)
        fail("memfd_create");
    return map_a_file_descriptor(descriptor);
}

static char *by_inheritance(void)
{
    int flags = MAP_SHARED | MAP_ANONYMOUS;
    char *memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, flags, -1, 0);

    if (memory == MAP_FAILED)
        fail("mmap");
    return memory;
}

/* Two processes do something at once, and then both have ended. */
#define IN_TWO_PROCESSES(deed)                                                                                         \
    do {                                                                                                               \
        pid_t child = fork();                                                                                          \
        if (child == -1)                                                                                               \
            fail("fork");                                                                                              \
        deed;                                                                                                          \
        if (child == 0)                                                                                                \
            _exit(0);                                                                                                  \
        waitpid(child, NULL, 0);                                                                                       \
    } while (0)

static void count_with_a_semaphore(int set, unsigned *counter)
{
    for (int round = 0; round < 1000; round++) {
        take(set);
        (*counter)++;
        give(set);
    }
}

static void hold(int number, int id)
{
    int created, set, ends[2];
    char *memory = attach_and_mark(id), *other;
    struct note *note = (struct note *)memory;
    struct letter *letter = (struct letter *)memory;
    char name[32];

    switch (number) {
    case 3:
        assert(size_of(id) == SIZE);
        break;
    case 6:
        other = attach_preferring(id, memory);
        assert(other != memory);
        shmdt(other);
        break;
    case 7:
        note->text = sizeof *note;
        strcpy(memory + note->text, "THIS IS A TEST");
        other = shmat(id, NULL, SHM_RDONLY);
        assert(other != memory && strcmp(text_of((struct note *)other), "THIS IS A TEST") == 0);
        shmdt(other);
        break;
    case 11:
        allow(id, 0);
        assert(memory[0] == 0); /* who is inside stays */
        break;
    case 12:
        two_views(id);
        break;
    case 13:
        assert(faults_of_a_pass(memory) >= 7);
        assert(faults_of_a_pass(memory) == 0);
        break;
    case 15:
    case 16:
        assert(is_marked(id));
        break;
    case 17:
        IN_TWO_PROCESSES(count_exactly((atomic_uint *)memory));
        assert(*(unsigned *)memory == 2000);
        IN_TWO_PROCESSES(count_unguarded((unsigned *)memory));
        assert(*(unsigned *)memory <= 4000);
        break;
    case 18:
        set = semget(IPC_PRIVATE, 1, IPC_CREAT | 0600);
        assert(set != -1 && semctl(set, 0, SETVAL, 1) == 0);
        IN_TWO_PROCESSES(count_with_a_semaphore(set, (unsigned *)memory));
        semctl(set, 0, IPC_RMID);
        assert(*(unsigned *)memory == 2000);
        break;
    case 19:
        IN_TWO_PROCESSES(if (child == 0) put(letter, "hello"); else assert(strcmp(wait_for(letter), "hello") == 0));
        break;
    case 9:
    case 10:
        other = attach_and_mark(create_or_open(key_of("/proc/self"), &created));
        assert(created);
        shmdt(other);
        break;
    case 20:
        assert(nanoseconds() <= nanoseconds());
        break;
    case 21:
        make_mutex((pthread_mutex_t *)memory);
        IN_TWO_PROCESSES(if (child == 0) lock_mutex((pthread_mutex_t *)memory));
        assert(lock_mutex((pthread_mutex_t *)memory) == 1);
        pthread_mutex_unlock((pthread_mutex_t *)memory);
        assert(lock_mutex((pthread_mutex_t *)memory) == 0);
        assert(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
        send_descriptor(ends[0], ends[1]);
        assert(write(receive_descriptor(ends[1]), "x", 1) == 1 && read(ends[0], name, 1) == 1);
        break;
    case 22:
        snprintf(name, sizeof name, "/chapters-%d", (int)getpid());
        strcpy(by_name(name), "a");
        shm_unlink(name);
        strcpy(by_memfd(), "b");
        strcpy(by_inheritance(), "c");
        break;
    }
    shmdt(memory);
}

/* The number of a lesson; the one after the last is what to use today. */
int main(int count, char **words)
{
    int number = count == 2 ? atoi(words[1]) : -1;

    if (number < 0)
        return 2;
    if (number == 0)
        pipe_to_a_child();
    else if (number == 14) {
        int id = allocate();
        fork_and_kill(id);
        shmctl(id, IPC_RMID, NULL);
    } else
        hold(number, allocate());
    return 0;
}
