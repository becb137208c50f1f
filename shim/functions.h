// The interposed functions, one row each: from these rows come the entry points, their slots, the look-up of
// the functions behind them, the test that compares each with the function behind it, and the list in the
// manual.
//
// LOGIC(result, name, parameters, arguments, duty, why)      handled by on_NAME, written by hand
// SETTLES(result, name, parameters, arguments, duty, flags)  settles the socket first, then calls on; `flags`
//                                                            are the call's MSG_ flags; its descriptor is
//                                                            `fd`
// VARIADIC(result, name, parameters, arguments, duty, why)   LOGIC, declared with "..." in libc's header; its
//                                                            arguments travel as those of a function that
//                                                            takes as many as it can read
// ALIAS(alias, name)                                         libc's other name for the same function
//
// duty: when the slot leads to our handler rather than straight to the function behind:
//   RULES    while the process has rules
//   WAITS    while a membership waits for its interface, or an inherited socket for its first call
//   WRITES   as WAITS, or while the process has a rule with several interfaces
// why: for the manual
#ifndef SOCKGRAFT_FUNCTIONS_H
#define SOCKGRAFT_FUNCTIONS_H

#ifdef __clang__
#	if __has_feature(address_sanitizer)
#		define __SANITIZE_ADDRESS__ 1
#	endif
#	if __has_feature(thread_sanitizer)
#		define __SANITIZE_THREAD__ 1
#	endif
#endif

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
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
#define SHIM_FUNCTIONS_OF_LIBC(LOGIC, SETTLES, VARIADIC, ALIAS) \
	LOGIC(int, socket, (int family, int type, int protocol), (family, type, protocol), RULES, \
	      "the values that hold for the new socket; a raw one joins") \
	LOGIC(int, socketpair, (int family, int type, int protocol, int fds[2]), (family, type, protocol, fds), RULES, \
	      "notes that these are none of ours") \
	LOGIC(int, bind, (int fd, CONST_SOCKADDR address, socklen_t length), (fd, address, length), RULES, \
	      "rules on the local address; joins, and where the socket is bound") \
	LOGIC(int, connect, (int fd, CONST_SOCKADDR address, socklen_t length), (fd, address, length), RULES, \
	      "rules on the destination, and where redirect connects it to; the source address of a widened socket") \
	LOGIC(int, accept, (int fd, ANY_SOCKADDR address, socklen_t *restrict length), (fd, address, length), RULES, \
	      "rules on the connection's addresses") \
	LOGIC(int, accept4, (int fd, ANY_SOCKADDR address, socklen_t *restrict length, int flags), \
	      (fd, address, length, flags), RULES, "as accept") \
	LOGIC(int, close, (int fd), (fd), RULES, "forgets what is known of the descriptor") \
	LOGIC(int, fclose, (FILE *stream), (stream), RULES, "as close, of its descriptor") \
	LOGIC(int, dup, (int fd), (fd), RULES, "the copy is known like the original") \
	LOGIC(int, dup2, (int fd, int to), (fd, to), RULES, "as dup") \
	LOGIC(int, dup3, (int fd, int to, int flags), (fd, to, flags), RULES, "as dup") \
	VARIADIC(int, fcntl, (int fd, int command, void *argument), (fd, command, argument), RULES, \
	         "as dup, for F_DUPFD and F_DUPFD_CLOEXEC") \
	LOGIC(int, getsockname, (int fd, ANY_SOCKADDR address, socklen_t *restrict length), (fd, address, length), RULES, \
	      "tells the address that the program asked for") \
	LOGIC(int, setsockopt, (int fd, int level, int name, const void *value, socklen_t length), \
	      (fd, level, name, value, length), RULES, "the program's own memberships, packet filters, and options that the policy holds on to") \
	LOGIC(ssize_t, sendto, (int fd, const void *bytes, size_t length, int flags, CONST_SOCKADDR address, \
	      socklen_t address_length), (fd, bytes, length, flags, address, address_length), RULES, \
	      "the first datagram: rules on the destination, and joins; of each: redirect, several interfaces, the " \
	      "source address of a widened socket") \
	LOGIC(ssize_t, sendmsg, (int fd, const struct msghdr *message, int flags), (fd, message, flags), RULES, \
	      "as sendto") \
	LOGIC(int, sendmmsg, (int fd, struct mmsghdr *messages, unsigned int count, message_flags flags), \
	      (fd, messages, count, flags), RULES, "as sendto") \
	LOGIC(ssize_t, recvmsg, (int fd, struct msghdr *message, int flags), (fd, message, flags), RULES, \
	      "as recvfrom; descriptors that arrive are unknown") \
	LOGIC(int, recvmmsg, (int fd, struct mmsghdr *messages, unsigned int count, message_flags flags, \
	      struct timespec *timeout), (fd, messages, count, flags, timeout), RULES, "as recvmsg") \
	LOGIC(ssize_t, send, (int fd, const void *bytes, size_t length, int flags), (fd, bytes, length, flags), \
	        RULES, "to the peer: each of several interfaces") \
	SETTLES(ssize_t, recv, (int fd, void *bytes, size_t length, int flags), (fd, bytes, length, flags), \
	        RULES, flags) \
	LOGIC(ssize_t, recvfrom, (int fd, void *restrict bytes, size_t length, int flags, ANY_SOCKADDR address, \
	        socklen_t *restrict address_length), (fd, bytes, length, flags, address, address_length), \
	        RULES, "the sender, where it stands in another's place") \
	SETTLES(int, listen, (int fd, int backlog), (fd, backlog), RULES, MSG_DONTWAIT) \
	LOGIC(int, getpeername, (int fd, ANY_SOCKADDR address, socklen_t *restrict length), \
	        (fd, address, length), RULES, "tells the peer that the program asked for") \
	LOGIC(int, getsockopt, (int fd, int level, int name, void *restrict value, socklen_t *restrict length), \
	      (fd, level, name, value, length), RULES, "the address of the multicast interface, where that is the policy's") \
	VARIADIC(int, clone, (int (*function)(void *), void *stack, int flags, void *argument, void *a, void *b, void *c), \
	         (function, stack, flags, argument, a, b, c), RULES, "as vfork, with CLONE_VM") \
	VARIADIC(long, syscall, (long number, long a, long b, long c, long d, long e, long f), \
	         (number, a, b, c, d, e, f), RULES, \
	         "forgets a descriptor that is closed or made so; no other call is looked at") \
	SETTLES(ssize_t, read, (int fd, void *bytes, size_t length), (fd, bytes, length), WAITS, \
	        length ? 0 : MSG_DONTWAIT) \
	SETTLES(ssize_t, readv, (int fd, const struct iovec *parts, int count), (fd, parts, count), WAITS, \
	        count ? 0 : MSG_DONTWAIT) \
	LOGIC(ssize_t, write, (int fd, const void *bytes, size_t length), (fd, bytes, length), WRITES, "as send") \
	LOGIC(ssize_t, writev, (int fd, const struct iovec *parts, int count), (fd, parts, count), WRITES, "as send") \
	LOGIC(int, poll, (struct pollfd *fds, nfds_t count, int timeout), (fds, count, timeout), WAITS, \
	      "adopts inherited sockets; wakes to try again what waits") \
	LOGIC(int, ppoll, (struct pollfd *fds, nfds_t count, const struct timespec *timeout, \
	      const sigset_t *mask), (fds, count, timeout, mask), WAITS, "as poll") \
	LOGIC(int, select, (int count, fd_set *restrict readable, fd_set *restrict writable, \
	      fd_set *restrict exceptional, struct timeval *restrict timeout), \
	      (count, readable, writable, exceptional, timeout), WAITS, "as poll") \
	LOGIC(int, pselect, (int count, fd_set *restrict readable, fd_set *restrict writable, \
	      fd_set *restrict exceptional, const struct timespec *restrict timeout, \
	      const sigset_t *restrict mask), (count, readable, writable, exceptional, timeout, mask), WAITS, "as poll") \
	LOGIC(int, epoll_wait, (int fd, struct epoll_event *events, int room, int timeout), \
	      (fd, events, room, timeout), WAITS, "wakes to try again what waits") \
	LOGIC(int, epoll_pwait, (int fd, struct epoll_event *events, int room, int timeout, const sigset_t *mask), \
	      (fd, events, room, timeout, mask), WAITS, "as epoll_wait") \
	LOGIC(int, epoll_ctl, (int epoll, int operation, int fd, struct epoll_event *event), \
	      (epoll, operation, fd, event), WAITS, "adopts inherited sockets")

// Its child returns first, and overwrites what lies above the stack pointer: whoever passes the call on must have
// nothing there. An optimizing compiler makes a jump of it.
#define SHIM_FUNCTIONS_OF_VFORK(LOGIC, SETTLES, VARIADIC, ALIAS) \
	LOGIC(pid_t, vfork, (void), (), RULES, "its child, in its parent's memory, forgets nothing that its parent knows")
#if defined __OPTIMIZE__ && !defined __SANITIZE_ADDRESS__ && !defined __SANITIZE_THREAD__
#define SHIM_SEES_VFORK
#define SHIM_FUNCTIONS_OF_OPTIMIZER SHIM_FUNCTIONS_OF_VFORK
#else
#define SHIM_FUNCTIONS_OF_OPTIMIZER(LOGIC, SETTLES, VARIADIC, ALIAS)
#endif

#ifdef __GLIBC__
// What glibc has besides: newer calls, what _FORTIFY_SOURCE makes of some, and public second names.
#define SHIM_FUNCTIONS_OF_GLIBC(LOGIC, SETTLES, VARIADIC, ALIAS) \
	LOGIC(int, close_range, (unsigned int first, unsigned int last, int flags), (first, last, flags), RULES, \
	      "as close, of each") \
	LOGIC(void, closefrom, (int first), (first), RULES, "as close, of each") \
	LOGIC(int, epoll_pwait2, (int fd, struct epoll_event *events, int room, const struct timespec *timeout, \
	      const sigset_t *mask), (fd, events, room, timeout, mask), WAITS, "as epoll_wait") \
	SETTLES(ssize_t, __recv_chk, (int fd, void *bytes, size_t length, size_t size, int flags), \
	        (fd, bytes, length, size, flags), RULES, flags) \
	LOGIC(ssize_t, __recvfrom_chk, (int fd, void *restrict bytes, size_t length, size_t size, int flags, \
	        ANY_SOCKADDR address, socklen_t *restrict address_length), \
	        (fd, bytes, length, size, flags, address, address_length), RULES, "as recvfrom") \
	SETTLES(ssize_t, __read_chk, (int fd, void *bytes, size_t length, size_t size), \
	        (fd, bytes, length, size), WAITS, length ? 0 : MSG_DONTWAIT) \
	LOGIC(int, __poll_chk, (struct pollfd *fds, nfds_t count, int timeout, size_t size), \
	      (fds, count, timeout, size), WAITS, "as poll") \
	LOGIC(int, __ppoll_chk, (struct pollfd *fds, nfds_t count, const struct timespec *timeout, \
	      const sigset_t *mask, size_t size), (fds, count, timeout, mask, size), WAITS, "as poll") \
	LOGIC(int, setsourcefilter, (int fd, uint32_t index, const struct sockaddr *group, socklen_t length, \
	      uint32_t mode, uint32_t count, const struct sockaddr_storage *sources), \
	      (fd, index, group, length, mode, count, sources), RULES, "as setsockopt, of MCAST_MSFILTER") \
	LOGIC(int, setipv4sourcefilter, (int fd, struct in_addr interface, struct in_addr group, uint32_t mode, \
	      uint32_t count, const struct in_addr *sources), (fd, interface, group, mode, count, sources), RULES, \
	      "as setsockopt, of IP_MSFILTER") \
	ALIAS(__clone, clone) \
	ALIAS(__close, close) \
	ALIAS(_IO_fclose, fclose) \
	ALIAS(__connect, connect) \
	ALIAS(__dup2, dup2) \
	ALIAS(__fcntl, fcntl) \
	ALIAS(__poll, poll) \
	ALIAS(__read, read) \
	ALIAS(__select, select) \
	ALIAS(__send, send) \
	ALIAS(__sendmmsg, sendmmsg) \
	ALIAS(__write, write)
#else
#define SHIM_FUNCTIONS_OF_GLIBC(LOGIC, SETTLES, VARIADIC, ALIAS)
#endif

// Where time_t was 32 bits wide, programs built with _TIME_BITS=64 call other names of all that tells a time.
struct timespec64 {
	int64_t tv_sec;
	int32_t tv_nsec, unused;
};
struct timeval64 {
	int64_t tv_sec, tv_usec;
};
#define SHIM_FUNCTIONS_OF_TIME64(LOGIC, SETTLES, VARIADIC, ALIAS) \
	VARIADIC(int, fcntl64, (int fd, int command, void *argument), (fd, command, argument), RULES, "as fcntl") \
	VARIADIC(int, __fcntl_time64, (int fd, int command, void *argument), (fd, command, argument), RULES, \
	         "as fcntl") \
	LOGIC(int, __setsockopt64, (int fd, int level, int name, const void *value, socklen_t length), \
	      (fd, level, name, value, length), RULES, "as setsockopt") \
	LOGIC(int, __getsockopt64, (int fd, int level, int name, void *restrict value, socklen_t *restrict length), \
	      (fd, level, name, value, length), RULES, "as getsockopt") \
	LOGIC(ssize_t, __sendmsg64, (int fd, const struct msghdr *message, int flags), (fd, message, flags), RULES, \
	      "as sendto") \
	LOGIC(int, __sendmmsg64, (int fd, struct mmsghdr *messages, unsigned int count, message_flags flags), \
	      (fd, messages, count, flags), RULES, "as sendto") \
	LOGIC(ssize_t, __recvmsg64, (int fd, struct msghdr *message, int flags), (fd, message, flags), RULES, \
	      "as recvmsg") \
	LOGIC(int, __recvmmsg64, (int fd, struct mmsghdr *messages, unsigned int count, message_flags flags, \
	      struct timespec64 *timeout), (fd, messages, count, flags, timeout), RULES, "as recvmsg") \
	LOGIC(int, __ppoll64, (struct pollfd *fds, nfds_t count, const struct timespec64 *timeout, \
	      const sigset_t *mask), (fds, count, timeout, mask), WAITS, "as poll") \
	LOGIC(int, __select64, (int count, fd_set *restrict readable, fd_set *restrict writable, \
	      fd_set *restrict exceptional, struct timeval64 *restrict timeout), \
	      (count, readable, writable, exceptional, timeout), WAITS, "as poll") \
	LOGIC(int, __pselect64, (int count, fd_set *restrict readable, fd_set *restrict writable, \
	      fd_set *restrict exceptional, const struct timespec64 *restrict timeout, \
	      const sigset_t *restrict mask), (count, readable, writable, exceptional, timeout, mask), WAITS, "as poll") \
	LOGIC(int, __epoll_pwait2_time64, (int fd, struct epoll_event *events, int room, \
	      const struct timespec64 *timeout, const sigset_t *mask), (fd, events, room, timeout, mask), WAITS, \
	      "as epoll_wait")

#if defined __GLIBC__ && __TIMESIZE == 32
#define SHIM_HAS_TIME64
#define SHIM_FUNCTIONS_OF_WIDTH SHIM_FUNCTIONS_OF_TIME64
#elif defined __GLIBC__
#define SHIM_FUNCTIONS_OF_WIDTH(LOGIC, SETTLES, VARIADIC, ALIAS) ALIAS(fcntl64, fcntl)
#else
#define SHIM_FUNCTIONS_OF_WIDTH(LOGIC, SETTLES, VARIADIC, ALIAS)
#endif

#define SHIM_FUNCTIONS(LOGIC, SETTLES, VARIADIC, ALIAS) \
	SHIM_FUNCTIONS_OF_LIBC(LOGIC, SETTLES, VARIADIC, ALIAS) \
	SHIM_FUNCTIONS_OF_OPTIMIZER(LOGIC, SETTLES, VARIADIC, ALIAS) \
	SHIM_FUNCTIONS_OF_GLIBC(LOGIC, SETTLES, VARIADIC, ALIAS) \
	SHIM_FUNCTIONS_OF_WIDTH(LOGIC, SETTLES, VARIADIC, ALIAS)

// The same for who treats every function alike: EACH(result, name, parameters, arguments, duty).
#define SHIM_ROW_LOGIC(result, name, parameters, arguments, duty, more) EACH(result, name, parameters, arguments, duty)
#define SHIM_ROW_ALIAS(alias, name)
#define SHIM_EACH_FUNCTION SHIM_FUNCTIONS(SHIM_ROW_LOGIC, SHIM_ROW_LOGIC, SHIM_ROW_LOGIC, SHIM_ROW_ALIAS)
// clang-format on

#pragma GCC visibility push(hidden)

// The functions behind ours: next.bind is what bind would be without us. Set before anything of ours runs.
extern struct functions {
#define EACH(result, name, parameters, arguments, duty) result(*name) parameters;
	SHIM_EACH_FUNCTION
#undef EACH
} next;

// Our handlers: on_bind.
#define EACH(result, name, parameters, arguments, duty) result on_##name parameters;
SHIM_EACH_FUNCTION
#undef EACH

#pragma GCC visibility pop

// What an intercepted call returns: 0 with errno as it was, or -1 with the negative `error`'s errno.
static inline int call_result(int error, int kept)
{
	errno = error ? -error : kept;
	return error ? -1 : 0;
}

// Looks up the functions behind ours: in behind.c.
void functions_find(void);

// The slots lead to the functions behind, once those are known.
void functions_open(void);

// From now on the RULES slots lead to our handlers; and the WRITES slots, where every write counts.
void functions_engage(bool writes);

// Whether the WAITS slots lead to our handlers; only after functions_engage.
void functions_engage_waits(bool engaged);

#endif
