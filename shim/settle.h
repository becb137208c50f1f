// Getting a socket into the state that the policy wants before the program's call on it goes through: for the
// sockets that the table does not know as quiet.
#ifndef SOCKGRAFT_SETTLE_H
#define SOCKGRAFT_SETTLE_H

#include "subject.h"

// Before a call that neither names nor addresses the socket: adopts it if it isn't known, tries again what
// was pending. `flags` are the call's MSG_ flags; one that would block while a membership is pending waits
// here instead, in slices, so that the membership is made when its interface appears. 0, or -1 with errno
// set: the call fails.
int settle(int fd, int flags);

// The same where it isn't known yet whether there is anything to do.
static inline int settle_first(int fd, int flags)
{
	return descriptor_is_quiet(fd, RECEIVE_QUIET) ? 0 : settle(fd, flags);
}

// The subject of `fd`, adopted if it wasn't known. false: nothing of ours, call on; or with `*error` set
// (negative), the call fails.
bool settle_subject(int fd, struct subject *subject, int *error);

// Before the name or the filter of a socket is asked or set: what other descriptors of it may have changed.
void settle_shared(int fd);

// The same before a request for a membership, which is the policy's or not by the name, of any socket: it may have been
// named in another process.
void settle_unnamed(int fd);

// Before a datagram goes to `to` (NULL: to the peer): rules on the destination, and what holds for a socket
// that this datagram binds. 0, or a negative errno to fail with.
int settle_destination(struct subject *subject, const struct sockaddr *to, socklen_t length);

// After a datagram has bound a socket, or a connect: rules on the local address. What was sent is sent: an
// error can't be told any more.
void settle_autobound(struct subject *subject, bool connected);

// After a datagram that was refused: the kernel may have bound the socket before that.
void settle_refused(struct subject *subject);

// If groups are wanted on a socket that is connected: the one warning that it won't hear them.
void warn_connected(const struct subject *subject);

#endif
