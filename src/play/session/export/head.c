// A session of the shared-memory playground: cc -o session session.c && ./session
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// A call that succeeded in the session has failed.
__attribute__((unused)) static void fail(const char *call)
{
    perror(call);
    exit(1);
}

// A call that was refused in the session, too.
__attribute__((unused)) static void report(const char *call)
{
    perror(call);
}

// Reads bytes, as the session did.
__attribute__((unused)) static void look(const char *from, size_t length)
{
    for (size_t i = 0; i < length; i++) (void)*(volatile const char *)(from + i);
}

// Prints bytes of memory, at once: a process may end in its next call.
__attribute__((unused)) static void print(const char *text, size_t length)
{
    fwrite(text, 1, length, stdout);
    fflush(stdout);
}

// Prints a text of the program itself.
__attribute__((unused)) static void say(const char *text)
{
    print(text, strlen(text));
}

__attribute__((unused)) static void set_limit(const char *file, const char *value)
{
    FILE *limit = fopen(file, "w");
    if (limit == NULL || fputs(value, limit) == EOF || fclose(limit) == EOF) fail(file);
}

