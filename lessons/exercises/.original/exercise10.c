/*
 * Exercise 10: open or create.
 *
 * The goal: cargo run --bin check -- 10. A hint: cargo run --bin check -- 10 --hint.
 * Both are for the top of the checkout. Without check, there, too:
 *
 *     cc -o /tmp/exercise10 lessons/exercises/exercise10.c && /tmp/exercise10
 */

#include <stdio.h>
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/shm.h>

enum { SIZE = 25600 };

/* Given: says what failed, and ends the program. */
static void fail(const char *call)
{
    perror(call);
    exit(EXIT_FAILURE);
}

/* The key that all copies of this program know. */
enum { KEY = 0x0a0a0a0a };

int main(void)
{
    /*
     * Yours: if nobody has made the segment yet, make it and write. If somebody has, only read what is there: it is
     * not ours to write, nor to remove. As it stands, this takes whatever has the key for its own.
     */
    int id = shmget(KEY, SIZE, IPC_CREAT | 0600);
    if (id == -1)
        fail("shmget");
    char *memory = shmat(id, NULL, 0);
    if (memory == (void *)-1)
        fail("shmat");
    snprintf(memory, SIZE, "I CAME FIRST");
    printf("%s\n", memory);
    if (shmdt(memory) == -1)
        fail("shmdt");
    if (shmctl(id, IPC_RMID, NULL) == -1)
        fail("shmctl(IPC_RMID)");
    return 0;
}
