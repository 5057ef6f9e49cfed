/* pass */

#include "begin.h"

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    int id = make();
    char *memory = attach(id, THERE, 0);
    strcpy(memory, TEXT);
    char *second = (char *)shmat(id, THERE, 0);
    if (second == (char *)-1)
        second = attach(id, NULL, 0);
    strcpy(second, TEXT);
    detach(memory);
    detach(second);
    take_away(id);
    return 0;
}
