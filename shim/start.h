// The process's policy: read once, before anything of ours governs.
#ifndef SOCKGRAFT_START_H
#define SOCKGRAFT_START_H

#include "../core/policy/policy.h"

extern struct policy policy; // constant once start has returned

// Finds the functions behind ours and reads the policy; a policy that can't be read ends the process with
// status 125. Every entry point comes here first, and the library's constructor; only the first call works.
void start(void);

#endif
