/* fail never-removed */

#include "begin.h"

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    attach(shmget(IPC_PRIVATE, 64, IPC_CREAT | 0600), NULL, 0);
    int id = make();
    strcpy(attach(id, NULL, 0), TEXT);
    take_away(id);
    return 0;
}
