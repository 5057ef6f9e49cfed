/* fail never-printed: standard error */

#include "begin.h"

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    int id = make();
    char *memory = attach(id, NULL, 0);
    strcpy(memory, TEXT);
    detach(memory);
    memory = attach(id, THERE, 0);
    fputs(memory, stderr);
    detach(memory);
    take_away(id);
    return 0;
}
