// The door to the kernel. BEHIND(f) names the function that does f: libc's, unless whoever includes this file
// says otherwise.
#include "kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef BEHIND
#	define BEHIND(function) function
#endif

// As libc's own header has it.
#ifdef __GLIBC__
typedef int batch_flags;
#else
typedef unsigned batch_flags;
#endif

static int or_error(int result)
{
	return result < 0 ? -errno : result;
}

// ---- calls of core's own conversations ------------------------------------------------------------------
//
// libc's are cancellation points (pthreads(7)), these are none: a thread must not end in the middle of what is one
// call to its program, with a descriptor of ours open.

static int hold_cancellation(void)
{
	int before;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
	return before;
}

static ssize_t or_error_uncancelled(ssize_t result, int before)
{
	ssize_t value = result < 0 ? -errno : result;
	pthread_setcancelstate(before, NULL);
	return value;
}

int kernel_close(int fd)
{
	int before = hold_cancellation();
	return (int)or_error_uncancelled(BEHIND(close)(fd), before);
}

int kernel_connect(int fd, const struct sockaddr *address, socklen_t length)
{
	int before = hold_cancellation();
	return (int)or_error_uncancelled(BEHIND(connect)(fd, address, length), before);
}

ssize_t kernel_send(int fd, const void *bytes, size_t length, int flags)
{
	int before = hold_cancellation();
	return or_error_uncancelled(BEHIND(send)(fd, bytes, length, flags), before);
}

ssize_t kernel_recv(int fd, void *bytes, size_t length, int flags)
{
	int before = hold_cancellation();
	return or_error_uncancelled(BEHIND(recv)(fd, bytes, length, flags), before);
}

int kernel_open(const char *path)
{
	int before = hold_cancellation();
	return (int)or_error_uncancelled(open(path, O_RDONLY | O_CLOEXEC), before);
}

ssize_t kernel_read(int fd, void *bytes, size_t length)
{
	int before = hold_cancellation();
	return or_error_uncancelled(BEHIND(read)(fd, bytes, length), before);
}

// ---- calls on the program's sockets ---------------------------------------------------------------------

int kernel_socket(int family, int type, int protocol)
{
	return or_error(BEHIND(socket)(family, type, protocol));
}

int kernel_bind(int fd, const struct sockaddr *address, socklen_t length)
{
	return or_error(BEHIND(bind)(fd, address, length));
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

ssize_t kernel_sendmsg(int fd, const struct msghdr *message, int flags)
{
	ssize_t sent = BEHIND(sendmsg)(fd, message, flags);
	return sent < 0 ? -errno : sent;
}

ssize_t kernel_recvmsg(int fd, struct msghdr *message, int flags)
{
	ssize_t received = BEHIND(recvmsg)(fd, message, flags);
	return received < 0 ? -errno : received;
}

int kernel_sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags)
{
	return or_error(BEHIND(sendmmsg)(fd, messages, count, (batch_flags)flags));
}

int kernel_recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags)
{
	return or_error(BEHIND(recvmmsg)(fd, messages, count, (batch_flags)flags, NULL));
}

// Newer than some headers (Linux 5.3 and 5.6).
#ifndef SYS_pidfd_open
#	define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_getfd
#	define SYS_pidfd_getfd 438
#endif

int kernel_pidfd_open(pid_t pid)
{
	return or_error((int)syscall(SYS_pidfd_open, pid, 0));
}

int kernel_pidfd_getfd(int pidfd, int fd)
{
	return or_error((int)syscall(SYS_pidfd_getfd, pidfd, fd, 0));
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

static int put_name(struct ifreq *request, const char *name)
{
	size_t length = strlen(name);
	if (length >= sizeof(request->ifr_name))
		return -ENODEV;
	memcpy(request->ifr_name, name, length);
	return 0;
}

// Of an ioctl: what is no socket doesn't know these requests.
static int or_no_socket(int result)
{
	int error = or_error(result);
	return error == -ENOTTY ? -ENOTSOCK : error;
}

int kernel_interface_index(int fd, const char *name)
{
	struct ifreq request = {0};
	int error = put_name(&request, name);
	if (!error)
		error = or_no_socket(ioctl(fd, SIOCGIFINDEX, &request));
	return error ? error : request.ifr_ifindex;
}

int kernel_interface_name(int fd, unsigned index, char name[IF_NAMESIZE])
{
	struct ifreq request = {.ifr_ifindex = (int)index};
	int error = or_no_socket(ioctl(fd, SIOCGIFNAME, &request));
	if (!error)
		memcpy(name, request.ifr_name, IF_NAMESIZE);
	return error;
}

static struct in_addr address_of(const struct ifreq *request)
{
	struct sockaddr_in address;
	memcpy(&address, &request->ifr_addr, sizeof(address));
	return address.sin_addr;
}

int kernel_interface_address(int fd, const char *name, struct in_addr *address)
{
	struct ifreq request = {.ifr_addr.sa_family = AF_INET};
	int error = put_name(&request, name);
	if (!error)
		error = or_no_socket(ioctl(fd, SIOCGIFADDR, &request));
	if (!error)
		*address = address_of(&request);
	return error;
}

int kernel_interface_addresses(int fd, struct ifreq *list, int size)
{
	struct ifconf request = {.ifc_len = size, .ifc_req = list};
	int error = or_no_socket(ioctl(fd, SIOCGIFCONF, &request));
	return error ? error : request.ifc_len;
}
