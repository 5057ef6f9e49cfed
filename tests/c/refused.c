/* Everything that owner and mode can forbid, tried by the owner and, where there is a root to make things, by a
   stranger and by a member of the group. Each refusal is one that Linux has a rule for. */

#include <stdio.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

#define MODES 6

static const int modes[MODES] = {0, 0400, 0200, 0440, 0604, 0066};

/* The process that makes everything: its keys are its own. */
static pid_t first;

static void try_segment(key_t key, int id)
{
    struct shmid_ds record = {0};
    shmget(key, 1, 0666);
    shmget(key, 1, 0444);
    void *address = shmat(id, NULL, 0);
    if (address != (void *)-1)
        shmdt(address);
    address = shmat(id, NULL, SHM_RDONLY);
    if (address != (void *)-1)
        shmdt(address);
    shmctl(id, IPC_STAT, &record);
}

static void try_set(key_t key, int id)
{
    struct sembuf give = {0, 1, 0};
    struct sembuf look = {1, 0, IPC_NOWAIT};
    semget(key, 2, 0666);
    semop(id, &give, 1);
    semop(id, &look, 1);
    semctl(id, 0, GETVAL);
    semctl(id, 1, SETVAL, 0);
}

static key_t key_of(int at)
{
    return (key_t)(0x70000000 | (first & 0xffff) << 4 | at);
}

static void try_all(const int *segments, const int *sets)
{
    for (int at = 0; at < MODES; at++) {
        try_segment(key_of(at), segments[at]);
        try_set(key_of(at), sets[at]);
    }
}

static void as_user(uid_t uid, gid_t gid, const int *segments, const int *sets)
{
    if (fork() == 0) {
        if (setgid(gid) == 0 && setuid(uid) == 0) {
            struct shmid_ds theirs = {0};
            try_all(segments, sets);
            shmctl(segments[0], IPC_SET, &theirs);
            shmctl(segments[0], IPC_RMID, NULL);
            semctl(sets[0], 0, IPC_RMID);
        }
        _exit(0);
    }
    wait(NULL);
}

int main(void)
{
    int segments[MODES], sets[MODES];
    first = getpid();
    for (int at = 0; at < MODES; at++) {
        segments[at] = shmget(key_of(at), 4096, IPC_CREAT | IPC_EXCL | modes[at]);
        sets[at] = semget(key_of(at), 2, IPC_CREAT | IPC_EXCL | modes[at]);
    }
    if (geteuid() == 0) {
        as_user(12345, 12345, segments, sets);
        as_user(12345, getgid(), segments, sets);
    }
    try_all(segments, sets);
    for (int at = 0; at < MODES; at++) {
        shmctl(segments[at], IPC_RMID, NULL);
        semctl(sets[at], 0, IPC_RMID);
    }
    return 0;
}
