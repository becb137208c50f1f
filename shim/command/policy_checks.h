// What in a policy itself is of no use, or not what was meant, as findings.
#ifndef SOCKGRAFT_POLICY_CHECKS_H
#define SOCKGRAFT_POLICY_CHECKS_H

#include "resolved.h"

// Rules that can never apply; TTLs that don't go as far as their groups; groups of source-specific multicast without
// sources; more memberships or sources for one socket than the kernel takes.
void check_rules(const struct policy *policy);
void check_range(const struct membership *membership);
void check_counts(const struct resolution *resolution);

// Whether both memberships may come to be on one socket, of those that the first one's rule is for.
bool share_socket(const struct resolved *a, const struct resolved *b);

// Whether every socket that `narrow` asks for is one that `wide` asks for.
bool match_covers(const struct match *wide, const struct match *narrow);

#endif
