/*
 * Sends its standard input to reader.c, which may be started before or after it, in the same folder.
 *
 *     cc -O2 -Wall -Wextra -o writer tests/c/transfer/writer.c
 *     ./writer < README.md
 */

#include "transfer.h"

int main(void)
{
    char block[sizeof shared->bytes];
    ssize_t length;

    meet(WRITER, READER, FULL);
    do {
        length = read(STDIN_FILENO, block, sizeof block);
        if (length == -1)
            fail("read");
        memcpy((char *)shared->bytes, block, length);
        shared->length = length;
        change(FULL, 1);
        change(TAKEN, -1);
        if (!is_there(READER) && !shared->ended) {
            errno = 0;
            fail("The reader has gone");
        }
    } while (length > 0);

    /* The reader needs nothing any more: whoever wrote removes. */
    clean_up();
    return EXIT_SUCCESS;
}
