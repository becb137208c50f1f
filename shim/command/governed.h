// Whether the shim governs another process, and which of its rules is behind what a socket has.
#ifndef SOCKGRAFT_GOVERNED_H
#define SOCKGRAFT_GOVERNED_H

#include "../../core/policy/policy.h"
#include "processes.h"
#include "sockets.h"

struct governed {
	enum governed_state {
		GOVERNED_UNKNOWN, // its memory's map may not be read
		GOVERNED_NOT,     // the library is not loaded
		GOVERNED_IDLE,    // loaded, and without a policy
		GOVERNED_OPAQUE,  // its policy can't be read: `why`
		GOVERNED,
	} state;
	char why[512];
	struct policy policy;
	struct arena arena;
};

// Reads the policy that the process started with, of its environment and its files as they are now.
void governed_read(const struct process *process, struct governed *governed);
void governed_forget(struct governed *governed);

struct reason {
	const char *key;    // "join", "ttl"
	const char *origin; // "SOCKGRAFT_RULES rule 2"
};

enum { REASONS_AT_MOST = 64 };

// What the policy did to the socket and, if it is not NULL, to that membership of it, which comes first. Returns how many
// there are.
unsigned governed_reasons(const struct governed *governed, const struct inet_socket *of,
        const struct joined *joined, struct reason reasons[REASONS_AT_MOST]);

// The outgoing interfaces of multicast by the policy, as they are written ("eth0+eth1"); "" where it says nothing.
const char *governed_outgoing(
        const struct governed *governed, const struct inet_socket *of, char *buffer, size_t size);

#endif
