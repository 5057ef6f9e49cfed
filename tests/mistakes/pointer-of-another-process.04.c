/* Exercise 4, with a mistake: another program reads the text by a pointer that is one in this program's memory only. */

#include <stdio.h>
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SIZE = 25600, BEHIND = 64 };

/* Given: says what failed, and ends the program. */
static void fail(const char *call)
{
    perror(call);
    exit(EXIT_FAILURE);
}

static void read_there(int id)
{
    char *memory = shmat(id, (void *)0x6000000000, SHM_RDONLY);
    if (memory == (void *)-1)
        fail("shmat");
    puts(*(char **)(memory + BEHIND));
}

int main(int count, char **words)
{
    if (count == 2) {
        read_there(atoi(words[1]));
        return 0;
    }
    int id = shmget(IPC_PRIVATE, SIZE, IPC_CREAT | IPC_EXCL | 0600);
    if (id == -1)
        fail("shmget");
    char *memory = shmat(id, NULL, 0);
    if (memory == (void *)-1)
        fail("shmat");
    snprintf(memory, BEHIND, "THIS IS A TEST");
    *(char **)(memory + BEHIND) = memory;
    if (fork() == 0) {
        char number[16];
        snprintf(number, sizeof number, "%d", id);
        execl(words[0], words[0], number, (char *)NULL);
        _exit(127);
    }
    wait(NULL);
    if (shmdt(memory) == -1)
        fail("shmdt");
    if (shmctl(id, IPC_RMID, NULL) == -1)
        fail("shmctl(IPC_RMID)");
    return 0;
}
