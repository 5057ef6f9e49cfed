/* pass */

#include "begin.h"

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    int id = make();
    char *memory = attach(id, NULL, 0);
    for (int round = 0; round < 2; round++) {
        if (fork() == 0) {
            snprintf(memory, SIZE, "answer %d", round);
            _exit(0);
        }
        wait(NULL);
    }
    puts(memory);
    detach(memory);
    take_away(id);
    return 0;
}
