/* pass */

#include "begin.h"

int main(void)
{
    int id = make();
    char *memory = attach(id, NULL, 0);
    strcpy(memory, TEXT);
    detach(memory);
    memory = attach(id, (char *)THERE + 123, SHM_RND);
    printf("%#jx\n", (uintmax_t)(uintptr_t)memory);
    detach(memory);
    take_away(id);
    return 0;
}
