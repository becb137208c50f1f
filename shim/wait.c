// poll, select and epoll, while something waits: a membership for its interface, or an inherited socket for
// the first call on it. A program that sleeps in one of these would never make that call, and so never hear a
// thing.
//
// These calls return EINTR after every signal handler (signal(7)), so a wait in slices of a second looks to
// the program like one wait: between the slices signals are held back, and end the next one.
#include "functions.h"

#include "memory.h"
#include "pending.h"
#include "settle.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

enum {
	LONGEST = 2000000, // seconds of one wait: below what an int of milliseconds holds
};

static long long milliseconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

// How long one call may still wait: to its own end, in slices while a membership is pending.
struct patience {
	bool endless;
	long long end; // of CLOCK_MONOTONIC, in ms
	int slice;     // of the wait that comes next; -1: for ever
	bool last;
	sigset_t mask; // of the thread
};

// timeout: ms, below 0 for ever
static struct patience patience_for(long long timeout)
{
	return (struct patience){.endless = (timeout < 0), .end = timeout > 0 ? milliseconds() + timeout : 0};
}

// Before each wait: tries what is pending, and sets the slice.
static void patience_next(struct patience *patience)
{
	pending_hold_signals(&patience->mask);
	pending_try_all();
	long long left = patience->end ? patience->end - milliseconds() : 0;
	if (left < 0)
		left = 0;
	patience->last = !descriptors_pending() || (!patience->endless && left <= PENDING_SLICE);
	if (!patience->last)
		patience->slice = PENDING_SLICE;
	else
		patience->slice = patience->endless ? -1 : (int)left;
}

// The mask to wait with, where the program's call has `mask`, perhaps NULL.
static const sigset_t *patience_mask(const struct patience *patience, const sigset_t *mask)
{
	return mask ? mask : &patience->mask;
}

// After each wait: whether it was the last.
static bool patience_ends(const struct patience *patience, int ready)
{
	pthread_sigmask(SIG_SETMASK, &patience->mask, NULL);
	return ready || patience->last;
}

static struct timespec timespec_of(int slice)
{
	return (struct timespec){slice / 1000, slice % 1000 * 1000000L};
}

enum { ENDLESS = -1, REFUSED = -2 };

// How long a call is to wait, in ms; REFUSED: the kernel would refuse it, and it is left to it.
static long long ms_of(long long seconds, long long nanoseconds)
{
	if (seconds < 0 || nanoseconds < 0 || nanoseconds >= 1000000000)
		return REFUSED;
	return seconds > LONGEST ? LONGEST * 1000LL : seconds * 1000 + (nanoseconds + 999999) / 1000000;
}

// A timeval's microseconds may be a million or more; select(2) takes them.
static long long ms_of_microseconds(long long seconds, long long microseconds)
{
	if (microseconds < 0)
		return REFUSED;
	return ms_of(seconds + microseconds / 1000000, microseconds % 1000000 * 1000);
}

// What a timeout says that can't be looked at; 0: it can.
static long long ms_unread(const void *time, size_t size)
{
	if (!time)
		return ENDLESS;
	return readable(time, size) ? 0 : REFUSED;
}

static long long ms_of_timespec(const struct timespec *time)
{
	long long unread = ms_unread(time, sizeof(*time));
	return unread ? unread : ms_of(time->tv_sec, time->tv_nsec);
}

static long long ms_of_timeval(const struct timeval *time)
{
	long long unread = ms_unread(time, sizeof(*time));
	return unread ? unread : ms_of_microseconds(time->tv_sec, time->tv_usec);
}

#ifdef SHIM_HAS_TIME64
static long long ms_of_timespec64(const struct timespec64 *time)
{
	long long unread = ms_unread(time, sizeof(*time));
	return unread ? unread : ms_of(time->tv_sec, time->tv_nsec);
}

static long long ms_of_timeval64(const struct timeval64 *time)
{
	long long unread = ms_unread(time, sizeof(*time));
	return unread ? unread : ms_of_microseconds(time->tv_sec, time->tv_usec);
}
#endif

// What can't be settled is no failure of a call for many descriptors.
static void settle_inherited(int fd)
{
	int kept = errno;
	if (descriptor_has(fd, INHERITED))
		settle(fd, MSG_DONTWAIT);
	errno = kept;
}

// ---- poll -----------------------------------------------------------------------------------------------

static void settle_polled(const struct pollfd *fds, nfds_t count)
{
	if (count > INT_MAX / sizeof(*fds) || !readable(fds, count * sizeof(*fds)))
		return;
	for (nfds_t i = 0; i < count; i++)
		settle_inherited(fds[i].fd);
}

static int ppoll_in_slices(struct pollfd *fds, nfds_t count, long long timeout, const sigset_t *mask)
{
	struct patience patience = patience_for(timeout);
	for (;;) {
		patience_next(&patience);
		struct timespec slice = timespec_of(patience.slice);
		int ready = next.ppoll(
		        fds, count, patience.slice < 0 ? NULL : &slice, patience_mask(&patience, mask));
		if (patience_ends(&patience, ready))
			return ready;
	}
}

int on_poll(struct pollfd *fds, nfds_t count, int timeout)
{
	settle_polled(fds, count);
	if (!descriptors_pending())
		return next.poll(fds, count, timeout);
	return ppoll_in_slices(fds, count, timeout, NULL);
}

int on_ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *mask)
{
	long long wait = ms_of_timespec(timeout);
	settle_polled(fds, count);
	if (!descriptors_pending() || wait == REFUSED)
		return next.ppoll(fds, count, timeout, mask);
	return ppoll_in_slices(fds, count, wait, mask);
}

#ifdef SHIM_HAS_TIME64
int on___ppoll64(struct pollfd *fds, nfds_t count, const struct timespec64 *timeout, const sigset_t *mask)
{
	long long wait = ms_of_timespec64(timeout);
	settle_polled(fds, count);
	if (!descriptors_pending() || wait == REFUSED)
		return next.__ppoll64(fds, count, timeout, mask);
	return ppoll_in_slices(fds, count, wait, mask);
}
#endif

#ifdef __GLIBC__
int on___poll_chk(struct pollfd *fds, nfds_t count, int timeout, size_t size)
{
	if (size / sizeof(*fds) < count)
		return next.__poll_chk(fds, count, timeout, size); // which ends the program
	return on_poll(fds, count, timeout);
}

int on___ppoll_chk(
        struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *mask, size_t size)
{
	if (size / sizeof(*fds) < count)
		return next.__ppoll_chk(fds, count, timeout, mask, size);
	return on_ppoll(fds, count, timeout, mask);
}
#endif

// ---- select ---------------------------------------------------------------------------------------------

// The three sets of a select, as they were before it.
struct sets {
	fd_set *given[3];
	char kept[3][FD_SETSIZE / 8];
	size_t bytes;
};

// false: they are for the kernel to refuse, or too large for us (select(2): a set may be, if the program makes it so).
static bool keep_sets(struct sets *sets, int count)
{
	size_t bits = 8 * sizeof(long);
	if (count < 0 || count > FD_SETSIZE)
		return false;
	sets->bytes = ((size_t)count + bits - 1) / bits * sizeof(long);
	for (int i = 0; i < 3; i++) {
		if (!sets->given[i])
			continue;
		if (!readable(sets->given[i], sets->bytes))
			return false;
		memcpy(sets->kept[i], sets->given[i], sets->bytes);
	}
	return true;
}

static void restore_sets(struct sets *sets)
{
	for (int i = 0; i < 3; i++)
		if (sets->given[i])
			memcpy(sets->given[i], sets->kept[i], sets->bytes);
}

static void settle_selected(const struct sets *sets, int count)
{
	unsigned bits = 8 * sizeof(long);
	for (unsigned fd = 0; sets->given[0] && fd < (unsigned)count; fd++) {
		unsigned long word;
		memcpy(&word, sets->kept[0] + fd / bits * sizeof(long), sizeof(word));
		if (word >> fd % bits & 1)
			settle_inherited((int)fd);
	}
}

// pselect in slices; the caller's sets are those of the last slice.
static int select_in_slices(int count, struct sets *sets, long long timeout, const sigset_t *mask)
{
	struct patience patience = patience_for(timeout);
	for (;;) {
		patience_next(&patience);
		struct timespec slice = timespec_of(patience.slice);
		int ready = next.pselect(count, sets->given[0], sets->given[1], sets->given[2],
		        patience.slice < 0 ? NULL : &slice, patience_mask(&patience, mask));
		if (patience_ends(&patience, ready))
			return ready;
		restore_sets(sets);
	}
}

// Whether the call has to wait in slices; `wait`: ms.
static bool select_waits(struct sets *sets, int count, long long wait)
{
	if (!keep_sets(sets, count))
		return false;
	settle_selected(sets, count);
	return descriptors_pending() && wait != REFUSED;
}

// The same without a mask, and what was not slept, in ms: Linux leaves that in the timeout of select(2).
static int select_and_tell(int count, struct sets *sets, long long wait, long long *left)
{
	long long end = milliseconds() + wait;
	int ready = select_in_slices(count, sets, wait, NULL);
	*left = end - milliseconds();
	if (*left < 0)
		*left = 0;
	return ready;
}

int on_select(int count, fd_set *restrict readable_set, fd_set *restrict writable,
        fd_set *restrict exceptional, struct timeval *restrict timeout)
{
	struct sets sets = {.given = {readable_set, writable, exceptional}};
	long long wait = ms_of_timeval(timeout), left;
	if (!select_waits(&sets, count, wait))
		return next.select(count, readable_set, writable, exceptional, timeout);
	int ready = select_and_tell(count, &sets, wait, &left);
	if (timeout)
		*timeout = (struct timeval){(time_t)(left / 1000), (suseconds_t)(left % 1000 * 1000)};
	return ready;
}

int on_pselect(int count, fd_set *restrict readable_set, fd_set *restrict writable,
        fd_set *restrict exceptional, const struct timespec *restrict timeout, const sigset_t *restrict mask)
{
	struct sets sets = {.given = {readable_set, writable, exceptional}};
	long long wait = ms_of_timespec(timeout);
	if (!select_waits(&sets, count, wait))
		return next.pselect(count, readable_set, writable, exceptional, timeout, mask);
	return select_in_slices(count, &sets, wait, mask);
}

#ifdef SHIM_HAS_TIME64
int on___select64(int count, fd_set *restrict readable_set, fd_set *restrict writable,
        fd_set *restrict exceptional, struct timeval64 *restrict timeout)
{
	struct sets sets = {.given = {readable_set, writable, exceptional}};
	long long wait = ms_of_timeval64(timeout), left;
	if (!select_waits(&sets, count, wait))
		return next.__select64(count, readable_set, writable, exceptional, timeout);
	int ready = select_and_tell(count, &sets, wait, &left);
	if (timeout)
		*timeout = (struct timeval64){left / 1000, left % 1000 * 1000};
	return ready;
}

int on___pselect64(int count, fd_set *restrict readable_set, fd_set *restrict writable,
        fd_set *restrict exceptional, const struct timespec64 *restrict timeout,
        const sigset_t *restrict mask)
{
	struct sets sets = {.given = {readable_set, writable, exceptional}};
	long long wait = ms_of_timespec64(timeout);
	if (!select_waits(&sets, count, wait))
		return next.__pselect64(count, readable_set, writable, exceptional, timeout, mask);
	return select_in_slices(count, &sets, wait, mask);
}
#endif

// ---- epoll ----------------------------------------------------------------------------------------------

static int epoll_in_slices(
        int fd, struct epoll_event *events, int room, long long timeout, const sigset_t *mask)
{
	struct patience patience = patience_for(timeout);
	for (;;) {
		patience_next(&patience);
		int ready =
		        next.epoll_pwait(fd, events, room, patience.slice, patience_mask(&patience, mask));
		if (patience_ends(&patience, ready))
			return ready;
	}
}

int on_epoll_pwait(int fd, struct epoll_event *events, int room, int timeout, const sigset_t *mask)
{
	if (!descriptors_pending())
		return next.epoll_pwait(fd, events, room, timeout, mask);
	return epoll_in_slices(fd, events, room, timeout, mask);
}

int on_epoll_wait(int fd, struct epoll_event *events, int room, int timeout)
{
	if (!descriptors_pending())
		return next.epoll_wait(fd, events, room, timeout);
	return epoll_in_slices(fd, events, room, timeout, NULL);
}

#ifdef __GLIBC__
int on_epoll_pwait2(
        int fd, struct epoll_event *events, int room, const struct timespec *timeout, const sigset_t *mask)
{
	long long wait = ms_of_timespec(timeout);
	if (!descriptors_pending() || wait == REFUSED)
		return next.epoll_pwait2(fd, events, room, timeout, mask);
	return epoll_in_slices(fd, events, room, wait, mask);
}
#endif

#ifdef SHIM_HAS_TIME64
int on___epoll_pwait2_time64(
        int fd, struct epoll_event *events, int room, const struct timespec64 *timeout, const sigset_t *mask)
{
	long long wait = ms_of_timespec64(timeout);
	if (!descriptors_pending() || wait == REFUSED)
		return next.__epoll_pwait2_time64(fd, events, room, timeout, mask);
	return epoll_in_slices(fd, events, room, wait, mask);
}
#endif

int on_epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event)
{
	settle_inherited(fd);
	return next.epoll_ctl(epoll, operation, fd, event);
}
