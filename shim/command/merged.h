// Memberships as the kernel will have them: those that come together on a socket are one.
#ifndef SOCKGRAFT_MERGED_H
#define SOCKGRAFT_MERGED_H

#include <stdbool.h>

#include "resolved.h"

enum { MERGED_ORIGINS = 512 };

struct merged {
	const struct resolved *resolved; // the first of them
	bool by_route;                   // nobody has named the interface
	bool exclude;                    // the sources are left out; any source, if there are none
	unsigned source_count;
	union graft_address *sources;
	char origins[MERGED_ORIGINS]; // "SOCKGRAFT_RULES rule 1, SOCKGRAFT_JOIN"
};

// What number `which` comes to, to be forgotten; false: an earlier one on the same sockets says it already. Filters stay as
// they are.
bool merged_make(const struct resolution *resolution, unsigned which, struct merged *merged);
void merged_forget(struct merged *merged);

#endif
