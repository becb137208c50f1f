// From the policy's memberships on one socket to the kernel's.
#include "memberships.h"

#include "merge.h"
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

// ---- joining --------------------------------------------------------------------------------------------

// How often the kernel's limits stopped us, so that each is told once, with the number that is wanted.
struct limits {
	bool groups_told, sources_told;
};

static unsigned count_groups(const struct joins *joins)
{
	unsigned count = 0;
	for (unsigned i = 0; i < joins->count; i++)
		count +=
		        joins->list[i].membership->group.any.sa_family == AF_INET && merge_is_first(joins, i);
	return count;
}

static unsigned count_sources(const struct joins *joins, const struct join *join)
{
	unsigned count = 0;
	for (unsigned i = 0; i < joins->count; i++)
		if (merge_together(&joins->list[i], join))
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

int memberships_refused(const struct subject *subject, const struct membership *membership, int error,
        enum memberships_limit limit, unsigned wanted)
{
	bool ipv4 = membership->group.any.sa_family == AF_INET;
	char words[256], buffer[256];
	struct text what = TEXT_IN(words), advice = TEXT_IN(buffer);
	memberships_say(membership, &what);
	if (error == -ENOBUFS && limit == LIMIT_SOURCES)
		put_advice(&advice, wanted, " sources of the group",
		        ipv4 ? "net.ipv4.igmp_max_msf" : "net.ipv6.mld_max_msf");
	else if (error == -ENOBUFS)
		put_advice(&advice, wanted, " groups on one socket", "net.ipv4.igmp_max_memberships");
	else if (error == -ENOMEM)
		text_put(&advice, "net.core.optmem_max is used up: raise it");
	else if (memberships_missing(error))
		text_put(&advice,
		        "no such interface, or no route to the group; tried again at this socket's next "
		        "calls");
	return report_refused(subject, words, error, advice.length ? buffer : NULL);
}

static int report_join(const struct subject *subject, const struct joins *joins, const struct join *join,
        int error, bool source, struct limits *limits)
{
	bool *told = source ? &limits->sources_told : &limits->groups_told;
	if (error == -ENOBUFS && *told)
		return policy.fail ? error : 0;
	*told |= error == -ENOBUFS;
	return memberships_refused(subject, join->membership, error, source ? LIMIT_SOURCES : LIMIT_GROUPS,
	        source ? count_sources(joins, join) : count_groups(joins));
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
		if (merge_admits(joins, join, source))
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
		if (!merge_together(&joins->list[i], join))
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
		if (!merge_is_first(joins, i))
			continue;
		const struct membership *open = merge_open(joins, join);
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
		if (merge_is_first(joins, i) && !joins->list[i].made)
			return false;
	return true;
}

void memberships_leave(const struct subject *subject, const struct joins *joins)
{
	for (unsigned i = 0; i < joins->count; i++)
		if (joins->list[i].made)
			graft_leave(subject->fd, joins->list[i].index, &joins->list[i].membership->group);
}
