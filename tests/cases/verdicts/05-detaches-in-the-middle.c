/* fail wrong-address: inside the attachment */

#include "begin.h"

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    int id = make();
    char *memory = attach(id, NULL, 0);
    strcpy(memory, TEXT);
    shmdt(memory + 4096);
    take_away(id);
    return 0;
}
