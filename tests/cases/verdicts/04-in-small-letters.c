/* fail wrong-text: `this is a test` */

#include "begin.h"

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    int id = make();
    strcpy(attach(id, NULL, 0), "this is a test");
    take_away(id);
    return 0;
}
