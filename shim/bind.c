// bind: where the socket is bound, and how it hears groups there.
//
// Linux delivers a group's datagrams to a UDP socket only if it is bound to the wildcard or to the group
// itself. A socket that the program binds to one address is therefore bound to the wildcard, behind a packet
// filter that is attached before and lets in what is sent to that address and to the groups: what it hears is
// what it would have heard, and the groups. getsockname keeps saying the address, and what is sent still
// leaves from it (send.c, connect.c).
#include "functions.h"

#include "../core/kernel.h"
#include "../core/text.h"
#include "exits.h"
#include "filters.h"
#include "joins.h"
#include "memory.h"
#include "own_joins.h"
#include "own_options.h"
#include "peers.h"
#include "place.h"
#include "settle.h"
#include "siblings.h"
#include "start.h"

#include <errno.h>
#include <string.h>

struct binding {
	union graft_address asked;
	union graft_address actual;
	union graft_address sole_group; // the one group that is wanted; AF_UNSPEC: there are several, or none
	struct opening opening;
};

// ---- where ----------------------------------------------------------------------------------------------

static union graft_address wildcard_like(const union graft_address *address)
{
	union graft_address any = {.any.sa_family = address->any.sa_family};
	if (graft_address_is_mapped(address)) {
		any.v6.sin6_addr.s6_addr[10] = 0xff;
		any.v6.sin6_addr.s6_addr[11] = 0xff;
	}
	graft_address_set_port(&any, graft_address_port(address));
	return any;
}

static void widen(struct binding *binding)
{
	binding->actual = wildcard_like(&binding->asked);
	binding->opening = (struct opening){.closed = true, .asked = binding->asked};
}

// bind=group: nothing but the groups. One group is an address to bind to, if its interface is there; several
// take a filter.
static void bind_to_groups(struct binding *binding, const struct joins *joins)
{
	const union graft_address *group = &binding->sole_group;
	bool link_local = group->any.sa_family == AF_INET6 && graft_address_is_link_local(group);
	if (group->any.sa_family == binding->asked.any.sa_family && !(link_local && joins->count != 1)) {
		uint16_t port = graft_address_port(&binding->asked);
		binding->actual = *group;
		graft_address_set_port(&binding->actual, port);
		if (link_local)
			binding->actual.v6.sin6_scope_id = joins->list[0].index;
		return;
	}
	widen(binding);
	binding->opening.asked = (union graft_address){0};
}

static void bind_to_address(struct binding *binding, const union graft_address *address)
{
	uint16_t port = graft_address_port(address);
	if (address->any.sa_family != binding->asked.any.sa_family)
		return; // it makes no sense for this socket
	if (!port)
		port = graft_address_port(&binding->asked);
	binding->actual = *address;
	graft_address_set_port(&binding->actual, port);
}

static void choose(struct binding *binding, const struct plan *plan, const struct joins *joins)
{
	const struct setting *setting = plan->values[KEY_BIND];
	bool wanted = joins->count || joins->pending;
	switch (setting ? setting->value.bind.mode : BIND_AUTO) {
	case BIND_AUTO:
		if (wanted && !graft_address_is_any(&binding->asked) &&
		        !graft_address_equal(&binding->asked, &binding->sole_group))
			widen(binding);
		break;
	case BIND_ANY:
		binding->actual = wildcard_like(&binding->asked);
		break;
	case BIND_GROUP:
		if (wanted)
			bind_to_groups(binding, joins);
		break;
	case BIND_ADDRESS:
		bind_to_address(binding, &setting->value.bind.address);
		break;
	case BIND_KEEP:
		break;
	}
}

static void report_choice(
        const struct subject *subject, const struct binding *binding, const struct joins *joins)
{
	char address[GRAFT_ADDRESS_TEXT], buffer[160];
	struct text what = TEXT_IN(buffer);
	text_put(&what, "bound to ");
	text_put(&what, graft_address_text(&binding->actual, address));
	if (binding->opening.closed)
		text_put(&what, ", behind a packet filter that lets in the address asked for and the groups");
	report_decision(subject, buffer);
	bool deaf = !binding->opening.closed && !graft_address_is_any(&binding->actual) &&
	            !graft_address_is_multicast(&binding->actual);
	if (joins->count && deaf)
		report_once(subject,
		        "join: bound to one address, as bind= says, the socket can't hear groups; bind=auto "
		        "or bind=group lets it");
}

// Whether the kernel takes `address` as the source of what is sent: not a broadcast address. Those alone are no address
// of the multicast interface.
static bool is_source(int probe, const union graft_address *address)
{
	union graft_address plain = *address;
	graft_address_unmap(&plain);
	return plain.any.sa_family == AF_INET6 ||
	       kernel_setsockopt(probe, IPPROTO_IP, IP_MULTICAST_IF, &plain.v4.sin_addr,
	               sizeof(plain.v4.sin_addr)) != -EADDRNOTAVAIL;
}

// Whether the kernel would let the program bind to the address that it asked for: the wildcard in its place
// would always do. A socket of a moment is bound to it, at a port of its own, on the same device, which may not have that
// address. 0, or the error.
static int try_asked(const struct subject *subject, struct binding *binding)
{
	union graft_address probed = binding->asked;
	graft_address_set_port(&probed, 0);
	int probe = kernel_socket(subject->facts.family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (probe < 0)
		return probe;
	own_options_lend_device(subject->fd, probe);
	int error = kernel_bind(probe, &probed.any, graft_address_length(&probed));
	if (!error && binding->opening.asked.any.sa_family && !graft_address_is_multicast(&binding->asked))
		binding->opening.sourced = is_source(probe, &probed);
	kernel_close(probe);
	return error;
}

// ---- how ------------------------------------------------------------------------------------------------

// A socket bound to one IPv6 address leaves the port of IPv4 to others, and so must the wildcard in its
// place. Returns what IPV6_V6ONLY was.
static int set_ipv6_only(const struct binding *binding, int fd, int only)
{
	int before = 0;
	socklen_t length = sizeof(before);
	if (!binding->opening.closed || binding->actual.any.sa_family != AF_INET6 ||
	        graft_address_is_mapped(&binding->actual))
		return only;
	kernel_getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &before, &length);
	if (before != only)
		kernel_setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only));
	return before;
}

static int bind_to(const struct subject *subject, const union graft_address *address)
{
	return kernel_bind(subject->fd, &address->any, graft_address_length(address));
}

static int bind_beside_sibling(struct subject *subject, const struct binding *binding)
{
	int error = siblings_bind(subject, &binding->asked);
	if (error)
		return error;
	subject->state |= NAMED;
	report_once(subject,
	        "join: another socket of this program hears the groups at this port already; this one, at "
	        "another address, does not");
	return 0;
}

// What is left where the wildcard can't be had: the program's own bind, with a warning; or its failure, which would
// have been the same without us, unless it was a widened socket of another program that took the port.
static int bind_deaf(struct subject *subject, const struct binding *binding, int error, const char *advice)
{
	int result = policy.fail ? 0 : bind_to(subject, &binding->asked);
	if (result) {
		report_placed(subject, "bind: the port is taken, perhaps by another program's widened socket",
		        NULL);
		return result;
	}
	int fails = report_refused(subject, "join", error, advice);
	if (!fails)
		subject->state |= NAMED;
	return fails;
}

// bind= that the kernel refuses leaves the program's own.
static int bind_refused(struct subject *subject, const struct binding *binding, int error)
{
	char address[GRAFT_ADDRESS_TEXT], buffer[96];
	struct text what = TEXT_IN(buffer);
	text_put(&what, "bind ");
	text_put(&what, graft_address_text(&binding->actual, address));
	int fails = report_refused(subject, buffer, error, "bound as the program asked instead");
	return fails ? fails : bind_to(subject, &binding->asked);
}

static bool is_moved(const struct binding *binding)
{
	return !binding->opening.closed &&
	       (!graft_address_equal(&binding->actual, &binding->asked) ||
	               graft_address_port(&binding->actual) != graft_address_port(&binding->asked));
}

// The joins are made before the bind, so that not one datagram slips in between; a bind that fails takes them
// away again.
static int bind_with_joins(struct subject *subject, struct binding *binding, struct joins *joins)
{
	int before = set_ipv6_only(binding, subject->fd, 1);
	int error = joins_place(subject, &binding->opening, joins);
	if (error) {
		set_ipv6_only(binding, subject->fd, before);
		return error;
	}
	bool widened = binding->opening.closed && subject->state & FILTERED;
	if (binding->opening.closed && !widened) { // the filter was refused: not without it
		set_ipv6_only(binding, subject->fd, before);
		return bind_to(subject, &binding->asked);
	}
	error = bind_to(subject, &binding->actual);
	if (!error) {
		subject->state |= NAMED;
		if (widened)
			subject->state |= WIDENED | descriptor_ask(&binding->opening.asked) |
			                  (binding->opening.sourced ? SOURCED : 0);
		return 0;
	}
	joins_undo(subject, joins);
	set_ipv6_only(binding, subject->fd, before);
	if (error != -EADDRINUSE || !widened)
		return error;
	return bind_deaf(subject, binding, error,
	        "to hear groups the socket must be bound to the wildcard, and another socket has the port on "
	        "some address; bound without the groups: free the port, or set reuse=addr for both, or "
	        "bind=group");
}

// The probe failed. Most likely the socket's own bind does too, as it would have without us; if not
// (IP_FREEBIND, IP_TRANSPARENT, no descriptor left for the probe), there it is, without the groups.
static int bind_untried(struct subject *subject, const struct binding *binding, int error)
{
	int result = bind_to(subject, &binding->asked);
	if (result)
		return result;
	subject->state |= NAMED;
	report_refused(subject, "join", error,
	        "whether the address may be bound to couldn't be tried: bound without the groups; bind=any would do");
	return 0;
}

// The address whose family decides which groups the socket can hear.
static union graft_address hearing_address(const union graft_address *asked, const struct plan *plan)
{
	const struct setting *setting = plan->values[KEY_BIND];
	if (setting && setting->value.bind.mode == BIND_ANY)
		return wildcard_like(asked);
	if (setting && setting->value.bind.mode == BIND_ADDRESS &&
	        setting->value.bind.address.any.sa_family == asked->any.sa_family)
		return setting->value.bind.address;
	return *asked;
}

// What the program bound to an address sends from there, by whatever interface.
static void note_own_source(struct subject *subject, const union graft_address *actual)
{
	if (subject->state & WIDENED || graft_address_is_any(actual) || graft_address_is_multicast(actual))
		return;
	subject->state |= OWN_SOURCE;
}

// A frame of its own, which is large, that nothing else is called on top of: the handler of a signal may have a stack of
// a few kilobytes.
static __attribute__((noinline)) int bind_subject(struct subject *subject, const struct plan *plan)
{
	struct binding binding = {.asked = subject->facts.local};
	// A group that is redirected is another group from here on; what the program asked for is what it is told.
	if (graft_address_is_multicast(&binding.asked))
		peers_redirect(subject, &binding.asked);
	binding.actual = binding.asked;
	const union graft_address hearing = hearing_address(&binding.asked, plan);
	struct sides sides = joins_sides(subject, &hearing);
	struct joins joins = {.count = 0};
	int error = 0;
	if (joins_wanted(subject, sides))
		error = joins_find(subject, sides, &joins);
	if (error)
		return error;
	binding.sole_group = joins_sole_group(subject, sides);
	choose(&binding, plan, &joins);
	report_choice(subject, &binding, &joins);
	error = binding.opening.closed ? try_asked(subject, &binding) : 0;
	if (error)
		return bind_untried(subject, &binding, error);
	if (binding.opening.closed && siblings_hear(subject, &binding.asked))
		return bind_beside_sibling(subject, &binding);
	error = joins.count || joins.pending ? bind_with_joins(subject, &binding, &joins)
	                                     : bind_to(subject, &binding.actual);
	if (error && is_moved(&binding))
		error = bind_refused(subject, &binding, error);
	if (!error) {
		subject->state |= NAMED;
		note_own_source(subject, &binding.actual);
	}
	return error;
}

// The program left the port to the kernel: now it is known.
static void settle_port(struct subject *subject, const struct plan *before)
{
	struct plan now;
	if (graft_address_port(&subject->facts.local) || !subject_asks_local(subject))
		return;
	subject_find_local(subject);
	plan_make(&now, &policy, &subject->facts);
	place_values(subject, before, &now);
	joins_place_live(subject);
}

static __attribute__((noinline)) int bind_by_policy(struct subject *subject)
{
	struct plan before, now;
	subject->facts.local_known = false;
	plan_make(&before, &policy, &subject->facts);
	subject->facts.local_known = true;
	plan_make(&now, &policy, &subject->facts);
	int error = place_values(subject, &before, &now);
	if (!error)
		error = bind_subject(subject, &now);
	if (!error) {
		settle_port(subject, &now); // the socket is bound: too late to fail
		own_joins_settle(subject);
		subject_remember(subject);
	}
	return error;
}

// The kernel takes an IPv4 wildcard without a family, because programs forget it (ip(7)).
static bool reads_local(const struct subject *subject, const struct sockaddr *address, socklen_t length,
        union graft_address *local)
{
	if (subject_reads(subject, address, length, local))
		return true;
	if (subject->facts.family != AF_INET || length < sizeof(local->v4) ||
	        !readable(address, sizeof(local->v4)) || family_at(address) != AF_UNSPEC)
		return false;
	memcpy(&local->v4, address, sizeof(local->v4));
	local->v4.sin_family = AF_INET;
	return graft_address_is_any(local);
}

// The table has it bound, but the kernel doesn't: the descriptor was closed behind our back, and its number is
// another socket's now.
static bool is_stale(const struct subject *subject)
{
	union graft_address local = {0};
	socklen_t length = sizeof(local);
	return subject->state & NAMED && !kernel_getsockname(subject->fd, &local.any, &length) &&
	       !graft_address_port(&local) && graft_address_is_any(&local);
}

int on_bind(int fd, CONST_SOCKADDR address, socklen_t length)
{
	struct subject subject;
	int kept = errno, error;
	bool ours = settle_subject(fd, &subject, &error);
	if (ours && is_stale(&subject)) {
		descriptor_set(fd, 0);
		ours = settle_subject(fd, &subject, &error);
	}
	if (ours && !(subject.state & NAMED) &&
	        reads_local(&subject, SOCKADDR_OF(address), length, &subject.facts.local)) {
		error = bind_by_policy(&subject);
		if (!error && subject.state & SPREADS && subject.state & OWN_SOURCE)
			exits_renew(&subject);
	} else if (!error) {
		errno = kept;
		return next.bind(fd, address, length);
	}
	return call_result(error, kept);
}
