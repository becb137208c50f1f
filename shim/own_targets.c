// What the policy makes of the program's memberships.
#include "own_targets.h"

#include "../core/kernel.h"
#include "interfaces.h"
#include "start.h"

#include <errno.h>

struct own_work *own_work_begin(struct subject *subject)
{
	struct own_work *work = kernel_map(sizeof(*work));
	if (!work)
		return NULL;
	work->subject = subject;
	work->socket = subject_cookie(subject->fd); // 0: nothing is known
	return work;
}

void own_work_end(struct own_work *work)
{
	kernel_unmap(work, sizeof(*work));
}

// ---- facts ----------------------------------------------------------------------------------------------

// To the rules a group that the program joins is a destination, at the port that the socket is bound to.
static struct facts facts_of(const struct subject *subject, const union graft_address *group)
{
	struct facts facts = subject->facts;
	const union graft_address local = subject_local(subject);
	facts.to = *group;
	graft_address_set_port(&facts.to, graft_address_port(&local));
	facts.to_known = true;
	facts.real_to = (union graft_address){0};
	return facts;
}

// A group that goes to a peer of its own stays joined.
bool own_redirect(const struct subject *subject, const union graft_address *group, union graft_address *to,
        const char **origin)
{
	const struct facts facts = facts_of(subject, group);
	union graft_address there = facts.to;
	*to = *group;
	if (!policy.redirects || !plan_redirect(&policy, &facts, &there, origin) ||
	        !graft_address_is_multicast(&there))
		return false;
	graft_address_set_port(&there, 0);
	*to = there;
	return true;
}

// ---- targets --------------------------------------------------------------------------------------------

void own_targets_clear(struct own_work *work)
{
	work->joins.count = work->membership_count = work->record_count = 0;
	work->missing = NULL;
	work->rewritten = work->known = work->ending = work->policys = false;
}

static void add(struct own_work *work, struct membership *membership, unsigned index, bool by_program)
{
	unsigned place = work->joins.count;
	if (place == JOINS_AT_MOST) {
		report_refused(work->subject, "join", -ENOBUFS,
		        "more than 128 memberships of one group on one socket");
		return;
	}
	work->joins.list[place] = (struct join){membership, index, false};
	work->by_program[place] = by_program;
	work->joins.count++;
}

static void add_by_policy(struct own_work *work, struct membership *membership)
{
	unsigned indexes[SEND_INTERFACES];
	bool missing;
	unsigned count = interfaces_resolve(
	        work->subject->fd, membership->interfaces, membership->interface_count, indexes, &missing);
	for (unsigned i = 0; i < count; i++)
		add(work, membership, indexes[i], false);
	if (missing)
		work->missing = membership;
	work->rewritten = true;
}

// The interface of the program's own choice, or, for what named none, those of `interface`, or the route's.
static void add_by_program(struct own_work *work, const struct facts *facts, struct membership *membership,
        const struct view_record *record)
{
	struct plan plan;
	plan_make(&plan, &policy, facts);
	const struct setting *setting = plan.values[KEY_INTERFACE];
	if (record->named)
		add(work, membership, record->index, true);
	if (!record->unnamed)
		return;
	if (!setting) {
		add(work, membership, record->route, true);
		return;
	}
	membership->interfaces = setting->value.interfaces.items;
	membership->interface_count = setting->value.interfaces.count;
	if (!membership->origin)
		membership->origin = setting->origin;
	add_by_policy(work, membership);
}

// One membership out of the program's and a filter (NULL: none is for it).
static void add_filtered(struct own_work *work, const struct facts *facts, const struct membership *filter,
        const struct view_record *record)
{
	bool own_sources = !filter || !filter->source_count;
	if (work->membership_count == JOINS_AT_MOST ||
	        (own_sources && !record->exclude && !record->source_count))
		return;
	work->own_sources[work->membership_count] = own_sources;
	struct membership *membership = &work->memberships[work->membership_count++];
	*membership = (struct membership){
	        .group = record->to,
	        .group_bits = record->to.any.sa_family == AF_INET ? 32 : 128,
	        .exclude = own_sources ? record->exclude && record->source_count : filter->exclude,
	        .source_count = own_sources ? record->source_count : filter->source_count,
	        .sources = own_sources ? record->sources : filter->sources,
	        .origin = filter ? filter->origin : NULL,
	};
	if (!filter || !filter->interface_count) {
		add_by_program(work, facts, membership, record);
		return;
	}
	membership->interfaces = filter->interfaces;
	membership->interface_count = filter->interface_count;
	add_by_policy(work, membership);
}

void own_targets_add(struct own_work *work, const struct view_record *record)
{
	struct facts facts = facts_of(work->subject, &record->group);
	struct plan_cursor cursor = {0};
	const struct membership *filter;
	bool filtered = false;
	if (!graft_address_equal(&record->to, &record->group)) {
		facts.real_to = record->to;
		graft_address_set_port(&facts.real_to, graft_address_port(&facts.to));
		work->rewritten = true;
	}
	while (policy.filters && (filter = plan_next_filter(&policy, &facts, &record->to, &cursor))) {
		add_filtered(work, &facts, filter, record);
		filtered = work->rewritten = true;
	}
	if (!filtered)
		add_filtered(work, &facts, NULL, record);
}

// ---- places ---------------------------------------------------------------------------------------------

void own_places_add(struct own_work *work, unsigned index)
{
	for (unsigned i = 0; i < work->place_count; i++)
		if (work->places[i] == index)
			return;
	if (work->place_count < OWN_PLACES)
		work->places[work->place_count++] = index;
}

void own_places_add_targets(struct own_work *work)
{
	for (unsigned i = 0; i < work->joins.count; i++)
		own_places_add(work, work->joins.list[i].index);
}
