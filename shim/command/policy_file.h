// A file of rules.
#ifndef SOCKGRAFT_POLICY_FILE_H
#define SOCKGRAFT_POLICY_FILE_H

#include "../../core/policy/policy.h"

enum { POLICY_FILE_AT_MOST = 1 << 20 }; // bytes

// As struct policy_source wants it: the size, or a negative errno.
long policy_file_read(const char *path, struct arena *arena, const char **content);

#endif
