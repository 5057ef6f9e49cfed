/* pass */

#include "begin.h"

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    int id = make();
    struct shmid_ds record = ask(id);
    if (record.shm_segsz != SIZE) {
        fprintf(stderr, "the kernel says %zu\n", record.shm_segsz);
        shmctl(id, IPC_RMID, NULL);
        return 1;
    }
    printf("%d as asked for\n", SIZE);
    take_away(id);
    return 0;
}
