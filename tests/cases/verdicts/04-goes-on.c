/* fail wrong-text: ends with no NUL */

#include "begin.h"

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    int id = make();
    char *memory = attach(id, NULL, 0);
    memset(memory, '.', 40);
    memcpy(memory, TEXT, strlen(TEXT));
    take_away(id);
    return 0;
}
