/* fail compile-error: exercise01.c:11 */

#include "begin.h"

void take_the_memory(int id);

int main(void)
{
    int id = make();

    take_the_memory(id);
    take_away(id);
    return 0;
}
