/* fail never-attached: while it still had it attached */

#include "begin.h"

int main(void)
{
    int id = make();
    char *memory = attach(id, NULL, 0), *other = attach(id, NULL, 0);
    *(uint64_t *)memory = 64;
    strcpy(memory + 64, TEXT);
    detach(memory);
    puts(other + *(uint64_t *)other);
    detach(other);
    take_away(id);
    return 0;
}
