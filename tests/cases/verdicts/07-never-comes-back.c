/* fail never-attached: not a second time */

#include "begin.h"

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    int id = make();
    char *memory = attach(id, NULL, 0);
    strcpy(memory, TEXT);
    puts(memory);
    detach(memory);
    take_away(id);
    return 0;
}
