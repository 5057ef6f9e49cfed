/* What every case begins with: the calls, each with a look at what it returned. */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SIZE = 25600 };
#define THERE ((void *)0x5000000)
#define TEXT "THIS IS A TEST"

static inline void fail(const char *call)
{
    perror(call);
    exit(EXIT_FAILURE);
}

static inline int make(void)
{
    int id = shmget(IPC_PRIVATE, SIZE, IPC_CREAT | IPC_EXCL | 0600);
    if (id == -1)
        fail("shmget");
    return id;
}

static inline char *attach(int id, const void *where, int flags)
{
    char *memory = (char *)shmat(id, where, flags);
    if (memory == (void *)-1)
        fail("shmat");
    return memory;
}

static inline void detach(const void *memory)
{
    if (shmdt(memory) == -1)
        fail("shmdt");
}

static inline void take_away(int id)
{
    if (shmctl(id, IPC_RMID, NULL) == -1)
        fail("shmctl(IPC_RMID)");
}

static inline struct shmid_ds ask(int id)
{
    struct shmid_ds record;
    if (shmctl(id, IPC_STAT, &record) == -1)
        fail("shmctl(IPC_STAT)");
    return record;
}
