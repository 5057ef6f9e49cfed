/* Prints gigabytes. */
#include <string.h>
#include <unistd.h>

static char block[1 << 20];

int main(void)
{
    memset(block, 'x', sizeof block);
    while (write(1, block, sizeof block) > 0)
        ;
    return 0;
}
