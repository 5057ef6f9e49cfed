/* Ends at once, and leaves a daemon. */
#include <unistd.h>

int main(void)
{
    if (fork() == 0) {
        setsid();
        if (fork() == 0) {
            chdir("/");
            for (;;)
                pause();
        }
    }
    return 0;
}
