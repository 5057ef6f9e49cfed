/* pass */

#include "begin.h"

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    int id = make();
    char *memory = attach(id, NULL, 0);
    if (fork() == 0) {
        snprintf(memory, SIZE, "forty-two, says %d", (int)getpid());
        _exit(0);
    }
    wait(NULL);
    puts(memory);
    detach(memory);
    take_away(id);
    return 0;
}
