/* fail wrote-nothing: none of its children did */

#include "begin.h"

int main(void)
{
    int id = make();
    char *memory = attach(id, NULL, 0);
    if (fork() == 0) {
        detach(memory);
        const volatile char *view = attach(id, NULL, SHM_RDONLY);
        while (*view == 0)
            usleep(1000);
        detach((const void *)view);
        _exit(0);
    }
    usleep(20000);
    memcpy(memory, "In its stead", 13);
    wait(NULL);
    puts(memory);
    detach(memory);
    take_away(id);
    return 0;
}
