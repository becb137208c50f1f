// The interfaces that a socket's multicast leaves by, where the policy names them: found once, when they are placed on
// the socket, and kept for its datagrams.
#ifndef SOCKGRAFT_EXITS_H
#define SOCKGRAFT_EXITS_H

#include "interfaces.h"
#include "subject.h"

struct exit {
	unsigned index;
	union graft_address source; // of a socket that is connected to a group: the one to send from here
};

struct exits {
	unsigned count;
	bool sourced; // what a connected socket sends by the first has its source anyway
	struct exit list[SEND_INTERFACES];
};

// Finds what `setting` says of the socket, and keeps it. `missing`: there is to be more.
void exits_place(
        const struct subject *subject, const struct setting *setting, struct exits *exits, bool *missing);

// Those of the socket, for a datagram that goes to `to` (AF_UNSPEC: to its peer). They are looked for again, at most
// once a second, where there may be more by now.
void exits_get(struct subject *subject, const union graft_address *to, struct exits *exits);

// Whether it is known that there is one alone, by which the socket's multicast leaves anyway; what goes to its peer, with
// `connected`, from the right source too.
bool exits_are_one(int fd, bool connected);

// Looks for them again: the socket has got another name or peer, or sending has failed.
void exits_renew(struct subject *subject);

// Sending by one of them has failed: they are looked for again, at most once a second.
void exits_failed(struct subject *subject);

// What is kept of `from` is kept of `to` from now on, a copy of it.
void exits_copy(int from, int to);

// The interface's name, or its index where it has none.
struct text;
void exits_put_name(struct text *text, int fd, unsigned index);

// Why the kernel says EINVAL of an interface, and what to do about it, where it is that the socket is bound to a device; or
// NULL.
enum { EXITS_HINT = 128 };
SELDOM const char *exits_hint(const struct subject *subject, int error, char buffer[EXITS_HINT]);

// The number of the exit with this index, or -1.
int exits_number(const struct exits *exits, unsigned index);

#endif
