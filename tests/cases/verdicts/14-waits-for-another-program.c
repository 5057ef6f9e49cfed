/* fail never-waited */

#include "begin.h"

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    int id = make();
    char *memory = attach(id, NULL, 0);
    if (fork() == 0) {
        strcpy(memory, "nobody asks for me");
        _exit(0);
    }
    if (system("sleep 0.3") != 0)
        fail("system");
    puts(memory);
    detach(memory);
    take_away(id);
    return 0;
}
