// The peer that the program asked for, in the place of the one that `redirect` gave it.
#ifndef SOCKGRAFT_PEERS_H
#define SOCKGRAFT_PEERS_H

#include "subject.h"

// Fills in where what goes to the destination in the facts really goes, if `redirect` sends it elsewhere.
void peers_find_real(struct subject *subject);

// Where `redirect` sends what goes to `address`: true, and `address` is that. The facts that its rules ask for are found.
bool peers_redirect(struct subject *subject, union graft_address *address);

// The same for a datagram; what answers it is known by that. One that goes to the real peer by its own name is answered
// by that name from then on.
bool peers_redirect_datagram(struct subject *subject, union graft_address *address);

// false: a datagram to `address` is none of ours; true: it may be.
static inline bool peers_may_redirect(const struct subject *subject, const union graft_address *address)
{
	uint64_t ours = policy.redirected | (subject->state & ANSWERED ? policy.redirected_to : 0);
	return subject_redirects(subject) && ours & policy_redirect_bit(address);
}

// The socket has got a name, by which other rules may be for it: what is kept of a peer is kept if it is still so.
void peers_named(struct subject *subject);

// The other way: from the real address, of a group or of a unicast peer, to the one that was asked for.
bool peers_redirect_back(struct subject *subject, bool group, union graft_address *address);

// The sender that the kernel has just written, with its length, into `room` bytes.
void peers_show(int fd, struct sockaddr *address, socklen_t room, socklen_t length);

// The groups that the control messages of a datagram that has just come in say it was sent to.
void peers_show_groups(int fd, const struct msghdr *message);

// What the socket is connected to from now on, and what the program asked for (the same: nothing else).
void peers_connected(
        struct subject *subject, const union graft_address *asked, const union graft_address *real);

// The peer, as the program asked for it, of a connected socket whose real one is `address`; in place.
void peers_name(struct subject *subject, union graft_address *address);

#endif
