/* Stops itself, and waits for a signal that nobody sends. */
#include <signal.h>

int main(void)
{
    raise(SIGSTOP);
    return 0;
}
