/* fail never-printed */

#include "begin.h"

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    int id = make();
    char *memory = attach(id, NULL, 0);
    strcpy(memory, TEXT);
    printf("%p\n", (void *)memory);
    detach(memory);
    detach(attach(id, THERE, 0));
    take_away(id);
    return 0;
}
