/*
 * Exercise 9: find a segment by its key.
 *
 * The goal: cargo run --bin check -- 9. A hint: cargo run --bin check -- 9 --hint.
 * Both are for the top of the checkout. Without check, there, too:
 *
 *     cc -o /tmp/exercise09 lessons/exercises/exercise09.c && /tmp/exercise09
 */

#include <stdio.h>
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/shm.h>

/* The key that both programs know. The other program is the examiner: it has made the segment before you come. */
enum { KEY = 0x09090909 };

int main(void)
{
    printf("Looking for the segment with the key %#010x\n", KEY);

    /*
     * Yours: find the segment that has this key, attach it, print the text in it, and detach it.
     * It is another program's segment: it must not be removed here.
     */

    return 0;
}
