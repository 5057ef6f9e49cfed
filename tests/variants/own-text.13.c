/* Exercise 13, with a text of its own, in a struct that says where it is: the goal names no text. */

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>

struct letter {
    uint64_t link;
    char unused[56];
    char text[100];
};

int main(void)
{
    int id = shmget(IPC_PRIVATE, 25600, IPC_CREAT | 0600);
    if (id == -1)
        return 1;
    struct letter *letter = shmat(id, NULL, 0);
    if (letter == (void *)-1)
        return 1;
    letter->link = offsetof(struct letter, text);
    strcpy(letter->text, "GREETINGS");
    if (shmdt(letter) == -1)
        return 1;
    char *memory = shmat(id, NULL, 0);
    if (memory == (void *)-1)
        return 1;
    puts(memory + ((struct letter *)memory)->link);
    if (shmdt(memory) == -1)
        return 1;
    return shmctl(id, IPC_RMID, NULL) == -1;
}
