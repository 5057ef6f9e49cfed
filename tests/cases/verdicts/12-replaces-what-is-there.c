/* fail wrong-address: SHM_REMAP */

#include "begin.h"

int main(void)
{
    int id = make();
    attach(id, THERE, 0);
    char *second = attach(id, THERE, SHM_REMAP);
    strcpy(second, TEXT);
    detach(second);
    take_away(id);
    return 0;
}
