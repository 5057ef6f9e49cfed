/* fail never-attached: while it still had it attached */

#include "begin.h"

int main(void)
{
    int id = make();
    char *memory = attach(id, NULL, 0), *other = attach(id, NULL, 0);
    strcpy(memory, TEXT);
    detach(memory);
    puts(other);
    detach(other);
    take_away(id);
    return 0;
}
