// The process's policy: read once, before anything of ours governs.
#ifndef SOCKGRAFT_START_H
#define SOCKGRAFT_START_H

#include "../core/policy/policy.h"

extern struct policy policy; // constant once govern has returned

// Reads the policy in the environment, unless the program runs with more rights than its user's, and has the slots
// lead to our handlers where it has rules. A policy that can't be read ends the process with status 125.
void govern(char *const *environment);

#endif
