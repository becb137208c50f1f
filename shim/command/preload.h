// LD_PRELOAD as a program is to have it.
#ifndef SOCKGRAFT_PRELOAD_H
#define SOCKGRAFT_PRELOAD_H

#include <stdbool.h>

#include "target.h"

// Sees to it that the program loads the library, which stands at `library`, once. False: there is no memory.
bool preload(const struct target *target, const char *library);

#endif
