// What becomes of datagrams on their way out: where `redirect` sends them, the source that those of a widened socket
// carry, the control messages that the policy overrides, and each of the interfaces that multicast leaves by.
#ifndef SOCKGRAFT_OUTGOING_H
#define SOCKGRAFT_OUTGOING_H

#include "functions.h"
#include "subject.h"

// Which of its names a call came by: a pointer to the function behind, so that the quick way need not load it.
typedef ssize_t send_function(int fd, const struct msghdr *message, int flags);
typedef int send_many_function(int fd, struct mmsghdr *messages, unsigned int count, message_flags flags);

// Whether there may be anything to do for a datagram to the address at `name` (NULL: to the peer), with or without
// control messages of its own.
bool outgoing_concerns(
        const struct subject *subject, const struct sockaddr *name, size_t length, bool controlled);

// The same for datagrams of any kind.
bool outgoing_concerns_many(const struct subject *subject);

// In place of the program's sendmsg, of a message that can be read: what it returns, with errno set.
ssize_t outgoing_send(
        struct subject *subject, send_function **behind, const struct msghdr *message, int flags);

// In place of its sendmmsg, of at least one message; whether they can be read is looked at here.
int outgoing_send_many(struct subject *subject, send_many_function **behind, struct mmsghdr *messages,
        unsigned count, message_flags flags);

// The program puts datagrams together from several calls, or doesn't any more.
void outgoing_corked(struct subject *subject, bool on);

#endif
