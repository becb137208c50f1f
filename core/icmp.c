// ICMP filters on raw sockets.
#include "sockgraft.h"

#include "kernel.h"
#include "socket.h"

#include <errno.h>
#include <netinet/icmp6.h>
#include <string.h>

enum { TYPES = 256, PER_WORD = 32, WORDS = TYPES / PER_WORD };

// raw(7), linux/icmp.h
enum { ICMP4_FILTER = 1, LEVEL_RAW = 255 };

void graft_icmp_filter_accept(struct graft_icmp_filter *filter, unsigned type)
{
	if (type < TYPES)
		filter->blocked[type / PER_WORD] &= ~(1U << type % PER_WORD);
}

void graft_icmp_filter_block(struct graft_icmp_filter *filter, unsigned type)
{
	if (type < TYPES)
		filter->blocked[type / PER_WORD] |= 1U << type % PER_WORD;
}

void graft_icmp_filter_accept_all(struct graft_icmp_filter *filter)
{
	memset(filter, 0, sizeof(*filter));
}

void graft_icmp_filter_block_all(struct graft_icmp_filter *filter)
{
	memset(filter, 0xff, sizeof(*filter));
}

bool graft_icmp_filter_will_block(const struct graft_icmp_filter *filter, unsigned type)
{
	return type < TYPES && filter->blocked[type / PER_WORD] >> type % PER_WORD & 1;
}

// IPv4's can't tell the types from 32 on apart: all of them or none may be blocked here, though they pass.
static bool fits_ipv4(const struct graft_icmp_filter *filter)
{
	for (unsigned i = 1; i < WORDS; i++)
		if (filter->blocked[i] != filter->blocked[1])
			return false;
	return !filter->blocked[1] || !~filter->blocked[1];
}

int graft_icmp_filter_set(int fd, const struct graft_icmp_filter *filter)
{
	int family = socket_family(fd);
	if (family < 0)
		return family;
	if (family == AF_INET6)
		return or_no_option(kernel_setsockopt(
		        fd, IPPROTO_ICMPV6, ICMP6_FILTER, filter->blocked, sizeof(filter->blocked)));
	if (!fits_ipv4(filter))
		return -EINVAL;
	return or_no_option(
	        kernel_setsockopt(fd, LEVEL_RAW, ICMP4_FILTER, filter->blocked, sizeof(*filter->blocked)));
}

int graft_icmp_filter_get(int fd, struct graft_icmp_filter *filter)
{
	int family = socket_family(fd);
	if (family < 0)
		return family;
	bool v6 = family == AF_INET6;
	struct graft_icmp_filter got = {0};
	socklen_t length = v6 ? sizeof(got.blocked) : sizeof(*got.blocked);
	int error = kernel_getsockopt(
	        fd, v6 ? IPPROTO_ICMPV6 : LEVEL_RAW, v6 ? ICMP6_FILTER : ICMP4_FILTER, got.blocked, &length);
	if (!error)
		*filter = got;
	return or_no_option(error);
}
