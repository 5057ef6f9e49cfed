/* Exercise 8, with a mistake: what shmget returns is not looked at. */

#include <stdio.h>
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/stat.h>

static const size_t SIZE = 0x6400;
static void *const ELSEWHERE = (void *)0x5000000;

static int segment = -1;

/* A segment outlives its process: without this, each failed run would leave one behind. */
static void fail(const char *call)
{
    perror(call);
    if (segment != -1)
        shmctl(segment, IPC_RMID, NULL);
    exit(EXIT_FAILURE);
}

static char *attach(void *address)
{
    void *memory = shmat(segment, address, 0);

    /* Not NULL: that is an address at which a segment may be attached. */
    return memory;
}

static void detach(const char *memory)
{
    if (shmdt(memory) == -1)
        fail("shmdt");
}

int main(void)
{
    struct shmid_ds record;
    char *memory;

    segment = shmget(IPC_PRIVATE, SIZE, IPC_CREAT | IPC_EXCL | S_IRUSR | S_IWUSR);

    memory = attach(NULL);
    printf("Attached at address %p\n", (void *)memory);

    shmctl(segment, IPC_STAT, &record);
    printf("Segment size: %zu\n", record.shm_segsz);

    snprintf(memory, SIZE, "THIS IS A TEST");
    detach(memory);

    memory = attach(ELSEWHERE);
    printf("Reattached at address %p\n", (void *)memory);
    printf("%s\n", memory);
    detach(memory);

    if (shmctl(segment, IPC_RMID, NULL) == -1)
        fail("shmctl(IPC_RMID)");

    /* What was printed may still be in a buffer; a full disk or a closed pipe shows only now. */
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
