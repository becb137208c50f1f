// The door to the kernel. BEHIND(f) names the function that does f: libc's, unless whoever includes this file
// says otherwise.
#include "kernel.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef BEHIND
#	define BEHIND(function) function
#endif

static int or_error(int result)
{
	return result < 0 ? -errno : result;
}

int kernel_socket(int family, int type, int protocol)
{
	return or_error(BEHIND(socket)(family, type, protocol));
}

int kernel_close(int fd)
{
	return or_error(BEHIND(close)(fd));
}

int kernel_bind(int fd, const struct sockaddr *address, socklen_t length)
{
	return or_error(BEHIND(bind)(fd, address, length));
}

int kernel_connect(int fd, const struct sockaddr *address, socklen_t length)
{
	return or_error(BEHIND(connect)(fd, address, length));
}

int kernel_getsockname(int fd, struct sockaddr *address, socklen_t *length)
{
	return or_error(BEHIND(getsockname)(fd, address, length));
}

int kernel_getpeername(int fd, struct sockaddr *address, socklen_t *length)
{
	return or_error(BEHIND(getpeername)(fd, address, length));
}

int kernel_getsockopt(int fd, int level, int name, void *value, socklen_t *length)
{
	return or_error(BEHIND(getsockopt)(fd, level, name, value, length));
}

int kernel_setsockopt(int fd, int level, int name, const void *value, socklen_t length)
{
	return or_error(BEHIND(setsockopt)(fd, level, name, value, length));
}

ssize_t kernel_send(int fd, const void *bytes, size_t length, int flags)
{
	ssize_t sent = BEHIND(send)(fd, bytes, length, flags);
	return sent < 0 ? -errno : sent;
}

ssize_t kernel_recv(int fd, void *bytes, size_t length, int flags)
{
	ssize_t received = BEHIND(recv)(fd, bytes, length, flags);
	return received < 0 ? -errno : received;
}

void *kernel_map(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return memory == MAP_FAILED ? NULL : memory;
}

void kernel_unmap(void *memory, size_t size)
{
	munmap(memory, size);
}

int kernel_interface_index(int fd, const char *name)
{
	struct ifreq request = {0};
	size_t length = strlen(name);
	if (length >= sizeof(request.ifr_name))
		return -ENODEV;
	memcpy(request.ifr_name, name, length);
	if (ioctl(fd, SIOCGIFINDEX, &request) < 0)
		return -errno;
	return request.ifr_ifindex;
}
