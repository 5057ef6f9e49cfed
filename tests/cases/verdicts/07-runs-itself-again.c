/* pass */

#include "begin.h"

int main(int argc, char **argv)
{
    char number[16];
    int id = argc > 1 ? atoi(argv[1]) : make();
    char *memory = attach(id, NULL, 0);
    if (argc > 1) {
        puts(memory);
        detach(memory);
        take_away(id);
        return 0;
    }
    strcpy(memory, TEXT);
    detach(memory);
    snprintf(number, sizeof number, "%d", id);
    execl("/proc/self/exe", argv[0], number, (char *)NULL);
    fail("execl");
}
