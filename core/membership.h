// What the membership requests of RFC 3678 have in common.
#ifndef SOCKGRAFT_MEMBERSHIP_H
#define SOCKGRAFT_MEMBERSHIP_H

#include "sockgraft.h"

// Writes a group or a source as a request wants it: what is mapped belongs to IPv4. Returns the level of its side.
int membership_put(struct sockaddr_storage *storage, const union graft_address *address);

#endif
