// The door to the kernel: every system call that core makes, and no other.
//
// In the library and the command these are libc's; in the shim they are the functions behind its own, so that
// core never re-enters the shim and other preloaded libraries still see the calls. Results are those of the
// call; errors are negative errno values.
#ifndef SOCKGRAFT_KERNEL_H
#define SOCKGRAFT_KERNEL_H

#include <net/if.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>

int kernel_socket(int family, int type, int protocol);
int kernel_close(int fd);
int kernel_bind(int fd, const struct sockaddr *address, socklen_t length);
int kernel_connect(int fd, const struct sockaddr *address, socklen_t length);
int kernel_getsockname(int fd, struct sockaddr *address, socklen_t *length);
int kernel_getpeername(int fd, struct sockaddr *address, socklen_t *length);
int kernel_getsockopt(int fd, int level, int name, void *value, socklen_t *length);
int kernel_setsockopt(int fd, int level, int name, const void *value, socklen_t length);
ssize_t kernel_send(int fd, const void *bytes, size_t length, int flags);
ssize_t kernel_recv(int fd, void *bytes, size_t length, int flags);
ssize_t kernel_sendmsg(int fd, const struct msghdr *message, int flags);
ssize_t kernel_recvmsg(int fd, struct msghdr *message, int flags);
int kernel_sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags);
int kernel_recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags);

// A file to read, closed on exec.
int kernel_open(const char *path);
ssize_t kernel_read(int fd, void *bytes, size_t length);

// pidfd_open(2) and pidfd_getfd(2), which libcs don't have for long.
int kernel_pidfd_open(pid_t pid);
int kernel_pidfd_getfd(int pidfd, int fd);

// Zeroed memory for a moment's work, or NULL; and giving it back.
void *kernel_map(size_t size);
void kernel_unmap(void *memory, size_t size);

// netdevice(7), in the network namespace of the socket: the index of the interface that `name` names, the
// name to an index, and, of an AF_INET socket, the first address.
int kernel_interface_index(int fd, const char *name);
int kernel_interface_name(int fd, unsigned index, char name[IF_NAMESIZE]);
int kernel_interface_address(int fd, const char *name, struct in_addr *address);

// The names of all interfaces with an IPv4 address, and those, in `size` bytes; without a list, how many it
// takes.
int kernel_interface_addresses(int fd, struct ifreq *list, int size);

#endif
