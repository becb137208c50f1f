// The program's own membership requests, where the policy has a word on them.
#ifndef SOCKGRAFT_OWN_JOINS_H
#define SOCKGRAFT_OWN_JOINS_H

#include <stdbool.h>
#include <sys/socket.h>

// A request for a group that the policy has joined succeeds and changes nothing: the group is the policy's. Any other
// that names no interface goes to the one that the policy's `interface` names; leaves and sources likewise, so that
// they meet the join. true: `*result` is what the call returns (errno set); false: not concerned, call on.
bool own_joins_intercept(int fd, int level, int name, const void *value, socklen_t length, int *result);

#endif
