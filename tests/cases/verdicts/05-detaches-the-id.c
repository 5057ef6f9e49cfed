/* fail wrong-address: that is the segment's id */

#include "begin.h"

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    int id = make();
    strcpy(attach(id, NULL, 0), TEXT);
    shmdt((void *)(intptr_t)id);
    take_away(id);
    return 0;
}
