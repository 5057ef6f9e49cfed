/* fail printed-without-sharing: does not come from the record */

#include "begin.h"

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    int id = make();
    ask(id);
    printf("Segment size: %d\n", SIZE);
    take_away(id);
    return 0;
}
