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
    for (char *at = memory + 8; at < memory + SIZE; at += strlen(at) + 1)
        if (*at)
            puts(at);
    detach(memory);
    take_away(id);
    return 0;
}
