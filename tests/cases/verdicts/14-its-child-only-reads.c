/* fail wrote-nothing: none of its children did */

#include "begin.h"

int main(void)
{
    int id = make();
    char *memory = attach(id, NULL, 0);
    if (fork() == 0) {
        while (*(volatile char *)memory == 0)
            usleep(1000);
        _exit(0);
    }
    usleep(20000);
    strcpy(memory, "Nobody asked me");
    wait(NULL);
    puts(memory);
    detach(memory);
    take_away(id);
    return 0;
}
