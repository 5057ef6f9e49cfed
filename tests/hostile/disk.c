/* Fills every disk that it may write to. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static char block[1 << 20];

int main(void)
{
    const char *places[] = { "hostile-file", "/tmp/hostile-file", "/var/tmp/hostile-file", "/dev/shm/hostile-file" };
    memset(block, 1, sizeof block);
    for (unsigned place = 0; place < sizeof places / sizeof *places; place++) {
        int file = open(places[place], O_CREAT | O_WRONLY, 0600);
        for (int many = 0; many < 4096 && write(file, block, sizeof block) > 0; many++)
            ;
    }
    return 0;
}
