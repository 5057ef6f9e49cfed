/* fail never-waited: did not wait for */

#include "begin.h"
#include <sys/select.h>

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    int id = make();
    char *memory = attach(id, NULL, 0);
    pid_t child = fork();
    if (child == 0) {
        strcpy(memory, "at once");
        _exit(0);
    }
    struct timeval time = {0, 400000};
    select(0, NULL, NULL, NULL, &time);
    puts(memory);
    detach(memory);
    take_away(id);
    return 0;
}
