/*
 * Copies what writer.c sends to its standard output. It may be started before or after it, in the same folder.
 *
 *     cc -O2 -Wall -Wextra -o reader tests/c/transfer/reader.c
 *     ./reader > copy
 */

#include "transfer.h"

/* A copy first: what is in the segment may change at any time, if the writer goes wrong. */
static void print_block(uint32_t length)
{
    char block[sizeof shared->bytes];

    if (length > sizeof block) {
        errno = 0;
        fail("The block says that it is longer than it can be");
    }
    memcpy(block, (const char *)shared->bytes, length);
    if (fwrite(block, 1, length, stdout) != length || fflush(stdout) != 0)
        fail("write");
}

int main(void)
{
    uint32_t length;

    meet(READER, WRITER, TAKEN);
    do {
        change(FULL, -1);
        if (!is_there(WRITER)) {
            errno = 0;
            fail("The writer has gone before the end");
        }
        length = shared->length;
        print_block(length);
        shared->ended = length == 0;
        change(TAKEN, 1);
    } while (length > 0);
    return EXIT_SUCCESS;
}
