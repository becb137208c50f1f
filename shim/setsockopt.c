// setsockopt: what the program sets itself, where the policy has a word on it.
#include "functions.h"

#include "control.h"
#include "filters.h"
#include "outgoing.h"
#include "own_joins.h"
#include "own_options.h"
#include "settle.h"
#include "start.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

enum { UDP_CORK_OPTION = 1 }; // UDP_CORK of netinet/udp.h, which excludes linux/udp.h

typedef int set_function(int fd, int level, int name, const void *value, socklen_t length);

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

static void note_cork(int fd, const void *value)
{
	int on;
	struct subject subject = subject_known(fd);
	memcpy(&on, value, sizeof(on)); // which the kernel has read
	if (subject.state & INET)
		outgoing_corked(&subject, on);
}

static void note_timestamping(int fd, const void *value)
{
	uint64_t state = descriptor_state(fd), flag = STAMPED;
	int on;
	memcpy(&on, value, sizeof(on)); // as above
	if (state & INET)
		descriptor_replace(fd, state, on ? state | flag : state & ~flag);
}

// After a call that succeeded: what matters to datagrams that leave by several interfaces.
static void note_of_sending(int fd, int level, int name, const void *value)
{
	if (!policy.spreads)
		return;
	if (level == IPPROTO_UDP && name == UDP_CORK_OPTION)
		note_cork(fd, value);
	if (level == SOL_SOCKET && (name == SO_TIMESTAMPING_OLD || name == SO_TIMESTAMPING_NEW))
		note_timestamping(fd, value);
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
		if (!result)
			note_of_sending(fd, level, name, value);
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

// ---- with a time of 64 bits -----------------------------------------------------------------------------

#ifdef SHIM_HAS_TIME64
int on___setsockopt64(int fd, int level, int name, const void *value, socklen_t length)
{
	return set_option(next.__setsockopt64, fd, level, name, value, length);
}
#endif
