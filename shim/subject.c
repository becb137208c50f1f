// One socket that is being worked on, and what the operator is told about it.
#include "subject.h"

#include "../core/kernel.h"
#include "filters.h"
#include "log.h"
#include "memory.h"
#include "peers.h"
#include "start.h"

#include <errno.h>
#include <string.h>

#ifndef IPPROTO_MPTCP
#	define IPPROTO_MPTCP 262
#endif

#ifndef SO_COOKIE
#	define SO_COOKIE 57
#endif

enum { SOCK_TYPE_MASK = 0xf }; // socket(2): the rest are flags

static enum socket_kind kind_of(int type, int protocol)
{
	switch (type & SOCK_TYPE_MASK) {
	case SOCK_STREAM:
		return protocol == 0 || protocol == IPPROTO_TCP || protocol == IPPROTO_MPTCP ? SOCKET_TCP
		                                                                             : SOCKET_OTHER;
	case SOCK_DGRAM:
		return protocol == 0 || protocol == IPPROTO_UDP || protocol == IPPROTO_UDPLITE ? SOCKET_UDP
		                                                                               : SOCKET_RAW;
	case SOCK_RAW:
		return SOCKET_RAW;
	default:
		return SOCKET_OTHER;
	}
}

static const uint64_t ALL_QUIET =
        SEEN | RECEIVE_QUIET | MESSAGE_QUIET | WRITE_QUIET | SEND_QUIET | CONTROL_QUIET;

uint64_t state_of_socket(int family, int type, int protocol)
{
	uint64_t kind = (uint64_t)kind_of(type, protocol) << KIND_SHIFT;
	if ((type & SOCK_TYPE_MASK) == SOCK_DGRAM && kind_of(type, protocol) == SOCKET_RAW)
		kind |= PINGS;
	switch (family) {
	case AF_INET:
		return SEEN | INET | kind;
	case AF_INET6:
		return SEEN | INET | INET6 | kind;
	case AF_UNIX:
		return ALL_QUIET & ~(uint64_t)MESSAGE_QUIET; // descriptors pass through it
	default:
		return ALL_QUIET;
	}
}

static int int_option(int fd, int name)
{
	int value = 0;
	socklen_t length = sizeof(value);
	int error = kernel_getsockopt(fd, SOL_SOCKET, name, &value, &length);
	return error ? error : value;
}

uint64_t subject_cookie(int fd)
{
	uint64_t cookie = 0;
	socklen_t length = sizeof(cookie);
	return kernel_getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &length) ? 0 : cookie;
}

unsigned subject_device(int fd)
{
	unsigned device = 0;
	socklen_t length = sizeof(device);
	return kernel_getsockopt(fd, SOL_SOCKET, SO_BINDTOIFINDEX, &device, &length) ? 0 : device;
}

uint64_t state_of_descriptor(int fd)
{
	int family = int_option(fd, SO_DOMAIN);
	if (family == -EBADF)
		return 0;
	if (family != AF_INET && family != AF_INET6)
		return state_of_socket(family, 0, 0);
	return state_of_socket(family, int_option(fd, SO_TYPE), int_option(fd, SO_PROTOCOL));
}

struct subject subject_known(int fd)
{
	struct subject subject = {0};
	subject_recall(&subject, fd);
	return subject;
}

void subject_refresh(struct subject *subject)
{
	subject->was = subject->state = descriptor_state(subject->fd);
}

bool subject_is_message(const struct subject *subject)
{
	return subject->facts.kind == SOCKET_UDP || subject->facts.kind == SOCKET_RAW;
}

bool subject_asks_local(const struct subject *subject)
{
	return policy.asks_local & POLICY_KIND(subject->facts.kind);
}

bool subject_asks_to(const struct subject *subject)
{
	return policy.asks_to & POLICY_KIND(subject->facts.kind);
}

union graft_address subject_local(const struct subject *subject)
{
	const union graft_address any = {.any.sa_family = (sa_family_t)subject->facts.family};
	return subject->facts.local_known ? subject->facts.local : any;
}

static bool shows_asked(const struct subject *subject, union graft_address *local)
{
	union graft_address asked = {0};
	if (!(subject->state & WIDENED) || !graft_address_is_any(local))
		return false; // connected: the kernel has the address itself
	filters_asked(subject, &asked);
	if (!asked.any.sa_family)
		return false;
	graft_address_set_port(&asked, graft_address_port(local));
	*local = asked;
	return true;
}

bool subject_shows_local(struct subject *subject, union graft_address *local)
{
	bool asked = shows_asked(subject, local);
	return (graft_address_is_multicast(local) && subject_redirects(subject) &&
	               plan_redirect_back(&policy, &subject->facts, true, local)) ||
	       asked;
}

void subject_find_local(struct subject *subject)
{
	union graft_address local = {0};
	socklen_t length = sizeof(local);
	if (kernel_getsockname(subject->fd, &local.any, &length))
		return;
	subject_shows_local(subject, &local);
	subject->facts.local = local;
	subject->facts.local_known = graft_address_port(&local) || !graft_address_is_any(&local);
}

void subject_find_peer(struct subject *subject)
{
	union graft_address peer = {0};
	socklen_t length = sizeof(peer);
	if (kernel_getpeername(subject->fd, &peer.any, &length))
		return;
	subject->facts.real_to = peer;
	peers_name(subject, &peer);
	subject->facts.to = peer;
	subject->facts.to_known = true;
}

void subject_find_facts(struct subject *subject)
{
	if (subject_asks_local(subject) && !subject->facts.local_known)
		subject_find_local(subject);
	if (subject_asks_to(subject) && !subject->facts.to_known)
		subject_find_peer(subject);
}

// Whether there is nothing left to do before a datagram is sent: to name the socket (the first datagram
// binds), or to see where it sends.
static bool sends_settled(const struct subject *subject)
{
	if (!subject_is_message(subject))
		return true;
	if (subject_asks_to(subject) && !(subject->state & ADDRESSED))
		return false;
	bool asks = policy.joins || subject_asks_local(subject);
	// Which address it is named by, through a copy perhaps, is the source on each interface.
	asks |= (subject->state & (SPREADS | SHARED)) == (SPREADS | SHARED);
	return subject->state & NAMED || !asks;
}

// The calls for which there is nothing to do on a socket in this state.
static uint64_t quiet(const struct subject *subject)
{
	uint64_t state = subject->state, calls = RECEIVE_QUIET;
	if (state & PENDING)
		return 0;
	if (!subject_redirects(subject))
		calls |= MESSAGE_QUIET;
	if (!(state & SPREADS))
		calls |= WRITE_QUIET;
	if (!sends_settled(subject))
		return calls;
	calls |= SEND_SETTLED;
	bool zones = state & INET6 && state & HELD(HELD_INTERFACE) && subject_is_message(subject);
	if (!(state & (SOURCED | SPREADS)) && !zones && !subject_redirects(subject))
		calls |= SEND_QUIET;
	if (calls & SEND_QUIET && !(state & HELD_IN_CONTROL && subject_is_message(subject)))
		calls |= CONTROL_QUIET;
	return calls;
}

void subject_remember(struct subject *subject)
{
	const uint64_t calls = ALL_QUIET & ~(uint64_t)SEEN;
	uint64_t state = (subject->state & ~(calls | SEND_SETTLED | INHERITED)) | quiet(subject);
	descriptor_replace(subject->fd, subject->was, state);
	subject->was = subject->state = state;
}

bool subject_reads(const struct subject *subject, const struct sockaddr *address, socklen_t length,
        union graft_address *into)
{
	size_t size = subject->facts.family == AF_INET6 ? sizeof(into->v6) : sizeof(into->v4);
	// ipv6(7): the kernel takes an address without sin6_scope_id, as RFC 2133 had it.
	size_t least =
	        subject->facts.family == AF_INET6 ? offsetof(struct sockaddr_in6, sin6_scope_id) : size;
	if (length < least || length > sizeof(struct sockaddr_storage) || !readable(address, length) ||
	        family_at(address) != subject->facts.family)
		return false;
	memset(into, 0, sizeof(*into));
	memcpy(into, address, length < size ? length : size);
	return true;
}

// ---- what the operator is told about it -----------------------------------------------------------------

static void describe(const struct subject *subject, struct text *line)
{
	static const char kinds[][12] = {[SOCKET_OTHER] = " socket ",
	        [SOCKET_UDP] = " udp ",
	        [SOCKET_TCP] = " tcp ",
	        [SOCKET_RAW] = " raw "};
	char address[GRAFT_ADDRESS_TEXT];
	text_put(line, "fd ");
	text_put_number(line, subject->fd);
	text_put(line, kinds[subject->facts.kind]);
	text_put(line,
	        subject->facts.local_known ? graft_address_text(&subject->facts.local, address) : "unbound");
	text_put(line, ": ");
}

static void report(enum log_level level, const struct subject *subject, const char *what, const char *origin)
{
	if (!log_wanted(level))
		return;
	char buffer[512];
	struct text line = TEXT_IN(buffer);
	log_begin(&line, level);
	describe(subject, &line);
	text_put(&line, what);
	if (origin) {
		text_put(&line, " (");
		text_put(&line, origin);
		text_put(&line, ")");
	}
	log_end(&line);
}

void report_placed(const struct subject *subject, const char *what, const char *origin)
{
	report(LOG_INFO, subject, what, origin);
}

void report_decision(const struct subject *subject, const char *what)
{
	report(LOG_DEBUG, subject, what, NULL);
}

void report_once(const struct subject *subject, const char *what)
{
	if (log_wanted(LOG_WARN) && log_first(LOG_WARN, -1, what))
		report(LOG_WARN, subject, what, NULL);
}

int report_refused(const struct subject *subject, const char *what, int error, const char *advice)
{
	char buffer[512];
	struct text line = TEXT_IN(buffer);
	log_begin(&line, LOG_WARN);
	size_t start = line.length;
	describe(subject, &line);
	// What is tried again, perhaps under another name of the socket, and what no socket of the program may have.
	if (error == -ENODEV || error == -EPERM)
		start = line.length;
	text_put(&line, what);
	text_put(&line, ": ");
	text_put_error(&line, -error);
	if (advice) {
		text_put(&line, ": ");
		text_put(&line, advice);
	}
	if (log_wanted(LOG_WARN) &&
	        log_first(LOG_WARN, error == -EPERM ? -1 : subject->fd, line.start + start))
		log_end(&line);
	return policy.fail ? error : 0;
}
