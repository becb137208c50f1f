// Options on each side that a socket has, in one call.
//
// On an AF_INET6 socket IPv6 comes first. Its IPv4 side is set also where the socket is IPv6 only, which changes
// nothing then and spares the question; a raw AF_INET6 socket has none, and says -ENOPROTOOPT.
#include "kernel.h"
#include "options.h"
#include "socket.h"

#include <errno.h>
#include <string.h>

static bool has_one_column(enum graft_option option)
{
	if (!option_has_side(option, GRAFT_IPV4) || !option_has_side(option, GRAFT_IPV6))
		return true;
	const struct graft_option_row *row = &graft_option_rows[option];
	return row->unit == GRAFT_UNIT_GAUGE ||
	       row->column[GRAFT_IPV4].level == row->column[GRAFT_IPV6].level;
}

static enum graft_side first_side(int family, enum graft_option option)
{
	return family == AF_INET6 && option_has_side(option, GRAFT_IPV6) ? GRAFT_IPV6 : GRAFT_IPV4;
}

static int set_both(int fd, enum graft_option option, int64_t value)
{
	int64_t before;
	int error = graft_side_get(fd, option, GRAFT_IPV6, &before);
	if (!error)
		error = graft_side_set(fd, option, GRAFT_IPV6, value);
	if (error)
		return error;
	error = graft_side_set(fd, option, GRAFT_IPV4, value);
	if (!error || error == -ENOPROTOOPT)
		return 0;
	graft_side_set(fd, option, GRAFT_IPV6, before);
	return error;
}

int graft_set(int fd, enum graft_option option, int64_t value)
{
	int family = socket_family(fd);
	if (family < 0)
		return family;
	if (family == AF_INET || has_one_column(option))
		return graft_side_set(fd, option, first_side(family, option), value);
	return set_both(fd, option, value);
}

int graft_get(int fd, enum graft_option option, int64_t *value)
{
	int family = socket_family(fd);
	if (family < 0)
		return family;
	return graft_side_get(fd, option, first_side(family, option), value);
}

// ---- the outgoing interface of multicast ----------------------------------------------------------------

static int set_ipv4(int fd, const struct ip_mreqn *request)
{
	int error = kernel_setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, request, sizeof(*request));
	return error == -EADDRNOTAVAIL ? -ENODEV : error;
}

int graft_side_multicast_interface_set(int fd, enum graft_side side, unsigned index)
{
	if (side == GRAFT_IPV6)
		return kernel_setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &index, sizeof(index));
	return set_ipv4(fd, &(struct ip_mreqn){.imr_ifindex = (int)index});
}

static int set_with_address(int fd, unsigned index)
{
	struct ip_mreqn request = {.imr_ifindex = (int)index};
	char name[GRAFT_INTERFACE_NAME];
	int error = index ? kernel_interface_name(fd, index, name) : 0;
	if (index && !error)
		kernel_interface_address(fd, name, &request.imr_address); // it may have none
	return error ? error : set_ipv4(fd, &request);
}

static int get_ipv6(int fd, unsigned *index)
{
	socklen_t length = sizeof(*index);
	return kernel_getsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, index, &length);
}

// The index of the one interface that carries the address, in the network namespace of the socket.
static int index_by_address(int fd, struct in_addr address, const struct ifreq *list, size_t count)
{
	int found = -ENODEV;
	for (size_t i = 0; i < count; i++) {
		struct sockaddr_in carried;
		memcpy(&carried, &list[i].ifr_addr, sizeof(carried));
		if (carried.sin_addr.s_addr != address.s_addr)
			continue;
		int index = kernel_interface_index(fd, list[i].ifr_name);
		if (index < 0)
			return index;
		if (found > 0 && found != index)
			return -ENOTUNIQ;
		found = index;
	}
	return found;
}

static int find_by_address(int fd, struct in_addr address)
{
	int needed = kernel_interface_addresses(fd, NULL, 0);
	if (needed <= 0)
		return needed ? needed : -ENODEV;
	struct ifreq *list = kernel_map((size_t)needed);
	if (!list)
		return -ENOMEM;
	int got = kernel_interface_addresses(fd, list, needed);
	int index = got < 0 ? got : index_by_address(fd, address, list, (size_t)got / sizeof(*list));
	kernel_unmap(list, (size_t)needed);
	return index;
}

static int get_ipv4(int fd, unsigned *index)
{
	struct in_addr address;
	socklen_t length = sizeof(address);
	int error = kernel_getsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &address, &length);
	if (error)
		return error;
	int found = address.s_addr == INADDR_ANY ? 0 : find_by_address(fd, address);
	if (found < 0)
		return found;
	*index = (unsigned)found;
	return 0;
}

static int set_both_interfaces(int fd, unsigned index)
{
	unsigned before;
	int error = get_ipv6(fd, &before);
	if (!error)
		error = graft_side_multicast_interface_set(fd, GRAFT_IPV6, index);
	if (error)
		return error;
	error = graft_side_multicast_interface_set(fd, GRAFT_IPV4, index);
	if (!error || error == -ENOPROTOOPT)
		return 0;
	graft_side_multicast_interface_set(fd, GRAFT_IPV6, before);
	return error;
}

int graft_multicast_interface_set(int fd, unsigned index)
{
	int family = socket_family(fd);
	if (family < 0)
		return family;
	return family == AF_INET ? set_with_address(fd, index) : set_both_interfaces(fd, index);
}

int graft_multicast_interface_get(int fd, unsigned *index)
{
	int family = socket_family(fd);
	if (family < 0)
		return family;
	return family == AF_INET ? get_ipv4(fd, index) : get_ipv6(fd, index);
}
