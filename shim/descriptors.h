// What is known of each descriptor: a table indexed by descriptor, read and written without locks.
//
// The kernel's socket is the truth; the table only spares us from asking it again. A descriptor that the
// table knows nothing of is looked at (adopted) at its next call; forgetting one is therefore always safe.
#ifndef SOCKGRAFT_DESCRIPTORS_H
#define SOCKGRAFT_DESCRIPTORS_H

#include "../core/sockgraft.h"

#include <stdint.h>

enum descriptor_flag {
	SEEN = 1 << 0,
	RECEIVE_QUIET = 1 << 1, // calls that neither name nor address the socket have nothing to do first
	SEND_QUIET = 1 << 2,    // nor has sendto and its like
	MESSAGE_QUIET = 1 << 3, // RECEIVE_QUIET; no descriptors arrive (AF_UNIX), nor answers in another name
	INHERITED = 1 << 4, // an inet socket that was open when the program started; no call on it seen yet
	INET = 1 << 5,
	INET6 = 1 << 6, // AF_INET6, together with INET
	KIND_SHIFT = 7, // two bits: enum socket_kind
	NAMED = 1 << 9, // bound by the program or the kernel: rules on the local address have been applied
	ADDRESSED = 1 << 10,   // rules on the destination have been applied
	WIDENED = 1 << 11,     // bound to the wildcard where the program asked for one address
	FILTERED = 1 << 12,    // our packet filter is attached
	OWN_FILTER = 1 << 13,  // the program attached a packet filter
	PENDING = 1 << 14,     // a membership waits for its interface
	GOVERNED = 1 << 15,    // some rule placed something on it
	WRITE_QUIET = 1 << 16, // RECEIVE_QUIET, and send, write and writev have nothing to do with a datagram
	CONTROL_QUIET = 1 << 17, // SEND_QUIET, and sendmsg has no control message to look for
	SPREADS = 1 << 18,       // what it sends to a group leaves by several interfaces
	CORKED = 1 << 19,        // datagrams are put together from several calls: they leave by one interface
	PEER_IS_GROUP = 1 << 20, // connected to a group
	ANSWERED = 1 << 21,     // has sent to a peer in another's place: answers may come, in that one's name
	OWN_SOURCE = 1 << 22,   // the program bound it to an address, from which it sends
	OWN_JOINS = 1 << 23,    // what the program joined is not what it asked for (own_joins.c)
	SOURCED = 1 << 24,      // WIDENED, and its datagrams leave from the asked address
	SEND_SETTLED = 1 << 25, // SEND_QUIET but for the source of a SOURCED socket
	SHARED = 1 << 26,       // another descriptor of the same socket may have named it
	PINGS = 1 << 27,        // datagrams of ICMP: hears the answers to what it sent, and no groups
	ALL_OFF = 1 << 28,      // the program itself turned IP_MULTICAST_ALL off
	PARTLY = 1 << 29,       // some membership of the policy was refused, or is of the program's making
	STAMPED = 1 << 30,      // the program has turned on SO_TIMESTAMPING
};

// The upper half of a state.
enum {
	ASKED_SHIFT = 32, // eight bits: the address that the program asked to be bound to (descriptor_asked)
	PEER_SHIFT =
	        40, // seven bits: the peer that the program asked for where it has another (descriptor_peer)
	HELD_SHIFT = 47, // the rest: what the policy holds on to (enum held)
};

// What the policy may hold on to, whatever the program says: the options by their number, and these.
enum held {
	HELD_DSCP = GRAFT_KEYED_OPTIONS,
	HELD_INTERFACE,
	HELD_DEVICE,
	HELD_REUSE_ADDR,
	HELD_REUSE_PORT,
	HELD_COUNT,
};
static inline bool held_is_class(enum held held)
{
	return held == (enum held)GRAFT_TOS || held == (enum held)GRAFT_TCLASS;
}

#define HELD(what) (1ULL << (HELD_SHIFT + (what)))

// What a control message may say otherwise for one datagram.
#define HELD_IN_CONTROL                                                                                      \
	(HELD(GRAFT_TOS) | HELD(GRAFT_TCLASS) | HELD(HELD_DSCP) | HELD(GRAFT_TTL) | HELD(GRAFT_HOPLIMIT) |   \
	        HELD(GRAFT_MULTICAST_TTL) | HELD(GRAFT_MULTICAST_HOPLIMIT) | HELD(GRAFT_MARK) |              \
	        HELD(GRAFT_PRIORITY) | HELD(HELD_INTERFACE) | HELD(HELD_DEVICE))
_Static_assert(HELD_SHIFT + HELD_COUNT <= 64, "all that is held fits in a state");

// The policy has a word on the interfaces that its multicast leaves by: exits.c keeps them.
#define HAS_EXITS (SPREADS | HELD(HELD_INTERFACE))

struct descriptor {
	uint64_t state __attribute__((aligned(8))); // descriptor_flag bits and what follows; 0: nothing known
};

#pragma GCC visibility push(hidden) // so that the quick way needs no look-up in the global offset table
extern struct descriptor *descriptor_table;
extern unsigned descriptor_limit; // entries that can be read
#pragma GCC visibility pop

static inline uint64_t descriptor_state(int fd)
{
	if ((unsigned)fd >= __atomic_load_n(&descriptor_limit, __ATOMIC_ACQUIRE))
		return 0;
	return __atomic_load_n(&descriptor_table[(unsigned)fd].state, __ATOMIC_ACQUIRE);
}

static inline __attribute__((always_inline)) bool descriptor_has(int fd, uint64_t flags) // any of them
{
	return descriptor_state(fd) & flags;
}

// The same for RECEIVE_QUIET and its like, where it nearly always holds. Plain loads, which the compiler
// folds into the comparison and the test: two instructions fewer on every datagram. Both words are written
// whole, the limit after the entries that it admits, and neither is ever taken back.
#ifdef __SANITIZE_THREAD__ // which can't know that
static inline bool descriptor_is_quiet(int fd, uint64_t flag)
{
	return descriptor_has(fd, flag);
}
#else
static inline __attribute__((always_inline)) bool descriptor_is_quiet(int fd, uint64_t flag)
{
	return __builtin_expect((unsigned)fd < descriptor_limit, true) &&
	       __builtin_expect((descriptor_table[(unsigned)fd].state & flag) != 0, true);
}
#endif

// Makes the table; before anything else here. false: no memory for it, nothing can be governed.
bool descriptors_start(void);

// Whose descriptor `fd` is now: remembers its `state`; 0 forgets it. In the child of vfork, which shares this memory
// with its parent, what the parent knows of a governed socket is left alone, and none is put in the place of what the
// parent has at that number.
void descriptor_set(int fd, uint64_t state);

// What is known besides of the same socket: nothing is written if the entry is no longer `before`, as another thread
// has closed the descriptor in the meantime, and its number may be that of a new socket.
void descriptor_replace(int fd, uint64_t before, uint64_t state);

// A child is being made that runs in this memory: from now on it is asked who writes.
void descriptors_shared(void);

// What the program has set itself, bits of 1U << enum held: a default of the policy does not come over it any more.
// Kept from the first call on, forgotten with the descriptor.
uint32_t descriptor_own(int fd);
void descriptor_set_own(int fd, uint32_t own);

// true at most once a second for each pending descriptor.
bool descriptor_try(int fd);

// Whether any descriptor is PENDING.
bool descriptors_pending(void);

// Calls `visit` for each descriptor that has `flag`.
void descriptors_each(enum descriptor_flag flag, void (*visit)(int fd, void *context), void *context);

// The bits of a state that stand for an asked address; the same address gets the same bits. 0: there is none
// (AF_UNSPEC), or the room for different addresses is used up, and it must be read back from the filter.
uint64_t descriptor_ask(const union graft_address *address);

// The asked address of a state; false: read it from the filter.
bool descriptor_asked(uint64_t state, union graft_address *address);

// The same for the peer that the program asked for and the one that it has in its place, with their ports; NULL: what is
// asked for is to be had from the policy.
struct descriptor_peer {
	union graft_address asked, real;
};
uint64_t descriptor_peer_bits(const struct descriptor_peer *peer);
const struct descriptor_peer *descriptor_peer(uint64_t state);

// Whether two addresses are the same in all that counts: version, port, zone.
static inline bool descriptor_same_address(const union graft_address *a, const union graft_address *b)
{
	if (a->any.sa_family != b->any.sa_family ||
	        a->v4.sin_port != b->v4.sin_port) // in the same place for both
		return false;
	if (a->any.sa_family == AF_INET)
		return a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr;
	return IN6_ARE_ADDR_EQUAL(&a->v6.sin6_addr, &b->v6.sin6_addr) &&
	       a->v6.sin6_scope_id == b->v6.sin6_scope_id;
}
#define PEER_BITS (127ULL << PEER_SHIFT)

#endif
