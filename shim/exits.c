// The interfaces that a socket's multicast leaves by.
#include "exits.h"

#include "../core/kernel.h"
#include "../core/text.h"
#include "load.h"
#include "start.h"

#include <errno.h>
#include <string.h>
#include <time.h>

// One for each descriptor, as long as no other with the same remainder takes its place. Written by whoever makes the
// version odd, and read by whoever finds it the same and even before and after; who can't waits for nobody, and finds
// the interfaces for itself.
enum { KEPT = 256 };

static struct kept {
	unsigned version;
	int fd; // and 1, so that 0 is nobody's
	const struct setting *setting;
	uint32_t second; // when they were found
	struct exits exits;
} kept[KEPT] ROOM;

static struct kept *place_of(int fd)
{
	return &kept[(unsigned)fd % KEPT];
}

static uint32_t now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
	return (uint32_t)time.tv_sec;
}

static void keep(int fd, const struct setting *setting, const struct exits *exits)
{
	struct kept *place = place_of(fd);
	unsigned version = __atomic_load_n(&place->version, __ATOMIC_RELAXED);
	if (version & 1 || !__atomic_compare_exchange_n(&place->version, &version, version + 1, false,
	                           __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return;
	__atomic_thread_fence(__ATOMIC_RELEASE);
	place->fd = exits ? fd + 1 : 0;
	place->setting = setting;
	place->second = now();
	if (exits) {
		place->exits.count = exits->count;
		place->exits.sourced = exits->sourced;
		memcpy(place->exits.list, exits->list, exits->count * sizeof(*exits->list));
	}
	__atomic_store_n(&place->version, version + 2, __ATOMIC_RELEASE);
}

// Whether what is kept is the socket's, and then what it is.
static bool recall(int fd, const struct setting **setting, uint32_t *second, struct exits *exits)
{
	const struct kept *place = place_of(fd);
	unsigned version = __atomic_load_n(&place->version, __ATOMIC_ACQUIRE);
	if (version & 1 || place->fd != fd + 1)
		return false;
	*setting = place->setting;
	*second = place->second;
	exits->count = place->exits.count;
	exits->sourced = place->exits.sourced;
	if (exits->count > SEND_INTERFACES)
		return false;
	memcpy(exits->list, place->exits.list, exits->count * sizeof(*exits->list));
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return __atomic_load_n(&place->version, __ATOMIC_RELAXED) == version;
}

// ---- finding them ---------------------------------------------------------------------------------------

// The address that the kernel would send from to `peer` by this interface: a socket of a moment is connected to it.
static union graft_address source_on(const struct subject *subject, unsigned index, union graft_address peer)
{
	union graft_address source = {0};
	socklen_t length = sizeof(source);
	bool v4 = subject->facts.family == AF_INET || graft_address_is_mapped(&peer);
	int probe = kernel_socket(subject->facts.family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (probe < 0)
		return source;
	if (!v4 && graft_address_is_link_local(&peer))
		peer.v6.sin6_scope_id = index;
	if (graft_side_multicast_interface_set(probe, v4 ? GRAFT_IPV4 : GRAFT_IPV6, index) ||
	        kernel_connect(probe, &peer.any, graft_address_length(&peer)) ||
	        kernel_getsockname(probe, &source.any, &length))
		source.any.sa_family = AF_UNSPEC;
	kernel_close(probe);
	return source;
}

// Where the kernel doesn't choose it anew for each: a socket that the program bound to an address sends from that, even
// where a control message names an interface alone (ip(7)); one that is connected to a group has the source that connect
// gave it, that of one interface.
static void find_sources(const struct subject *subject, struct exits *exits)
{
	union graft_address local = {0}, peer = {0};
	socklen_t length = sizeof(local);
	exits->sourced = false;
	if (!exits->count || !(subject->state & (OWN_SOURCE | PEER_IS_GROUP)) ||
	        kernel_getsockname(subject->fd, &local.any, &length))
		return;
	if (subject->state & OWN_SOURCE) {
		exits->sourced = true;
		for (unsigned i = 0; i < exits->count; i++)
			exits->list[i].source = local;
		return;
	}
	length = sizeof(peer);
	if (kernel_getpeername(subject->fd, &peer.any, &length))
		return;
	for (unsigned i = 0; i < exits->count; i++)
		exits->list[i].source = source_on(subject, exits->list[i].index, peer);
	exits->sourced = graft_address_equal(&exits->list[0].source, &local);
}

void exits_place(
        const struct subject *subject, const struct setting *setting, struct exits *exits, bool *missing)
{
	unsigned indexes[SEND_INTERFACES];
	exits->count = interfaces_find(subject->fd, setting, indexes, missing);
	for (unsigned i = 0; i < exits->count; i++)
		exits->list[i] = (struct exit){.index = indexes[i]};
	find_sources(subject, exits);
	keep(subject->fd, setting, exits);
}

static const struct setting *setting_for(struct subject *subject, const union graft_address *to)
{
	struct plan plan;
	subject_find_facts(subject);
	if (to->any.sa_family && !subject->facts.to_known) {
		subject->facts.to = *to;
		subject->facts.to_known = true;
	}
	plan_make(&plan, &policy, &subject->facts);
	return plan.values[KEY_INTERFACE];
}

static bool may_change(const struct setting *setting, unsigned count)
{
	bool missing = count < setting->value.interfaces.count;
	for (unsigned i = 0; i < setting->value.interfaces.count && !missing; i++)
		missing = setting->value.interfaces.items[i].by == GRAFT_BY_PATTERN;
	return missing;
}

bool exits_are_one(int fd, bool connected)
{
	const struct kept *place = place_of(fd);
	unsigned version = __atomic_load_n(&place->version, __ATOMIC_ACQUIRE);
	if (version & 1 || place->fd != fd + 1 || place->exits.count != 1 ||
	        (connected && !place->exits.sourced))
		return false;
	const struct setting *setting = place->setting;
	uint32_t second = place->second;
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return __atomic_load_n(&place->version, __ATOMIC_RELAXED) == version &&
	       (!may_change(setting, 1) || second == now());
}

// The socket's own multicast interface is the first: what leaves by one alone leaves by that.
static SELDOM __attribute__((noinline)) void find_again(
        const struct subject *subject, const struct setting *setting, unsigned first, struct exits *exits)
{
	exits_place(subject, setting, exits, &(bool){false});
	for (enum graft_side side = GRAFT_IPV4; side <= GRAFT_IPV6; side++)
		if (exits->count && exits->list[0].index != first)
			graft_side_multicast_interface_set(subject->fd, side, exits->list[0].index);
}

static unsigned first_of(const struct exits *exits)
{
	return exits->count ? exits->list[0].index : 0;
}

void exits_get(struct subject *subject, const union graft_address *to, struct exits *exits)
{
	const struct setting *setting;
	uint32_t second;
	unsigned first = 0;
	if (recall(subject->fd, &setting, &second, exits)) {
		if (!may_change(setting, exits->count) || second == now())
			return;
		first = first_of(exits);
	} else {
		setting = setting_for(subject, to);
	}
	exits->count = 0;
	if (setting)
		find_again(subject, setting, first, exits);
}

void exits_renew(struct subject *subject)
{
	const union graft_address nowhere = {0};
	const struct setting *setting;
	uint32_t second;
	struct exits exits = {.count = 0};
	if (!recall(subject->fd, &setting, &second, &exits))
		setting = setting_for(subject, &nowhere);
	if (setting)
		find_again(subject, setting, first_of(&exits), &exits);
}

void exits_failed(struct subject *subject)
{
	const struct setting *setting;
	uint32_t second;
	struct exits exits;
	if (recall(subject->fd, &setting, &second, &exits) && second != now())
		find_again(subject, setting, first_of(&exits), &exits);
}

void exits_copy(int from, int to)
{
	const struct setting *setting;
	uint32_t second;
	struct exits exits;
	bool known = recall(from, &setting, &second, &exits);
	keep(to, known ? setting : NULL, known ? &exits : NULL);
}

void exits_put_name(struct text *text, int fd, unsigned index)
{
	char name[GRAFT_INTERFACE_NAME];
	if (graft_interface_name(fd, index, name))
		text_put_number(text, index);
	else
		text_put(text, name);
}

const char *exits_hint(const struct subject *subject, int error, char buffer[EXITS_HINT])
{
	unsigned device = error == -EINVAL ? subject_device(subject->fd) : 0;
	struct text hint = {.start = buffer, .size = EXITS_HINT};
	bool ours = subject->state & HELD(HELD_DEVICE);
	if (!device)
		return NULL;
	text_put(&hint, ours ? "device= binds the socket to " : "the program bound the socket to ");
	exits_put_name(&hint, subject->fd, device);
	text_put(&hint, ", and multicast leaves by that alone");
	text_put(&hint, ours ? "" : "; device= overrides it");
	return buffer;
}

int exits_number(const struct exits *exits, unsigned index)
{
	for (unsigned i = 0; i < exits->count; i++)
		if (exits->list[i].index == index)
			return (int)i;
	return -1;
}
