// What the program believes its sockets to be members of.
#include "own_view.h"

#include "../core/kernel.h"
#include "functions.h"
#include "load.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>

// ---- the room -------------------------------------------------------------------------------------------
//
// Mapped piece by piece, and never given back: most processes need none.

enum { PIECE = 16, PIECES = 32 }; // records in a piece; pieces

static struct {
	struct view_record *pieces[PIECES];
	unsigned room;    // records that there are
	uint64_t ages;    // how many have been made
	unsigned changes; // how often one has been made, altered or dropped, or the kernel's were about to be
	bool torn;        // somebody is at it
} pool ROOM;

static struct view_record *record_at(unsigned number)
{
	return &pool.pieces[number / PIECE][number % PIECE];
}

// ---- the lock -------------------------------------------------------------------------------------------
//
// Held over a few loads and stores, never over a call, with signals held back: a handler on top of the holder might take
// its time. Whoever does not get it at once lies down for a while, which gives the holder a processor that a thread of
// higher priority has taken from it; and goes without it after a second or so: it can't block anybody.
//
// The child of fork starts with it free, whoever held it (MADV_WIPEONFORK), and what it finds half written it drops.
// Before Linux 4.14, in a child that came at that very moment, it stays taken.

enum { YIELDS = 100, NAPS = 5000, NAP = 200000 /* ns */ };

static struct shared {
	unsigned lock;
	unsigned syncs; // threads that bring the kernel to what is known
} * shared;

static struct shared *map_shared(void)
{
	size_t page = getauxval(AT_PAGESZ);
	struct shared *mine = kernel_map(page), *theirs = NULL;
	if (!mine)
		return NULL;
#ifdef MADV_WIPEONFORK
	int kept = errno;
	madvise(mine, page, MADV_WIPEONFORK);
	errno = kept;
#endif
	if (__atomic_compare_exchange_n(&shared, &theirs, mine, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return mine;
	kernel_unmap(mine, page);
	return theirs;
}

static void drop_all(void)
{
	for (unsigned i = 0; i < pool.room; i++)
		record_at(i)->socket = 0;
}

// Not nanosleep(), at which a thread may be cancelled.
static void nap(void)
{
#ifdef SYS_nanosleep
	static const long interval[2] = {0, NAP};
	int kept = errno;
	next.syscall(SYS_nanosleep, (long)interval, 0, 0, 0, 0, 0);
	errno = kept;
#else
	sched_yield();
#endif
}

static struct shared *get_shared(void)
{
	struct shared *there = __atomic_load_n(&shared, __ATOMIC_ACQUIRE);
	return there ? there : map_shared();
}

static bool take(void)
{
	struct shared *there = get_shared();
	for (unsigned tries = 0; there && tries < YIELDS + NAPS; tries++) {
		if (!__atomic_exchange_n(&there->lock, 1, __ATOMIC_ACQUIRE))
			return true;
		if (tries < YIELDS)
			sched_yield();
		else
			nap();
	}
	return false;
}

static bool enter(sigset_t *mask)
{
	sigset_t all;
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, mask);
	if (!take()) {
		pthread_sigmask(SIG_SETMASK, mask, NULL);
		return false;
	}
	if (pool.torn)
		drop_all();
	pool.torn = true;
	return true;
}

static void leave(const sigset_t *mask)
{
	pool.torn = false;
	__atomic_store_n(&shared->lock, 0, __ATOMIC_RELEASE);
	pthread_sigmask(SIG_SETMASK, mask, NULL);
}

static void note_change(void)
{
	__atomic_fetch_add(&pool.changes, 1, __ATOMIC_ACQ_REL);
}

void view_sync_begin(void)
{
	struct shared *there = get_shared();
	if (there)
		__atomic_fetch_add(&there->syncs, 1, __ATOMIC_ACQ_REL);
	note_change();
}

void view_sync_end(void)
{
	struct shared *there = __atomic_load_n(&shared, __ATOMIC_ACQUIRE);
	if (there)
		__atomic_fetch_sub(&there->syncs, 1, __ATOMIC_ACQ_REL);
}

bool view_is_still(unsigned *changes)
{
	struct shared *there = __atomic_load_n(&shared, __ATOMIC_ACQUIRE);
	*changes = __atomic_load_n(&pool.changes, __ATOMIC_ACQUIRE);
	return !there || !__atomic_load_n(&there->syncs, __ATOMIC_ACQUIRE);
}

static void drop(struct view_record *record)
{
	record->socket = 0;
	note_change();
}

// ---- one socket's ---------------------------------------------------------------------------------------

bool view_is_empty(void)
{
	return !__atomic_load_n(&pool.room, __ATOMIC_RELAXED);
}

bool view_each(uint64_t socket, void (*visit)(struct view_record *record, void *context), void *context)
{
	sigset_t mask;
	if (!socket || !enter(&mask))
		return false;
	for (unsigned i = 0; i < pool.room; i++)
		if (record_at(i)->socket == socket)
			visit(record_at(i), context);
	leave(&mask);
	return true;
}

static bool is_full(void)
{
	for (unsigned i = 0; i < pool.room; i++)
		if (!record_at(i)->socket)
			return false;
	return pool.room < PIECE * PIECES;
}

// One more piece where there is no free record and may be more. The memory is had before the lock.
static void make_room(void)
{
	sigset_t mask;
	if (!enter(&mask))
		return;
	bool full = is_full();
	leave(&mask);
	struct view_record *piece = full ? kernel_map(PIECE * sizeof(*piece)) : NULL;
	if (!piece)
		return;
	if (enter(&mask)) {
		if (is_full()) {
			pool.pieces[pool.room / PIECE] = piece;
			__atomic_store_n(&pool.room, pool.room + PIECE, __ATOMIC_RELAXED);
			piece = NULL;
		}
		leave(&mask);
	}
	if (piece)
		kernel_unmap(piece, PIECE * sizeof(*piece));
}

// A free record, or the oldest, which is not known any more; NULL: there is no memory.
static struct view_record *take_free(void)
{
	struct view_record *oldest = NULL;
	for (unsigned i = 0; i < pool.room; i++) {
		struct view_record *record = record_at(i);
		if (!record->socket)
			return record;
		if (!oldest || record->age < oldest->age)
			oldest = record;
	}
	return oldest;
}

// ---- by the kernel's rules ------------------------------------------------------------------------------
//
// Those of ip_mc_source, ip_mc_msfilter and their like (net/ipv4/igmp.c), and of IPv6's (net/ipv6/mcast.c). What they
// say of interfaces that don't exist is left to the kernel, where the membership is made.

static bool is_meant(const struct view_record *record, const struct view_request *asked)
{
	bool ipv6 = record->group.any.sa_family == AF_INET6;
	if (record->socket != asked->socket || record->ended ||
	        !graft_address_equal(&record->group, &asked->request->group))
		return false;
	if (asked->named)
		return record->index == asked->index;
	return ipv6 || record->unnamed || record->index == asked->index;
}

// The membership that the request is for, or NULL. One that names no interface is for one that did not either, before
// all others; IPv6 takes the youngest.
static struct view_record *find(const struct view_request *asked)
{
	struct view_record *found = NULL;
	for (unsigned i = 0; i < pool.room; i++) {
		struct view_record *record = record_at(i);
		if (!is_meant(record, asked))
			continue;
		bool better = !found || record->age > found->age;
		if (found && record->group.any.sa_family == AF_INET && record->unnamed != found->unnamed)
			better = record->unnamed;
		if (better)
			found = record;
	}
	return found;
}

static void begin(struct view_record *record, const struct view_request *asked, bool exclude)
{
	*record = (struct view_record){
	        .socket = asked->socket,
	        .group = asked->request->group,
	        .to = asked->to,
	        .index = asked->index,
	        .route = asked->route,
	        .named = asked->named,
	        .unnamed = !asked->named,
	        .exclude = exclude,
	};
}

static unsigned place_of(const struct view_record *record, const union graft_address *source)
{
	unsigned i = 0;
	while (i < record->source_count && !graft_address_equal(&record->sources[i], source))
		i++;
	return i;
}

static int add_source(struct view_record *record, const union graft_address *source)
{
	if (record->source_count == REQUEST_SOURCES)
		return -ENOBUFS;
	record->listed = true;
	if (place_of(record, source) < record->source_count)
		return -EADDRNOTAVAIL;
	record->sources[record->source_count++] = *source;
	return 0;
}

// To drop the last source of an include list is to leave the group.
static int remove_source(struct view_record *record, const union graft_address *source)
{
	unsigned place = place_of(record, source);
	if (place == record->source_count)
		return -EADDRNOTAVAIL;
	record->sources[place] = record->sources[--record->source_count];
	record->ended = !record->source_count && !record->exclude;
	return 0;
}

// A membership without sources changes its mode even where the request then fails.
static int change_source(struct view_record *record, const struct request *request)
{
	bool exclude = request->what == REQUEST_BLOCK || request->what == REQUEST_UNBLOCK;
	bool add = request->what == REQUEST_JOIN_SOURCE || request->what == REQUEST_BLOCK;
	if (record->listed && record->exclude != exclude)
		return -EINVAL;
	record->exclude = exclude;
	return add ? add_source(record, &request->source) : remove_source(record, &request->source);
}

static int set_list(struct view_record *record, const struct request *request)
{
	if (request->source_count > REQUEST_SOURCES)
		return -ENOBUFS;
	record->exclude = request->exclude;
	record->listed = request->source_count;
	record->source_count = request->source_count;
	for (unsigned i = 0; i < request->source_count; i++)
		record->sources[i] = request_source(request, i);
	return 0;
}

static bool ends(const struct request *request)
{
	return request->what == REQUEST_LEAVE ||
	       (request->what == REQUEST_LIST && !request->exclude && !request->source_count);
}

static bool begins(const struct request *request)
{
	return request->what == REQUEST_JOIN || request->what == REQUEST_JOIN_SOURCE;
}

// A second join fails, but it may ask for the same interface in another way. For IPv6 one that names none asks for
// whichever there is.
static int join_again(struct view_record *record, const struct view_request *asked)
{
	if (asked->named) {
		record->named = true;
	} else if (!record->unnamed && record->group.any.sa_family == AF_INET) {
		record->unnamed = true;
		record->route = asked->route;
	}
	return -EADDRINUSE;
}

static int answer(struct view_record *record, const struct view_request *asked)
{
	const struct request *request = asked->request;
	if (ends(request)) {
		record->ended = true;
		return 0;
	}
	switch (request->what) {
	case REQUEST_JOIN:
		return join_again(record, asked);
	case REQUEST_LIST:
		return set_list(record, request);
	default:
		return change_source(record, request);
	}
}

static int answer_without(const struct request *request)
{
	return ends(request) ? -EADDRNOTAVAIL : -EINVAL;
}

// IPv6 finds none for a list without an interface.
static bool is_lost(const struct view_request *asked)
{
	return asked->request->what == REQUEST_LIST && !ends(asked->request) && !asked->named &&
	       asked->to.any.sa_family == AF_INET6;
}

void view_suppose(const struct view_request *asked, struct view_record *record)
{
	const struct request *request = asked->request;
	bool exclude = request->what != REQUEST_JOIN_SOURCE && request->what != REQUEST_LEAVE_SOURCE;
	begin(record, asked, exclude);
	if (!exclude)
		add_source(record, &request->source);
	else if (request->what == REQUEST_LIST && !ends(request))
		set_list(record, request);
}

static int change_locked(const struct view_request *asked, struct view_change *change)
{
	const struct request *request = asked->request;
	struct view_record *record = is_lost(asked) ? NULL : find(asked);
	if (!record && !begins(request))
		return answer_without(request);
	if (!record) {
		record = take_free();
		if (!record)
			return VIEW_BUSY;
		change->what = VIEW_MADE;
		begin(record, asked, request->what == REQUEST_JOIN);
		record->age = ++pool.ages;
		note_change();
		if (request->what == REQUEST_JOIN_SOURCE)
			add_source(record, &request->source);
		change->now = *record;
		return 0;
	}
	change->before = *record;
	int error = answer(record, asked);
	change->what = record->ended ? VIEW_ENDED : VIEW_ALTERED;
	change->now = *record;
	note_change();
	return error;
}

int view_change(const struct view_request *asked, struct view_change *change)
{
	sigset_t mask;
	change->what = VIEW_UNCHANGED;
	if (!asked->socket)
		return VIEW_BUSY;
	if (begins(asked->request))
		make_room();
	if (!enter(&mask))
		return VIEW_BUSY;
	int error = change_locked(asked, change);
	leave(&mask);
	return error;
}

// ---- afterwards -----------------------------------------------------------------------------------------

static struct view_record *find_same(const struct view_record *wanted)
{
	for (unsigned i = 0; i < pool.room; i++)
		if (record_at(i)->socket == wanted->socket && record_at(i)->age == wanted->age)
			return record_at(i);
	return NULL;
}

void view_restore(const struct view_change *change)
{
	sigset_t mask;
	if (change->what == VIEW_UNCHANGED || !enter(&mask))
		return;
	struct view_record *record = find_same(&change->now);
	if (record && change->what == VIEW_MADE)
		drop(record);
	else if (record)
		*record = change->before;
	leave(&mask);
}

void view_finish(const struct view_change *change)
{
	sigset_t mask;
	if (change->what != VIEW_ENDED || !enter(&mask))
		return;
	struct view_record *record = find_same(&change->now);
	if (record)
		drop(record);
	leave(&mask);
}

bool view_forget(const struct view_record *records, unsigned count, unsigned changes)
{
	sigset_t mask;
	if (!enter(&mask))
		return false;
	bool same = __atomic_load_n(&pool.changes, __ATOMIC_ACQUIRE) == changes;
	for (unsigned i = 0; i < count && same; i++) {
		struct view_record *record = find_same(&records[i]);
		if (record)
			drop(record);
	}
	leave(&mask);
	return same;
}
