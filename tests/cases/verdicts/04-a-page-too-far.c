/* fail wrote-elsewhere: at offset 4096 */

#include "begin.h"

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    int id = make();
    strcpy(attach(id, NULL, 0) + 4096, TEXT);
    take_away(id);
    return 0;
}
