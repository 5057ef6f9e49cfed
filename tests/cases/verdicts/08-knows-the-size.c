/* fail printed-without-sharing: does not come from the record */

#include "begin.h"

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    int id = make();
    char *memory = attach(id, NULL, 0);
    ask(id);
    printf("Segment size: %zu\n", (size_t)SIZE);
    strcpy(memory, TEXT);
    detach(memory);
    memory = attach(id, THERE, 0);
    puts(memory);
    detach(memory);
    take_away(id);
    return 0;
}
