// The interposed functions, one row each: from these rows come the entry points, their slots, the look-up of
// the functions behind them, and the table in the manual.
//
// LOGIC(result, name, parameters, arguments, duty)           handled by on_NAME, written by hand
// SETTLES(result, name, parameters, arguments, duty, flags) settles the socket first, then calls on; `flags`
//                                                            are the call's MSG_ flags; its descriptor is
//                                                            `fd`
// VARIADIC(name, duty)                                       int name(int fd, int command, ...)
//
// duty: when the slot leads to our handler rather than straight to the function behind:
//   RULES    while the process has rules
//   WAITS    while a membership waits for its interface, or an inherited socket for its first call
#ifndef SOCKGRAFT_FUNCTIONS_H
#define SOCKGRAFT_FUNCTIONS_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#ifdef __GLIBC__
// glibc declares these address parameters as a transparent union; it is passed like the pointer in it.
#	define ANY_SOCKADDR         __SOCKADDR_ARG
#	define CONST_SOCKADDR       __CONST_SOCKADDR_ARG
#	define SOCKADDR_OF(address) ((address).__sockaddr__)
typedef int message_flags;
ssize_t __recv_chk(int fd, void *buffer, size_t length, size_t size, int flags);
ssize_t __recvfrom_chk(int fd, void *buffer, size_t length, size_t size, int flags, ANY_SOCKADDR address,
        socklen_t *address_length);
ssize_t __read_chk(int fd, void *buffer, size_t length, size_t size);
int __poll_chk(struct pollfd *fds, nfds_t count, int timeout, size_t size);
int __ppoll_chk(
        struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *mask, size_t size);
#else
#	define ANY_SOCKADDR         struct sockaddr *
#	define CONST_SOCKADDR       const struct sockaddr *
#	define SOCKADDR_OF(address) (address)
typedef unsigned int message_flags;
#endif

// clang-format off
#define SHIM_FUNCTIONS_OF_LIBC(LOGIC, SETTLES, VARIADIC) \
	LOGIC(int, socket, (int family, int type, int protocol), (family, type, protocol), RULES) \
	LOGIC(int, socketpair, (int family, int type, int protocol, int fds[2]), (family, type, protocol, fds), RULES) \
	LOGIC(int, bind, (int fd, CONST_SOCKADDR address, socklen_t length), (fd, address, length), RULES) \
	LOGIC(int, connect, (int fd, CONST_SOCKADDR address, socklen_t length), (fd, address, length), RULES) \
	LOGIC(int, accept, (int fd, ANY_SOCKADDR address, socklen_t *restrict length), (fd, address, length), RULES) \
	LOGIC(int, accept4, (int fd, ANY_SOCKADDR address, socklen_t *restrict length, int flags), \
	      (fd, address, length, flags), RULES) \
	LOGIC(int, close, (int fd), (fd), RULES) \
	LOGIC(int, dup, (int fd), (fd), RULES) \
	LOGIC(int, dup2, (int fd, int to), (fd, to), RULES) \
	LOGIC(int, dup3, (int fd, int to, int flags), (fd, to, flags), RULES) \
	VARIADIC(fcntl, RULES) \
	VARIADIC(fcntl64, RULES) \
	LOGIC(int, getsockname, (int fd, ANY_SOCKADDR address, socklen_t *restrict length), (fd, address, length), RULES) \
	LOGIC(int, setsockopt, (int fd, int level, int name, const void *value, socklen_t length), \
	      (fd, level, name, value, length), RULES) \
	LOGIC(ssize_t, sendto, (int fd, const void *bytes, size_t length, int flags, CONST_SOCKADDR address, \
	      socklen_t address_length), (fd, bytes, length, flags, address, address_length), RULES) \
	LOGIC(ssize_t, sendmsg, (int fd, const struct msghdr *message, int flags), (fd, message, flags), RULES) \
	LOGIC(int, sendmmsg, (int fd, struct mmsghdr *messages, unsigned int count, message_flags flags), \
	      (fd, messages, count, flags), RULES) \
	LOGIC(ssize_t, recvmsg, (int fd, struct msghdr *message, int flags), (fd, message, flags), RULES) \
	SETTLES(ssize_t, send, (int fd, const void *bytes, size_t length, int flags), (fd, bytes, length, flags), \
	         RULES, MSG_DONTWAIT) \
	SETTLES(ssize_t, recv, (int fd, void *bytes, size_t length, int flags), (fd, bytes, length, flags), \
	         RULES, flags) \
	SETTLES(ssize_t, recvfrom, (int fd, void *restrict bytes, size_t length, int flags, ANY_SOCKADDR address, \
	         socklen_t *restrict address_length), (fd, bytes, length, flags, address, address_length), \
	         RULES, flags) \
	LOGIC(int, recvmmsg, (int fd, struct mmsghdr *messages, unsigned int count, message_flags flags, \
	      struct timespec *timeout), (fd, messages, count, flags, timeout), RULES) \
	SETTLES(int, listen, (int fd, int backlog), (fd, backlog), RULES, MSG_DONTWAIT) \
	SETTLES(int, getpeername, (int fd, ANY_SOCKADDR address, socklen_t *restrict length), \
	         (fd, address, length), RULES, MSG_DONTWAIT) \
	SETTLES(int, getsockopt, (int fd, int level, int name, void *restrict value, socklen_t *restrict length), \
	         (fd, level, name, value, length), RULES, MSG_DONTWAIT) \
	SETTLES(ssize_t, read, (int fd, void *bytes, size_t length), (fd, bytes, length), WAITS, \
	        length ? 0 : MSG_DONTWAIT) \
	SETTLES(ssize_t, readv, (int fd, const struct iovec *parts, int count), (fd, parts, count), WAITS, count ? 0 : MSG_DONTWAIT) \
	SETTLES(ssize_t, write, (int fd, const void *bytes, size_t length), (fd, bytes, length), WAITS, MSG_DONTWAIT) \
	LOGIC(int, poll, (struct pollfd *fds, nfds_t count, int timeout), (fds, count, timeout), WAITS) \
	LOGIC(int, ppoll, (struct pollfd *fds, nfds_t count, const struct timespec *timeout, \
	      const sigset_t *mask), (fds, count, timeout, mask), WAITS) \
	LOGIC(int, select, (int count, fd_set *restrict readable, fd_set *restrict writable, \
	      fd_set *restrict exceptional, struct timeval *restrict timeout), \
	      (count, readable, writable, exceptional, timeout), WAITS) \
	LOGIC(int, pselect, (int count, fd_set *restrict readable, fd_set *restrict writable, \
	      fd_set *restrict exceptional, const struct timespec *restrict timeout, \
	      const sigset_t *restrict mask), (count, readable, writable, exceptional, timeout, mask), WAITS) \
	LOGIC(int, epoll_wait, (int fd, struct epoll_event *events, int room, int timeout), \
	      (fd, events, room, timeout), WAITS) \
	LOGIC(int, epoll_pwait, (int fd, struct epoll_event *events, int room, int timeout, const sigset_t *mask), \
	      (fd, events, room, timeout, mask), WAITS) \
	LOGIC(int, epoll_ctl, (int epoll, int operation, int fd, struct epoll_event *event), \
	      (epoll, operation, fd, event), WAITS)

// What _FORTIFY_SOURCE makes of some of them.
#ifdef __GLIBC__
#define SHIM_FUNCTIONS(LOGIC, SETTLES, VARIADIC) \
	SHIM_FUNCTIONS_OF_LIBC(LOGIC, SETTLES, VARIADIC) \
	SETTLES(ssize_t, __recv_chk, (int fd, void *bytes, size_t length, size_t size, int flags), \
	         (fd, bytes, length, size, flags), RULES, flags) \
	SETTLES(ssize_t, __recvfrom_chk, (int fd, void *restrict bytes, size_t length, size_t size, int flags, \
	         ANY_SOCKADDR address, socklen_t *restrict address_length), \
	         (fd, bytes, length, size, flags, address, address_length), RULES, flags) \
	SETTLES(ssize_t, __read_chk, (int fd, void *bytes, size_t length, size_t size), \
	         (fd, bytes, length, size), WAITS, length ? 0 : MSG_DONTWAIT) \
	LOGIC(int, __poll_chk, (struct pollfd *fds, nfds_t count, int timeout, size_t size), \
	      (fds, count, timeout, size), WAITS) \
	LOGIC(int, __ppoll_chk, (struct pollfd *fds, nfds_t count, const struct timespec *timeout, \
	      const sigset_t *mask, size_t size), (fds, count, timeout, mask, size), WAITS)
#else
#define SHIM_FUNCTIONS SHIM_FUNCTIONS_OF_LIBC
#endif
// clang-format on

#pragma GCC visibility push(hidden)

// The functions behind ours: next_bind is what bind would be without us. Set before anything of ours runs.
#define DECLARE_LOGIC(result, name, parameters, arguments, duty)                                             \
	extern result(*next_##name) parameters;                                                              \
	result on_##name parameters;
#define DECLARE_SETTLES(result, name, parameters, arguments, duty, flags)                                    \
	extern result(*next_##name) parameters;
#define DECLARE_VARIADIC(name, duty)                                                                         \
	extern int (*next_##name)(int fd, int command, ...);                                                 \
	int on_##name(int fd, int command, void *argument);
SHIM_FUNCTIONS(DECLARE_LOGIC, DECLARE_SETTLES, DECLARE_VARIADIC)
#undef DECLARE_LOGIC
#undef DECLARE_SETTLES
#undef DECLARE_VARIADIC

#pragma GCC visibility pop

// What an intercepted call returns: 0 with errno as it was, or -1 with the negative `error`'s errno.
static inline int call_result(int error, int kept)
{
	errno = error ? -error : kept;
	return error ? -1 : 0;
}

// Looks up the functions behind ours; at the first call into the library, or when it is loaded.
void functions_find(void);

// From now on the RULES slots lead to our handlers.
void functions_engage(void);

// Whether the WAITS slots lead to our handlers; only after functions_engage.
void functions_engage_waits(bool engaged);

#endif
