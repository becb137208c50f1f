// sockgraft doctor: what its parts share.
#ifndef SOCKGRAFT_DOCTOR_H
#define SOCKGRAFT_DOCTOR_H

#include "resolved.h"

#define SECOND INT64_C(1000000000) // in nanoseconds, as all times here

enum { DOCTOR_PORT = 5201, DOCTOR_HOPS = 64, DOCTOR_COUNT_AT_MOST = 1 << 20 };

struct doctor {
	bool send, receive, json;
	const char *target;           // as it was written; NULL: every interface
	struct membership membership; // of it
	uint16_t port;                // 0: any
	unsigned index_count, indexes[INDEXES_AT_MOST];
	int64_t time, interval;
	unsigned count, hops;    // datagrams to send, and their TTL or hop limit
	const char *for_sending; // the option that said something of that; NULL: none did
};

// What came from one source by one interface.
struct track {
	union graft_address source;
	unsigned index;
	uint16_t port;      // where it was sent to
	uint16_t from_port; // 0: several, or not known
	unsigned count, hops_least, hops_most;
};

enum { TRACKS_AT_MOST = 64 };
struct tracks {
	unsigned count, total;
	struct track items[TRACKS_AT_MOST];
};

// Whether a firewall drops things, as far as it can be seen.
void check_firewall(int family);

// Who on this host is a member, and of which sources.
void check_members(const struct doctor *doctor);

// Which programs that are members are handed what came, as a socket of our own received it.
void check_programs(const struct doctor *doctor, const struct tracks *received);

// Listens for a while: what comes in at the interfaces, what reaches a socket, and who asks for memberships.
void listen_for_all(const struct doctor *doctor);

// Numbered datagrams sent, and received; the paths that they came by as an array of JSON.
void path_send(const struct doctor *doctor);
void path_receive(const struct doctor *doctor);
void paths_json(void);

// ---- sockets --------------------------------------------------------------------------------------------

int64_t now(void);                                                    // of CLOCK_MONOTONIC
bool wait_readable(const int *fds, unsigned count, int64_t deadline); // false: the time is over

// A descriptor that is readable once there is a SIGINT or SIGTERM, which don't end this process until it is closed. Where
// there is none to be had, it is a negative one, which the others here take too.
int open_interrupt(void);
bool is_interrupted(int interrupt);
void close_interrupt(int interrupt);

// A socket of this type, SOCK_DGRAM or SOCK_RAW, for UDP, that is bound to group and port and a member on each interface,
// and that receives `with`, of enum graft_with: its descriptor, or a negative errno. What can't be joined is a finding, and
// -EADDRNOTAVAIL.
int open_member(const struct doctor *doctor, int type, uint16_t port, unsigned with);

// Whether the interface is one of those that are asked for.
bool is_listened(const struct doctor *doctor, unsigned index);

// The group, with the port, as an address to send to by the interface.
union graft_address group_address(const struct doctor *doctor, uint16_t port, unsigned index);

// "232.7.8.9", without port and sources.
const char *group_words(const struct doctor *doctor, char text[GRAFT_ADDRESS_TEXT]);

#endif
