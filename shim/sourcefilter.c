// setsourcefilter and setipv4sourcefilter (RFC 3678), of which glibc makes a setsockopt of its own, past every library.
//
// Where the policy may have a word on it they become the setsockopt that glibc would make. All else, memory that can't be
// read included, is glibc's.
#include "functions.h"

#ifdef __GLIBC__

#	include "../core/kernel.h"
#	include "memory.h"
#	include "own_joins.h"
#	include "settle.h"

#	include <string.h>

enum { FEW = 4 }; // sources that lie on the stack, which may be the small one of a signal handler

// An option's value: what stands before the sources, and those.
struct parts {
	const void *head, *sources;
	size_t head_size, sources_size;
};

static bool intercept_in(char *value, int fd, int level, int name, const struct parts *parts, int *result)
{
	memcpy(value, parts->head, parts->head_size);
	if (parts->sources_size)
		memcpy(value + parts->head_size, parts->sources, parts->sources_size);
	return own_joins_intercept(
	        fd, level, name, value, (socklen_t)(parts->head_size + parts->sources_size), result);
}

// true: `*result` is what the call returns (errno set); false: not concerned, call on.
static bool intercept(int fd, int level, int name, const struct parts *parts, int *result)
{
	char few[GROUP_FILTER_SIZE(FEW)];
	size_t size = parts->head_size + parts->sources_size;
	if (size > INT32_MAX || !own_joins_concerned(fd, level) ||
	        !readable(parts->sources, parts->sources_size))
		return false;
	if (size <= sizeof(few))
		return intercept_in(few, fd, level, name, parts, result);
	char *value = kernel_map(size);
	if (!value) { // as glibc has it
		errno = ENOMEM;
		*result = -1;
		return true;
	}
	bool ours = intercept_in(value, fd, level, name, parts, result);
	kernel_unmap(value, size);
	return ours;
}

// ---- any family -----------------------------------------------------------------------------------------

// glibc goes by the length first, and the kernel doesn't look at the family of an IPv6 group.
static int level_of(const struct sockaddr *group, socklen_t length)
{
	if (length == sizeof(struct sockaddr_in6) && family_at(group) != AF_ROSE)
		return IPPROTO_IPV6;
	return length == sizeof(struct sockaddr_in) && family_at(group) == AF_INET ? IPPROTO_IP : -1;
}

int on_setsourcefilter(int fd, uint32_t index, const struct sockaddr *group, socklen_t length, uint32_t mode,
        uint32_t count, const struct sockaddr_storage *sources)
{
	struct group_filter head = {.gf_interface = index, .gf_fmode = mode, .gf_numsrc = count};
	const struct parts parts = {&head, sources, GROUP_FILTER_SIZE(0), count * sizeof(*sources)};
	int result;
	if (settle_first(fd, MSG_DONTWAIT))
		return -1;
	int level = readable(group, length) ? level_of(group, length) : -1;
	if (level < 0)
		return next.setsourcefilter(fd, index, group, length, mode, count, sources);
	memcpy(&head.gf_group, group, length);
	if (intercept(fd, level, MCAST_MSFILTER, &parts, &result))
		return result;
	return next.setsourcefilter(fd, index, group, length, mode, count, sources);
}

// ---- IPv4 -----------------------------------------------------------------------------------------------

int on_setipv4sourcefilter(int fd, struct in_addr interface, struct in_addr group, uint32_t mode,
        uint32_t count, const struct in_addr *sources)
{
	const struct ip_msfilter head = {.imsf_multiaddr = group,
	        .imsf_interface = interface,
	        .imsf_fmode = mode,
	        .imsf_numsrc = count};
	const struct parts parts = {&head, sources, IP_MSFILTER_SIZE(0), count * sizeof(*sources)};
	int result;
	if (settle_first(fd, MSG_DONTWAIT))
		return -1;
	if (intercept(fd, IPPROTO_IP, IP_MSFILTER, &parts, &result))
		return result;
	return next.setipv4sourcefilter(fd, interface, group, mode, count, sources);
}

#endif
