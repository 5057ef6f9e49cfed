/* Exercise 9, with a mistake: it asks for more bytes than the segment has. */

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

enum { KEY = 0x09090909 };

int main(void)
{
    int id = shmget(KEY, 1 << 16, 0);
    if (id == -1)
        fail("shmget");
    char *memory = shmat(id, NULL, 0);
    if (memory == (void *)-1)
        fail("shmat");
    printf("%s\n", memory);
    if (shmdt(memory) == -1)
        fail("shmdt");
    return 0;
}
