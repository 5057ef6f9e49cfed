/* pass */

#include "begin.h"

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    if (argc > 1) {
        strcpy(attach(atoi(argv[1]), NULL, 0), "from another program");
        return 0;
    }
    int id = make();
    char *memory = attach(id, NULL, 0);
    char number[16];
    snprintf(number, sizeof number, "%d", id);
    pid_t child = vfork();
    if (child == 0) {
        execl("/proc/self/exe", argv[0], number, (char *)NULL);
        _exit(127);
    }
    waitpid(child, NULL, 0);
    puts(memory);
    detach(memory);
    take_away(id);
    return 0;
}
