// What a socket is, asked of the kernel.
#include "socket.h"

#include "kernel.h"

#include <errno.h>

int socket_family(int fd)
{
	int family = AF_UNSPEC;
	socklen_t length = sizeof(family);
	int error = kernel_getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &length);
	if (error)
		return error;
	return family == AF_INET || family == AF_INET6 ? family : -EAFNOSUPPORT;
}

int or_no_option(int error)
{
	return error == -EOPNOTSUPP ? -ENOPROTOOPT : error;
}
