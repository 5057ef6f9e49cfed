/* pass */

#include "begin.h"

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    int id = make();
    char *memory = attach(id, NULL, 0);
    take_away(id);
    strcpy(memory, TEXT);
    printf("%lu\n", (unsigned long)ask(id).shm_nattch);
    detach(memory);
    return 0;
}
