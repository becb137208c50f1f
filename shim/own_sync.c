// Bringing the kernel's memberships to what the policy makes of the program's.
//
// What the kernel has is asked for each time. So whoever changes something while another thread does looks once more
// afterwards, and the last one leaves it as it should be.
#include "own_sync.h"

#include "../core/kernel.h"
#include "memberships.h"
#include "merge.h"
#include "start.h"

#include <errno.h>

enum { PASSES = 16 };

bool own_is_policys(const struct subject *subject, const union graft_address *group)
{
	bool placed = subject->state & NAMED || subject->facts.kind == SOCKET_RAW;
	return placed && joins_include(subject, group);
}

// ---- what is refused ------------------------------------------------------------------------------------

static unsigned count_wanted(const struct own_work *work)
{
	unsigned count = 0;
	for (unsigned i = 0; i < work->joins.count; i++)
		count += merge_is_first(&work->joins, i);
	return count;
}

// Without any membership of the group the program's own call would have failed likewise; and so it would where it chose
// the interface.
static int membership_refused(struct own_work *work, unsigned which, bool any, int error)
{
	bool missing = memberships_missing(error);
	if (missing ? work->by_program[which] : !any)
		return error;
	if (missing)
		work->subject->state |= PENDING;
	return memberships_refused(
	        work->subject, work->joins.list[which].membership, error, LIMIT_GROUPS, count_wanted(work));
}

static bool has_own_sources(const struct own_work *work, const struct join *join)
{
	for (unsigned i = 0; i < work->joins.count; i++)
		if (merge_together(&work->joins.list[i], join) &&
		        work->joins.list[i].membership->source_count &&
		        work->own_sources[work->joins.list[i].membership - work->memberships])
			return true;
	return false;
}

static int sources_refused(struct own_work *work, unsigned which, unsigned wanted, int error)
{
	const struct join *join = &work->joins.list[which];
	if (has_own_sources(work, join))
		return error;
	return memberships_refused(work->subject, join->membership, error, LIMIT_SOURCES, wanted);
}

int own_report_missing(struct own_work *work)
{
	char buffer[256];
	struct text what = TEXT_IN(buffer);
	if (!work->missing)
		return 0;
	work->subject->state |= PENDING;
	memberships_say(work->missing, &what);
	return report_refused(work->subject, buffer, -ENODEV,
	        "the interface is not there yet; tried again at this socket's next calls");
}

// ---- one membership of the kernel's ---------------------------------------------------------------------

static bool is_listed(const union graft_address *list, unsigned count, const union graft_address *source)
{
	for (unsigned i = 0; i < count; i++)
		if (graft_address_equal(&list[i], source))
			return true;
	return false;
}

static unsigned add_sources(struct own_work *work, unsigned count, const struct join *join,
        const struct membership *membership, bool open)
{
	for (unsigned i = 0; i < membership->source_count && count < OWN_SOURCES; i++) {
		const union graft_address *source = &membership->sources[i];
		if (!is_listed(work->wanted, count, source) &&
		        !(open && merge_admits(&work->joins, join, source)))
			work->wanted[count++] = *source;
	}
	return count;
}

// The sources that are wanted of the target and all those together with it: how many.
static unsigned gather(struct own_work *work, const struct join *join, const struct membership *open)
{
	unsigned count = 0;
	if (open)
		return add_sources(work, 0, join, open, true);
	for (unsigned i = 0; i < work->joins.count; i++)
		if (merge_together(&work->joins.list[i], join))
			count = add_sources(work, count, join, work->joins.list[i].membership, false);
	return count;
}

static bool is_so(const struct own_work *work, unsigned wanted, unsigned have)
{
	if (wanted != have)
		return false;
	for (unsigned i = 0; i < wanted; i++)
		if (!is_listed(work->current, have, &work->wanted[i]))
			return false;
	return true;
}

static int join_one(const struct own_work *work, const struct join *join, unsigned number, bool open)
{
	int fd = work->subject->fd;
	const union graft_address *group = &join->membership->group;
	if (!open)
		return graft_join_source(fd, join->index, group, &work->wanted[number]);
	return graft_block_source(fd, join->index, group, &work->wanted[number]);
}

// Another thread has been there between the look and the request.
static bool is_overtaken(int error)
{
	return error == -EADDRINUSE || error == -EADDRNOTAVAIL || error == -EINVAL;
}

// Sources one by one, the first of them first of all: no report may ask for any source.
static int create(struct own_work *work, unsigned which, bool open, unsigned count, bool *any)
{
	const struct join *join = &work->joins.list[which];
	int error = open ? graft_join(work->subject->fd, join->index, &join->membership->group)
	                 : join_one(work, join, 0, false);
	if (is_overtaken(error))
		error = 0;
	if (error)
		return membership_refused(work, which, *any, error);
	*any = work->joins.list[which].made = true;
	for (unsigned i = !open; i < count; i++) {
		error = join_one(work, join, i, open);
		if (error && !is_overtaken(error))
			return sources_refused(work, which, count, error);
	}
	return 0;
}

// All at once; as many as the kernel takes.
static int alter(struct own_work *work, unsigned which, bool open, unsigned count)
{
	const struct join *join = &work->joins.list[which];
	enum graft_mode mode = open ? GRAFT_EXCLUDE : GRAFT_INCLUDE;
	unsigned fits = count + 1;
	int first = 0, error;
	do {
		error = graft_sources_set(
		        work->subject->fd, join->index, &join->membership->group, mode, work->wanted, --fits);
		first = first ? first : error;
		if (first && !is_overtaken(first) && has_own_sources(work, join))
			return first;
	} while (error == -ENOBUFS && fits > 1);
	if (is_overtaken(first))
		return 0;
	return first ? sources_refused(work, which, count, first) : 0;
}

// `any`: whether the group is joined somewhere; `changed`: whether anything was to do.
static int make_one(struct own_work *work, unsigned which, bool *any, bool *changed)
{
	const struct join *join = &work->joins.list[which];
	const struct membership *open = merge_open(&work->joins, join);
	unsigned count = gather(work, join, open);
	enum graft_mode mode;
	int have = graft_sources_get(
	        work->subject->fd, join->index, &join->membership->group, &mode, work->current, OWN_SOURCES);
	if (have >= 0 && (mode == GRAFT_EXCLUDE) == !!open && is_so(work, count, (unsigned)have)) {
		*any = work->joins.list[which].made = true;
		return 0;
	}
	*changed = true;
	if (have < 0)
		return create(work, which, open, count, any);
	*any = work->joins.list[which].made = true;
	return alter(work, which, open, count);
}

// Groups that other sockets joined are kept out from the first membership on that isn't as the program asked.
static void close_to_others(struct subject *subject)
{
	if (subject->state & OWN_JOINS)
		return;
	joins_set_multicast_all(subject, 0);
	subject->state |= OWN_JOINS;
}

int own_make(struct own_work *work, unsigned which)
{
	bool any = false, changed;
	int error = make_one(work, which, &any, &changed);
	if (!error)
		close_to_others(work->subject);
	return error;
}

// ---- all of one group -----------------------------------------------------------------------------------

struct seeking {
	struct own_work *work;
	const union graft_address *to;
};

static void take_record(struct view_record *record, void *context)
{
	struct seeking *seeking = context;
	struct own_work *work = seeking->work;
	if (!graft_address_equal(&record->to, seeking->to) || work->record_count == JOINS_AT_MOST)
		return;
	work->known = true;
	if (record->ended)
		work->ending = true;
	else
		work->records[work->record_count++] = *record;
	for (unsigned i = 0; i < record->place_count; i++)
		own_places_add(work, record->places[i]);
	if (!record->ours)
		own_places_add(work, record->index);
}

static void note_places(struct view_record *record, void *context)
{
	struct seeking *seeking = context;
	const struct joins *joins = &seeking->work->joins;
	if (!graft_address_equal(&record->to, seeking->to))
		return;
	record->ours = true;
	record->place_count = 0;
	for (unsigned i = 0; i < joins->count && record->place_count < VIEW_PLACES; i++)
		if (merge_is_first(joins, i) && joins->list[i].made)
			record->places[record->place_count++] = joins->list[i].index;
}

bool own_collect(struct own_work *work, const union graft_address *to)
{
	struct seeking seeking = {work, to};
	own_targets_clear(work);
	if (!view_each(work->socket, take_record, &seeking))
		return false;
	for (unsigned i = 0; i < work->record_count; i++) {
		own_targets_add(work, &work->records[i]);
		work->rewritten |= work->records[i].ours;
	}
	return true;
}

static bool is_target(const struct own_work *work, unsigned index)
{
	for (unsigned i = 0; i < work->joins.count; i++)
		if (work->joins.list[i].index == index)
			return true;
	return false;
}

static int make_all(struct own_work *work, const union graft_address *to, bool *changed)
{
	bool any = work->policys;
	int error = 0;
	for (unsigned i = 0; i < work->joins.count && !error; i++)
		if (merge_is_first(&work->joins, i))
			error = make_one(work, i, &any, changed);
	for (unsigned i = 0; i < work->place_count && !error; i++)
		if (!is_target(work, work->places[i]) && !graft_leave(work->subject->fd, work->places[i], to))
			*changed = true;
	return error ? error : own_report_missing(work);
}

static int sync_all(struct own_work *work, const union graft_address *to)
{
	struct seeking seeking = {work, to};
	int error = 0;
	bool changed = true, left = work->place_count;
	for (unsigned pass = 0; changed && !error && pass < PASSES; pass++) {
		changed = false;
		if (!own_collect(work, to))
			return -ENOBUFS;
		if (!work->rewritten && !left) // all is as the program asked
			return 0;
		error = make_all(work, to, &changed);
		view_each(work->socket, note_places, &seeking);
	}
	if (!error && work->rewritten && work->joins.count)
		close_to_others(work->subject);
	return error;
}

// ---- a group that has become the policy's ---------------------------------------------------------------
//
// The program joined it before the socket was one that the policy joins it on.

// Whether the kernel delivers groups to the socket: not where it is bound to an address, nor connected from one.
static bool hears_groups(const struct subject *subject)
{
	union graft_address local = {0};
	socklen_t length = sizeof(local);
	return subject->facts.kind == SOCKET_RAW ||
	       (!kernel_getsockname(subject->fd, &local.any, &length) &&
	               (graft_address_is_any(&local) || graft_address_is_multicast(&local)));
}

// All that the policy joins here, with the interfaces that there are; false: nothing can be said of it.
static bool find_policys(struct own_work *work)
{
	const union graft_address local = subject_local(work->subject);
	struct joins *joins = &work->joins;
	own_targets_clear(work);
	if (!hears_groups(work->subject) ||
	        joins_find(work->subject, joins_sides(work->subject, &local), joins))
		return false;
	joins_name_routes(joins);
	return true;
}

bool own_take_policys(struct own_work *work, const union graft_address *to)
{
	struct joins *joins = &work->joins;
	unsigned count = find_policys(work) ? joins->count : 0;
	joins->count = 0;
	for (unsigned i = 0; i < count; i++) {
		const struct join *join = &joins->list[i];
		if (!join->index || !graft_address_equal(&join->membership->group, to))
			continue;
		unsigned place = joins->count++;
		work->memberships[place] = *join->membership;
		work->own_sources[place] = work->by_program[place] = false;
		joins->list[place] = (struct join){&work->memberships[place], join->index, false};
	}
	work->membership_count = joins->count;
	work->policys = true;
	return joins->count;
}

// What the program had made already is the policy's now.
static void note_complete(struct own_work *work)
{
	const struct joins *joins = &work->joins;
	if (!(work->subject->state & PARTLY) || !find_policys(work) || joins->partly)
		return;
	for (unsigned i = 0; i < joins->count; i++)
		if (!joins_has(work->subject->fd, &joins->list[i]))
			return;
	work->subject->state &= ~(uint64_t)PARTLY;
}

static int sync_policys(struct own_work *work, const union graft_address *to)
{
	int error = 0;
	bool changed = work->place_count;
	for (unsigned pass = 0; changed && !error && pass < PASSES; pass++) {
		changed = false;
		if (!own_take_policys(work, to))
			return 0;
		error = make_all(work, to, &changed);
	}
	if (!error && work->place_count)
		note_complete(work);
	return error;
}

int own_sync(struct own_work *work, const union graft_address *to)
{
	view_sync_begin();
	int error = own_is_policys(work->subject, to) ? sync_policys(work, to) : sync_all(work, to);
	view_sync_end();
	return error;
}
