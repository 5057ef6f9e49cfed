/*
 * One classic mistake a run, chosen by name: what `trace` is to find, and nothing else.
 *
 *     cc -o mistakes tests/c/mistakes.c && ./mistakes detached-twice
 *
 * Whatever the mistake is not about is done right, the removal above all.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

static int segment(void)
{
    return shmget(IPC_PRIVATE, 100, IPC_CREAT | IPC_EXCL | 0600);
}

static void discard(int id)
{
    shmctl(id, IPC_RMID, NULL);
}

/* Dies of it, so that the parent can tidy up. */
static void in_child(void (*deed)(int), int id)
{
    if (fork() == 0) {
        deed(id);
        _exit(0);
    }
    wait(NULL);
    discard(id);
}

static void never_removed(int id)
{
    shmdt(shmat(id, NULL, 0));
}

static void leaked_on_error(int id)
{
    shmdt(shmat(id, NULL, 0));
    exit(3);
}

static void never_detached(int id)
{
    shmat(id, NULL, 0);
    discard(id);
}

static void detached_twice(int id)
{
    void *memory = shmat(id, NULL, 0);

    shmdt(memory);
    shmdt(memory);
    discard(id);
}

static void wrong_address(int id)
{
    char *memory = shmat(id, NULL, 0);

    shmdt(memory + 16);
    shmdt(memory);
    discard(id);
}

static void use_minus_one(int id)
{
    /* Too odd an address: it fails, and what it returns is not NULL. */
    char *memory = shmat(id, (void *)0x5000001, 0);

    if (memory != NULL)
        strcpy(memory, "THIS IS A TEST");
}

static void use_id_minus_one(int id)
{
    int missing = shmget(0x7e57ab1e, 100, 0600);

    shmat(missing, NULL, 0);
    discard(id);
}

/* A failure, a success of its kind, and then the use of what failed. */
static void use_minus_one_after_all(int id)
{
    char *memory = shmat(id, (void *)0x5000001, 0);

    shmdt(shmat(id, NULL, 0));
    if (memory != NULL)
        *(volatile char *)memory = 'x';
}

static void use_id_minus_one_after_all(int id)
{
    int missing = shmget(0x7e57ab1e, 100, 0600);
    int set = semget(IPC_PRIVATE, 1, IPC_CREAT | 0600);

    shmctl(shmget(IPC_PRIVATE, 100, IPC_CREAT | 0600), IPC_RMID, NULL);
    shmat(missing, NULL, 0);
    semctl(set, 0, IPC_RMID);
    discard(id);
}

static void use_after_detach(int id)
{
    char *memory = shmat(id, NULL, 0);

    shmdt(memory);
    *(volatile char *)memory = 'x';
}

static void write_read_only(int id)
{
    char *memory = shmat(id, NULL, SHM_RDONLY);

    *(volatile char *)memory = 'x';
}

static void removed_too_early(int id)
{
    discard(id);
    shmat(id, NULL, 0);
}

static void removed_too_early_at_an_address(int id)
{
    discard(id);
    shmat(id, (void *)0x5000000, 0);
}

static void removed_twice(int id)
{
    discard(id);
    discard(id);
}

static void fixed_address(int id)
{
    /* The stack is there. */
    char here;
    unsigned long page = (unsigned long)&here & ~4095UL;

    shmat(id, (void *)page, 0);
    discard(id);
}

static void set_never_removed(int id)
{
    semctl(semget(IPC_PRIVATE, 1, IPC_CREAT | 0600), 0, SETVAL, 1);
    discard(id);
}

static void set_removed_too_early(int id)
{
    int set = semget(IPC_PRIVATE, 1, IPC_CREAT | 0600);
    struct sembuf up = {0, 1, 0};

    semctl(set, 0, IPC_RMID);
    semop(set, &up, 1);
    discard(id);
}

/* No mistake: what is only unusual. */
static void unusual(int id)
{
    char *memory = shmat(id, NULL, 0);
    struct shmid_ds record;

    /* A probe that fails, and is heard. */
    if (shmget(0x7e57ab1e, 100, 0600) == -1)
        memory[0] = 'x';
    /* An address that is taken, and another one tried. */
    if (shmat(id, memory, 0) == (void *)-1)
        shmdt(shmat(id, NULL, 0));
    /* A child that leaves what it inherited to its end, and a mark that waits for it. */
    discard(id);
    if (fork() == 0)
        _exit(0);
    wait(NULL);
    shmdt(memory);
    /* Is it gone? */
    shmctl(id, IPC_STAT, &record);
}

/* It is not because of the address that this fails. */
static void no_such_segment(int id)
{
    discard(id);
    shmat(0x7fffffff, (void *)0x5000000, 0);
}

/* Wrong, and no write. */
static void jump(int id)
{
    union {
        void *memory;
        void (*code)(void);
    } there = {shmat(id, NULL, SHM_RDONLY)};

    there.code();
}

/* The first process ends with the attachment, and the daemon detaches it. */
static void in_daemon(int id)
{
    void *memory = shmat(id, NULL, 0);

    daemon(0, 0);
    usleep(100000);
    shmdt(memory);
    discard(id);
}

/* The same, and nobody detaches it. */
static void never_detached_in_daemon(int id)
{
    shmat(id, NULL, 0);
    daemon(0, 0);
    usleep(100000);
    discard(id);
}

static const struct {
    const char *name;
    void (*deed)(int);
    int dies;
} DEEDS[] = {
    {"never-removed", never_removed, 0},
    {"leaked-on-error", leaked_on_error, 0},
    {"never-detached", never_detached, 0},
    {"detached-twice", detached_twice, 0},
    {"wrong-address", wrong_address, 0},
    {"null-checked-instead-of-minus-one", use_minus_one, 1},
    {"error-ignored", use_id_minus_one, 0},
    {"null-checked-after-all", use_minus_one_after_all, 1},
    {"error-ignored-after-all", use_id_minus_one_after_all, 0},
    {"used-after-detach", use_after_detach, 1},
    {"read-only-written", write_read_only, 1},
    {"removed-too-early", removed_too_early, 0},
    {"removed-too-early-at-an-address", removed_too_early_at_an_address, 0},
    {"removed-twice", removed_twice, 0},
    {"fixed-address-without-fallback", fixed_address, 0},
    {"set-never-removed", set_never_removed, 0},
    {"set-removed-too-early", set_removed_too_early, 0},
    {"unusual", unusual, 0},
    {"no-such-segment", no_such_segment, 0},
    {"jump", jump, 1},
    {"daemon", in_daemon, 0},
    {"never-detached-in-daemon", never_detached_in_daemon, 0},
};

int main(int count, char **words)
{
    size_t i;

    for (i = 0; count == 2 && i < sizeof DEEDS / sizeof *DEEDS; i++) {
        if (strcmp(words[1], DEEDS[i].name) != 0)
            continue;
        if (DEEDS[i].dies)
            in_child(DEEDS[i].deed, segment());
        else
            DEEDS[i].deed(segment());
        return 0;
    }
    return 2;
}
