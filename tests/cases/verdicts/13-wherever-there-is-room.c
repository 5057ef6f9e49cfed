/* pass */

#include "begin.h"

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    int id = make();
    char *memory = attach(id, NULL, 0);
    strcpy(memory + 64, TEXT);
    *(uint64_t *)memory = 64;
    detach(memory);
    memory = attach(id, NULL, SHM_RDONLY);
    puts(memory + *(uint64_t *)memory);
    detach(memory);
    take_away(id);
    return 0;
}
