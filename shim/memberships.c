// From the policy's memberships on one socket to the kernel's.
#include "memberships.h"

#include "start.h"

#include <errno.h>

void memberships_say(const struct membership *membership, struct text *text)
{
	text_put(text, "join ");
	membership_text(membership, text);
}

bool memberships_missing(int error)
{
	return error == -ENODEV || error == -ENETUNREACH;
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
	char words[256], buffer[256];
	struct text what = TEXT_IN(words), advice = TEXT_IN(buffer);
	memberships_say(join->membership, &what);
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
	} else if (memberships_missing(error)) {
		text_put(&advice,
		        "no such interface, or no route to the group; tried again at this socket's next "
		        "calls");
	}
	return report_refused(subject, words, error, advice.length ? buffer : NULL);
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
		joins->pending |= memberships_missing(error);
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
			joins->pending |= memberships_missing(error);
			result = report_join(subject, joins, join, error, !first, limits);
		}
	}
	return result;
}

static void report_joined(const struct subject *subject, const struct join *join)
{
	char buffer[256];
	struct text what = TEXT_IN(buffer);
	memberships_say(join->membership, &what);
	const struct membership *membership = join->membership;
	bool named = membership->interface_count == 1 && membership->interfaces->by == GRAFT_BY_NAME;
	if (join->index && !named) {
		text_put(&what, " on interface ");
		text_put_number(&what, join->index);
	}
	report_placed(subject, buffer, join->membership->origin);
}

int memberships_make(struct subject *subject, struct joins *joins)
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

bool memberships_complete(const struct joins *joins)
{
	for (unsigned i = 0; i < joins->count; i++)
		if (is_first(joins, i) && !joins->list[i].made)
			return false;
	return true;
}

void memberships_leave(const struct subject *subject, const struct joins *joins)
{
	for (unsigned i = 0; i < joins->count; i++)
		if (joins->list[i].made)
			graft_leave(subject->fd, joins->list[i].index, &joins->list[i].membership->group);
}
