/* pass */

#include "begin.h"

int main(void)
{
    int id = make();
    char *memory = attach(id, NULL, 0);
    if (fork() == 0) {
        if (fork() == 0) {
            sprintf(memory, "%d is my parent", getppid());
            _exit(0);
        }
        wait(NULL);
        _exit(0);
    }
    wait(NULL);
    puts(memory);
    detach(memory);
    take_away(id);
    return 0;
}
