/* pass */

#include "begin.h"

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    int id = make();
    size_t size = ask(id).shm_segsz;
    printf("%zu,%03zu bytes\n", size / 1000, size % 1000);
    take_away(id);
    return 0;
}
