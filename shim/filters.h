// Our packet filter on a socket, alone or in front of one that the program attached.
#ifndef SOCKGRAFT_FILTERS_H
#define SOCKGRAFT_FILTERS_H

#include "joins.h"

// Whether the kernel needs a filter's help to let in what it should and nothing else.
bool filters_needed(const struct subject *subject, const struct opening *opening, const struct joins *joins);

// Attaches the filter, keeping one that the program attached behind it; memberships for which there is no room are
// dropped from the end. 0, or a negative errno, which was reported.
int filters_place(struct subject *subject, const struct opening *opening, struct joins *joins);

// Takes ours away and leaves the program's.
void filters_detach(struct subject *subject);

// The address that the program asked for, of a WIDENED socket; AF_UNSPEC if only the groups were wanted.
void filters_asked(const struct subject *subject, union graft_address *asked);

// Recognizes a filter of ours on a socket that came from elsewhere (through exec or from another process),
// and the program's. Sets FILTERED, WIDENED, OWN_FILTER and the asked address in the subject's state. A negative errno
// where the filter can't be read: nothing is known of it then.
int filters_adopt(struct subject *subject);

// What the program's own setsockopt of a filter becomes on a socket that has ours. `result` is then what the
// call returns (errno set); false: not concerned, call on.
bool filters_intercept(int fd, int name, const void *value, socklen_t length, int *result);

#endif
