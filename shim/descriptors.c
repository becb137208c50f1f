// What is known of each descriptor.
#include "descriptors.h"

#include "functions.h"
#include "load.h"

#include <pthread.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
	DESCRIPTORS_AT_MOST = 1 << 20, // fs.nr_open's default
	GROWS_BY = 512,                // entries: a page of them
	ASKED_ADDRESSES = 256,
	PEERS = 128,
};

#define TABLE_BYTES (sizeof(struct descriptor) * DESCRIPTORS_AT_MOST)

// What few descriptors have: behind the table, usable from the first of them on.
struct rest {
	uint32_t tried; // PENDING: when it was last tried, in seconds of CLOCK_MONOTONIC
	uint32_t own;   // bits of enum held
};

#define REST_BYTES (sizeof(struct rest) * DESCRIPTORS_AT_MOST)

struct descriptor *descriptor_table;
unsigned descriptor_limit;

static struct rest *rest_table;
static unsigned rest_limit; // entries that can be used
static unsigned pending, inherited;
#ifdef SHIM_SEES_VFORK
static bool shared; // there is, or was, a child that runs in this memory
#else
static bool shared = true; // perhaps
#endif

// The child of vfork runs in its parent's memory, with its parent's thread control block: there libc keeps
// the thread's id, which is then not the one that the kernel tells. fork puts it right. The id is to be had
// without a call from the number of the thread's clock, which the kernel defines as ~id << 3 | 6
// (clock_getcpuclockid(3)).
static bool in_vfork_child(void)
{
	clockid_t clock;
	if (!__atomic_load_n(&shared, __ATOMIC_RELAXED) || pthread_getcpuclockid(pthread_self(), &clock))
		return false;
	return ~(clock >> 3) != (pid_t)next.syscall(SYS_gettid, 0, 0, 0, 0, 0, 0);
}

// Makes entry `fd` of a table usable, of entries of `size` bytes. Two threads may do this at once: both only ever add.
static bool grow(void *table, unsigned *table_limit, size_t size, unsigned fd)
{
	if (fd >= DESCRIPTORS_AT_MOST)
		return false;
	size_t page = getauxval(AT_PAGESZ), all = size * DESCRIPTORS_AT_MOST;
	size_t bytes = ((fd + GROWS_BY) * size + page - 1) / page * page;
	if (bytes > all)
		bytes = all;
	if (mprotect(table, bytes, PROT_READ | PROT_WRITE))
		return false;
	unsigned limit = (unsigned)(bytes / size);
	if (limit > DESCRIPTORS_AT_MOST)
		limit = DESCRIPTORS_AT_MOST;
	unsigned now = __atomic_load_n(table_limit, __ATOMIC_RELAXED);
	while (now < limit && !__atomic_compare_exchange_n(
	                              table_limit, &now, limit, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		;
	return true;
}

static bool grow_states(unsigned fd)
{
	return grow(descriptor_table, &descriptor_limit, sizeof(struct descriptor), fd);
}

// The rest of `fd`; NULL: there is none yet and, with `made`, no memory for it.
static struct rest *rest_of(int fd, bool made)
{
	unsigned limit = __atomic_load_n(&rest_limit, __ATOMIC_ACQUIRE);
	if ((unsigned)fd >= limit &&
	        !(made && rest_table && grow(rest_table, &rest_limit, sizeof(struct rest), (unsigned)fd)))
		return NULL;
	return &rest_table[(unsigned)fd];
}

bool descriptors_start(void)
{
	// Address space is reserved for the whole table and made usable page by page: the table never moves,
	// so it can be read without a lock, and mlockall finds no more of it than is in use.
	char *table = mmap(NULL, TABLE_BYTES + REST_BYTES, PROT_NONE,
	        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (table == MAP_FAILED)
		return false;
	descriptor_table = (struct descriptor *)table;
	rest_table = (struct rest *)(table + TABLE_BYTES);
	return grow_states(0);
}

static void count(unsigned *counter, uint64_t flag, uint64_t before, uint64_t after)
{
	if ((before ^ after) & flag)
		__atomic_add_fetch(counter, after & flag ? 1U : -1U, __ATOMIC_RELAXED);
}

// Whoever has counted, or led the slots, before this is seen by whoever asks after it.
static bool anything_waits(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return descriptors_pending() || __atomic_load_n(&inherited, __ATOMIC_RELAXED);
}

static void count_waiting(uint64_t before, uint64_t after)
{
	if (!((before ^ after) & (PENDING | INHERITED)))
		return;
	count(&pending, PENDING, before, after);
	count(&inherited, INHERITED, before, after);
	// Another thread may count at the same time: whoever comes last leaves the slots as the counts say.
	bool engaged;
	do {
		engaged = anything_waits();
		functions_engage_waits(engaged);
	} while (engaged != anything_waits());
}

static bool may_write(int fd, uint64_t state)
{
	if (!descriptor_table || fd < 0)
		return false;
	unsigned limit = __atomic_load_n(&descriptor_limit, __ATOMIC_ACQUIRE);
	return (unsigned)fd < limit || (state && grow_states((unsigned)fd));
}

void descriptor_set(int fd, uint64_t state)
{
	const uint64_t kept = GOVERNED | PENDING | WIDENED | INHERITED;
	if (!may_write(fd, state) || ((descriptor_state(fd) | state) & kept && in_vfork_child()))
		return;
	struct rest *rest = rest_of(fd, false);
	if (rest)
		__atomic_store_n(&rest->own, 0, __ATOMIC_RELAXED);
	uint64_t before = __atomic_exchange_n(&descriptor_table[fd].state, state, __ATOMIC_ACQ_REL);
	count_waiting(before, state);
}

void descriptor_replace(int fd, uint64_t before, uint64_t state)
{
	if (may_write(fd, state) && __atomic_compare_exchange_n(&descriptor_table[fd].state, &before, state,
	                                    false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		count_waiting(before, state);
}

static uint32_t seconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (uint32_t)now.tv_sec;
}

void descriptors_shared(void)
{
	__atomic_store_n(&shared, true, __ATOMIC_RELAXED);
}

bool descriptor_try(int fd)
{
	uint32_t now = seconds();
	struct rest *rest = rest_of(fd, true);
	return !rest || __atomic_exchange_n(&rest->tried, now, __ATOMIC_RELAXED) != now;
}

uint32_t descriptor_own(int fd)
{
	const struct rest *rest = rest_of(fd, false);
	return rest ? __atomic_load_n(&rest->own, __ATOMIC_RELAXED) : 0;
}

void descriptor_set_own(int fd, uint32_t own)
{
	struct rest *rest = own || descriptor_own(fd) ? rest_of(fd, true) : NULL;
	if (rest)
		__atomic_store_n(&rest->own, own, __ATOMIC_RELAXED);
}

bool descriptors_pending(void)
{
	return __atomic_load_n(&pending, __ATOMIC_RELAXED);
}

void descriptors_each(enum descriptor_flag flag, void (*visit)(int fd, void *context), void *context)
{
	unsigned limit = __atomic_load_n(&descriptor_limit, __ATOMIC_ACQUIRE);
	for (int fd = 0; (unsigned)fd < limit; fd++)
		if (descriptor_has(fd, flag))
			visit(fd, context);
}

// ---- addresses that programs ask for ---------------------------------------------------------------------
//
// As many as there are that programs bind to, and that the policy redirects: they are kept once and never dropped.
// Entry 0 stands for none.

struct list {
	bool *ready;
	unsigned *taken, room;
};

static union graft_address asked_entries[ASKED_ADDRESSES] ROOM;
static struct descriptor_peer peer_entries[PEERS] ROOM;
static bool asked_ready[ASKED_ADDRESSES], peers_ready[PEERS];
static unsigned asked_taken, peers_taken;

static bool same_asked(unsigned number, const void *address)
{
	return descriptor_same_address(&asked_entries[number], address);
}

static bool same_peer(unsigned number, const void *of)
{
	const struct descriptor_peer *peer = of;
	return descriptor_same_address(&peer_entries[number].asked, &peer->asked) &&
	       descriptor_same_address(&peer_entries[number].real, &peer->real);
}

// The number of the entry that is the `same`, or 0.
static unsigned number_of(
        const struct list *list, bool (*same)(unsigned number, const void *), const void *entry)
{
	unsigned count = __atomic_load_n(list->taken, __ATOMIC_RELAXED);
	for (unsigned i = 1; i <= count && i < list->room; i++)
		if (__atomic_load_n(&list->ready[i], __ATOMIC_ACQUIRE) && same(i, entry))
			return i;
	return 0;
}

// The number of a new entry, to be filled in and then made ready; 0: there is no room for another.
static unsigned take_number(const struct list *list)
{
	if (__atomic_load_n(list->taken, __ATOMIC_RELAXED) >= list->room - 1)
		return 0;
	unsigned taken = __atomic_add_fetch(list->taken, 1, __ATOMIC_RELAXED);
	return taken < list->room ? taken : 0;
}

static void make_ready(const struct list *list, unsigned number)
{
	__atomic_store_n(&list->ready[number], true, __ATOMIC_RELEASE);
}

uint64_t descriptor_ask(const union graft_address *address)
{
	const struct list asked = {asked_ready, &asked_taken, ASKED_ADDRESSES};
	union graft_address without_port = *address;
	if (!address->any.sa_family)
		return 0;
	graft_address_set_port(&without_port, 0);
	unsigned number = number_of(&asked, same_asked, &without_port);
	if (!number && (number = take_number(&asked))) {
		asked_entries[number] = without_port;
		make_ready(&asked, number);
	}
	return (uint64_t)number << ASKED_SHIFT;
}

bool descriptor_asked(uint64_t state, union graft_address *address)
{
	unsigned i = (unsigned)(state >> ASKED_SHIFT) & (ASKED_ADDRESSES - 1);
	if (i)
		*address = asked_entries[i];
	return i;
}

uint64_t descriptor_peer_bits(const struct descriptor_peer *peer)
{
	const struct list peers = {peers_ready, &peers_taken, PEERS};
	unsigned number = number_of(&peers, same_peer, peer);
	if (!number && (number = take_number(&peers))) {
		peer_entries[number] = *peer;
		make_ready(&peers, number);
	}
	return (uint64_t)number << PEER_SHIFT;
}

const struct descriptor_peer *descriptor_peer(uint64_t state)
{
	unsigned i = (unsigned)(state >> PEER_SHIFT) & (PEERS - 1);
	return i ? &peer_entries[i] : NULL;
}
