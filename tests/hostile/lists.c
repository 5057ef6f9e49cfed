/* Lists every file that it can read and every folder that it can write to, outside of the places that it was given. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* PLACES is a list of strings: the places, each of which may be a folder or a file. */
static const char *places[] = { PLACES };
static int found;

static int is_given(const char *path)
{
    for (size_t place = 0; place < sizeof places / sizeof *places; place++) {
        size_t length = strlen(places[place]);
        if (!strncmp(path, places[place], length) && (path[length] == '/' || !path[length]))
            return 1;
    }
    return 0;
}

static void tell(const char *what, const char *path)
{
    if (found++ < 5)
        fprintf(stderr, "%s %s; ", what, path);
}

static void walk(const char *path)
{
    struct stat file;

    if (is_given(path) || lstat(path, &file))
        return;
    if (S_ISREG(file.st_mode) && !access(path, R_OK))
        tell("reads", path);
    if (!S_ISDIR(file.st_mode))
        return;
    if (!access(path, W_OK))
        tell("writes", path);
    DIR *folder = opendir(path);
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        char inner[4096];
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
            continue;
        snprintf(inner, sizeof inner, "%s/%s", strcmp(path, "/") ? path : "", entry->d_name);
        walk(inner);
    }
    if (folder)
        closedir(folder);
}

int main(void)
{
    walk("/");
    /* What it was given can only be read, but for the place for files in memory. */
    for (size_t place = 0; place < sizeof places / sizeof *places; place++)
        if (strcmp(places[place], "/dev/shm") && strcmp(places[place], "/dev/pts") && !access(places[place], W_OK)
            && strncmp(places[place], "/dev/", 5))
            tell("writes", places[place]);
    fprintf(stderr, "found %d others", found);
    return 3;
}
