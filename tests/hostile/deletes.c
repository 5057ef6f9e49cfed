/* Deletes its own file, and what is beside it. */
#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

int main(int count, char **words)
{
    struct dirent *entry;
    DIR *here = opendir(".");

    if (count > 0)
        unlink(words[0]);
    while (here != NULL && (entry = readdir(here)) != NULL)
        unlink(entry->d_name);
    return 0;
}
