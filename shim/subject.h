// One socket that is being worked on: its descriptor, what the table knows, and the facts that rules ask for.
#ifndef SOCKGRAFT_SUBJECT_H
#define SOCKGRAFT_SUBJECT_H

#include "descriptors.h"

#include "start.h"

#ifndef SO_BINDTOIFINDEX // Linux 5.1
#	define SO_BINDTOIFINDEX 62
#endif

struct subject {
	int fd;
	uint64_t was;   // what the table said
	uint64_t state; // what it shall say; subject_remember writes it
	struct facts facts;
};

// The state of a socket just made by socket(family, type, protocol); without INET: nothing of ours.
uint64_t state_of_socket(int family, int type, int protocol);

// The same of a descriptor that came from elsewhere, as the kernel has it; 0: there is no such descriptor.
uint64_t state_of_descriptor(int fd);

// The subject of `fd` as the table knows it; its addresses are asked from the kernel only by the calls below.
struct subject subject_known(int fd);

// The same on the way of each datagram: of addresses that aren't known, no more is laid out than that there is none.
static inline void subject_recall(struct subject *subject, int fd)
{
	uint64_t state = descriptor_state(fd);
	struct facts *facts = &subject->facts;
	subject->fd = fd;
	subject->was = subject->state = state;
	facts->kind = (enum socket_kind)(state >> KIND_SHIFT & 3);
	facts->family = state & INET6 ? AF_INET6 : AF_INET;
	facts->local_known = facts->to_known = false;
	facts->local.any.sa_family = facts->to.any.sa_family = facts->real_to.any.sa_family = AF_UNSPEC;
}

// The number of the descriptor's socket, which no other socket gets, whichever descriptor it has; 0: not to be had, before
// Linux 4.12.
uint64_t subject_cookie(int fd);

// The index of the device that the descriptor's socket is bound to; 0: to none, or it is not to be had.
unsigned subject_device(int fd);

// Takes over what the table says by now.
void subject_refresh(struct subject *subject);

// Whether a socket in this state has this side: an AF_INET6 socket may carry IPv4 too and has both; a raw one can't, and
// doesn't know the options.
static inline bool state_has_side(uint64_t state, enum graft_side side)
{
	if (side == GRAFT_IPV6)
		return state & INET6;
	return !(state & INET6) || (state >> KIND_SHIFT & 3) != SOCKET_RAW;
}

// Whether it can multicast: a datagram or raw socket.
bool subject_is_message(const struct subject *subject);

// Whether some rule for its kind asks for the local address, or the destination.
bool subject_asks_local(const struct subject *subject);
bool subject_asks_to(const struct subject *subject);

// Whether some rule for its kind redirects.
static inline bool subject_redirects(const struct subject *subject)
{
	return subject->state & INET && policy.redirects & POLICY_KIND(subject->facts.kind);
}

// Its local address, or the wildcard while it has none.
union graft_address subject_local(const struct subject *subject);

// From the local address that the kernel has to the one that the program asked for, in place; false: it is the same.
bool subject_shows_local(struct subject *subject, union graft_address *local);

// Fills in the local address, as the program asked for it, if the socket has one.
void subject_find_local(struct subject *subject);

// Fills in the peer, as the program asked for it, if the socket is connected.
void subject_find_peer(struct subject *subject);

// Both, as far as some rule asks for them.
void subject_find_facts(struct subject *subject);

// Works out whether calls can be quiet from now on, and writes the state to the table.
void subject_remember(struct subject *subject);

// "10.0.0.1:5000" out of a program's argument; false: not an address of the subject's family, the kernel will
// say so.
bool subject_reads(const struct subject *subject, const struct sockaddr *address, socklen_t length,
        union graft_address *into);

// ---- what the operator is told about it -----------------------------------------------------------------
//
// Seldom, in the way of a datagram: what leads there is kept out of it.
#define SELDOM __attribute__((cold))

// "fd 3 udp 10.0.0.1:5000: WHAT (ORIGIN)" at level info.
void report_placed(const struct subject *subject, const char *what, const char *origin);

// What the program said itself changes nothing, at level info; `once`, in control messages, which may be many, told once
// for a descriptor.
SELDOM void report_overridden(struct subject *subject, enum held held, bool once);

// A decision, at level debug.
void report_decision(const struct subject *subject, const char *what);

// The kernel refused `what` with `error` (negative): one warning, with what to do about it. Returns 0, or the
// error where the policy wants the intercepted call to fail.
SELDOM int report_refused(const struct subject *subject, const char *what, int error, const char *advice);

// A warning that is no refusal, said once in a process.
SELDOM void report_once(const struct subject *subject, const char *what);

#endif
