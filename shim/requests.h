// A program's request for a membership, in whichever of the forms that there are (ip(7), ipv6(7), RFC 3678).
#ifndef SOCKGRAFT_REQUESTS_H
#define SOCKGRAFT_REQUESTS_H

#include "../core/sockgraft.h"

enum request_what {
	REQUEST_JOIN,
	REQUEST_LEAVE,
	REQUEST_JOIN_SOURCE,
	REQUEST_LEAVE_SOURCE,
	REQUEST_BLOCK,
	REQUEST_UNBLOCK,
	REQUEST_LIST, // mode and sources at once
};

struct request {
	enum request_what what;
	union graft_address group, source; // without a port; the source of those that have one
	unsigned index;                    // the interface, 0: by its address, or not named
	union graft_address interface;     // its address; AF_UNSPEC: not named so
	bool exclude;                      // REQUEST_LIST
	unsigned source_count;             // REQUEST_LIST
	const char *sources;               // REQUEST_LIST: the program's memory, which request_source reads
	bool compact;                      // in which they are plain IPv4 addresses
};

// So many of a list can be kept: net.ipv6.mld_max_msf's default, net.ipv4.igmp_max_msf's is 10.
enum { REQUEST_SOURCES = 64 };

// Reads what the program hands to setsockopt. false: not a request for a membership, or one that the kernel refuses
// whatever the socket is a member of: a wrong length, pointer, family or mode, an address that is no group's.
bool request_read(int level, int name, const void *value, socklen_t length, struct request *request);

// One source of a list.
union graft_address request_source(const struct request *request, unsigned number);

#endif
