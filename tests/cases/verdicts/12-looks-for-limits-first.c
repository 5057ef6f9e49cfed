/* fail error-ignored */

#include "begin.h"

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    const char *limits[] = {"/proc/sys/kernel/shmmni", "/proc/sys/kernel/shmall", "/proc/sys/kernel/shmmax"};
    for (int limit = 0; limit < 3; limit++) {
        unsigned long most = 0;
        FILE *file = fopen(limits[limit], "r");
        if (!file || fscanf(file, "%lu", &most) != 1 || most < 100)
            return 1;
        fclose(file);
    }
    int id = shmget(IPC_PRIVATE, SIZE, IPC_CREAT | 0600);
    char *first = shmat(id, THERE, 0);
    char *second = shmat(id, THERE, 0);
    if (second == (void *)-1)
        second = shmat(id, NULL, 0);
    if (second == (void *)-1)
        return 1;
    strcpy(second, TEXT);
    shmdt(second);
    shmdt(first);
    shmctl(id, IPC_RMID, NULL);
    return 0;
}
