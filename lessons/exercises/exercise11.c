/*
 * Exercise 11: read-only partner.
 *
 * The goal: cargo run --bin check -- 11. A hint: cargo run --bin check -- 11 --hint.
 * Both are for the top of the checkout. Without check, there, too:
 *
 *     cc -o /tmp/exercise11 lessons/exercises/exercise11.c && /tmp/exercise11
 */

#include <stdio.h>
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/shm.h>

/* Given: says what failed, and ends the program. */
static void fail(const char *call)
{
    perror(call);
    exit(EXIT_FAILURE);
}

/* The key of the examiner's segment. Its mode is 0400: not even its owner may write. */
enum { KEY = 0x0b0b0b0b };

int main(void)
{
    int id = shmget(KEY, 0, 0);
    if (id == -1)
        fail("shmget");

    /* Yours: the segment may be read, and not written. Attach it as one who only reads. */
    char *memory = shmat(id, NULL, 0);
    if (memory == (void *)-1)
        fail("shmat");
    printf("%s\n", memory);
    if (shmdt(memory) == -1)
        fail("shmdt");
    return 0;
}
