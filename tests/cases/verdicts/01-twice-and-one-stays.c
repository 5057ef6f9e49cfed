/* fail never-removed */

#include "begin.h"

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    int first = make();
    make();
    take_away(first);
    return 0;
}
