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
	unsigned count, hops; // datagrams to send, and their TTL or hop limit
};

// Whether a firewall drops things, as far as it can be seen.
void check_firewall(int family);

// Who on this host is a member, and of which sources.
void check_members(const struct doctor *doctor);

// Listens for a while: what comes in at the interfaces, what reaches a socket, and who asks for memberships.
void listen_for_all(const struct doctor *doctor);

// Numbered datagrams sent, and received; the paths that they came by as an array of JSON.
void path_send(const struct doctor *doctor);
void path_receive(const struct doctor *doctor);
void paths_json(void);

// ---- sockets --------------------------------------------------------------------------------------------

int64_t now(void);                                                    // of CLOCK_MONOTONIC
bool wait_readable(const int *fds, unsigned count, int64_t deadline); // false: the time is over

// Joins the group on each interface, with its sources; what fails is a finding: false.
bool join_all(int fd, const struct doctor *doctor);

// The group, with the port, as an address to bind or to send to by the interface.
union graft_address group_address(const struct doctor *doctor, uint16_t port, unsigned index);

// "232.7.8.9", without port and sources.
const char *group_words(const struct doctor *doctor, char text[GRAFT_ADDRESS_TEXT]);

#endif
