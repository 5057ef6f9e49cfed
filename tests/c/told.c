/*
 * One situation a run, chosen by name, in which a tracer is tempted to say something that is not so.
 *
 *     cc -o told tests/c/told.c && ./told unmapped
 */

#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096, TENTH = 100000 };

static const char *self;

static int segment(void)
{
    return shmget(IPC_PRIVATE, PAGE, IPC_CREAT | 0600);
}

static int set(void)
{
    return semget(IPC_PRIVATE, 1, IPC_CREAT | 0600);
}

static void operate(int id, int number, int change, int flags)
{
    struct sembuf operation = {number, change, flags};

    semop(id, &operation, 1);
}

/* A key that nobody else has: one of this process alone. */
static key_t own_key(void)
{
    return 0x70000000 + getpid();
}

/* Marked, and so still there for who comes while it is attached; but not where the first view is. */
static void marked(void)
{
    int id = segment();
    void *first = shmat(id, NULL, 0), *second;

    shmctl(id, IPC_RMID, NULL);
    second = shmat(id, first, 0);
    if (second == (void *)-1)
        second = shmat(id, NULL, 0);
    shmdt(second);
    shmdt(first);
}

/* No operation, a bad address, a bad command: refused before anybody looks for what is removed. */
static void refused_unseen(void)
{
    int id = segment(), semaphores = set();

    shmctl(id, IPC_RMID, NULL);
    semctl(semaphores, 0, IPC_RMID);
    if (fork() == 0) {
        semop(semaphores, NULL, 0);
        shmat(id, (void *)0x5000001, 0);
        shmat(id, NULL, SHM_REMAP);
        _exit(0);
    }
    wait(NULL);
}

/* It waits for a set that its parent removes. */
static void removed_under_it(void)
{
    int id = set();

    if (fork() == 0) {
        operate(id, 0, -1, 0);
        _exit(0);
    }
    usleep(20000);
    semctl(id, 0, IPC_RMID);
    wait(NULL);
}

static void unmapped(void)
{
    int id = segment();
    void *memory = shmat(id, NULL, 0);

    munmap(memory, PAGE);
    shmdt(memory);
    shmctl(id, IPC_RMID, NULL);
}

static void mapped_over(void)
{
    int id = segment();
    void *memory = shmat(id, NULL, 0);

    mmap(memory, PAGE, PROT_READ, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    shmdt(memory);
    shmctl(id, IPC_RMID, NULL);
}

/* The second attachment stays where it is. */
static void moved(void)
{
    int id = segment();
    char *memory = shmat(id, NULL, 0), *other = shmat(id, NULL, 0);
    char *room = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    mremap(memory, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, room);
    shmdt(memory);
    shmdt(room);
    shmdt(other);
    shmctl(id, IPC_RMID, NULL);
}

/* On what malloc has given, which free gives back with all that is in it. */
static void freed(void)
{
    int id = segment();
    char *block = malloc(1 << 20);
    char *page = block + PAGE - (unsigned long)block % PAGE;
    void *memory = shmat(id, page, SHM_REMAP);

    free(block);
    shmdt(memory);
    shmctl(id, IPC_RMID, NULL);
}

/* One takes the place of the other, and one shmdt is all that there is to do. */
static void attached_over(void)
{
    int id = segment();
    void *memory = shmat(id, NULL, 0);

    shmat(id, memory, SHM_REMAP);
    shmdt(memory);
    shmctl(id, IPC_RMID, NULL);
}

static void touched_after_munmap(void)
{
    int id = segment();
    char *memory = shmat(id, NULL, 0);

    shmctl(id, IPC_RMID, NULL);
    munmap(memory, PAGE);
    *(volatile char *)memory = 'x';
}

static void key_as_id(void)
{
    int id = shmget(own_key(), PAGE, IPC_CREAT | 0600);

    shmat(own_key(), NULL, 0);
    shmctl(id, IPC_RMID, NULL);
}

static void key_as_set(void)
{
    int id = semget(own_key(), 1, IPC_CREAT | 0600);

    operate(own_key(), 0, 1, 0);
    semctl(id, 0, IPC_RMID);
}

static void id_detached(void)
{
    int id = segment();

    shmat(id, NULL, 0);
    shmdt((void *)(long)id);
    shmctl(id, IPC_RMID, NULL);
}

struct note {
    char *text;
    char room[32];
};

/* The reader follows a pointer that was made in the writer's memory. */
static void pointer(void)
{
    char id[16];
    struct note *note;
    int number = segment();

    snprintf(id, sizeof id, "%d", number);
    note = shmat(number, NULL, 0);
    note->text = note->room;
    if (fork() == 0)
        execl(self, self, "pointer-reader", id, NULL);
    wait(NULL);
    shmdt(note);
    shmctl(number, IPC_RMID, NULL);
}

static void read_pointer(int id)
{
    struct note *note = shmat(id, (void *)0x6000000000, 0);

    *(volatile char *)note->text = 'x';
}

/* The child tidies up for both. What differs is how the parent ends. */
static void left_to_child(int own_session, int is_waited_for)
{
    int id = segment();
    void *memory = shmat(id, NULL, 0);

    if (fork() == 0) {
        if (own_session)
            setsid();
        shmdt(memory);
        shmctl(id, IPC_RMID, NULL);
        _exit(0);
    }
    if (is_waited_for)
        wait(NULL);
    else
        usleep(TENTH);
}

/* Daemons are adopted and waited for; their first parent's end may be seen later than theirs. */
static void late_parent(void)
{
    int id = segment();
    void *memory = shmat(id, NULL, 0);

    if (fork() == 0) {
        setsid();
        if (fork() == 0) {
            shmdt(memory);
            shmctl(id, IPC_RMID, NULL);
        }
        _exit(0);
    }
    wait(NULL);
    usleep(TENTH);
}

static void not_waited_for(void)
{
    left_to_child(0, 0);
}

static void waited_for(void)
{
    left_to_child(0, 1);
}

static void removed_key(void)
{
    shmctl(shmget(own_key(), PAGE, IPC_CREAT | 0600), IPC_RMID, NULL);
    shmget(own_key(), PAGE, 0600);
}

/* Something older has the key, and is too small. */
static void older(void)
{
    int id = shmget(own_key(), 64, IPC_CREAT | 0600), semaphores = semget(own_key(), 2, IPC_CREAT | 0600);

    shmget(own_key(), 6400, IPC_CREAT | 0600);
    shmget(own_key(), 64, IPC_CREAT | IPC_EXCL | 0600);
    semget(own_key(), 5, IPC_CREAT | 0600);
    semget(own_key(), 2, IPC_CREAT | IPC_EXCL | 0600);
    shmctl(id, IPC_RMID, NULL);
    semctl(semaphores, 0, IPC_RMID);
}

static void numbers(void)
{
    int id = semget(IPC_PRIVATE, 3, IPC_CREAT | 0600);

    semctl(id, 0, SETVAL, 40000);
    semctl(id, 0, SETVAL, 32767);
    operate(id, 0, 1, 0);
    operate(id, 3, 1, 0);
    semctl(id, 8, GETVAL);
    operate(id, 1, -2, IPC_NOWAIT);
    semctl(id, 0, IPC_RMID);
}

/* Whoever is root may attach all the same, and so becomes somebody else. */
static void denied(int mode, int becomes_another)
{
    int id;

    if (!becomes_another && geteuid() == 0)
        setresuid(12345, 12345, 0);
    id = shmget(IPC_PRIVATE, PAGE, IPC_CREAT | mode);
    if (becomes_another && geteuid() == 0)
        setresuid(12345, 12345, 0);
    shmat(id, NULL, 0);
    setresuid(-1, 0, -1);
    shmctl(id, IPC_RMID, NULL);
}

/* Where a record is to be copied to, there is nothing; and of one of them the segment is not there either. */
static void nowhere(void)
{
    int id = segment(), semaphores = set();

    shmctl(id, IPC_STAT, NULL);
    shmctl(id, IPC_STAT, (void *)0x10);
    shmctl(-5, IPC_STAT, NULL);
    shmctl(id, IPC_SET, NULL);
    semctl(semaphores, 0, IPC_STAT, NULL);
    semctl(semaphores, 0, GETALL, (void *)0x20);
    shmctl(id, IPC_RMID, NULL);
    semctl(semaphores, 0, IPC_RMID);
}

/* Where a record is to be copied to, there is memory that may be read only. */
static void not_writable(void)
{
    static const struct shmid_ds constant = {0};
    int id = segment(), semaphores = set();
    void *attached = shmat(id, NULL, SHM_RDONLY);

    shmctl(id, IPC_STAT, (void *)&constant);
    shmctl(id, IPC_STAT, attached);
    semctl(semaphores, 0, GETALL, (void *)"constant");
    shmdt(attached);
    shmctl(id, IPC_RMID, NULL);
    semctl(semaphores, 0, IPC_RMID);
}

static void denied_decimal(void)
{
    denied(666, 0);
}

static void denied_no_bits(void)
{
    denied(0, 0);
}

static void denied_other(void)
{
    denied(0644, 1);
}

/* The first takes it and never gives it back, and the second waits. */
static void taken(void)
{
    int id = set();

    semctl(id, 0, SETVAL, 1);
    if (fork() == 0) {
        operate(id, 0, -1, 0);
        _exit(0);
    }
    wait(NULL);
    if (fork() == 0) {
        operate(id, 0, -1, 0);
        _exit(0);
    }
    usleep(15 * TENTH);
    operate(id, 0, 1, 0);
    wait(NULL);
    semctl(id, 0, IPC_RMID);
}

/* Ends by a signal only. */
static void hangs(void)
{
    int id = set();

    puts("ready");
    fflush(stdout);
    operate(id, 0, -1, 0);
}

static int held;

static void tidy(int number)
{
    (void)number;
    shmctl(held, IPC_RMID, NULL);
    _exit(0);
}

/* What it leaves running ends by itself when it is asked to, or not at all. */
static void lingers(void (*when_asked)(int))
{
    held = segment();
    if (fork() == 0) {
        signal(SIGTERM, when_asked);
        puts("ready");
        fflush(stdout);
        for (;;)
            pause();
    }
}

static void lingers_tidily(void)
{
    lingers(tidy);
}

static void lingers_stubbornly(void)
{
    lingers(SIG_IGN);
}

static void many(int count)
{
    while (count-- > 0)
        segment();
}

static const struct {
    const char *name;
    void (*does)(void);
} SITUATIONS[] = {
    {"marked", marked},
    {"refused-unseen", refused_unseen},
    {"removed-under-it", removed_under_it},
    {"unmapped", unmapped},
    {"mapped-over", mapped_over},
    {"moved", moved},
    {"freed", freed},
    {"attached-over", attached_over},
    {"touched-after-munmap", touched_after_munmap},
    {"key-as-id", key_as_id},
    {"key-as-set", key_as_set},
    {"id-detached", id_detached},
    {"pointer", pointer},
    {"late-parent", late_parent},
    {"not-waited-for", not_waited_for},
    {"waited-for", waited_for},
    {"removed-key", removed_key},
    {"older", older},
    {"numbers", numbers},
    {"nowhere", nowhere},
    {"not-writable", not_writable},
    {"denied-decimal", denied_decimal},
    {"denied-no-bits", denied_no_bits},
    {"denied-other", denied_other},
    {"taken", taken},
    {"hangs", hangs},
    {"lingers-tidily", lingers_tidily},
    {"lingers-stubbornly", lingers_stubbornly},
};

int main(int count, char **words)
{
    size_t i;

    self = words[0];
    if (count == 3 && strcmp(words[1], "many") == 0)
        many(atoi(words[2]));
    else if (count == 3 && strcmp(words[1], "pointer-reader") == 0)
        read_pointer(atoi(words[2]));
    for (i = 0; count == 2 && i < sizeof SITUATIONS / sizeof *SITUATIONS; i++) {
        if (strcmp(words[1], SITUATIONS[i].name) == 0)
            SITUATIONS[i].does();
    }
    return 0;
}
