// pass

#include "begin.h"

#include <cmath>
#include <iostream>

int main()
{
    int id = make();
    char *memory = attach(id, nullptr, 0);
    strcpy(memory, TEXT);
    detach(memory);
    memory = attach(id, THERE, 0);
    std::cout << static_cast<void *>(memory) << " " << std::sqrt(std::abs(static_cast<double>(id))) << std::endl;
    detach(memory);
    take_away(id);
}
