// What the program asks of a socket: its name, its options, and descriptors that arrive through it.
#include "functions.h"

#include "../core/kernel.h"
#include "control.h"
#include "filters.h"
#include "own_joins.h"
#include "settle.h"

#include <errno.h>
#include <string.h>

// ---- getsockname ----------------------------------------------------------------------------------------

// Puts the address that the program asked for where the kernel wrote the wildcard.
static void show_asked(int fd, struct sockaddr *address, socklen_t room)
{
	struct subject subject = subject_known(fd);
	union graft_address local = {0}, asked;
	socklen_t length = sizeof(local);
	if (kernel_getsockname(fd, &local.any, &length) || !graft_address_is_any(&local))
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
	socklen_t room = descriptor_has(fd, WIDENED) && length ? *length : 0;
	int result = next_getsockname(fd, address, length);
	if (!result && room) {
		int kept = errno;
		show_asked(fd, SOCKADDR_OF(address), room);
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
	uint32_t state = descriptor_state(fd);
	int on = 1;
	if (length >= sizeof(on))
		memcpy(&on, value, sizeof(on));
	else if (length)
		on = *(const unsigned char *)value; // ip(7): a byte will do
	if (state & INET && !on)
		descriptor_set(fd, state | ALL_OFF);
}

static void note_own_filter(int fd, int name)
{
	uint32_t state = descriptor_state(fd), flag = OWN_FILTER;
	if (state & INET)
		descriptor_set(fd, name == SO_DETACH_FILTER ? state & ~flag : state | flag);
}

int on_setsockopt(int fd, int level, int name, const void *value, socklen_t length)
{
	int result;
	if (settle_first(fd, MSG_DONTWAIT))
		return -1;
	if (own_joins_intercept(fd, level, name, value, length, &result))
		return result;
	if (!is_filter(level, name)) {
		result = next_setsockopt(fd, level, name, value, length);
		if (!result && is_multicast_all(level, name))
			note_multicast_all(fd, value, length);
		return result;
	}
	settle_shared(fd);
	if (!filters_intercept(fd, name, value, length, &result))
		result = next_setsockopt(fd, level, name, value, length);
	if (!result)
		note_own_filter(fd, name);
	return result;
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

static __attribute__((noinline)) ssize_t settle_and_recvmsg(int fd, struct msghdr *message, int flags)
{
	if (settle_first(fd, flags))
		return -1;
	ssize_t received = next_recvmsg(fd, message, flags);
	if (received >= 0 && !descriptor_has(fd, INET))
		forget_passed(message);
	return received;
}

ssize_t on_recvmsg(int fd, struct msghdr *message, int flags)
{
	if (descriptor_is_quiet(fd, MESSAGE_QUIET))
		return next_recvmsg(fd, message, flags);
	return settle_and_recvmsg(fd, message, flags);
}

static __attribute__((noinline)) int settle_and_recvmmsg(
        int fd, struct mmsghdr *messages, unsigned int count, message_flags flags, struct timespec *timeout)
{
	if (settle_first(fd, (int)flags))
		return -1;
	int received = next_recvmmsg(fd, messages, count, flags, timeout);
	for (int i = 0; i < received && !descriptor_has(fd, INET); i++)
		forget_passed(&messages[i].msg_hdr);
	return received;
}

int on_recvmmsg(
        int fd, struct mmsghdr *messages, unsigned int count, message_flags flags, struct timespec *timeout)
{
	if (descriptor_is_quiet(fd, MESSAGE_QUIET))
		return next_recvmmsg(fd, messages, count, flags, timeout);
	return settle_and_recvmmsg(fd, messages, count, flags, timeout);
}
