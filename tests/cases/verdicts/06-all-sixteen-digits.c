/* pass */

#include "begin.h"

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    int id = make();
    char *memory = attach(id, NULL, 0);
    strcpy(memory, TEXT);
    detach(memory);
    memory = attach(id, THERE, 0);
    printf("0x%016lX\n", (unsigned long)memory);
    detach(memory);
    take_away(id);
    return 0;
}
