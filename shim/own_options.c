// Options that the program sets itself, where the policy has a word on them.
#include "own_options.h"

#include "../core/kernel.h"
#include "functions.h"
#include "interfaces.h"
#include "log.h"
#include "memory.h"
#include "place.h"
#include "start.h"
#include "subject.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>

#ifndef IPV6_UNICAST_IF
#	define IPV6_UNICAST_IF 76
#endif

// ---- which ----------------------------------------------------------------------------------------------

// Beside the rows of core/sockgraft_options.h.
static const struct row {
	int level, name;
	enum held held;
} rows[] = {
        {SOL_SOCKET, SO_RCVBUFFORCE, (enum held)GRAFT_RCVBUF},
        {SOL_SOCKET, SO_SNDBUFFORCE, (enum held)GRAFT_SNDBUF},
        {SOL_SOCKET, SO_REUSEADDR, HELD_REUSE_ADDR},
        {SOL_SOCKET, SO_REUSEPORT, HELD_REUSE_PORT},
        {SOL_SOCKET, SO_BINDTODEVICE, HELD_DEVICE},
        {SOL_SOCKET, SO_BINDTOIFINDEX, HELD_DEVICE},
        {IPPROTO_IP, IP_MULTICAST_IF, HELD_INTERFACE},
        {IPPROTO_IPV6, IPV6_MULTICAST_IF, HELD_INTERFACE},
        {IPPROTO_IPV6, IPV6_PKTINFO, HELD_INTERFACE},
};

// What the option is among those that may be held; HELD_COUNT: none of them.
static enum held find(int level, int name)
{
	for (unsigned i = 0; i < GRAFT_KEYED_OPTIONS; i++)
		for (enum graft_side side = GRAFT_IPV4; side <= GRAFT_IPV6; side++)
			if (graft_option_rows[i].column[side].level == level &&
			        graft_option_rows[i].column[side].name == name)
				return (enum held)i;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].level == level && rows[i].name == name)
			return rows[i].held;
	return HELD_COUNT;
}

static enum policy_key key_of(enum held held)
{
	switch (held) {
	case HELD_DSCP:
		return KEY_DSCP;
	case HELD_INTERFACE:
		return KEY_INTERFACE;
	case HELD_DEVICE:
		return KEY_DEVICE;
	case HELD_REUSE_ADDR:
	case HELD_REUSE_PORT:
		return KEY_REUSE;
	default:
		return (enum policy_key)held;
	}
}

void report_overridden(struct subject *subject, enum held held, bool once)
{
	if (!log_wanted(LOG_INFO))
		return;
	char buffer[96];
	struct text what = TEXT_IN(buffer);
	struct plan plan;
	subject_find_facts(subject);
	plan_make(&plan, &policy, &subject->facts);
	const struct setting *setting = plan.values[key_of(held)];
	text_put(&what, policy_key_words[key_of(held)]);
	text_put(&what, once ? ": what a control message of the program's says changes nothing"
	                     : ": the program's own value changes nothing");
	if (once && !log_first(LOG_INFO, subject->fd, buffer))
		return;
	report_placed(subject, buffer, setting ? setting->origin : NULL);
}

// ---- the kernel's judgement -----------------------------------------------------------------------------

static int probe_like(const struct subject *subject)
{
	int type = subject_is_message(subject) ? SOCK_DGRAM : SOCK_STREAM;
	return kernel_socket(subject->facts.family, type | SOCK_CLOEXEC, 0);
}

void own_options_lend_device(int fd, int probe)
{
	unsigned device = subject_device(fd);
	if (device)
		kernel_setsockopt(probe, SOL_SOCKET, SO_BINDTOIFINDEX, &device, sizeof(device));
}

// ip(7): IP_TOS sets the priority as well.
static int set_beside_priority(int fd, int level, int name, const void *value, socklen_t length)
{
	int priority = 0;
	socklen_t size = sizeof(priority);
	kernel_getsockopt(fd, SOL_SOCKET, SO_PRIORITY, &priority, &size);
	int error = kernel_setsockopt(fd, level, name, value, length);
	if (!error)
		kernel_setsockopt(fd, SOL_SOCKET, SO_PRIORITY, &priority, sizeof(priority));
	return error;
}

// Whether what the kernel tells of the option sets it again: not a buffer, which it doubles, nor an interface.
static bool is_number(enum held held)
{
	return held != (enum held)GRAFT_RCVBUF && held != (enum held)GRAFT_SNDBUF && held != HELD_INTERFACE &&
	       held != HELD_DEVICE;
}

// The last resort of a program that may have no descriptor more: its own socket, which gets back at once what it had. For
// a moment another thread's datagrams have the program's value. What can't be put back is believed.
static int judge_in_place(
        const struct subject *subject, int level, int name, const void *value, socklen_t length, int *number)
{
	int before = 0, fd = subject->fd;
	socklen_t size = sizeof(before);
	if (!is_number(find(level, name)) || kernel_getsockopt(fd, level, name, &before, &size))
		return 0;
	int error = set_beside_priority(fd, level, name, value, length);
	if (error)
		return error;
	if (kernel_getsockopt(fd, level, name, number, &size))
		*number = 0;
	set_beside_priority(fd, level, name, &before, sizeof(before));
	return 0;
}

// What the kernel says of the call: on a socket of a moment, as the program's shall not have the value even for that
// long. `*number`: what the option is there then. The program's own device allows no other interface there either.
static int judge(
        const struct subject *subject, int level, int name, const void *value, socklen_t length, int *number)
{
	socklen_t size = sizeof(*number);
	int probe = probe_like(subject);
	if (probe < 0)
		return judge_in_place(subject, level, name, value, length, number);
	if (find(level, name) == HELD_INTERFACE && !(subject->state & HELD(HELD_DEVICE)))
		own_options_lend_device(subject->fd, probe);
	int error = kernel_setsockopt(probe, level, name, value, length);
	if (!error && kernel_getsockopt(probe, level, name, number, &size))
		*number = 0;
	kernel_close(probe);
	return error;
}

// ---- parts that are the program's still -----------------------------------------------------------------

// The priority, which IP_TOS sets as well, stays as it is where it is held.
static int set_class(const struct subject *subject, int level, int name, const void *value, socklen_t length)
{
	return subject->state & HELD(GRAFT_PRIORITY)
	               ? set_beside_priority(subject->fd, level, name, value, length)
	               : kernel_setsockopt(subject->fd, level, name, value, length);
}

// Of a byte whose upper six bits are held, the lower two: ECN (RFC 3168).
static int set_ecn(const struct subject *subject, int level, int name, int asked)
{
	int whole = 0;
	socklen_t size = sizeof(whole);
	int error = kernel_getsockopt(subject->fd, level, name, &whole, &size);
	int wanted = (whole & ~3) | (asked & 3);
	if (!error && wanted != whole)
		error = set_class(subject, level, name, &wanted, sizeof(wanted));
	return error;
}

// What the program has set itself (descriptor_own), beside what may be held: IPV6_UNICAST_IF, by a source's interface.
enum { OWN_UNICAST = 30 };
_Static_assert((int)HELD_COUNT <= OWN_UNICAST, "a bit of its own");

// Of groups the interface is the policy's; unicast has the program's still, by the option that the kernel looks at next,
// which stays as it is where the program has set that alone.
static void set_unicast_interface(const struct subject *subject, unsigned index)
{
	uint32_t own = descriptor_own(subject->fd), ours = 1U << OWN_UNICAST, value = htonl(index);
	if (!index && !(own & ours))
		return;
	if (!kernel_setsockopt(subject->fd, IPPROTO_IPV6, IPV6_UNICAST_IF, &value, sizeof(value)))
		descriptor_set_own(subject->fd, index ? own | ours : own & ~ours);
}

// The interface of a source address that is set for all datagrams would come before the multicast interface. A socket
// that is bound to a device takes no other, not even none.
static int set_source(struct subject *subject, enum held by, const void *value, socklen_t length)
{
	struct in6_pktinfo info;
	if (length < sizeof(info) || length > INT32_MAX || !readable(value, sizeof(info)))
		return kernel_setsockopt(subject->fd, IPPROTO_IPV6, IPV6_PKTINFO, value, length);
	memcpy(&info, value, sizeof(info));
	unsigned named = (unsigned)info.ipi6_ifindex;
	unsigned device = subject_device(subject->fd);
	if (!device || subject->state & HELD(HELD_DEVICE))
		info.ipi6_ifindex = (__typeof__(info.ipi6_ifindex))device;
	int error = kernel_setsockopt(subject->fd, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info));
	if (!error && !device)
		set_unicast_interface(subject, named);
	if (!error && named)
		report_overridden(subject, by, false);
	return error;
}

// The multicast interface of a socket that is bound to a device is that: what `interface` says is placed again, and refused
// perhaps; or had again, where the program lets go of the device.
static int set_device(struct subject *subject, int level, int name, const void *value, socklen_t length)
{
	unsigned before = policy.fail ? subject_device(subject->fd) : 0;
	int error = kernel_setsockopt(subject->fd, level, name, value, length);
	if (error)
		return error;
	subject_find_facts(subject);
	error = place_key_again(subject, KEY_INTERFACE);
	if (error) { // where it is to fail, as if it had not been
		kernel_setsockopt(subject->fd, SOL_SOCKET, SO_BINDTOIFINDEX, &before, sizeof(before));
		place_key_again(subject, KEY_INTERFACE);
	}
	subject_remember(subject);
	return error;
}

// ---- the call -------------------------------------------------------------------------------------------

// What is held of an option: itself, or what decides over it. A class has dscp for its upper six bits; and a socket that
// is bound to a device has no other interface. HELD_COUNT: nothing.
static enum held held_of(const struct subject *subject, enum held held)
{
	if (subject->state & HELD(held))
		return held;
	if (held_is_class(held) && subject->state & HELD(HELD_DSCP))
		return HELD_DSCP;
	if (held == HELD_INTERFACE && subject->state & HELD(HELD_DEVICE))
		return HELD_DEVICE;
	return HELD_COUNT;
}

static int override(
        struct subject *subject, enum held by, int level, int name, const void *value, socklen_t length)
{
	int number = 0;
	if (name == IPV6_PKTINFO && level == IPPROTO_IPV6)
		return set_source(subject, by, value, length);
	int error = judge(subject, level, name, value, length, &number);
	if (!error && by == HELD_DSCP)
		error = set_ecn(subject, level, name, number);
	if (!error)
		report_overridden(subject, by, false);
	return error;
}

// A raw AF_INET6 socket knows no options of IPv4.
static bool knows(const struct subject *subject, int level)
{
	bool raw6 = subject->state & INET6 && subject->facts.kind == SOCKET_RAW && !(subject->state & PINGS);
	return subject->state & INET && !(raw6 && level == IPPROTO_IP);
}

// Whether what the program sets changes what the policy has placed besides.
static bool reaches_further(const struct subject *subject, enum held held)
{
	if (held == HELD_DEVICE)
		return policy.interfaces && subject_is_message(subject);
	return held == (enum held)GRAFT_TOS && subject->state & HELD(GRAFT_PRIORITY);
}

bool own_options_intercept(int fd, int level, int name, const void *value, socklen_t length, int *result)
{
	struct subject subject = subject_known(fd);
	enum held held = knows(&subject, level) ? find(level, name) : HELD_COUNT;
	if (held == HELD_COUNT)
		return false;
	enum held by = held_of(&subject, held);
	if (by == HELD_COUNT && !reaches_further(&subject, held))
		return false;
	int kept = errno, error;
	if (by != HELD_COUNT)
		error = override(&subject, by, level, name, value, length);
	else if (held == HELD_DEVICE)
		error = set_device(&subject, level, name, value, length);
	else
		error = set_class(&subject, level, name, value, length);
	if (!error && by == HELD_COUNT)
		own_options_note(fd, level, name);
	*result = call_result(error, kept);
	return true;
}

void own_options_note(int fd, int level, int name)
{
	enum held held = policy.defaults ? find(level, name) : HELD_COUNT;
	if (held == HELD_COUNT || !descriptor_has(fd, INET))
		return;
	descriptor_set_own(fd, descriptor_own(fd) | 1U << held);
	if (held != HELD_INTERFACE || !descriptor_has(fd, SPREADS))
		return;
	struct subject subject = subject_known(fd); // it leaves by the program's interface alone
	subject.state &= ~(uint64_t)SPREADS;
	subject_remember(&subject);
}

// ---- before the shim saw the socket -----------------------------------------------------------------------

static bool differs(int fd, int probe, int level, int name)
{
	int here = 0, there = 0;
	socklen_t length = sizeof(here), other = sizeof(there);
	return !kernel_getsockopt(fd, level, name, &here, &length) &&
	       !kernel_getsockopt(probe, level, name, &there, &other) && here != there;
}

// What the kernel itself changes of a stream.
static bool changes_by_itself(const struct subject *subject, enum held held)
{
	return !subject_is_message(subject) &&
	       (held == (enum held)GRAFT_RCVBUF || held == (enum held)GRAFT_SNDBUF);
}

static uint32_t find_own(const struct subject *subject, int probe)
{
	uint32_t own = 0;
	for (unsigned i = 0; i < GRAFT_KEYED_OPTIONS; i++)
		for (enum graft_side side = GRAFT_IPV4; side <= GRAFT_IPV6; side++) {
			int level = graft_option_rows[i].column[side].level;
			int name = graft_option_rows[i].column[side].name;
			if (name && !changes_by_itself(subject, (enum held)i) &&
			        differs(subject->fd, probe, level, name))
				own |= 1U << i;
		}
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].held >= HELD_INTERFACE &&
		        differs(subject->fd, probe, rows[i].level, rows[i].name))
			own |= 1U << rows[i].held;
	return own;
}

// An index is the policy's own where another program, or this one before it was executed, had it placed.
static bool is_placed(const struct subject *subject, const struct setting *setting)
{
	unsigned indexes[SEND_INTERFACES], index = 0;
	socklen_t length = sizeof(index);
	bool missing;
	return setting && subject->state & INET6 &&
	       !kernel_getsockopt(subject->fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &index, &length) && index &&
	       interfaces_find(subject->fd, setting, indexes, &missing) && indexes[0] == index;
}

void own_options_adopt(const struct subject *subject, const struct plan *plan)
{
	int probe = policy.defaults ? probe_like(subject) : -1;
	if (probe < 0)
		return;
	uint32_t own = find_own(subject, probe);
	kernel_close(probe);
	if (own & 1U << HELD_INTERFACE && is_placed(subject, plan->values[KEY_INTERFACE]))
		own &= ~(1U << HELD_INTERFACE);
	descriptor_set_own(subject->fd, own);
}
