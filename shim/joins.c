// Memberships on a socket.
#include "joins.h"

#include "../core/kernel.h"
#include "../core/text.h"
#include "filters.h"
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

bool joins_wanted(const struct subject *subject, struct sides sides)
{
	struct join_cursor cursor = {0};
	const struct membership *membership;
	if (!policy.joins || (subject->facts.kind != SOCKET_UDP && subject->facts.kind != SOCKET_RAW))
		return false;
	while ((membership = plan_next_join(&policy, &subject->facts, &cursor)))
		if (on_side(sides, membership))
			return true;
	return false;
}

union graft_address joins_sole_group(const struct subject *subject, struct sides sides)
{
	static const union graft_address none;
	union graft_address group = none;
	struct join_cursor cursor = {0};
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

// "join GROUP", as the policy has it, for messages.
static struct text join_text(const struct membership *membership, char *buffer, size_t size)
{
	struct text text = {.start = buffer, .size = size};
	text_put(&text, "join ");
	membership_text(membership, &text);
	return text;
}

static bool is_missing(int error)
{
	return error == -ENODEV || error == -ENETUNREACH;
}

static int report_missing(
        const struct subject *subject, const struct membership *membership, int error, struct joins *joins)
{
	char buffer[256];
	join_text(membership, buffer, sizeof(buffer));
	if (is_missing(error))
		joins->pending = true;
	const char *advice = "the interface is not there yet; tried again at this socket's next calls";
	if (!membership->interface_count)
		advice = "no route to the group; name the interface (GROUP%eth0), or add a route; tried "
		         "again at "
		         "this socket's next calls";
	return report_refused(subject, buffer, error, is_missing(error) ? advice : NULL);
}

static int add_join(const struct subject *subject, const struct membership *membership, unsigned index,
        struct joins *joins)
{
	if (joins->count == JOINS_AT_MOST)
		return report_refused(subject, "join", -ENOBUFS, "more than 128 memberships on one socket");
	joins->list[joins->count++] = (struct join){membership, index, false};
	return 0;
}

// The one that the route picks: the kernel's own choice for IPv4, which checks at each datagram that it came
// in there. For IPv6 it doesn't check, so our filter must, and the index has to be known before the join.
static int add_by_route(
        const struct subject *subject, const struct membership *membership, struct joins *joins)
{
	int index = 0;
	if (membership->group.any.sa_family == AF_INET6)
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
	for (int i = 0; i < count && !error; i++)
		error = add_join(subject, membership, indexes[i], joins);
	return error;
}

int joins_find(const struct subject *subject, struct sides sides, struct joins *joins)
{
	struct join_cursor cursor = {0};
	const struct membership *membership;
	int error = 0;
	bool only_known = false;
	joins->count = 0;
	joins->pending = false;
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

// ---- several memberships of one group on one interface ----------------------------------------------------
//
// What the socket shall hear is what any of them admits. Together they make one membership of the kernel's:
// in exclude mode if one of them is open to sources that it does not name, in include mode otherwise.

//
// For IPv6 that goes for the group on all interfaces: the kernel finds a socket's membership by the group
// alone (inet6_mc_check), so a datagram may be held against the sources of another interface. Each interface
// therefore gets the sources of all, and our filter tells them apart.

static bool same_group(const struct join *a, const struct join *b)
{
	return graft_address_equal(&a->membership->group, &b->membership->group);
}

static bool together(const struct join *a, const struct join *b)
{
	return (a->index == b->index || a->membership->group.any.sa_family == AF_INET6) && same_group(a, b);
}

static bool is_open(const struct membership *membership)
{
	return membership->exclude || !membership->source_count;
}

static bool names(const struct membership *membership, const union graft_address *source)
{
	for (unsigned i = 0; i < membership->source_count; i++)
		if (graft_address_equal(&membership->sources[i], source))
			return true;
	return false;
}

static bool admits(const struct membership *membership, const union graft_address *source)
{
	return is_open(membership) != names(membership, source);
}

static bool any_admits(const struct joins *joins, const struct join *join, const union graft_address *source)
{
	for (unsigned i = 0; i < joins->count; i++)
		if (together(&joins->list[i], join) && admits(joins->list[i].membership, source))
			return true;
	return false;
}

static bool is_first(const struct joins *joins, unsigned which)
{
	for (unsigned i = 0; i < which; i++)
		if (joins->list[i].index == joins->list[which].index &&
		        same_group(&joins->list[i], &joins->list[which]))
			return false;
	return true;
}

// The first open one of those together with `join`, or NULL.
static const struct membership *find_open(const struct joins *joins, const struct join *join)
{
	for (unsigned i = 0; i < joins->count; i++)
		if (together(&joins->list[i], join) && is_open(joins->list[i].membership))
			return joins->list[i].membership;
	return NULL;
}

// ---- the filter -----------------------------------------------------------------------------------------

// Where the kernel does all by itself there is none. It does not when the socket was bound wider than asked;
// when it joins an IPv6 group, because IPv6 delivers a group that the socket joined from any interface of the
// host; and when sources shall be left out of a live socket, which would hear them between the two calls that
// this takes.
static bool needs_filter(
        const struct subject *subject, const struct opening *opening, const struct joins *joins)
{
	if (opening->closed || subject->state & FILTERED)
		return true;
	for (unsigned i = 0; i < joins->count; i++) {
		const struct membership *membership = joins->list[i].membership;
		if (membership->group.any.sa_family == AF_INET6 || (opening->live && membership->exclude))
			return true;
	}
	return false;
}

static void write_filter(struct graft_filter *filter, const struct filter_wish *wish)
{
	const struct joins *joins = wish->joins;
	if (wish->opening->closed && wish->opening->asked.any.sa_family)
		graft_filter_admit_address(filter, &wish->opening->asked);
	for (unsigned i = 0; i < joins->count; i++) {
		const struct membership *membership = joins->list[i].membership;
		graft_filter_admit_group(filter, &membership->group, joins->list[i].index,
		        membership->exclude, membership->sources, membership->source_count);
	}
	for (unsigned i = 0; i < joins->count && !wish->opening->closed; i++)
		graft_filter_refuse_group(filter, &joins->list[i].membership->group);
}

static int place_filter(struct subject *subject, const struct opening *opening, const struct joins *joins)
{
	const struct filter_wish wish = {opening, joins};
	int error = filters_attach(subject, &wish, write_filter);
	if (!error)
		return 0;
	const char *advice =
	        "too many groups and sources for one packet filter, or net.core.optmem_max is too small";
	if (error == -EACCES)
		advice = "the program has an eBPF filter on the socket, which ours cannot be joined to";
	int fails = report_refused(subject, "packet filter", error, advice);
	return fails ? fails : error;
}

// ---- joining --------------------------------------------------------------------------------------------

// How often the kernel's limits stopped us, so that each is told once, with the number that is wanted.
struct limits {
	bool groups_told, sources_told;
};

static unsigned count_groups(const struct joins *joins)
{
	unsigned count = 0;
	for (unsigned i = 0; i < joins->count; i++)
		count += joins->list[i].membership->group.any.sa_family == AF_INET && is_first(joins, i);
	return count;
}

static unsigned count_sources(const struct joins *joins, const struct join *join)
{
	unsigned count = 0;
	for (unsigned i = 0; i < joins->count; i++)
		if (together(&joins->list[i], join))
			count += joins->list[i].membership->source_count;
	return count;
}

static void put_advice(struct text *advice, unsigned wanted, const char *what, const char *sysctl)
{
	text_put_number(advice, wanted);
	text_put(advice, what);
	text_put(advice, " wanted, more than ");
	text_put(advice, sysctl);
	text_put(advice, " allows: sysctl -w ");
	text_put(advice, sysctl);
	text_put(advice, "=");
	text_put_number(advice, wanted);
}

static int report_join(const struct subject *subject, const struct joins *joins, const struct join *join,
        int error, bool source, struct limits *limits)
{
	bool ipv4 = join->membership->group.any.sa_family == AF_INET;
	char what[256], buffer[256];
	struct text advice = TEXT_IN(buffer);
	text_put(&advice, "");
	join_text(join->membership, what, sizeof(what));
	if (error == -ENOBUFS) {
		bool *told = source ? &limits->sources_told : &limits->groups_told;
		if (*told)
			return policy.fail ? error : 0;
		*told = true;
		if (source)
			put_advice(&advice, count_sources(joins, join), " sources of the group",
			        ipv4 ? "net.ipv4.igmp_max_msf" : "net.ipv6.mld_max_msf");
		else
			put_advice(&advice, count_groups(joins), " groups on one socket",
			        "net.ipv4.igmp_max_memberships");
	} else if (error == -ENOMEM) {
		text_put(&advice, "net.core.optmem_max is used up: raise it");
	} else if (is_missing(error)) {
		text_put(&advice,
		        "no such interface, or no route to the group; tried again at this socket's next "
		        "calls");
	}
	return report_refused(subject, what, error, advice.length ? buffer : NULL);
}

static bool is_done(int error)
{
	return !error || error == -EADDRINUSE;
}

// Any source, or any but those that all the memberships leave out.
static int join_open(struct subject *subject, struct joins *joins, struct join *join,
        const struct membership *open, struct limits *limits)
{
	int fd = subject->fd, error = graft_join(fd, join->index, &join->membership->group);
	if (!is_done(error)) {
		joins->pending |= is_missing(error);
		return report_join(subject, joins, join, error, false, limits);
	}
	join->made = !error;
	int result = 0;
	for (unsigned i = 0; open->exclude && i < open->source_count && !result; i++) {
		const union graft_address *source = &open->sources[i];
		if (any_admits(joins, join, source))
			continue;
		error = graft_block_source(fd, join->index, &join->membership->group, source);
		if (error && error != -EADDRNOTAVAIL)
			result = report_join(subject, joins, join, error, true, limits);
	}
	return result;
}

// From the sources of all the memberships.
static int join_sources(
        struct subject *subject, struct joins *joins, struct join *join, struct limits *limits)
{
	int result = 0;
	for (unsigned i = 0; i < joins->count && !result; i++) {
		if (!together(&joins->list[i], join))
			continue;
		const struct membership *membership = joins->list[i].membership;
		for (unsigned j = 0; j < membership->source_count && !result; j++) {
			int error = graft_join_source(
			        subject->fd, join->index, &membership->group, &membership->sources[j]);
			bool first = !join->made;
			join->made |= !error;
			if (is_done(error) || error == -EADDRNOTAVAIL)
				continue;
			joins->pending |= is_missing(error);
			result = report_join(subject, joins, join, error, !first, limits);
		}
	}
	return result;
}

static void report_joined(const struct subject *subject, const struct join *join)
{
	char buffer[256];
	struct text what = join_text(join->membership, buffer, sizeof(buffer));
	if (join->index && !join->membership->interface_count) {
		text_put(&what, " on interface ");
		text_put_number(&what, join->index);
	}
	report_placed(subject, buffer, join->membership->origin);
}

static int make_joins(struct subject *subject, struct joins *joins)
{
	struct limits limits = {0};
	int error = 0;
	for (unsigned i = 0; i < joins->count && !error; i++) {
		struct join *join = &joins->list[i];
		if (!is_first(joins, i))
			continue;
		const struct membership *open = find_open(joins, join);
		error = open ? join_open(subject, joins, join, open, &limits)
		             : join_sources(subject, joins, join, &limits);
		if (join->made)
			report_joined(subject, join);
	}
	return error;
}

// ---- all of it ------------------------------------------------------------------------------------------

static bool says_multicast_all(const struct subject *subject)
{
	struct plan plan;
	plan_make(&plan, &policy, &subject->facts);
	return plan.values[KEY_MULTICAST_ALL];
}

// Groups that other sockets joined are kept out, unless the policy has its own word on that.
static void set_multicast_all(const struct subject *subject, int on)
{
	if (says_multicast_all(subject))
		return;
	bool ipv6 = subject->state & INET6;
	if (ipv6)
		graft_option_set(subject->fd, GRAFT_MULTICAST_ALL, GRAFT_IPV6, on);
	if (!ipv6 || subject->facts.kind != SOCKET_RAW)
		graft_option_set(subject->fd, GRAFT_MULTICAST_ALL, GRAFT_IPV4, on);
}

int joins_place(struct subject *subject, const struct opening *opening, struct joins *joins)
{
	set_multicast_all(subject, 0);
	int error = 0;
	if (needs_filter(subject, opening, joins))
		error = place_filter(subject, opening, joins);
	if (!error)
		error = make_joins(subject, joins);
	if (error) {
		joins_undo(subject, joins);
		return policy.fail ? error : 0;
	}
	subject->state |= GOVERNED;
	if (joins->pending)
		subject->state |= PENDING;
	else
		subject->state &= ~(uint32_t)PENDING;
	return 0;
}

void joins_undo(struct subject *subject, struct joins *joins)
{
	for (unsigned i = 0; i < joins->count; i++)
		if (joins->list[i].made)
			graft_leave(subject->fd, joins->list[i].index, &joins->list[i].membership->group);
	if (subject->state & FILTERED)
		filters_detach(subject);
	set_multicast_all(subject, 1);
	subject->state &= ~(uint32_t)PENDING;
}

int joins_place_live(struct subject *subject)
{
	struct opening opening = {
	        .live = true, .closed = subject->state & WIDENED, .sourced = subject->state & SOURCED};
	if (opening.closed)
		filters_asked(subject, &opening.asked);
	const union graft_address any = {.any.sa_family = (sa_family_t)subject->facts.family};
	struct sides sides = joins_sides(subject, subject->facts.local_known ? &subject->facts.local : &any);
	if (!joins_wanted(subject, sides))
		return 0;
	struct joins joins;
	int error = joins_find(subject, sides, &joins);
	return error ? error : joins_place(subject, &opening, &joins);
}
