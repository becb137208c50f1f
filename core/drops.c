// What a socket had no room for.
#include "sockgraft.h"

#include "kernel.h"

#include <errno.h>

// Linux 4.12; struct members by their order in linux/sock_diag.h.
enum { MEMORY_INFO = 55, INFO_DROPS = 8, INFO_COUNT = 9 };

int graft_drops(int fd, uint32_t *count)
{
	uint32_t info[INFO_COUNT];
	socklen_t length = sizeof(info);
	int error = kernel_getsockopt(fd, SOL_SOCKET, MEMORY_INFO, info, &length);
	if (!error && length <= INFO_DROPS * sizeof(*info))
		error = -ENOPROTOOPT;
	if (!error)
		*count = info[INFO_DROPS];
	return error;
}
