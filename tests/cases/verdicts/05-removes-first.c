/* fail removed-too-early: shmdt comes first */

#include "begin.h"

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    int id = make();
    char *memory = attach(id, NULL, 0);
    strcpy(memory, TEXT);
    take_away(id);
    detach(memory);
    return 0;
}
