// Joining and leaving groups, by the protocol-independent requests of RFC 3678: one code for both families.
#include "membership.h"

#include "kernel.h"

#include <errno.h>
#include <string.h>

int membership_put(struct sockaddr_storage *storage, const union graft_address *address)
{
	union graft_address plain = *address;
	graft_address_unmap(&plain);
	memcpy(storage, &plain, sizeof(plain));
	return plain.any.sa_family == AF_INET6 ? IPPROTO_IPV6 : IPPROTO_IP;
}

static int group_request(int fd, int name, unsigned index, const union graft_address *group)
{
	struct group_req request = {.gr_interface = index};
	int level = membership_put(&request.gr_group, group);
	return kernel_setsockopt(fd, level, name, &request, sizeof(request));
}

static int source_request(
        int fd, int name, unsigned index, const union graft_address *group, const union graft_address *source)
{
	struct group_source_req request = {.gsr_interface = index};
	int level = membership_put(&request.gsr_group, group);
	if (membership_put(&request.gsr_source, source) != level)
		return -EINVAL;
	return kernel_setsockopt(fd, level, name, &request, sizeof(request));
}

int graft_join(int fd, unsigned index, const union graft_address *group)
{
	return group_request(fd, MCAST_JOIN_GROUP, index, group);
}

int graft_leave(int fd, unsigned index, const union graft_address *group)
{
	return group_request(fd, MCAST_LEAVE_GROUP, index, group);
}

int graft_join_source(
        int fd, unsigned index, const union graft_address *group, const union graft_address *source)
{
	return source_request(fd, MCAST_JOIN_SOURCE_GROUP, index, group, source);
}

int graft_leave_source(
        int fd, unsigned index, const union graft_address *group, const union graft_address *source)
{
	return source_request(fd, MCAST_LEAVE_SOURCE_GROUP, index, group, source);
}

int graft_block_source(
        int fd, unsigned index, const union graft_address *group, const union graft_address *source)
{
	return source_request(fd, MCAST_BLOCK_SOURCE, index, group, source);
}

int graft_unblock_source(
        int fd, unsigned index, const union graft_address *group, const union graft_address *source)
{
	return source_request(fd, MCAST_UNBLOCK_SOURCE, index, group, source);
}
