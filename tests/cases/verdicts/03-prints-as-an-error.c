/* fail never-printed: standard error */

#include "begin.h"

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    int id = make();
    fprintf(stderr, "%zu\n", ask(id).shm_segsz);
    take_away(id);
    return 0;
}
