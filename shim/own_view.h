// What the program believes its sockets to be members of: its requests, as the kernel would have taken them without
// us, so that it gets the answers that the kernel would have given.
//
// Kept by socket, not by descriptor, so copies share it and nothing is to be done at close. A child of fork goes on with a
// copy of its own: what it joins and leaves on a socket of both is known to it alone, and its parent's likewise. There is
// room for so many memberships and no more. One that was dropped, or made by another process, is not known, and who asks
// goes by what the kernel says; one that another process left is forgotten (view_forget).
#ifndef SOCKGRAFT_OWN_VIEW_H
#define SOCKGRAFT_OWN_VIEW_H

#include "requests.h"

enum { VIEW_PLACES = 32 };

struct view_record {
	uint64_t socket;           // its cookie (SO_COOKIE)
	uint64_t age;              // the greater the younger
	union graft_address group; // as the program said it
	union graft_address to;    // the group that the policy has in its place
	unsigned index; // the interface that the program named, or the one that the route to `group` picks
	unsigned route; // the one that the route to `to` picks; 0: there is none
	bool named, unnamed; // which of them; both, where it asked for the same one in both ways
	bool exclude;
	bool listed; // has, or has had, sources: then it keeps to its mode
	unsigned source_count;
	union graft_address sources[REQUEST_SOURCES];
	bool ended; // left, though the kernel may have it still: view_finish comes next
	bool ours; // what the kernel has of it is of our making, and no request for it is the kernel's any more
	unsigned place_count;
	unsigned places[VIEW_PLACES]; // `ours`: the interfaces on which the kernel has it
};

// Which membership a request is for.
struct view_request {
	const struct request *request;
	uint64_t socket;
	union graft_address to;
	unsigned index, route; // as in the record
	bool named;
};

// What a request has changed, to take it back.
struct view_change {
	enum { VIEW_UNCHANGED, VIEW_MADE, VIEW_ALTERED, VIEW_ENDED } what;
	struct view_record before; // of VIEW_ALTERED, VIEW_ENDED
	struct view_record now;
};

enum { VIEW_BUSY = 1 };

// The request's answer by the kernel's rules, and what it changes: 0, a negative errno, or VIEW_BUSY: nothing can be
// looked up now, and nothing has changed.
int view_change(const struct view_request *asked, struct view_change *change);

// Takes a change back.
void view_restore(const struct view_change *change);

// The kernel has followed a change: what has ended is forgotten.
void view_finish(const struct view_change *change);

// Calls `visit` for each membership of the socket that is known, those that have just ended too; it may only read and write memory. A `socket` of 0 in
// the record drops it. false: busy.
bool view_each(uint64_t socket, void (*visit)(struct view_record *record, void *context), void *context);

// Around whatever brings the kernel's memberships to what is known.
void view_sync_begin(void);
void view_sync_end(void);

// Whether nobody is between those two. While `*changes` stays as it is, what the kernel says can be held against what is
// known.
bool view_is_still(unsigned *changes);

// Forgets memberships that the kernel was found not to have any more, if `changes` is what it was before that look.
// false: it isn't, or busy.
bool view_forget(const struct view_record *records, unsigned count, unsigned changes);

// Whether nothing is known of any socket.
bool view_is_empty(void);

// What a request alone would make, on a socket of which nothing is known.
void view_suppose(const struct view_request *asked, struct view_record *record);

#endif
