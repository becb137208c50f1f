// Values on a socket: what a plan says, by one kernel option each.
#ifndef SOCKGRAFT_PLACE_H
#define SOCKGRAFT_PLACE_H

#include "subject.h"

// Places what `now` has and `before` (NULL: nothing) had not. Returns 0, or the first refusal as a negative
// errno where the policy wants the call to fail.
int place_values(struct subject *subject, const struct plan *before, const struct plan *now);

#endif
