// A policy's interfaces and memberships as this host has them.
#ifndef SOCKGRAFT_RESOLVED_H
#define SOCKGRAFT_RESOLVED_H

#include "../../core/policy/rule.h"

enum { INDEXES_AT_MOST = 256 };

// An interface as the policy names it, once for all places.
struct named_interface {
	const struct graft_interface *named;
	const char *origin; // of the first place
	unsigned count;     // 0: there is none now
	unsigned indexes[INDEXES_AT_MOST];
};

// One membership on one interface.
struct resolved {
	const struct rule *rule;
	const struct setting *setting; // join or filter
	const struct membership *membership;
	unsigned index; // 0: none is known
	bool by_route;
};

struct resolution {
	unsigned name_count, count;
	struct named_interface *names;
	struct resolved *items;
};

// What is missing becomes findings: a name without an interface, a group without a route.
void resolve(const struct policy *policy, struct resolution *resolution);

// The indexes that `interface` has on this host, at most `room`: their number.
unsigned resolve_interface(const struct graft_interface *interface, unsigned *indexes, unsigned room);

// Warns where there is none.
void check_found(const struct graft_interface *interface, unsigned count);

#endif
