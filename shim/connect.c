// connect: rules on the destination, and the source address of a widened socket.
#include "functions.h"

#include "../core/kernel.h"
#include "filters.h"
#include "joins.h"
#include "place.h"
#include "settle.h"
#include "start.h"

#include <errno.h>

enum { DISCARD_PORT = 9 };

static bool has_source(int fd)
{
	union graft_address local = {0};
	socklen_t length = sizeof(local);
	return !kernel_getsockname(fd, &local.any, &length) && !graft_address_is_any(&local);
}

// Connects to a group while the multicast interface is the one that carries `source`: the kernel then takes
// the address of that interface, whichever of several it is. Nothing is sent.
static void borrow_multicast_interface(int fd, const union graft_address *source)
{
	union graft_address all_hosts = {.v4 = {.sin_family = AF_INET, .sin_addr = {htonl(0xe0000001)}}};
	struct in_addr before = {0}, address = source->v4.sin_addr;
	socklen_t length = sizeof(before);
	graft_address_set_port(&all_hosts, DISCARD_PORT);
	kernel_getsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &before, &length);
	if (kernel_setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &address, sizeof(address)))
		return;
	kernel_connect(fd, &all_hosts.any, graft_address_length(&all_hosts));
	kernel_setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &before, sizeof(before));
}

// The kernel picks the source of a connection by the route, unless the socket has one. A socket that was
// bound wider than asked gets back the one that the program asked for: first connected to that very address,
// it takes it as its own (RFC 6724, rule 1), and keeps it through the connect that follows. For an IPv4
// address that is not the first of its subnet the route prefers the first; then the multicast interface
// helps.
static void restore_source(const struct subject *subject)
{
	union graft_address source;
	filters_asked(subject, &source);
	if (!source.any.sa_family || graft_address_is_multicast(&source) || has_source(subject->fd))
		return;
	if (source.any.sa_family == AF_INET) {
		borrow_multicast_interface(subject->fd, &source);
		return;
	}
	graft_address_set_port(&source, DISCARD_PORT);
	kernel_connect(subject->fd, &source.any, graft_address_length(&source));
}

static void release_source(int fd)
{
	const struct sockaddr none = {.sa_family = AF_UNSPEC};
	kernel_connect(fd, &none, sizeof(none));
}

static int connect_subject(struct subject *subject, const struct sockaddr *address, socklen_t length)
{
	bool restores = subject->state & SOURCED && subject->facts.kind == SOCKET_UDP;
	bool had_source = !restores || has_source(subject->fd);
	if (restores)
		restore_source(subject);
	int error = kernel_connect(subject->fd, address, length);
	if (error && error != -EINPROGRESS && error != -EINTR && !had_source)
		release_source(subject->fd);
	return error;
}

static int connect_by_policy(struct subject *subject, const struct sockaddr *address, socklen_t length)
{
	struct plan before, now;
	if (subject->state & NAMED)
		subject_find_local(subject);
	plan_make(&before, &policy, &subject->facts);
	subject->facts.to_known = true;
	plan_make(&now, &policy, &subject->facts);
	int error = place_values(subject, &before, &now);
	if (error)
		return error;
	error = connect_subject(subject, address, length);
	if (error && error != -EINPROGRESS)
		return error;
	subject->state |= ADDRESSED;
	settle_autobound(subject, true);
	warn_connected(subject);
	subject_remember(subject);
	return error;
}

int on_connect(int fd, CONST_SOCKADDR address, socklen_t length)
{
	struct subject subject;
	int kept = errno, error;
	bool ours = settle_subject(fd, &subject, &error);
	if (ours && subject_reads(&subject, SOCKADDR_OF(address), length, &subject.facts.to)) {
		error = connect_by_policy(&subject, SOCKADDR_OF(address), length);
	} else if (!error) {
		errno = kept;
		return next_connect(fd, address, length);
	}
	errno = error ? -error : kept;
	return error ? -1 : 0;
}
