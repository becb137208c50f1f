// What the policy makes of the program's memberships: for each the group, the interfaces and the sources.
#ifndef SOCKGRAFT_OWN_TARGETS_H
#define SOCKGRAFT_OWN_TARGETS_H

#include "joins.h"
#include "own_view.h"

enum { OWN_SOURCES = 256, OWN_PLACES = JOINS_AT_MOST + VIEW_PLACES };

// The memberships of one socket that are of one group. Large, and mapped for the moment: a signal handler's stack may
// be small.
struct own_work {
	struct subject *subject;
	uint64_t socket;

	// What of it there shall be: `list` names `memberships`, whose sources are the policy's or those of `records`.
	struct joins joins;
	bool by_program[JOINS_AT_MOST]; // of the list: the program chose the interface, or the route did
	struct membership memberships[JOINS_AT_MOST];
	bool own_sources[JOINS_AT_MOST]; // of the memberships: the program's
	unsigned membership_count;
	const struct membership *missing; // one whose interface is not there
	bool rewritten;                   // the policy has changed something
	bool policys;                     // the targets are those of the policy's own join

	struct view_record records[JOINS_AT_MOST];
	unsigned record_count;
	bool known;  // there is a record, or was one just now
	bool ending; // there was one just now, which the kernel may have still
	struct view_change change;
	struct view_record supposed;

	unsigned places[OWN_PLACES]; // where the group may be joined
	unsigned place_count;
	union graft_address wanted[OWN_SOURCES], current[OWN_SOURCES];
};

// NULL: no memory.
struct own_work *own_work_begin(struct subject *subject);
void own_work_end(struct own_work *work);

// The group that `redirect` has in place of one that the program joins: true, and `*to` is that; `*origin` (it may be
// NULL) says why. false: `*to` is `group`.
bool own_redirect(const struct subject *subject, const union graft_address *group, union graft_address *to,
        const char **origin);

// Forgets the targets and the records.
void own_targets_clear(struct own_work *work);

// Adds what the policy makes of a membership, which has to stay.
void own_targets_add(struct own_work *work, const struct view_record *record);

// Adds a place, or those of the targets.
void own_places_add(struct own_work *work, unsigned index);
void own_places_add_targets(struct own_work *work);

#endif
