// Where libsockgraft.so is for a program.
#ifndef SOCKGRAFT_LIBRARY_H
#define SOCKGRAFT_LIBRARY_H

#include <limits.h>

#include <stdbool.h>

#include "target.h"

extern const char library_name[]; // of its file

// What is to be put into LD_PRELOAD: 0; or EXIT_CANNOT_RUN, and target->why.
int library_find(struct target *target, char preload[PATH_MAX]);

// Whether the file at `path` is there and is of the program's kind.
bool library_suits(const char *path, const struct target *target);

// Whether a path with $LIB in it leads the program's loader to such a file.
bool library_suits_by_lib(const char *path, const struct target *target);

#endif
