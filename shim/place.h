// Values on a socket: what a plan says, by one kernel option each.
#ifndef SOCKGRAFT_PLACE_H
#define SOCKGRAFT_PLACE_H

#include "subject.h"

// Sets one option on each side of the socket that has it. 0, or a negative errno.
int place_on_sides(const struct subject *subject, enum graft_option option, int64_t value);

// Places what `now` has and `before` (NULL: nothing) had not. Returns 0, or the first refusal as a negative
// errno where the policy wants the call to fail.
int place_values(struct subject *subject, const struct plan *before, const struct plan *now);

// The same of one key that the kernel, or the program, has changed since it was placed.
int place_key_again(struct subject *subject, enum policy_key key);

#endif
