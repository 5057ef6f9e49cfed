/* fail wrong-address: with NULL */

#include "begin.h"

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    int id = make();
    attach(id, (void *)0x5000123, SHM_RND);
    take_away(id);
    return 0;
}
