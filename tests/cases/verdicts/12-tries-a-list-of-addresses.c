/* pass */

#include "begin.h"

int main(void)
{
    const void *wishes[] = { THERE, (char *)THERE + 0x100000, NULL };
    int id = make();
    char *first = attach(id, THERE, 0), *second = (void *)-1;
    for (int number = 0; number < 3 && second == (void *)-1; number++)
        second = shmat(id, wishes[number], 0);
    if (second == (void *)-1)
        fail("shmat");
    strcpy(second, TEXT);
    detach(first);
    detach(second);
    take_away(id);
    return 0;
}
