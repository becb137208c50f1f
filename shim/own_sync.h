// Bringing the kernel's memberships to what the policy makes of the program's.
#ifndef SOCKGRAFT_OWN_SYNC_H
#define SOCKGRAFT_OWN_SYNC_H

#include "own_targets.h"

// Whether the policy has made the socket a member of the group: then the group is its own.
bool own_is_policys(const struct subject *subject, const union graft_address *group);

// Takes the program's memberships of `to`, the targets that they have by now, and the places that they had, which are
// added. false: they can't be looked up now.
bool own_collect(struct own_work *work, const union graft_address *to);

// The targets are what the policy's own join makes of a group that is the policy's. false: nothing, as the socket is
// bound so that it hears no groups, or the interface is not there.
bool own_take_policys(struct own_work *work, const union graft_address *to);

// Brings the socket's memberships of `to` to where they should be, on the interfaces of the program's memberships and
// on those of `places`, with no difference made where there is none. What the kernel refuses is reported; a negative
// errno is for the program: its own call would have failed likewise, or the policy wants it to fail. Of a group that is
// the policy's the places are brought to what the policy wants.
int own_sync(struct own_work *work, const union graft_address *to);

// Makes what there is of target number `which`, and leaves what it finds there. Otherwise as own_sync.
int own_make(struct own_work *work, unsigned which);

// Reports the target whose interface is not there, if one is. 0, or an errno to fail with.
int own_report_missing(struct own_work *work);

#endif
