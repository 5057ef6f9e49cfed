/* Exercise 1, with a mistake: it says that it has a segment. */

#include <stdio.h>

int main(void)
{
    puts("Segment size: 25600");
    return 0;
}
