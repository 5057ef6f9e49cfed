/* pass */

#include "begin.h"

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    int id = make();
    memcpy(attach(id, NULL, 0), TEXT, strlen(TEXT));
    take_away(id);
    return 0;
}
