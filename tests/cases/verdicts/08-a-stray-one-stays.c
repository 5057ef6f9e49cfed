/* fail never-removed */

#include "begin.h"

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
    int id = make();
    char *memory = attach(id, NULL, 0);
    printf("Segment size: %zu\n", ask(id).shm_segsz);
    strcpy(memory, TEXT);
    detach(memory);
    memory = attach(id, THERE, 0);
    puts(memory);
    detach(memory);
    take_away(id);
    return 0;
}
