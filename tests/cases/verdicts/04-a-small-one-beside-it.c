/* pass */

#include "begin.h"

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    int small = shmget(IPC_PRIVATE, 64, IPC_CREAT | 0600);
    int id = make();
    strcpy(attach(id, NULL, 0), TEXT);
    take_away(small);
    take_away(id);
    return 0;
}
