// A descriptor's life: made by socket, socketpair and accept, copied by dup and its like, ended by close.
#include "functions.h"

#include "../core/kernel.h"
#include "exits.h"
#include "joins.h"
#include "place.h"
#include "settle.h"
#include "start.h"

#include <errno.h>
#include <sched.h>
#include <sys/syscall.h>

#ifndef CLOSE_RANGE_CLOEXEC
#	define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif

// ---- made -----------------------------------------------------------------------------------------------

// The call that made `fd` fails after all.
static int take_back(int fd, int error)
{
	descriptor_set(fd, 0);
	kernel_close(fd);
	errno = -error;
	return -1;
}

static int settle_made(int fd)
{
	struct subject subject = subject_known(fd);
	struct plan plan;
	plan_make(&plan, &policy, &subject.facts);
	int error = place_values(&subject, NULL, &plan);
	if (!error && subject.facts.kind == SOCKET_RAW) // receives from the start, bound or not
		error = joins_place_live(&subject);
	if (!error)
		subject_remember(&subject);
	return error;
}

int on_socket(int family, int type, int protocol)
{
	int fd = next.socket(family, type, protocol);
	if (fd < 0)
		return fd;
	uint64_t state = state_of_socket(family, type, protocol);
	descriptor_set(fd, state);
	if (!(state & INET))
		return fd;
	int kept = errno, error = settle_made(fd);
	if (error)
		return take_back(fd, error);
	errno = kept;
	return fd;
}

int on_socketpair(int family, int type, int protocol, int fds[2])
{
	int result = next.socketpair(family, type, protocol, fds);
	for (int i = 0; !result && i < 2; i++)
		descriptor_set(fds[i], state_of_socket(family, type, protocol));
	return result;
}

// ---- accepted -------------------------------------------------------------------------------------------

// An accepted socket has inherited all that its listener has but the priority, which the kernel clears. What
// is left besides are rules on its addresses, which are known now.
static int settle_accepted(int listener, int fd)
{
	descriptor_set(fd, descriptor_state(listener) & ~(uint64_t)(PENDING | INHERITED));
	descriptor_set_own(fd, descriptor_own(listener) & ~(1U << GRAFT_PRIORITY));
	struct subject subject = subject_known(fd), parent = subject_known(listener);
	bool asks_local = subject_asks_local(&subject), asks_to = subject_asks_to(&subject);
	struct plan before, now;
	if (!(subject.state & INET) || !(asks_local || asks_to || subject.state & GOVERNED))
		return 0;
	if (asks_local) {
		subject_find_local(&parent);
		subject_find_local(&subject);
	}
	if (asks_to)
		subject_find_peer(&subject);
	plan_make(&before, &policy, &parent.facts);
	plan_make(&now, &policy, &subject.facts);
	before.values[KEY_PRIORITY] = NULL;
	int error = place_values(&subject, &before, &now);
	subject.state |= NAMED | ADDRESSED;
	if (!error)
		subject_remember(&subject);
	return error;
}

static int after_accept(int listener, int fd)
{
	if (fd < 0)
		return fd;
	int kept = errno, error = settle_accepted(listener, fd);
	if (error)
		return take_back(fd, error);
	errno = kept;
	return fd;
}

int on_accept(int fd, ANY_SOCKADDR address, socklen_t *restrict length)
{
	if (settle_first(fd, MSG_DONTWAIT))
		return -1;
	return after_accept(fd, next.accept(fd, address, length));
}

int on_accept4(int fd, ANY_SOCKADDR address, socklen_t *restrict length, int flags)
{
	if (settle_first(fd, MSG_DONTWAIT))
		return -1;
	return after_accept(fd, next.accept4(fd, address, length, flags));
}

// ---- copied ---------------------------------------------------------------------------------------------

static int copied(int from, int to)
{
	uint64_t state = descriptor_state(from);
	if (to < 0 || to == from)
		return to;
	if (state & INET && !(state & NAMED)) { // each may be named through the other
		uint64_t before = state;
		state |= SHARED;
		if (state & SPREADS) // its name is what it sends from
			state &= ~(uint64_t)SEND_SETTLED;
		descriptor_replace(from, before, state);
	}
	descriptor_set(to, state);
	if (state & HAS_EXITS)
		exits_copy(from, to);
	if (policy.defaults)
		descriptor_set_own(to, descriptor_own(from));
	return to;
}

int on_dup(int fd)
{
	return copied(fd, next.dup(fd));
}

int on_dup2(int fd, int to)
{
	return copied(fd, next.dup2(fd, to));
}

int on_dup3(int fd, int to, int flags)
{
	return copied(fd, next.dup3(fd, to, flags));
}

// fcntl, by whichever of its names.
static int copied_by_command(int fd, int command, int result)
{
	return command == F_DUPFD || command == F_DUPFD_CLOEXEC ? copied(fd, result) : result;
}

int on_fcntl(int fd, int command, void *argument)
{
	return copied_by_command(fd, command, next.fcntl(fd, command, argument));
}

#ifdef SHIM_HAS_TIME64
int on_fcntl64(int fd, int command, void *argument)
{
	return copied_by_command(fd, command, next.fcntl64(fd, command, argument));
}

int on___fcntl_time64(int fd, int command, void *argument)
{
	return copied_by_command(fd, command, next.__fcntl_time64(fd, command, argument));
}
#endif

// ---- ended ----------------------------------------------------------------------------------------------
//
// What is known is forgotten before the call: after it the number may be another thread's new socket.

static void forget(int fd)
{
	if (descriptor_state(fd))
		descriptor_set(fd, 0);
}

int on_close(int fd)
{
	forget(fd);
	return next.close(fd);
}

int on_fclose(FILE *stream)
{
	int kept = errno;
	forget(fileno(stream));
	errno = kept;
	return next.fclose(stream);
}

static void forget_range(unsigned first, unsigned last)
{
	unsigned limit = __atomic_load_n(&descriptor_limit, __ATOMIC_ACQUIRE);
	for (unsigned fd = first; fd <= last && fd < limit; fd++)
		forget((int)fd);
}

#ifdef __GLIBC__
int on_close_range(unsigned int first, unsigned int last, int flags)
{
	if (!((unsigned)flags & CLOSE_RANGE_CLOEXEC))
		forget_range(first, last);
	return next.close_range(first, last, flags);
}

void on_closefrom(int first)
{
	forget_range(first < 0 ? 0 : (unsigned)first, -1U);
	next.closefrom(first);
}
#endif

// ---- children in this memory ----------------------------------------------------------------------------

#ifdef SHIM_SEES_VFORK
pid_t on_vfork(void)
{
	descriptors_shared();
	return next.vfork();
}
#endif

int on_clone(int (*function)(void *), void *stack, int flags, void *argument, void *a, void *b, void *c)
{
	if ((flags & (CLONE_VM | CLONE_THREAD)) == CLONE_VM)
		descriptors_shared();
	return next.clone(function, stack, flags, argument, a, b, c);
}

// ---- by number ------------------------------------------------------------------------------------------

// A call that the program makes by its number is not governed; but a descriptor that it closes, or makes, must not
// be taken for the one that had its number before. All others go through with nothing of ours on the stack: some
// return twice (vfork).
long on_syscall(long number, long a, long b, long c, long d, long e, long f)
{
	switch (number) {
#ifdef SYS_vfork
	case SYS_vfork:
#endif
#ifdef SYS_clone3
	case SYS_clone3:
#endif
	case SYS_clone:
		descriptors_shared();
		break;
	case SYS_close:
		forget((int)a);
		break;
#ifdef SYS_close_range
	case SYS_close_range:
		if (!((unsigned long)c & CLOSE_RANGE_CLOEXEC))
			forget_range((unsigned)a, (unsigned)b);
		break;
#endif
#ifdef SYS_dup2
	case SYS_dup2:
#endif
	case SYS_dup3:
		forget((int)b);
		break;
#ifdef SYS_accept
	case SYS_accept:
#endif
#ifdef SYS_socketcall
	case SYS_socketcall: // a result that is no descriptor is looked at once more, which does no harm
#endif
	case SYS_socket:
	case SYS_accept4:
#ifdef SYS_pidfd_getfd
	case SYS_pidfd_getfd:
#endif
	case SYS_dup: {
		long result = next.syscall(number, a, b, c, d, e, f);
		if (result >= 0)
			forget((int)result);
		return result;
	}
	}
	return next.syscall(number, a, b, c, d, e, f);
}
