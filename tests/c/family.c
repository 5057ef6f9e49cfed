/*
 * Processes and threads that share a segment, each kind by name: what `trace` is to follow.
 *
 *     cc -pthread -o family tests/c/family.c && ./family fork
 */

#define _GNU_SOURCE
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

static int segment;

static void *use(void *unused)
{
    shmdt(shmat(segment, NULL, 0));
    return unused;
}

static void forked(char *self)
{
    (void)self;
    if (fork() == 0) {
        if (fork() == 0) {
            use(NULL);
            _exit(0);
        }
        wait(NULL);
        _exit(0);
    }
    wait(NULL);
}

static void vforked(char *self)
{
    if (vfork() == 0) {
        execl(self, self, "exec", NULL);
        _exit(1);
    }
    wait(NULL);
}

static void threads(char *self)
{
    pthread_t thread[3];
    int i;

    (void)self;
    for (i = 0; i < 3; i++)
        pthread_create(&thread[i], NULL, use, NULL);
    for (i = 0; i < 3; i++)
        pthread_join(thread[i], NULL);
}

static void *run_self(void *self)
{
    execl(self, self, "nothing", NULL);
    return NULL;
}

/* The thread that asks becomes the first one, and the only one. */
static void exec_in_thread(char *self)
{
    pthread_t thread;

    shmctl(segment, IPC_RMID, NULL);
    pthread_create(&thread, NULL, run_self, self);
    pthread_join(thread, NULL);
}

/* Two processes that wait for each other. */
static void semaphores(char *self)
{
    int set = semget(IPC_PRIVATE, 2, IPC_CREAT | 0600);
    struct sembuf wait_for_it = {0, -1, SEM_UNDO}, let_go = {1, 1, 0}, done = {1, -1, 0}, ready = {0, 1, 0};
    struct timespec second = {1, 0};

    (void)self;
    semctl(set, 0, SETVAL, 0);
    semctl(set, 1, SETVAL, 0);
    if (fork() == 0) {
        semop(set, &wait_for_it, 1);
        semop(set, &let_go, 1);
        _exit(0);
    }
    semop(set, &ready, 1);
    semtimedop(set, &done, 1, &second);
    wait(NULL);
    semctl(set, 0, GETVAL);
    semctl(set, 0, IPC_RMID);
}

/* The flags do not say which of the two makes it. */
static void create_or_open(char *self)
{
    (void)self;
    shmget(0x7e57ab1f, 100, IPC_CREAT | 0600);
    shmctl(shmget(0x7e57ab1f, 100, IPC_CREAT | 0600), IPC_RMID, NULL);
}

int main(int count, char **words)
{
    struct shmid_ds record;

    if (count != 2)
        return 2;
    if (strcmp(words[1], "nothing") == 0)
        return 0;
    segment = shmget(IPC_PRIVATE, 8192, IPC_CREAT | 0640);
    if (strcmp(words[1], "fork") == 0)
        forked(words[0]);
    else if (strcmp(words[1], "vfork") == 0)
        vforked(words[0]);
    else if (strcmp(words[1], "threads") == 0)
        threads(words[0]);
    else if (strcmp(words[1], "exec-in-thread") == 0)
        exec_in_thread(words[0]);
    else if (strcmp(words[1], "semaphores") == 0)
        semaphores(words[0]);
    else if (strcmp(words[1], "create-or-open") == 0)
        create_or_open(words[0]);
    else
        use(NULL);
    shmctl(segment, IPC_STAT, &record);
    record.shm_perm.mode = 0600;
    shmctl(segment, IPC_SET, &record);
    shmctl(segment, IPC_RMID, NULL);
    return 0;
}
