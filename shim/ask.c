// What the program asks of a socket: its name, its options, and descriptors that arrive through it.
#include "functions.h"

#include "../core/kernel.h"
#include "control.h"
#include "filters.h"
#include "memory.h"
#include "own_joins.h"
#include "own_options.h"
#include "settle.h"

#include <errno.h>
#include <string.h>

typedef int set_function(int fd, int level, int name, const void *value, socklen_t length);
typedef ssize_t receive_function(int fd, struct msghdr *message, int flags);

// ---- getsockname ----------------------------------------------------------------------------------------

// What the kernel has just written; all of it is asked for again where the program had not the room.
static int read_name(
        int fd, const struct sockaddr *address, socklen_t room, socklen_t length, union graft_address *local)
{
	if (length > room)
		return kernel_getsockname(fd, &local->any, &(socklen_t){sizeof(*local)});
	memcpy(local, address, length < sizeof(*local) ? length : sizeof(*local));
	return 0;
}

// Puts the address that the program asked for where the kernel wrote the wildcard.
static void show_asked(int fd, struct sockaddr *address, socklen_t room, socklen_t length)
{
	struct subject subject = subject_known(fd);
	union graft_address local = {0}, asked;
	if (read_name(fd, address, room, length, &local) || !graft_address_is_any(&local))
		return; // connected: the kernel has the address itself
	filters_asked(&subject, &asked);
	if (!asked.any.sa_family)
		return;
	graft_address_set_port(&asked, graft_address_port(&local));
	memcpy(address, &asked, room < length ? room : length);
}

int on_getsockname(int fd, ANY_SOCKADDR address, socklen_t *restrict length)
{
	if (settle_first(fd, MSG_DONTWAIT))
		return -1;
	settle_shared(fd);
	bool widened = descriptor_has(fd, WIDENED);
	socklen_t room = widened && readable(length, sizeof(*length)) ? *length : 0;
	int result = next.getsockname(fd, address, length);
	if (!result && room) {
		int kept = errno;
		show_asked(fd, SOCKADDR_OF(address), room, *length);
		errno = kept;
	}
	return result;
}

// ---- setsockopt -----------------------------------------------------------------------------------------

static bool is_filter(int level, int name)
{
	return level == SOL_SOCKET &&
	       (name == SO_ATTACH_FILTER || name == SO_DETACH_FILTER || name == SO_ATTACH_BPF);
}

static bool is_multicast_all(int level, int name)
{
	return (level == IPPROTO_IP && name == IP_MULTICAST_ALL) ||
	       (level == IPPROTO_IPV6 && name == IPV6_MULTICAST_ALL);
}

// So that a bind that fails doesn't turn on what the program turned off.
static void note_multicast_all(int fd, const void *value, socklen_t length)
{
	uint64_t state = descriptor_state(fd);
	int on = 1;
	if (!value) // ipv6(7) takes it for 0
		on = 0;
	else if (length >= sizeof(on))
		memcpy(&on, value, sizeof(on));
	else if (length)
		on = *(const unsigned char *)value; // ip(7): a byte will do
	if (state & INET && !on)
		descriptor_replace(fd, state, state | ALL_OFF);
}

static void note_own_filter(int fd, int name)
{
	uint64_t state = descriptor_state(fd), flag = OWN_FILTER;
	if (state & INET)
		descriptor_replace(fd, state, name == SO_DETACH_FILTER ? state & ~flag : state | flag);
}

static int set_option(set_function *behind, int fd, int level, int name, const void *value, socklen_t length)
{
	int result;
	if (settle_first(fd, MSG_DONTWAIT))
		return -1;
	if (own_joins_intercept(fd, level, name, value, length, &result) ||
	        own_options_intercept(fd, level, name, value, length, &result))
		return result;
	if (!is_filter(level, name)) {
		result = behind(fd, level, name, value, length);
		if (!result && is_multicast_all(level, name))
			note_multicast_all(fd, value, length);
		if (!result)
			own_options_note(fd, level, name);
		return result;
	}
	settle_shared(fd);
	if (!filters_intercept(fd, name, value, length, &result))
		result = behind(fd, level, name, value, length);
	if (!result)
		note_own_filter(fd, name);
	return result;
}

int on_setsockopt(int fd, int level, int name, const void *value, socklen_t length)
{
	return set_option(next.setsockopt, fd, level, name, value, length);
}

// ---- descriptors that arrive ----------------------------------------------------------------------------

// Whatever was known of these numbers was of other sockets.
static void forget_passed(struct msghdr *message)
{
	for (struct cmsghdr *at = CMSG_FIRSTHDR(message); at; at = control_after(message, at)) {
		if (at->cmsg_level != SOL_SOCKET || at->cmsg_type != SCM_RIGHTS)
			continue;
		size_t count = (at->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < count; i++) {
			int passed;
			memcpy(&passed, CMSG_DATA(at) + i * sizeof(int), sizeof(int));
			descriptor_set(passed, 0);
		}
	}
}

static __attribute__((noinline)) ssize_t settle_and_recvmsg(
        receive_function **behind, int fd, struct msghdr *message, int flags)
{
	if (settle_first(fd, flags))
		return -1;
	ssize_t received = (*behind)(fd, message, flags);
	if (received >= 0 && !descriptor_has(fd, INET))
		forget_passed(message);
	return received;
}

ssize_t on_recvmsg(int fd, struct msghdr *message, int flags)
{
	if (descriptor_is_quiet(fd, MESSAGE_QUIET))
		return next.recvmsg(fd, message, flags);
	return settle_and_recvmsg(&next.recvmsg, fd, message, flags);
}

static int forget_all_passed(int fd, struct mmsghdr *messages, int received)
{
	for (int i = 0; i < received && !descriptor_has(fd, INET); i++)
		forget_passed(&messages[i].msg_hdr);
	return received;
}

static __attribute__((noinline)) int settle_and_recvmmsg(
        int fd, struct mmsghdr *messages, unsigned int count, message_flags flags, struct timespec *timeout)
{
	if (settle_first(fd, (int)flags))
		return -1;
	return forget_all_passed(fd, messages, next.recvmmsg(fd, messages, count, flags, timeout));
}

int on_recvmmsg(
        int fd, struct mmsghdr *messages, unsigned int count, message_flags flags, struct timespec *timeout)
{
	if (descriptor_is_quiet(fd, MESSAGE_QUIET))
		return next.recvmmsg(fd, messages, count, flags, timeout);
	return settle_and_recvmmsg(fd, messages, count, flags, timeout);
}

// ---- with a time of 64 bits -----------------------------------------------------------------------------

#ifdef SHIM_HAS_TIME64
int on___setsockopt64(int fd, int level, int name, const void *value, socklen_t length)
{
	return set_option(next.__setsockopt64, fd, level, name, value, length);
}

ssize_t on___recvmsg64(int fd, struct msghdr *message, int flags)
{
	return settle_and_recvmsg(&next.__recvmsg64, fd, message, flags);
}

int on___recvmmsg64(
        int fd, struct mmsghdr *messages, unsigned int count, message_flags flags, struct timespec64 *timeout)
{
	if (settle_first(fd, flags))
		return -1;
	return forget_all_passed(fd, messages, next.__recvmmsg64(fd, messages, count, flags, timeout));
}
#endif
