// From the policy's memberships on one socket to the kernel's: several of the same group become one, and the
// kernel's limits are told once, with the number that is wanted.
#ifndef SOCKGRAFT_MEMBERSHIPS_H
#define SOCKGRAFT_MEMBERSHIPS_H

#include "../core/text.h"
#include "joins.h"

// Joins each group. 0, or an errno to fail with; `made` says of each whether it is ours to leave, `pending`
// whether an interface turned out to be missing.
int memberships_make(struct subject *subject, struct joins *joins);

// What the kernel allows so many of.
enum memberships_limit { LIMIT_GROUPS, LIMIT_SOURCES };

// Reports that the kernel refused a membership, or one of its sources, where `wanted` of the limit's are wanted. 0, or
// an errno to fail with.
int memberships_refused(const struct subject *subject, const struct membership *membership, int error,
        enum memberships_limit limit, unsigned wanted);

// Whether every one of them is ours.
bool memberships_complete(const struct joins *joins);

// Leaves what was joined.
void memberships_leave(const struct subject *subject, const struct joins *joins);

// "join GROUP", as the policy has it, for messages.
void memberships_say(const struct membership *membership, struct text *text);

// Whether the kernel's answer means that an interface or a route is not there yet.
bool memberships_missing(int error);

#endif
