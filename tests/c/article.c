/*
 * The article's program with its lost lines restored, and nothing else: the includes, both detaches, the line that
 * prints the text, and the closing brace. It checks no call, as the article does not. What it should look like is
 * tests/c/shm.c.
 */

#include <stdio.h>
#include <sys/shm.h>
#include <sys/stat.h>

int main(void)
{
    const int size = 0x6400;
    struct shmid_ds record;
    char *text;
    int id;

    id = shmget(IPC_PRIVATE, size, IPC_CREAT | IPC_EXCL | S_IRUSR | S_IWUSR);
    text = shmat(id, 0, 0);
    printf("Attached at address %p\n", (void *)text);
    shmctl(id, IPC_STAT, &record);
    printf("Segment size: %d\n", (int)record.shm_segsz);
    sprintf(text, "THIS IS A TEST");
    shmdt(text); // lost
    text = shmat(id, (void *)0x5000000, 0);
    printf("Reattached at address %p\n", (void *)text);
    printf("%s\n", text); // lost
    shmdt(text); // lost
    shmctl(id, IPC_RMID, 0);
    return 0;
}
