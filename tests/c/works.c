/* Works until it has used so much processor time, in milliseconds. */

#include <stdlib.h>
#include <time.h>

int main(int argc, char **argv)
{
    clock_t wanted = argc < 2 ? 0 : (clock_t)atol(argv[1]) * (CLOCKS_PER_SEC / 1000);
    while (clock() < wanted)
        ;
    return 0;
}
