// The control messages that go with one datagram: the program's, and in their place or beside them the policy's; and what
// those that come with one say of where it was sent to.
#ifndef SOCKGRAFT_CONTROL_H
#define SOCKGRAFT_CONTROL_H

#include "subject.h"

#include <sys/socket.h>

#ifndef SO_TIMESTAMPING_OLD // musl
#	define SO_TIMESTAMPING_OLD 37
#endif
#ifndef SO_TIMESTAMPING_NEW // Linux 5.1
#	define SO_TIMESTAMPING_NEW 65
#endif

enum {
	CONTROL_ROOM = 1024, // for what programs send
	CONTROL_OURS = 96,
	CONTROL_AT_MOST = 1 << 20, // of the program's; the kernel takes much less (net.core.optmem_max)
};

// As the kernel wants them, in place of the program's.
struct control {
	_Alignas(struct cmsghdr) char here[CONTROL_ROOM];
	char *bytes;
	size_t length, mapped; // mapped: bytes of memory of its own; 0: it is `here`
	bool classes[2];       // of IPv4 and IPv6 (enum graft_side): some message there says the class
	bool v4; // for which version of IP what stands first says the interface or the source, if it does
};

static inline struct cmsghdr *control_after(struct msghdr *message, struct cmsghdr *control)
{
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-compare" // in musl's CMSG_NXTHDR
#pragma GCC diagnostic ignored "-Wsign-conversion"
	return CMSG_NXTHDR(message, control);
#pragma GCC diagnostic pop
}

// The interface and the source that a datagram names: IP_PKTINFO, IPV6_PKTINFO. 0 and AF_UNSPEC: none.
struct packet_info {
	bool given;
	unsigned index;
	union graft_address source;
};

// What the program's messages say of it for a datagram of IPv4 or IPv6, as far as it counts there.
struct packet_info control_packet_info(const struct subject *subject, const struct msghdr *message, bool v4);

// Whether they say anything of it.
bool control_has_packet_info(const struct msghdr *message);

// Writes the program's messages, which can be read, without those that the policy overrides for a datagram to a group or
// to a single host, and without its packet information where `info` is to stand in place of it (NULL: it stays). What is
// left out is told. false: there is no room for them. What is written is good until control_end.
bool control_write(struct subject *subject, const struct msghdr *message, bool group, bool v4,
        const struct packet_info *info, struct control *control);

void control_end(struct control *control);

// Another interface and source in what control_write wrote first.
void control_set_packet_info(struct control *control, const struct packet_info *info);

// Behind what control_write wrote: the kernel makes no timestamp of a datagram that they go with.
void control_leave_no_timestamp(struct control *control);

// Calls `replace` for each address that the messages of a datagram that came in say it was sent to, its port 0; where it
// returns true, what it left of the address stands there from then on.
typedef bool control_replace(union graft_address *address, void *context);
void control_each_destination(const struct msghdr *message, control_replace *replace, void *context);

#endif
