// The program's own membership requests: what the policy makes of them.
//
// What the program believes (own_view.c) changes first, then the kernel's memberships are brought to what the policy
// makes of that (own_sync.c). Nothing is locked in between: two threads that ask for one group at once both end with
// a look at all that was asked for by then.
#include "own_joins.h"

#include "../core/kernel.h"
#include "functions.h"
#include "log.h"
#include "memberships.h"
#include "own_sync.h"
#include "settle.h"
#include "start.h"

#include <errno.h>

enum { LOOKS = 64 }; // while others change what is known

// The call as the program made it.
struct call {
	int level, name;
	const void *value;
	socklen_t length;
};

static int call_on(const struct subject *subject, const struct call *call)
{
	return next.setsockopt(subject->fd, call->level, call->name, call->value, call->length) ? -errno : 0;
}

// Whether some rule may change what a program joins.
static bool own_joins_wanted(void)
{
	return policy.filters || policy.redirects || policy.interfaces;
}

// The subject with the facts that rules on it ask for.
static struct subject subject_with_facts(int fd)
{
	struct subject subject = subject_known(fd);
	if (subject_asks_local(&subject) || policy.redirects)
		subject_find_local(&subject);
	if (subject_asks_to(&subject))
		subject_find_peer(&subject);
	return subject;
}

// ---- the interface --------------------------------------------------------------------------------------

static unsigned route_to(const union graft_address *group)
{
	int index = graft_route_interface(group);
	return index < 0 ? 0 : (unsigned)index;
}

// The interface that carries an address. One that is not there may still be asked for, where the policy names another:
// it gets a number that no interface has.
static unsigned index_of(int fd, const union graft_address *address)
{
	const struct graft_interface interface = {.by = GRAFT_BY_ADDRESS, .address = *address};
	unsigned index;
	if (graft_interface_resolve(fd, &interface, &index, 1) > 0)
		return index;
	return 1U << 31 | ntohl(address->v4.sin_addr.s_addr);
}

static void identify(const struct subject *subject, struct view_request *asked)
{
	const struct request *request = asked->request;
	asked->named = request->index || request->interface.any.sa_family;
	if (request->index) {
		asked->index = request->index;
	} else if (asked->named) {
		asked->index = index_of(subject->fd, &request->interface);
	} else {
		bool moved = !graft_address_equal(&asked->to, &request->group);
		asked->index = route_to(&request->group);
		asked->route = moved ? route_to(&asked->to) : asked->index;
	}
}

// ---- without knowing what the program has asked for before ------------------------------------------------
//
// For a socket that another program has joined groups with, and for what has been forgotten: what would have been made
// of a join is undone, or is there already.

static bool unknown_made; // a join that could not be noted, for want of memory

static bool is_own_source(const struct own_work *work, unsigned which)
{
	return work->own_sources[work->joins.list[which].membership - work->memberships];
}

static int follow_source(
        struct own_work *work, unsigned which, const struct request *request, const union graft_address *to)
{
	int fd = work->subject->fd;
	unsigned index = work->joins.list[which].index;
	if (!is_own_source(work, which))
		return request->what == REQUEST_LEAVE_SOURCE ? graft_leave(fd, index, to) : 0;
	switch (request->what) {
	case REQUEST_LEAVE_SOURCE:
		return graft_leave_source(fd, index, to, &request->source);
	case REQUEST_BLOCK:
		return graft_block_source(fd, index, to, &request->source);
	case REQUEST_UNBLOCK:
		return graft_unblock_source(fd, index, to, &request->source);
	default:
		return graft_sources_set(fd, index, to, request->exclude ? GRAFT_EXCLUDE : GRAFT_INCLUDE,
		        work->supposed.sources, work->supposed.source_count);
	}
}

static bool is_member(const struct own_work *work, unsigned which)
{
	return joins_has(work->subject->fd, &work->joins.list[which]);
}

static int follow_one(
        struct own_work *work, unsigned which, const struct request *request, const union graft_address *to)
{
	switch (request->what) {
	case REQUEST_JOIN:
		return is_member(work, which) ? -EADDRINUSE : own_make(work, which);
	case REQUEST_JOIN_SOURCE:
		if (!is_member(work, which))
			return own_make(work, which);
		return is_own_source(work, which)
		               ? graft_join_source(work->subject->fd, work->joins.list[which].index, to,
		                         &request->source)
		               : 0;
	case REQUEST_LEAVE:
		return graft_leave(work->subject->fd, work->joins.list[which].index, to);
	default:
		return follow_source(work, which, request, to);
	}
}

// The answer is the best of those that there are.
static int follow_unknown(struct own_work *work, const struct request *request, const union graft_address *to)
{
	bool joins = request->what == REQUEST_JOIN || request->what == REQUEST_JOIN_SOURCE;
	int result = -EADDRNOTAVAIL;
	own_targets_clear(work);
	own_targets_add(work, &work->supposed);
	if (!work->joins.count) // its interface is not there yet
		return joins ? own_report_missing(work) : 0;
	for (unsigned i = 0; i < work->joins.count; i++) {
		int error = follow_one(work, i, request, to);
		if (!i || !error)
			result = error;
	}
	return result;
}

// ---- with it --------------------------------------------------------------------------------------------

// "join 239.1.1.1 of the program's is now 10.0.0.5@239.1.1.1%eth1".
static void report_membership(
        const struct own_work *work, const struct membership *membership, const char *redirect)
{
	char address[GRAFT_ADDRESS_TEXT], buffer[320];
	struct text what = TEXT_IN(buffer);
	text_put(&what, "join ");
	text_put(&what, graft_address_text(&work->change.now.group, address));
	text_put(&what, " of the program's is now ");
	membership_text(membership, &what);
	report_placed(work->subject, buffer, membership->origin ? membership->origin : redirect);
}

static void report_made(struct own_work *work)
{
	const char *redirect = NULL;
	union graft_address to;
	if (work->change.what != VIEW_MADE || !log_wanted(LOG_INFO))
		return;
	own_redirect(work->subject, &work->change.now.group, &to, &redirect);
	own_targets_clear(work);
	own_targets_add(work, &work->change.now);
	for (unsigned i = 0; i < work->membership_count && work->rewritten; i++)
		report_membership(work, &work->memberships[i], redirect);
}

// Where the membership that has ended would be by now; where it was is found with it.
static void add_ended_places(struct own_work *work)
{
	const struct view_record *before = &work->change.before;
	if (work->change.what != VIEW_ENDED)
		return;
	own_targets_clear(work);
	own_targets_add(work, before);
	own_places_add_targets(work);
}

static int follow_change(struct own_work *work)
{
	const struct view_change *change = &work->change;
	const union graft_address to = change->what == VIEW_MADE ? change->now.to : change->before.to;
	add_ended_places(work);
	int error = own_sync(work, &to);
	if (error) {
		own_places_add_targets(work);
		view_restore(change);
		own_sync(work, &to);
		return error;
	}
	view_finish(change);
	report_made(work);
	return 0;
}

// What the policy has no word on goes to the kernel as it is. What it is the answer to is kept in mind: the policy may
// come to have one.
static int pass_on(struct own_work *work, const struct call *call, const struct view_request *asked)
{
	int expected = view_change(asked, &work->change), error = call_on(work->subject, call);
	if (error != expected)
		view_restore(&work->change);
	else
		view_finish(&work->change);
	return error;
}

static bool had(const struct view_record *record, unsigned index)
{
	for (unsigned i = 0; i < record->place_count; i++)
		if (record->places[i] == index)
			return true;
	return false;
}

// Whether the kernel had the membership on interfaces where it should be still, and has it on none of them.
static bool is_gone(struct own_work *work, const struct view_record *record)
{
	bool was = false;
	own_targets_clear(work);
	own_targets_add(work, record);
	for (unsigned i = 0; i < work->joins.count; i++) {
		unsigned index = work->joins.list[i].index;
		if (!had(record, index))
			continue;
		was = true;
		if (graft_sources_get(work->subject->fd, index, &record->to, NULL, NULL, 0) != -EADDRNOTAVAIL)
			return false;
	}
	return was;
}

// Puts those that are gone first: how many.
static unsigned find_gone(struct own_work *work)
{
	unsigned count = work->record_count, gone = 0;
	for (unsigned i = 0; i < count; i++)
		if (work->records[i].ours && is_gone(work, &work->records[i]))
			work->records[gone++] = work->records[i];
	return gone;
}

// What another process has left, of a socket of both, the kernel does not have any more. One that another thread is about
// to make is not forgotten: its places are known once it is made; nor one that is gone for a moment, as another thread
// brings the kernel to what it knows and has looked before this one was made.
static void forget_gone(struct own_work *work, const struct view_request *asked)
{
	unsigned changes;
	for (unsigned tries = 0; tries < LOOKS; tries++) {
		bool still = view_is_still(&changes);
		if (!own_collect(work, &asked->to))
			return;
		unsigned gone = find_gone(work);
		if (!gone)
			return;
		if (still && view_forget(work->records, gone, changes)) {
			own_sync(work, &asked->to); // the others have no places there any more
			return;
		}
	}
}

// Whether the kernel has what the request is for on an interface where nothing that is known is to have it: the targets
// from number `first` on are the request's.
static bool has_unknown(const struct own_work *work, unsigned first)
{
	for (unsigned i = first; i < work->joins.count && !work->ending; i++) {
		bool known = false;
		for (unsigned j = 0; j < first && !known; j++)
			known = work->joins.list[j].index == work->joins.list[i].index;
		if (!known && is_member(work, i))
			return true;
	}
	return false;
}

// Whether the kernel has a membership of which nothing is known. One of another thread's making is known before the
// kernel has it, and until it hasn't any more; but it may come back for a moment, by whoever was about to make it so.
static bool is_unknown(struct own_work *work, const struct view_request *asked)
{
	unsigned before, after;
	for (unsigned tries = 0; tries < LOOKS; tries++) {
		bool still = view_is_still(&before);
		if (!own_collect(work, &asked->to))
			return false;
		unsigned first = work->joins.count;
		own_targets_add(work, &work->supposed);
		if (!has_unknown(work, first))
			return false;
		view_is_still(&after);
		if (still && before == after)
			return true;
	}
	return false;
}

// What nothing is known of may have been made while nothing could be noted, as the program asked or not at all.
static int leave_unknown(
        const struct subject *subject, const struct call *call, const struct request *request)
{
	bool leaves = request->what == REQUEST_LEAVE || request->what == REQUEST_LEAVE_SOURCE;
	if (!leaves || !__atomic_load_n(&unknown_made, __ATOMIC_RELAXED))
		return -EADDRNOTAVAIL;
	call_on(subject, call);
	return 0;
}

// As the kernel refuses more than its limits allow, which somebody has raised.
static int refuse_many(const struct subject *subject)
{
	report_once(subject,
	        "a list of more than 64 sources of the program's, for a group that the policy has a word on: "
	        "refused, as such a list can't be kept");
	return -ENOBUFS;
}

static int follow(struct own_work *work, const struct call *call, struct view_request *asked)
{
	view_suppose(asked, &work->supposed);
	bool found = own_collect(work, &asked->to);
	own_targets_add(work, &work->supposed);
	if (!work->rewritten)
		return pass_on(work, call, asked);
	if (asked->request->source_count > REQUEST_SOURCES)
		return refuse_many(work->subject);
	if (found && work->known)
		forget_gone(work, asked);
	if (found && is_unknown(work, asked))
		return follow_unknown(work, asked->request, &asked->to);
	int result = found ? view_change(asked, &work->change) : VIEW_BUSY;
	if (result == VIEW_BUSY) {
		__atomic_store_n(&unknown_made, true, __ATOMIC_RELAXED);
		return follow_unknown(work, asked->request, &asked->to);
	}
	if (work->change.what == VIEW_UNCHANGED)
		return result == -EADDRNOTAVAIL ? leave_unknown(work->subject, call, asked->request) : result;
	int error = follow_change(work);
	return result ? result : error;
}

static int without_memory(const struct subject *subject, const struct call *call)
{
	__atomic_store_n(&unknown_made, true, __ATOMIC_RELAXED);
	int fails = report_refused(subject, "the program's own join", -ENOMEM,
	        "no memory to look for what the policy has to say of it: made as the program asks");
	int error = fails ? fails : call_on(subject, call);
	// Where there is none by the program's name there may be one by another.
	return error == -EADDRNOTAVAIL ? 0 : error;
}

static int by_policy(struct subject *subject, const struct call *call, const struct request *request,
        const union graft_address *to)
{
	struct own_work *work = own_work_begin(subject);
	if (!work)
		return without_memory(subject, call);
	struct view_request asked = {.request = request, .socket = work->socket, .to = *to};
	identify(subject, &asked);
	int error = follow(work, call, &asked);
	own_work_end(work);
	subject_remember(subject);
	return error;
}

// ---- a group of the policy's ------------------------------------------------------------------------------

// Where the policy may not have got what it wants the program's own join is not lost: the kernel knows whether there
// is one already. Only for a join of any source, which changes nothing of one that is there.
static int join_unless_joined(const struct subject *subject, const struct call *call)
{
	int error = call_on(subject, call);
	return error == -EADDRINUSE ? 0 : error;
}

static int leave_to_policy(const struct subject *subject, const struct call *call,
        const struct request *request, const union graft_address *to)
{
	report_placed(subject, "the program's request for a group of join changes nothing", NULL);
	if (subject->state & (PARTLY | PENDING) && request->what == REQUEST_JOIN &&
	        graft_address_equal(to, &request->group))
		return join_unless_joined(subject, call);
	return 0;
}

static bool has_level(uint64_t state, int level)
{
	return (level == IPPROTO_IP && state_has_side(state, GRAFT_IPV4)) ||
	       (level == IPPROTO_IPV6 && state_has_side(state, GRAFT_IPV6));
}

// No request is even read otherwise.
bool own_joins_concerned(int fd, int level)
{
	uint64_t state = descriptor_state(fd);
	return state & INET && has_level(state, level) && (own_joins_wanted() || policy.joins);
}

bool own_joins_intercept(int fd, int level, int name, const void *value, socklen_t length, int *result)
{
	const struct call call = {level, name, value, length};
	struct request request;
	if (!own_joins_concerned(fd, level) || !request_read(level, name, value, length, &request))
		return false;
	int kept = errno, error;
	if (policy.joins)
		settle_unnamed(fd);
	struct subject subject = subject_with_facts(fd);
	union graft_address to;
	own_redirect(&subject, &request.group, &to, NULL);
	bool placed = own_joins_wanted() || subject.state & GOVERNED;
	if (placed && own_is_policys(&subject, &to))
		error = leave_to_policy(&subject, &call, &request, &to);
	else if (subject_is_message(&subject) && (own_joins_wanted() || policy_joins_group(&policy, &to)))
		error = by_policy(&subject, &call, &request, &to);
	else
		error = call_on(&subject, &call);
	*result = call_result(error, kept);
	return true;
}

// ---- afterwards -----------------------------------------------------------------------------------------

// What the program has joined on one socket, and what that is now.
struct pairs {
	struct pair {
		union graft_address group, to;
	} list[JOINS_AT_MOST];
	unsigned count;
};

static void take_pair(struct view_record *record, void *context)
{
	struct pairs *pairs = context;
	if (record->ended)
		return;
	for (unsigned i = 0; i < pairs->count; i++)
		if (graft_address_equal(&pairs->list[i].group, &record->group) &&
		        graft_address_equal(&pairs->list[i].to, &record->to))
			return;
	if (pairs->count < JOINS_AT_MOST)
		pairs->list[pairs->count++] = (struct pair){record->group, record->to};
}

// A group that is to be another from now on.
struct move {
	struct own_work *work;
	const struct pair *from;
	union graft_address to;
	unsigned route;
	bool ends; // it is the policy's
};

static void move_record(struct view_record *record, void *context)
{
	struct move *move = context;
	if (!graft_address_equal(&record->group, &move->from->group) ||
	        !graft_address_equal(&record->to, &move->from->to))
		return;
	for (unsigned i = 0; i < record->place_count; i++)
		own_places_add(move->work, record->places[i]);
	if (!record->ours)
		own_places_add(move->work, record->index);
	record->place_count = 0;
	record->to = move->to;
	record->route = move->route;
	if (move->ends)
		record->socket = 0;
}

// What the kernel has of a group that has become the policy's is the policy's too.
static int settle_pair(struct own_work *work, const struct pair *pair)
{
	struct move move = {.work = work, .from = pair};
	bool moved = own_redirect(work->subject, &pair->group, &move.to, NULL);
	bool same = graft_address_equal(&move.to, &pair->to);
	int error = 0;
	work->place_count = 0;
	// Until the policy has joined it, what the program has joined stays.
	move.ends = own_is_policys(work->subject, &move.to) && (!same || own_take_policys(work, &move.to));
	if (!same || move.ends) {
		move.route = route_to(moved ? &move.to : &pair->group);
		view_each(work->socket, move_record, &move);
	}
	if (!same) {
		error = own_sync(work, &pair->to);
		work->place_count = 0;
	}
	return error ? error : own_sync(work, &move.to);
}

static int settle_all(struct own_work *work, struct pairs *pairs)
{
	int error = 0;
	if (!view_each(work->socket, take_pair, pairs))
		return 0;
	for (unsigned i = 0; i < pairs->count && !error; i++)
		error = settle_pair(work, &pairs->list[i]);
	return error;
}

static int follow_facts(struct subject *subject)
{
	if (!(own_joins_wanted() || policy.joins) || view_is_empty() || !subject_is_message(subject))
		return 0;
	struct own_work *work = own_work_begin(subject);
	struct pairs *pairs = kernel_map(sizeof(*pairs));
	int error = work && pairs ? settle_all(work, pairs) : 0;
	if (pairs)
		kernel_unmap(pairs, sizeof(*pairs));
	if (work)
		own_work_end(work);
	return error;
}

// What fails now fails no call of the program's, unless the policy wants that.
int own_joins_place_again(struct subject *subject)
{
	int error = follow_facts(subject);
	return error ? report_refused(subject, "the program's joins", error, NULL) : 0;
}

void own_joins_settle(struct subject *subject)
{
	if (policy.redirects && !subject->facts.local_known)
		subject_find_local(subject);
	own_joins_place_again(subject);
}
