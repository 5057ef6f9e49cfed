/* The article's program, in the midst of 100,000 other system calls. */

#define main article
#include "../c/shm.c"
#undef main

int main(void)
{
    long i;

    for (i = 0; i < 100000; i++)
        syscall(SYS_getppid);
    return article();
}
