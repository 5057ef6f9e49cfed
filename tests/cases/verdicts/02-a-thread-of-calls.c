/* pass */

#include "begin.h"

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    int id = make();
    for (int round = 0; round < 3; round++)
        detach(attach(id, NULL, round ? SHM_RDONLY : 0));
    attach(id, NULL, 0);
    take_away(id);
    return 0;
}
