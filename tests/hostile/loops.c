/* Loops for ever, and ignores every signal that it can. */
#include <signal.h>
#include <unistd.h>

int main(void)
{
    for (int number = 1; number < 32; number++)
        signal(number, SIG_IGN);
    for (;;)
        ;
}
