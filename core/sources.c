// The mode of a membership with all its sources at once: MCAST_MSFILTER of RFC 3678.
#include "kernel.h"
#include "membership.h"
#include "socket.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

// As the kernel lays it out; libc's struct group_filter ends in one source.
struct request {
	uint32_t index;
	struct sockaddr_storage group;
	uint32_t mode, count;
	struct sockaddr_storage sources[];
};

_Static_assert((int)GRAFT_EXCLUDE == (int)MCAST_EXCLUDE && (int)GRAFT_INCLUDE == (int)MCAST_INCLUDE,
        "the request takes the modes as they are");

// Past so many sources the request is mapped memory: a signal handler's stack may be small.
enum { ON_STACK = 4, MOST = 1U << 16 };

union small {
	struct request request;
	char room[sizeof(struct request) + ON_STACK * sizeof(struct sockaddr_storage)];
};

static size_t size_for(unsigned sources)
{
	return offsetof(struct request, sources) + sources * sizeof(struct sockaddr_storage);
}

static int begin(struct request *request, unsigned index, const union graft_address *group)
{
	request->index = index;
	return membership_put(&request->group, group);
}

// ---- to get ---------------------------------------------------------------------------------------------

static int ask(
        int fd, struct request *request, unsigned index, const union graft_address *group, unsigned room)
{
	int level = begin(request, index, group);
	socklen_t length = (socklen_t)size_for(room);
	request->count = room;
	return or_no_option(kernel_getsockopt(fd, level, MCAST_MSFILTER, request, &length));
}

static int take(
        const struct request *request, enum graft_mode *mode, union graft_address *sources, unsigned room)
{
	if (mode)
		*mode = request->mode == MCAST_INCLUDE ? GRAFT_INCLUDE : GRAFT_EXCLUDE;
	for (unsigned i = 0; i < request->count && i < room; i++)
		memcpy(&sources[i], &request->sources[i], sizeof(sources[i]));
	return (int)request->count;
}

int graft_sources_get(int fd, unsigned index, const union graft_address *group, enum graft_mode *mode,
        union graft_address *sources, unsigned room)
{
	union small small = {0};
	int error = ask(fd, &small.request, index, group, room < ON_STACK ? room : ON_STACK);
	if (error)
		return error;
	if (room <= ON_STACK || small.request.count <= ON_STACK)
		return take(&small.request, mode, sources, room);
	room = small.request.count < room ? small.request.count : room;
	size_t size = size_for(room);
	struct request *large = kernel_map(size);
	if (!large)
		return -ENOMEM;
	error = ask(fd, large, index, group, room);
	int count = error ? error : take(large, mode, sources, room);
	kernel_unmap(large, size);
	return count;
}

// ---- to set ---------------------------------------------------------------------------------------------

static int put(int fd, struct request *request, unsigned index, const union graft_address *group,
        enum graft_mode mode, const union graft_address *sources, unsigned count)
{
	int level = begin(request, index, group);
	request->mode = mode;
	request->count = count;
	for (unsigned i = 0; i < count; i++) {
		membership_put(&request->sources[i], &sources[i]);
		if (request->sources[i].ss_family != request->group.ss_family)
			return -EINVAL;
	}
	return kernel_setsockopt(fd, level, MCAST_MSFILTER, request, (socklen_t)size_for(count));
}

int graft_sources_set(int fd, unsigned index, const union graft_address *group, enum graft_mode mode,
        const union graft_address *sources, unsigned count)
{
	union small small = {0};
	if (count <= ON_STACK)
		return put(fd, &small.request, index, group, mode, sources, count);
	if (count > MOST)
		return -ENOBUFS;
	size_t size = size_for(count);
	struct request *large = kernel_map(size);
	if (!large)
		return -ENOMEM;
	int error = put(fd, large, index, group, mode, sources, count);
	kernel_unmap(large, size);
	return error;
}
