// The interfaces of a setting of the policy's.
#ifndef SOCKGRAFT_INTERFACES_H
#define SOCKGRAFT_INTERFACES_H

#include "../core/policy/policy.h"

enum { SEND_INTERFACES = 32 }; // of one socket; as many as a policy may name

// Their indexes, each once, in the order in which they are written. Returns how many; `missing`: one that is named, or
// all that a pattern could name, is not there yet.
unsigned interfaces_find(
        int fd, const struct setting *setting, unsigned indexes[SEND_INTERFACES], bool *missing);

// The same of a membership's interfaces.
unsigned interfaces_resolve(int fd, const struct graft_interface *interfaces, unsigned interface_count,
        unsigned indexes[SEND_INTERFACES], bool *missing);

#endif
