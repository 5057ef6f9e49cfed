/* Exercise 11, with a mistake: shmget asks to write, too, where only reading is allowed. */

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

enum { KEY = 0x0b0b0b0b };

int main(void)
{
    int id = shmget(KEY, 0, 0600);
    if (id == -1)
        fail("shmget");
    char *memory = shmat(id, NULL, SHM_RDONLY);
    if (memory == (void *)-1)
        fail("shmat");
    printf("%s\n", memory);
    if (shmdt(memory) == -1)
        fail("shmdt");
    return 0;
}
