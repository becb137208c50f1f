// What one socket of another process is, and how it is set up.
#ifndef SOCKGRAFT_SOCKETS_H
#define SOCKGRAFT_SOCKETS_H

#include "../../core/policy/policy.h"

struct joined {
	struct graft_membership membership;
	union graft_address *sources;         // membership.source_count of them
	char interface[GRAFT_INTERFACE_NAME]; // in the socket's own network namespace
};

struct inet_socket {
	int fd; // in its process
	uint64_t inode;
	// 0: a copy was asked. Otherwise the errno that there was instead of one (graft_descriptor_copy), and /proc was read,
	// which knows where it is bound, and its drops.
	int refused;
	char protocol[16];  // "udp", "udplite", "tcp", "icmp", "raw:89"
	struct facts facts; // local and peer as the kernel has them
	union graft_address
	        wanted; // what the program asked to be bound to, where the shim bound it more widely; AF_UNSPEC
	char device[GRAFT_INTERFACE_NAME]; // that it is bound to; ""
	// By enum graft_side. -1: it has none, or it isn't known.
	bool has_side[2];
	int64_t unicast_hops[2], multicast_hops[2], traffic_class[2];
	char outgoing[GRAFT_INTERFACE_NAME]; // interface of multicast; "": none is set, or it isn't known
	bool outgoing_known;
	int64_t drops; // -1: not known
	struct joined *joined;
	unsigned joined_count;
};

// Looks at the process's descriptor `fd`, a socket with that inode. False: it is no IP socket, or is gone.
bool socket_look(pid_t pid, int fd, uint64_t inode, struct inet_socket *found);

void socket_forget(struct inet_socket *found);

bool socket_is_message(const struct inet_socket *of); // for datagrams, or raw

// As text: "0.0.0.0:5000", "[fe80::2]:5000%eth0"; "" where it has no name. Returns `buffer`.
enum { SOCKET_LOCAL_TEXT = GRAFT_ADDRESS_TEXT + GRAFT_INTERFACE_NAME };
const char *socket_local_text(const struct inet_socket *of, char buffer[SOCKET_LOCAL_TEXT]);

#endif
