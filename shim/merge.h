// Several memberships of one group on one interface: what the socket shall hear is what any of them admits.
#ifndef SOCKGRAFT_MERGE_H
#define SOCKGRAFT_MERGE_H

#include "joins.h"

// Whether it admits sources that it doesn't name.
bool merge_is_open(const struct membership *membership);

// Whether `join` and the other make one membership of the kernel's, as far as its sources go.
bool merge_together(const struct join *a, const struct join *b);

// The first open one of those together with `join`, or NULL: then they make a membership in include mode.
const struct membership *merge_open(const struct joins *joins, const struct join *join);

// Whether any of those together with `join` admits the source.
bool merge_admits(const struct joins *joins, const struct join *join, const union graft_address *source);

// Whether none before number `which` is of the same group on the same interface.
bool merge_is_first(const struct joins *joins, unsigned which);

#endif
