/* fail wrote-nothing: none of its children did */

#include "begin.h"

int main(void)
{
    int id = make();
    char *memory = attach(id, NULL, 0);
    volatile char *ready = memory + 300;
    if (fork() == 0) {
        *ready = 1;
        while (*ready == 1)
            usleep(1000);
        _exit(0);
    }
    while (*ready == 0)
        usleep(1000);
    strcpy(memory, "The child is ready");
    *ready = 2;
    wait(NULL);
    puts(memory);
    detach(memory);
    take_away(id);
    return 0;
}
