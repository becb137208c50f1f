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
};

#define TABLE_BYTES (sizeof(struct descriptor) * DESCRIPTORS_AT_MOST)

struct descriptor *descriptor_table;
unsigned descriptor_limit;

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

// Makes entry `fd` usable. Two threads may do this at once: both only ever add.
static bool grow(unsigned fd)
{
	if (fd >= DESCRIPTORS_AT_MOST)
		return false;
	size_t page = getauxval(AT_PAGESZ);
	size_t bytes = ((fd + GROWS_BY) * sizeof(struct descriptor) + page - 1) / page * page;
	if (bytes > TABLE_BYTES)
		bytes = TABLE_BYTES;
	if (mprotect(descriptor_table, bytes, PROT_READ | PROT_WRITE))
		return false;
	unsigned limit = (unsigned)(bytes / sizeof(struct descriptor));
	if (limit > DESCRIPTORS_AT_MOST)
		limit = DESCRIPTORS_AT_MOST;
	unsigned now = __atomic_load_n(&descriptor_limit, __ATOMIC_RELAXED);
	while (now < limit && !__atomic_compare_exchange_n(&descriptor_limit, &now, limit, false,
	                              __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		;
	return true;
}

bool descriptors_start(void)
{
	// Address space is reserved for the whole table and made usable page by page: the table never moves,
	// so it can be read without a lock, and mlockall finds no more of it than is in use.
	void *table = mmap(NULL, TABLE_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (table == MAP_FAILED)
		return false;
	descriptor_table = table;
	return grow(0);
}

static void count(unsigned *counter, uint32_t flag, uint32_t before, uint32_t after)
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

static void count_waiting(uint32_t before, uint32_t after)
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

static bool may_write(int fd, uint32_t state)
{
	if (!descriptor_table || fd < 0)
		return false;
	unsigned limit = __atomic_load_n(&descriptor_limit, __ATOMIC_ACQUIRE);
	return (unsigned)fd < limit || (state && grow((unsigned)fd));
}

void descriptor_set(int fd, uint32_t state)
{
	const uint32_t kept = GOVERNED | PENDING | WIDENED | INHERITED;
	if (!may_write(fd, state) || ((descriptor_state(fd) | state) & kept && in_vfork_child()))
		return;
	uint32_t before = __atomic_exchange_n(&descriptor_table[fd].state, state, __ATOMIC_ACQ_REL);
	count_waiting(before, state);
}

void descriptor_replace(int fd, uint32_t before, uint32_t state)
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
	return __atomic_exchange_n(&descriptor_table[fd].tried, now, __ATOMIC_RELAXED) != now;
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

// ---- asked addresses ------------------------------------------------------------------------------------
//
// As many as the host has addresses that programs bind to: they are kept once and never dropped.

static union graft_address asked[ASKED_ADDRESSES] ROOM;
static unsigned asked_count; // taken; entry 0 stands for none
static bool asked_ready[ASKED_ADDRESSES];

static bool same(const union graft_address *a, const union graft_address *b)
{
	return graft_address_equal(a, b) &&
	       (a->any.sa_family == AF_INET || a->v6.sin6_scope_id == b->v6.sin6_scope_id);
}

uint32_t descriptor_ask(const union graft_address *address)
{
	if (!address->any.sa_family)
		return 0;
	unsigned count = __atomic_load_n(&asked_count, __ATOMIC_RELAXED);
	for (unsigned i = 1; i <= count && i < ASKED_ADDRESSES; i++)
		if (__atomic_load_n(&asked_ready[i], __ATOMIC_ACQUIRE) && same(&asked[i], address))
			return i << ASKED_SHIFT;
	if (count >= ASKED_ADDRESSES - 1)
		return 0;
	unsigned taken = __atomic_add_fetch(&asked_count, 1, __ATOMIC_RELAXED);
	if (taken >= ASKED_ADDRESSES)
		return 0;
	asked[taken] = *address;
	graft_address_set_port(&asked[taken], 0);
	__atomic_store_n(&asked_ready[taken], true, __ATOMIC_RELEASE);
	return taken << ASKED_SHIFT;
}

bool descriptor_asked(uint32_t state, union graft_address *address)
{
	unsigned i = state >> ASKED_SHIFT & (ASKED_ADDRESSES - 1);
	if (!i)
		return false;
	*address = asked[i];
	return true;
}
