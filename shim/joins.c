// Memberships on a socket.
#include "joins.h"

#include "../core/kernel.h"
#include "filters.h"
#include "memberships.h"
#include "place.h"
#include "start.h"

#include <errno.h>

// ---- which ----------------------------------------------------------------------------------------------

static bool is_ipv6_only(int fd)
{
	int only = 0;
	socklen_t length = sizeof(only);
	return !kernel_getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, &length) && only;
}

struct sides joins_sides(const struct subject *subject, const union graft_address *local)
{
	if (subject->facts.family == AF_INET || graft_address_is_mapped(local))
		return (struct sides){
		        .ipv4 = subject->facts.family == AF_INET || subject->facts.kind != SOCKET_RAW};
	if (!graft_address_is_any(local) || subject->facts.kind == SOCKET_RAW)
		return (struct sides){.ipv6 = true};
	return (struct sides){.ipv4 = true, .ipv6 = true};
}

static bool on_side(struct sides sides, const struct membership *membership)
{
	return membership->group.any.sa_family == AF_INET ? sides.ipv4 : sides.ipv6;
}

static bool may_join(const struct subject *subject)
{
	return policy.joins && subject_is_message(subject) && !(subject->state & PINGS);
}

bool joins_wanted(const struct subject *subject, struct sides sides)
{
	struct plan_cursor cursor = {0};
	const struct membership *membership;
	if (!may_join(subject))
		return false;
	while ((membership = plan_next_join(&policy, &subject->facts, &cursor)))
		if (on_side(sides, membership))
			return true;
	return false;
}

bool joins_include(const struct subject *subject, const union graft_address *group)
{
	struct plan_cursor cursor = {0};
	const struct membership *membership;
	while (may_join(subject) && (membership = plan_next_join(&policy, &subject->facts, &cursor)))
		if (graft_address_equal(&membership->group, group))
			return true;
	return false;
}

union graft_address joins_sole_group(const struct subject *subject, struct sides sides)
{
	static const union graft_address none;
	union graft_address group = none;
	struct plan_cursor cursor = {0};
	const struct membership *membership;
	while ((membership = plan_next_join(&policy, &subject->facts, &cursor))) {
		if (!on_side(sides, membership))
			continue;
		if (group.any.sa_family && !graft_address_equal(&group, &membership->group))
			return none;
		group = membership->group;
	}
	return group;
}

static int report_missing(
        const struct subject *subject, const struct membership *membership, int error, struct joins *joins)
{
	char buffer[256];
	struct text what = TEXT_IN(buffer);
	memberships_say(membership, &what);
	if (memberships_missing(error))
		joins->pending = true;
	joins->partly = true;
	const char *advice = "the interface is not there yet; tried again at this socket's next calls";
	if (!membership->interface_count)
		advice =
		        "no route to the group; name the interface (GROUP%eth0), or add a route; tried again "
		        "at this socket's next calls";
	return report_refused(subject, buffer, error, memberships_missing(error) ? advice : NULL);
}

static int add_join(const struct subject *subject, const struct membership *membership, unsigned index,
        struct joins *joins)
{
	if (joins->count == JOINS_AT_MOST)
		return report_refused(subject, "join", -ENOBUFS, "more than 128 memberships on one socket");
	joins->list[joins->count++] = (struct join){membership, index, false};
	return 0;
}

// Whether the policy has more to say of the membership's group on this socket.
static bool is_repeated(const struct subject *subject, const struct membership *membership)
{
	struct plan_cursor cursor = {0};
	const struct membership *other;
	while ((other = plan_next_join(&policy, &subject->facts, &cursor)))
		if (other != membership && graft_address_equal(&other->group, &membership->group))
			return true;
	return false;
}

// The one that the route picks: for IPv4 the kernel's own choice, which it keeps to at each datagram. For
// IPv6 it doesn't, so our filter must, and the index has to be known before the join; likewise where another
// membership of the group may be on the same interface.
static int add_by_route(
        const struct subject *subject, const struct membership *membership, struct joins *joins)
{
	int index = 0;
	if (membership->group.any.sa_family == AF_INET6 || is_repeated(subject, membership))
		index = graft_route_interface(&membership->group);
	if (index < 0)
		return report_missing(subject, membership, index, joins);
	return add_join(subject, membership, (unsigned)index, joins);
}

static int add_by_interface(const struct subject *subject, const struct membership *membership,
        const struct graft_interface *interface, struct joins *joins)
{
	unsigned indexes[JOINS_AT_MOST];
	int count = graft_interface_resolve(subject->fd, interface, indexes, JOINS_AT_MOST);
	if (count < 0)
		return report_missing(subject, membership, count, joins);
	int error = 0;
	for (int i = 0; i < count && i < JOINS_AT_MOST && !error; i++)
		error = add_join(subject, membership, indexes[i], joins);
	return error;
}

int joins_find(const struct subject *subject, struct sides sides, struct joins *joins)
{
	struct plan_cursor cursor = {0};
	const struct membership *membership;
	int error = 0;
	bool only_known = false;
	joins->count = 0;
	joins->pending = joins->partly = false;
	while (!error && (membership = plan_next_join(&policy, &subject->facts, &cursor))) {
		if (membership->group.any.sa_family == AF_INET && sides.ipv4 && sides.ipv6 && !only_known) {
			sides.ipv4 = !is_ipv6_only(subject->fd);
			only_known = true;
		}
		if (!on_side(sides, membership))
			continue;
		if (!membership->interface_count)
			error = add_by_route(subject, membership, joins);
		for (unsigned i = 0; i < membership->interface_count && !error; i++)
			error = add_by_interface(subject, membership, &membership->interfaces[i], joins);
	}
	return error;
}

bool joins_has(int fd, const struct join *join)
{
	return graft_sources_get(fd, join->index, &join->membership->group, NULL, NULL, 0) >= 0;
}

void joins_name_routes(struct joins *joins)
{
	for (unsigned i = 0; i < joins->count; i++) {
		struct join *join = &joins->list[i];
		int index = join->index ? 0 : graft_route_interface(&join->membership->group);
		if (index > 0)
			join->index = (unsigned)index;
	}
}

// ---- all of it ------------------------------------------------------------------------------------------

static bool says_multicast_all(const struct subject *subject)
{
	struct plan plan;
	plan_make(&plan, &policy, &subject->facts);
	return plan.values[KEY_MULTICAST_ALL];
}

void joins_set_multicast_all(const struct subject *subject, int on)
{
	if (!says_multicast_all(subject))
		place_on_sides(subject, GRAFT_MULTICAST_ALL, on);
}

int joins_place(struct subject *subject, const struct opening *opening, struct joins *joins)
{
	uint64_t before = subject->state;
	joins_set_multicast_all(subject, 0);
	int error = 0;
	if (filters_needed(subject, opening, joins))
		error = filters_place(subject, opening, joins);
	if (!error)
		error = memberships_make(subject, joins);
	if (joins->pending)
		subject->state |= PENDING;
	subject->state &= ~(uint64_t)PARTLY;
	if (joins->partly || !memberships_complete(joins))
		subject->state |= PARTLY;
	if (!error) {
		subject->state |= GOVERNED;
		return 0;
	}
	// A filter that is there keeps a socket narrow: what took its place, or failed to, stays.
	if (opening->live || before & FILTERED)
		memberships_leave(subject, joins);
	else
		joins_undo(subject, joins);
	return policy.fail ? error : 0;
}

void joins_undo(struct subject *subject, struct joins *joins)
{
	memberships_leave(subject, joins);
	if (subject->state & FILTERED)
		filters_detach(subject);
	if (!(subject->state & (ALL_OFF | OWN_JOINS)))
		joins_set_multicast_all(subject, 1);
	subject->state &= ~(uint64_t)PENDING;
}

int joins_place_live(struct subject *subject)
{
	struct opening opening = {
	        .live = true, .closed = subject->state & WIDENED, .sourced = subject->state & SOURCED};
	if (opening.closed)
		filters_asked(subject, &opening.asked);
	const union graft_address local = subject_local(subject);
	struct sides sides = joins_sides(subject, &local);
	if (!joins_wanted(subject, sides))
		return 0;
	struct joins joins;
	int error = joins_find(subject, sides, &joins);
	return error ? error : joins_place(subject, &opening, &joins);
}
