/* fail printed-without-sharing: does not lead */

#include "begin.h"

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    int id = make();
    char *memory = attach(id, NULL, 0);
    strcpy(memory + 64, TEXT);
    *(uint64_t *)memory = 64;
    detach(memory);
    memory = attach(id, THERE, 0);
    char *last = memory + SIZE - 1;
    while (last > memory && *last == 0)
        last--;
    while (last > memory && last[-1] != 0)
        last--;
    puts(last);
    detach(memory);
    take_away(id);
    return 0;
}
