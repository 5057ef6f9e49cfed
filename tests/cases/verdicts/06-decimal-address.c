/* fail wrong-address: the goal asks for 0x5000000 */

#include "begin.h"

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    int id = make();
    char *memory = attach(id, NULL, 0);
    strcpy(memory, TEXT);
    detach(memory);
    memory = attach(id, (void *)5000000, 0);
    printf("%p\n", (void *)memory);
    detach(memory);
    take_away(id);
    return 0;
}
