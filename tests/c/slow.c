/* A machine on which `check` needs long to make a judge ready: whoever judges sleeps first. */

#include <string.h>
#include <unistd.h>

__attribute__((constructor)) static void sleep_if_judge(int count, char **words)
{
    if (count > 1 && strcmp(words[1], "--judge") == 0)
        usleep(100 * 1000);
}
