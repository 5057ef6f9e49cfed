/* fail wrong-address: no shmat was refused */

#include "begin.h"

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    int id = make();
    char *first = attach(id, THERE, 0);
    char *second = attach(id, NULL, 0);
    strcpy(second, TEXT);
    detach(second);
    detach(first);
    take_away(id);
    return 0;
}
