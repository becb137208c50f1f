// Memberships on a socket: which the policy wants there, the packet filter that keeps them from opening the
// socket to anything else, and the joins themselves.
#ifndef SOCKGRAFT_JOINS_H
#define SOCKGRAFT_JOINS_H

#include "subject.h"

enum { JOINS_AT_MOST = 128 }; // on one socket; the kernel's own default is 20 (IPv4)

// One membership on one interface.
struct join {
	const struct membership *membership;
	unsigned index; // 0: the one that the route to an IPv4 group picks
	bool made;
};

struct joins {
	struct join list[JOINS_AT_MOST];
	unsigned count;
	bool pending; // an interface, or a route, is not there yet
	bool partly;  // not all that the policy wants are in the list
};

// What a socket takes in besides the groups.
struct opening {
	bool closed;               // only `asked` and the groups; otherwise whatever the kernel delivers
	union graft_address asked; // closed: the address that the program asked for; AF_UNSPEC: none
	bool sourced;              // what it sends leaves from `asked`
	bool live;                 // the socket receives already
};

// The versions of IP that a socket bound to `local` takes in.
struct sides {
	bool ipv4, ipv6;
};

struct sides joins_sides(const struct subject *subject, const union graft_address *local);

// Whether the policy wants any group on this socket.
bool joins_wanted(const struct subject *subject, struct sides sides);

// Whether it wants this group on the socket.
bool joins_include(const struct subject *subject, const union graft_address *group);

// The one group that the policy wants on this socket; AF_UNSPEC: there is none, or several.
union graft_address joins_sole_group(const struct subject *subject, struct sides sides);

// Looks up the interfaces. What is missing is reported and leaves the joins pending. 0, or an errno to fail
// with.
int joins_find(const struct subject *subject, struct sides sides, struct joins *joins);

// Whether the kernel has the join, which names its interface, on the descriptor's socket.
bool joins_has(int fd, const struct join *join);

// Has those that leave it to the route name the interface that it picks.
void joins_name_routes(struct joins *joins);

// Puts the joins on the socket: groups of other sockets off, the filter where one is needed, then each group.
// 0, or an errno to fail with, and then nothing is left behind.
int joins_place(struct subject *subject, const struct opening *opening, struct joins *joins);

// Takes away what joins_place put there.
void joins_undo(struct subject *subject, struct joins *joins);

// Groups that other sockets joined are kept out (`on` 0), or let in again, unless the policy has its own word on that.
void joins_set_multicast_all(const struct subject *subject, int on);

// All of it for a socket that has a name already, or needs none: adopted, raw, or tried again.
int joins_place_live(struct subject *subject);

#endif
