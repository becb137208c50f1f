// What waits for an interface, and is tried again.
#include "pending.h"

#include "../core/kernel.h"
#include "functions.h"
#include "joins.h"
#include "own_joins.h"
#include "place.h"
#include "start.h"

#include <errno.h>
#include <pthread.h>

// ---- trying ---------------------------------------------------------------------------------------------

// A descriptor may have been closed behind our back (fclose, close_range), and be something else by now.
static bool is_still(const struct subject *subject)
{
	const uint64_t kind = INET | INET6 | 3U << KIND_SHIFT;
	return !((state_of_descriptor(subject->fd) ^ subject->state) & kind);
}

// What names an interface is placed again: values first, then the memberships.
static int place_again(struct subject *subject)
{
	struct plan before, now;
	subject_find_local(subject);
	if (subject->state & ADDRESSED && subject_asks_to(subject))
		subject_find_peer(subject);
	subject->state &= ~(uint64_t)PENDING;
	plan_make(&now, &policy, &subject->facts);
	before = now;
	before.values[KEY_INTERFACE] = before.values[KEY_DEVICE] = NULL;
	int error = place_values(subject, &before, &now);
	bool live = subject->state & NAMED || subject->facts.kind == SOCKET_RAW;
	if (!error && live)
		error = joins_place_live(subject);
	return error ? error : own_joins_place_again(subject);
}

int pending_try(struct subject *subject)
{
	if (!(subject->state & PENDING) || !descriptor_try(subject->fd))
		return 0;
	if (!is_still(subject)) {
		descriptor_replace(subject->fd, subject->was, 0);
		return 0;
	}
	if (descriptor_state(subject->fd) != subject->was) // closed by another thread in the meantime
		return 0;
	int error = place_again(subject);
	if (error)
		subject->state |= PENDING;
	subject_remember(subject);
	return error;
}

static void try_one(int fd, void *unused)
{
	(void)unused;
	struct subject subject = subject_known(fd);
	pending_try(&subject);
}

void pending_try_all(void)
{
	int kept = errno;
	descriptors_each(PENDING, try_one, NULL);
	errno = kept;
}

// ---- waiting --------------------------------------------------------------------------------------------

static bool would_block(int fd, int flags)
{
	struct timeval patience = {0};
	socklen_t length = sizeof(patience);
	if (flags & (MSG_DONTWAIT | MSG_ERRQUEUE) || next.fcntl(fd, F_GETFL, NULL) & O_NONBLOCK)
		return false;
	return kernel_getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, &length) ||
	       !(patience.tv_sec || patience.tv_usec);
}

// A fault is a thread's own, and interrupts no wait: whose handlers they are says nothing.
static bool is_fault(int signal)
{
	return signal == SIGSEGV || signal == SIGBUS || signal == SIGFPE || signal == SIGILL ||
	       signal == SIGTRAP || signal == SIGSYS || signal == SIGABRT;
}

// A receive goes on after a signal whose handler was set with SA_RESTART; poll never does, and doesn't say which
// signal it was. If all handlers are of that sort, so was this one; with some that are not, the call ends.
static bool handlers_restart(void)
{
	struct sigaction action;
	for (int signal = 1; signal < NSIG; signal++) {
		if (is_fault(signal) || sigaction(signal, NULL, &action) || action.sa_handler == SIG_DFL ||
		        action.sa_handler == SIG_IGN)
			continue;
		if (!(action.sa_flags & SA_RESTART))
			return false;
	}
	return true;
}

void pending_hold_signals(sigset_t *mask)
{
	sigset_t all;
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, mask);
}

static int wait_in_slices(struct subject *subject, const sigset_t *mask)
{
	const struct timespec slice = {PENDING_SLICE / 1000, 0};
	struct pollfd wanted = {.fd = subject->fd, .events = POLLIN};
	while (descriptor_has(subject->fd, PENDING)) {
		int ready = next.ppoll(&wanted, 1, &slice, mask);
		if (ready > 0)
			return 0;
		if (ready < 0 && !(errno == EINTR && handlers_restart()))
			return -1;
		subject_refresh(subject);
		pending_try(subject);
	}
	return 0;
}

int pending_wait(struct subject *subject, int flags)
{
	sigset_t mask;
	if (!descriptor_has(subject->fd, PENDING) || !would_block(subject->fd, flags))
		return 0;
	pending_hold_signals(&mask);
	int result = wait_in_slices(subject, &mask);
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
	return result;
}
