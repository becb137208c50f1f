// connect: rules on the destination, and the source address of a widened socket.
#include "functions.h"

#include "../core/kernel.h"
#include "exits.h"
#include "filters.h"
#include "memory.h"
#include "peers.h"
#include "place.h"
#include "settle.h"
#include "start.h"

#include <errno.h>
#include <string.h>

enum { DISCARD_PORT = 9 };

// Connects to a group while the multicast interface is the one that carries `source`: the kernel then takes the
// address of that interface, whichever of several it is. Nothing is sent. An AF_INET6 socket does it with mapped
// addresses.
static int borrow_multicast_interface(int fd, const union graft_address *source, struct in_addr address)
{
	static const struct in6_addr mapped = {.s6_addr = {[10] = 0xff, 0xff, 224, 0, 0, 1}};
	union graft_address all_hosts = {.any.sa_family = source->any.sa_family};
	struct in_addr before = {0};
	socklen_t length = sizeof(before);
	if (source->any.sa_family == AF_INET)
		all_hosts.v4.sin_addr.s_addr = htonl(0xe0000001);
	else
		all_hosts.v6.sin6_addr = mapped;
	graft_address_set_port(&all_hosts, DISCARD_PORT);
	kernel_getsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &before, &length);
	int error = kernel_setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &address, sizeof(address));
	if (error)
		return error;
	error = kernel_connect(fd, &all_hosts.any, graft_address_length(&all_hosts));
	kernel_setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &before, sizeof(before));
	return error;
}

// The kernel picks the source of a connection by the route, unless the socket has one. A socket that was bound wider
// than asked gets back the one that the program asked for, by a connect before the program's, which keeps it. An IPv6
// socket that connects to its own address takes that as the source (RFC 6724, rule 1). For IPv4 the route prefers
// the first address of a subnet to the others, so there the multicast interface says which.
static int restore_source(const struct subject *subject)
{
	union graft_address source;
	filters_asked(subject, &source);
	union graft_address plain = source;
	graft_address_unmap(&plain);
	if (plain.any.sa_family == AF_INET)
		return borrow_multicast_interface(subject->fd, &source, plain.v4.sin_addr);
	graft_address_set_port(&source, DISCARD_PORT);
	return kernel_connect(subject->fd, &source.any, graft_address_length(&source));
}

// Disconnecting a socket takes its device away.
static void find_device(int fd, char device[IFNAMSIZ])
{
	socklen_t length = IFNAMSIZ;
	*device = 0;
	kernel_getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, &length);
}

static void put_device_back(int fd, const char device[IFNAMSIZ])
{
	if (*device)
		kernel_setsockopt(
		        fd, SOL_SOCKET, SO_BINDTODEVICE, device, (socklen_t)strnlen(device, IFNAMSIZ));
}

// Back to the wildcard. The device is put back, and a port that the kernel had chosen, which goes with it.
static void release_source(const struct subject *subject, const union graft_address *unconnected)
{
	const struct sockaddr none = {.sa_family = AF_UNSPEC};
	union graft_address local = {0};
	char device[IFNAMSIZ];
	socklen_t length = sizeof(local);
	find_device(subject->fd, device);
	kernel_connect(subject->fd, &none, sizeof(none));
	put_device_back(subject->fd, device);
	if (!kernel_getsockname(subject->fd, &local.any, &length) && !graft_address_port(&local))
		kernel_bind(subject->fd, &unconnected->any, graft_address_length(unconnected));
}

// The program's own call, which may wait, and in which its thread may be cancelled.
static int connect_as_asked(const struct subject *subject, const struct sockaddr *address, socklen_t length)
{
	return next.connect(subject->fd, address, length) ? -errno : 0;
}

static int connect_with_source(struct subject *subject, const struct sockaddr *address, socklen_t length)
{
	union graft_address unconnected = {0};
	socklen_t size = sizeof(unconnected);
	if (kernel_getsockname(subject->fd, &unconnected.any, &size) || !graft_address_is_any(&unconnected))
		return connect_as_asked(subject, address, length);
	int error = restore_source(subject);
	if (error)
		error = report_refused(subject, "connect", error,
		        "the connection leaves from the address that the route prefers, not from the one bound "
		        "to");
	if (!error)
		error = connect_as_asked(subject, address, length);
	if (error)
		release_source(subject, &unconnected);
	place_key_again(subject, KEY_INTERFACE); // set by index, which the kernel doesn't give back
	return error;
}

static int connect_subject(struct subject *subject, const struct sockaddr *address, socklen_t length)
{
	if (subject->state & SOURCED)
		return connect_with_source(subject, address, length);
	return connect_as_asked(subject, address, length);
}

// Values for another destination than before: all are placed again.
static int place_for_destination(struct subject *subject)
{
	struct plan before, now;
	bool addressed = subject->state & ADDRESSED;
	plan_make(&before, &policy, &subject->facts);
	subject->facts.to_known = true;
	plan_make(&now, &policy, &subject->facts);
	subject->state |= ADDRESSED;
	return place_values(subject, addressed && subject_asks_to(subject) ? NULL : &before, &now);
}

// The zone of a group that is local to the link names the outgoing interface, where the policy may have another.
static bool place_zone(struct subject *subject, union graft_address *to)
{
	struct exits exits;
	if (!(subject->state & HELD(HELD_INTERFACE)) || to->any.sa_family != AF_INET6 ||
	        !graft_address_is_multicast(to) || !graft_address_is_link_local(to))
		return false;
	exits_get(subject, to, &exits);
	if (!exits.count || to->v6.sin6_scope_id == exits.list[0].index)
		return false;
	to->v6.sin6_scope_id = exits.list[0].index;
	return true;
}

// Where what takes the place of the program's group goes beyond the link, the zone that the program named says the
// interface still, unless the policy has another.
static void keep_zone(
        const struct subject *subject, const union graft_address *asked, const union graft_address *real)
{
	unsigned zone = asked->any.sa_family == AF_INET6 ? asked->v6.sin6_scope_id : 0;
	if (zone && graft_address_is_link_local(asked) && graft_address_is_multicast(real) &&
	        !graft_address_is_link_local(real) && !(subject->state & HAS_EXITS))
		graft_side_multicast_interface_set(subject->fd, GRAFT_IPV6, zone);
}

// connect(2): the connection is being made.
static bool goes_on(int error)
{
	return error == -EINPROGRESS || error == -EINTR || error == -EALREADY;
}

// Where the socket is really connected to: what the program asked for, or another.
static int connect_somewhere(struct subject *subject, const struct sockaddr *address, socklen_t length)
{
	const union graft_address *asked = &subject->facts.to;
	union graft_address real = subject->facts.real_to.any.sa_family ? subject->facts.real_to : *asked;
	bool moved = place_zone(subject, &real) || subject->facts.real_to.any.sa_family;
	if (moved)
		keep_zone(subject, asked, &real);
	int error = moved ? connect_subject(subject, &real.any, graft_address_length(&real))
	                  : connect_subject(subject, address, length);
	if (!error || goes_on(error))
		peers_connected(subject, asked, &real);
	return error;
}

static int connect_by_policy(struct subject *subject, const struct sockaddr *address, socklen_t length)
{
	if (subject->state & NAMED)
		subject_find_local(subject);
	peers_find_real(subject);
	int error = place_for_destination(subject);
	if (error)
		return error;
	subject_remember(subject); // whatever comes of the connect, which may block
	error = connect_somewhere(subject, address, length);
	if (error && !goes_on(error))
		return error;
	settle_autobound(subject, true);
	if (subject->state & HAS_EXITS)
		exits_renew(subject);
	warn_connected(subject);
	subject_remember(subject);
	return error;
}

// What is held stays whichever rule placed it, one on the peer too; of a default the program's own may have come over it.
static void keep_device(struct subject *subject, const char device[IFNAMSIZ])
{
	if (subject->state & HELD(HELD_DEVICE))
		put_device_back(subject->fd, device);
	else
		place_key_again(subject, KEY_DEVICE);
}

// connect(2): AF_UNSPEC takes the connection away, and the name unless the program gave it.
static void after_disconnect(struct subject *subject, const char device[IFNAMSIZ])
{
	subject->state &= ~(ADDRESSED | NAMED | PEER_BITS | ANSWERED | PEER_IS_GROUP);
	subject_find_local(subject);
	if (subject->facts.local_known)
		subject->state |= NAMED;
	keep_device(subject, device);
	if (subject->state & HAS_EXITS)
		exits_renew(subject);
	subject_remember(subject);
}

static int disconnect(struct subject *subject, const struct sockaddr *address, socklen_t length)
{
	char device[IFNAMSIZ];
	find_device(subject->fd, device);
	int error = kernel_connect(subject->fd, address, length);
	if (!error)
		after_disconnect(subject, device);
	return error;
}

static bool is_disconnect(const struct subject *subject, const struct sockaddr *address, socklen_t length)
{
	return subject_is_message(subject) && length >= sizeof(address->sa_family) &&
	       readable(address, sizeof(address->sa_family)) && family_at(address) == AF_UNSPEC;
}

int on_connect(int fd, CONST_SOCKADDR address, socklen_t length)
{
	struct subject subject;
	int kept = errno, error;
	bool ours = settle_subject(fd, &subject, &error);
	const struct sockaddr *to = SOCKADDR_OF(address);
	if (ours && subject_reads(&subject, to, length, &subject.facts.to)) {
		error = connect_by_policy(&subject, to, length);
	} else if (ours && is_disconnect(&subject, to, length)) {
		error = disconnect(&subject, to, length);
	} else if (!error) {
		errno = kept;
		return next.connect(fd, address, length);
	}
	return call_result(error, kept);
}
