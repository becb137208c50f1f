// A program that binds one port on several addresses, a socket each. The first was widened to hear the groups; the
// others stay as narrow as the program asked, or they would take each other's datagrams.
#ifndef SOCKGRAFT_SIBLINGS_H
#define SOCKGRAFT_SIBLINGS_H

#include "subject.h"

// Whether a widened socket of this program hears the groups at the port of `asked`, for another address.
bool siblings_hear(const struct subject *subject, const union graft_address *asked);

// Binds to `asked`, which the wildcard of the sibling would not let. 0, or a negative errno.
int siblings_bind(const struct subject *subject, const union graft_address *asked);

#endif
