/* A clock for the impatient: whoever waits for an answer on a socket waits three seconds at most. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/socket.h>
#include <sys/time.h>

int setsockopt(int socket, int level, int name, const void *value, socklen_t length)
{
    int (*original)(int, int, int, const void *, socklen_t);
    const struct timeval three_seconds = { .tv_sec = 3 };

    *(void **)&original = dlsym(RTLD_NEXT, "setsockopt");
    if (level == SOL_SOCKET && name == SO_RCVTIMEO && length == sizeof three_seconds)
        value = &three_seconds;
    return original(socket, level, name, value, length);
}
