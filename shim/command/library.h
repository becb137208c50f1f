// Where libsockgraft.so is for a program.
#ifndef SOCKGRAFT_LIBRARY_H
#define SOCKGRAFT_LIBRARY_H

#include <limits.h>

#include "target.h"

// What is to be put into LD_PRELOAD: 0; or EXIT_CANNOT_RUN, and target->why.
int library_find(struct target *target, char preload[PATH_MAX]);

#endif
