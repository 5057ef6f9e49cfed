/*
 * Exercise 8: the article's whole program.
 *
 * The goal: cargo run --bin check -- 8. A hint: cargo run --bin check -- 8 --hint.
 * Both are for the top of the checkout. Without check, there, too:
 *
 *     cc -o /tmp/exercise08 lessons/exercises/exercise08.c && /tmp/exercise08
 */

#include <stdio.h>
#include <sys/shm.h>
#include <sys/stat.h>

int main(void)
{
    int segmentID;
    char *sharedMemory;
    struct shmid_ds shmbuffer;
    int segmentSize;
    const int sharedSegmentSize = 0x6400;

    // allocate shared segment
    segmentID = shmget(IPC_PRIVATE, sharedSegmentSize, IPC_CREAT | IPC_EXCL | S_IRUSR | S_IWUSR);

    // attach
    sharedMemory = (char *)shmat(segmentID, 0, 0);
    printf("Attached at address %p \n", (void *)sharedMemory);

    // determine size
    shmctl(segmentID, IPC_STAT, &shmbuffer);
    segmentSize = shmbuffer.shm_segsz;
    printf("Segment size: %d \n", segmentSize);

    // add data to shared memory
    sprintf(sharedMemory, "THIS IS A TEST");

    // detach

    // reattach to a different address
    sharedMemory = (char *)shmat(segmentID, (void *)0x5000000, 0);
    printf("Reattached at address %p \n", (void *)sharedMemory);

    // print data from shared memory segment

    // detach

    // deallocate shared memory segment
    shmctl(segmentID, IPC_RMID, 0);

    return 0;
}
