/* fail removed-too-early: had removed before */

#include "begin.h"

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    int id = make();
    char *memory = attach(id, NULL, 0);
    printf("Segment size: %zu\n", ask(id).shm_segsz);
    strcpy(memory, TEXT);
    shmdt(memory);
    shmctl(id, IPC_RMID, NULL);
    memory = shmat(id, THERE, 0);
    puts(memory);
    shmdt(memory);
    return 0;
}
