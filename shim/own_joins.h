// The program's own membership requests, where the policy has a word on them.
#ifndef SOCKGRAFT_OWN_JOINS_H
#define SOCKGRAFT_OWN_JOINS_H

#include "subject.h"

// Whether there may be anything to say about a request on this socket at all.
bool own_joins_concerned(int fd, int level);

// A request for a group that the policy has joined succeeds and changes nothing: the group is the policy's. Any other
// becomes what `redirect`, `filter` and `interface` make of it, and gets the answer that it would have got without us;
// so do those that follow it. true: `*result` is what the call returns (errno set); false: not concerned, call on.
bool own_joins_intercept(int fd, int level, int name, const void *value, socklen_t length, int *result);

// After the socket's local address became known, or changed: what the program has joined follows the rules that hold
// now. What is refused is reported.
void own_joins_settle(struct subject *subject);

// Tries again what waits for its interface. 0, or a negative errno to fail with.
int own_joins_place_again(struct subject *subject);

#endif
