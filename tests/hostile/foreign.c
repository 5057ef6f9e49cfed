/* Removes every segment that it can find. */
#include <stdio.h>
#include <sys/shm.h>

int main(void)
{
    char line[512];
    int id;
    FILE *table = fopen("/proc/sysvipc/shm", "r");

    while (table != NULL && fgets(line, sizeof line, table) != NULL)
        if (sscanf(line, "%*d %d", &id) == 1)
            shmctl(id, IPC_RMID, NULL);
    return 0;
}
