// poll, select and epoll, while something waits: a membership for its interface, or an inherited socket for
// the first call on it. A program that sleeps in one of these would never make that call, and so never hear a
// thing.
//
// These calls return EINTR after every signal handler (signal(7)), so a wait in slices of a second looks to
// the program like one wait.
#include "functions.h"

#include "pending.h"
#include "settle.h"

#include <errno.h>
#include <string.h>
#include <time.h>

enum {
	SLICE = 1000,      // ms
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
};

// timeout: ms, below 0 for ever
static struct patience patience_for(long long timeout)
{
	return (struct patience){.endless = timeout<0, .end = timeout> 0 ? milliseconds() + timeout : 0};
}

// Before each wait: tries what is pending, and sets the slice.
static void patience_next(struct patience *patience)
{
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

static struct timespec timespec_of(int slice)
{
	return (struct timespec){slice / 1000, slice % 1000 * 1000000L};
}

static long long ms_of(const struct timespec *time)
{
	if (!time)
		return -1;
	if (time->tv_sec > LONGEST)
		return LONGEST * 1000;
	return time->tv_sec * 1000LL + (time->tv_nsec + 999999) / 1000000;
}

// A time that the kernel would refuse is left to it.
static bool is_time(const struct timespec *time)
{
	return !time || (time->tv_sec >= 0 && time->tv_nsec >= 0 && time->tv_nsec < 1000000000);
}

static void settle_inherited(int fd)
{
	if (descriptor_has(fd, INHERITED))
		settle(fd, MSG_DONTWAIT);
}

// ---- poll -----------------------------------------------------------------------------------------------

static void settle_polled(const struct pollfd *fds, nfds_t count)
{
	for (nfds_t i = 0; i < count; i++)
		settle_inherited(fds[i].fd);
}

int on_poll(struct pollfd *fds, nfds_t count, int timeout)
{
	settle_polled(fds, count);
	if (!descriptors_pending())
		return next_poll(fds, count, timeout);
	struct patience patience = patience_for(timeout);
	for (;;) {
		patience_next(&patience);
		int ready = next_poll(fds, count, patience.slice);
		if (ready || patience.last)
			return ready;
	}
}

int on_ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *mask)
{
	settle_polled(fds, count);
	if (!descriptors_pending() || !is_time(timeout))
		return next_ppoll(fds, count, timeout, mask);
	struct patience patience = patience_for(ms_of(timeout));
	for (;;) {
		patience_next(&patience);
		struct timespec slice = timespec_of(patience.slice);
		int ready = next_ppoll(fds, count, patience.slice < 0 ? NULL : &slice, mask);
		if (ready || patience.last)
			return ready;
	}
}

#ifdef __GLIBC__
int on___poll_chk(struct pollfd *fds, nfds_t count, int timeout, size_t size)
{
	if (size / sizeof(*fds) < count)
		return next___poll_chk(fds, count, timeout, size); // which ends the program
	return on_poll(fds, count, timeout);
}

int on___ppoll_chk(
        struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *mask, size_t size)
{
	if (size / sizeof(*fds) < count)
		return next___ppoll_chk(fds, count, timeout, mask, size);
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

static void keep_sets(struct sets *sets, int count)
{
	size_t bits = 8 * sizeof(long);
	sets->bytes = ((size_t)count + bits - 1) / bits * sizeof(long);
	for (int i = 0; i < 3; i++)
		if (sets->given[i])
			memcpy(sets->kept[i], sets->given[i], sets->bytes);
}

static void restore_sets(struct sets *sets)
{
	for (int i = 0; i < 3; i++)
		if (sets->given[i])
			memcpy(sets->given[i], sets->kept[i], sets->bytes);
}

static void settle_selected(const fd_set *readable, int count)
{
	const unsigned long *words = (const void *)readable;
	unsigned bits = 8 * sizeof(long);
	for (unsigned fd = 0; readable && fd < (unsigned)(count < 0 || count > FD_SETSIZE ? 0 : count); fd++)
		if (words[fd / bits] >> fd % bits & 1)
			settle_inherited((int)fd);
}

// pselect in slices; the caller's sets are those of the last slice.
static int select_in_slices(int count, struct sets *sets, long long timeout, const sigset_t *mask)
{
	struct patience patience = patience_for(timeout);
	keep_sets(sets, count);
	for (;;) {
		patience_next(&patience);
		struct timespec slice = timespec_of(patience.slice);
		int ready = next_pselect(count, sets->given[0], sets->given[1], sets->given[2],
		        patience.slice < 0 ? NULL : &slice, mask);
		if (ready || patience.last)
			return ready;
		restore_sets(sets);
	}
}

int on_select(int count, fd_set *restrict readable, fd_set *restrict writable, fd_set *restrict exceptional,
        struct timeval *restrict timeout)
{
	settle_selected(readable, count);
	bool refused = timeout && (timeout->tv_sec < 0 || timeout->tv_usec < 0);
	if (!descriptors_pending() || count < 0 || count > FD_SETSIZE || refused)
		return next_select(count, readable, writable, exceptional, timeout);
	struct sets sets = {.given = {readable, writable, exceptional}};
	struct timespec time = {
	        timeout ? timeout->tv_sec : 0, timeout ? timeout->tv_usec % 1000000 * 1000 : 0};
	long long wait = ms_of(timeout ? &time : NULL);
	long long end = milliseconds() + wait;
	int ready = select_in_slices(count, &sets, wait, NULL);
	if (timeout) { // select(2): Linux leaves there what was not slept
		long long left = end - milliseconds();
		left = left < 0 ? 0 : left;
		*timeout = (struct timeval){(time_t)(left / 1000), (suseconds_t)(left % 1000 * 1000)};
	}
	return ready;
}

int on_pselect(int count, fd_set *restrict readable, fd_set *restrict writable, fd_set *restrict exceptional,
        const struct timespec *restrict timeout, const sigset_t *restrict mask)
{
	settle_selected(readable, count);
	if (!descriptors_pending() || count < 0 || count > FD_SETSIZE || !is_time(timeout))
		return next_pselect(count, readable, writable, exceptional, timeout, mask);
	struct sets sets = {.given = {readable, writable, exceptional}};
	return select_in_slices(count, &sets, ms_of(timeout), mask);
}

// ---- epoll ----------------------------------------------------------------------------------------------

int on_epoll_pwait(int fd, struct epoll_event *events, int room, int timeout, const sigset_t *mask)
{
	if (!descriptors_pending())
		return next_epoll_pwait(fd, events, room, timeout, mask);
	struct patience patience = patience_for(timeout);
	for (;;) {
		patience_next(&patience);
		int ready = next_epoll_pwait(fd, events, room, patience.slice, mask);
		if (ready || patience.last)
			return ready;
	}
}

int on_epoll_wait(int fd, struct epoll_event *events, int room, int timeout)
{
	if (!descriptors_pending())
		return next_epoll_wait(fd, events, room, timeout);
	return on_epoll_pwait(fd, events, room, timeout, NULL);
}

int on_epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event)
{
	settle_inherited(fd);
	return next_epoll_ctl(epoll, operation, fd, event);
}
