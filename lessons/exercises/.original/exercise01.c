/*
 * Exercise 1: allocate a segment (shmget).
 *
 * The goal: cargo run --bin check -- 1. A hint: cargo run --bin check -- 1 --hint.
 * Both are for the top of the checkout. Without check, there, too:
 *
 *     cc -o /tmp/exercise01 lessons/exercises/exercise01.c && /tmp/exercise01
 */

#include <stdio.h>
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/shm.h>

int main(void)
{
    /* Yours: a new segment with the key IPC_PRIVATE, of 25600 bytes, for its owner to read and to write. */
    /* int id = shmget(...); */

    /* Given: a segment outlives its program, so it is removed. Use this when there is an id. */
    /* shmctl(id, IPC_RMID, NULL); */

    return 0;
}
