/* fail never-printed */

#include "begin.h"

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    int id = make();
    printf("%lu attachments\n", (unsigned long)ask(id).shm_nattch);
    take_away(id);
    return 0;
}
