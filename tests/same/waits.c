// poll, select, epoll and their kin. None of the cases waits.
#include "same.h"

#include <err.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/time.h>
#include <unistd.h>

void *time_of(long seconds, long parts, bool wide)
{
	static union {
		struct timespec native;
		int64_t wide[2];
	} time;
	if (wide) {
		time.wide[0] = seconds;
		time.wide[1] = parts;
	} else {
		time.native = (struct timespec){seconds, parts};
	}
	return &time;
}

// Times that end a wait at once, by which error if not.
static const struct {
	const char *text;
	long seconds, parts;
} times[] = {{"none", 0, 0}, {"below none", -1, 0}, {"of many parts", 7, 999999},
        {"of too many parts", 0, 1000000000}, {"of -1 parts", 0, -1}};

static void *time_number(size_t i, bool wide)
{
	return put(
	        "time", time_of(times[i].seconds, times[i].parts, wide), wide ? 16 : sizeof(struct timespec));
}

// A signal that waits, and the mask that lets it through.
static void *await_signal(void)
{
	sigset_t blocked, none;
	sigemptyset(&none);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR1);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	raise(SIGUSR1);
	return put("mask", &none, sizeof(none));
}

static void forget_signal(void)
{
	sigset_t mask;
	sigemptyset(&mask);
	sigprocmask(SIG_SETMASK, &mask, NULL);
}

// ---- poll -----------------------------------------------------------------------------------------------

static long by_poll(const struct call *call)
{
	return FUNCTION(int, void *, nfds_t, int)(call->bytes, call->length, call->patience);
}

static long by_ppoll(const struct call *call)
{
	return FUNCTION(int, void *, nfds_t, const void *, const void *)(
	        call->bytes, call->length, call->time, call->mask);
}

static long by_poll_chk(const struct call *call)
{
	return FUNCTION(int, void *, nfds_t, int, size_t)(
	        call->bytes, call->length, call->patience, call->size ? call->size - 1 : SIZE_MAX);
}

static long by_ppoll_chk(const struct call *call)
{
	return FUNCTION(int, void *, nfds_t, const void *, const void *, size_t)(
	        call->bytes, call->length, call->time, call->mask, call->size ? call->size - 1 : SIZE_MAX);
}

static struct call polling(size_t count)
{
	return (struct call){.fd = -1, .length = count, .time = time_of(0, 0, true)};
}

static void cases_of_polled_kinds(adapter *by)
{
	static const short events[] = {0, POLLIN, POLLIN | POLLOUT | POLLPRI, -1};
	for (size_t i = 0; i < kind_count * COUNT(events); i++) {
		begin("%s, events %x", kinds[i / COUNT(events)].text, (unsigned)events[i % COUNT(events)]);
		const struct pollfd fds[2] = {
		        {kinds[i / COUNT(events)].open(), events[i % COUNT(events)], -1}, {-5, POLLIN, -1}};
		struct call call = polling(2);
		call.bytes = put("fds", fds, sizeof(fds));
		attempt(by, &call);
		end();
	}
}

static void cases_of_polled_memory(adapter *by)
{
	static const size_t counts[] = {0, 1, 2, 1 << 16, INT_MAX, SIZE_MAX};
	const struct pollfd fds[2] = {{1, POLLOUT, -1}, {1, POLLOUT, -1}};
	for (size_t i = 0; i < COUNT(counts) * BAD_POINTERS; i++) {
		begin("%zu descriptors at %s", counts[i / BAD_POINTERS], bad_pointers[i % BAD_POINTERS].text);
		struct call call = polling(counts[i / BAD_POINTERS]);
		call.bytes = bad_pointers[i % BAD_POINTERS].at;
		attempt(by, &call);
		end();
	}
	for (size_t i = 0; i < COUNT(counts); i++) {
		begin("%zu descriptors at the edge", counts[i]);
		struct call call = polling(counts[i]);
		call.bytes = at_edge("fds", fds, sizeof(fds));
		attempt(by, &call);
		end();
	}
}

static void cases_of_polled_ready(adapter *by)
{
	static const int patience[] = {0, 1, INT_MAX, -1, INT_MIN};
	for (size_t i = 0; i < COUNT(patience); i++) {
		begin("something is ready, patience %d", patience[i]);
		const struct pollfd fd = {loaded(AF_INET, SOCK_DGRAM, "hello"), POLLIN, -1};
		struct call call = polling(1);
		call.bytes = put("fds", &fd, sizeof(fd));
		call.patience = patience[i];
		attempt(by, &call);
		end();
	}
}

static void cases_of_polling(adapter *by)
{
	cases_of_polled_kinds(by);
	cases_of_polled_memory(by);
	cases_of_polled_ready(by);
}

static void cases_of_polled_times(adapter *by, bool wide)
{
	for (size_t i = 0; i < COUNT(times) + BAD_POINTERS; i++) {
		bool bad = i >= COUNT(times);
		begin("time %s", bad ? bad_pointers[i - COUNT(times)].text : times[i].text);
		struct call call = polling(1);
		const struct pollfd ready = {loaded(AF_INET, SOCK_DGRAM, "hello"), POLLIN, -1};
		call.bytes = put("fds", &ready, sizeof(ready));
		call.time = bad ? bad_pointers[i - COUNT(times)].at : time_number(i, wide);
		attempt(by, &call);
		end();
	}
	for (size_t i = 1; i < BAD_POINTERS; i++) {
		begin("mask %s", bad_pointers[i].text);
		struct call call = polling(0);
		call.mask = bad_pointers[i].at;
		attempt(by, &call);
		end();
	}
	begin("a signal waits");
	struct call call = polling(0);
	call.mask = await_signal();
	attempt(by, &call);
	forget_signal();
	end();
}

static void cases_of_checked(adapter *by)
{
	static const size_t sizes[] = {0, 1, 15, 16, 17, SIZE_MAX - 1};
	const struct pollfd fds[2] = {{1, 0, -1}, {1, 0, -1}};
	for (size_t i = 0; i < COUNT(sizes); i++) {
		begin("two descriptors in %zu bytes", sizes[i]);
		struct call call = polling(2);
		call.bytes = put("fds", fds, sizeof(fds));
		call.size = sizes[i] + 1;
		attempt(by, &call);
		end();
	}
}

CASES(poll)
{
	cases_of_polling(by_poll);
}
ALIAS(__poll, poll)

CASES(__poll_chk)
{
	cases_of_polling(by_poll_chk);
	cases_of_checked(by_poll_chk);
}

CASES(ppoll)
{
	cases_of_polling(by_ppoll);
	cases_of_polled_times(by_ppoll, false);
}

CASES(__ppoll64)
{
	cases_of_polling(by_ppoll);
	cases_of_polled_times(by_ppoll, true);
}

CASES(__ppoll_chk)
{
	cases_of_polling(by_ppoll_chk);
	cases_of_checked(by_ppoll_chk);
	cases_of_polled_times(by_ppoll_chk, false);
}

CASES(__ppoll64_chk)
{
	cases_of_polling(by_ppoll_chk);
	cases_of_checked(by_ppoll_chk);
	cases_of_polled_times(by_ppoll_chk, true);
}

// ---- select ---------------------------------------------------------------------------------------------

// The three sets are `bytes`, `address` and `room`.
static long by_select(const struct call *call)
{
	return FUNCTION(int, int, void *, void *, void *, void *)(
	        call->flags, call->bytes, call->address, call->room, call->time);
}

static long by_pselect(const struct call *call)
{
	return FUNCTION(int, int, void *, void *, void *, const void *, const void *)(
	        call->flags, call->bytes, call->address, call->room, call->time, call->mask);
}

static void *set_of(const char *label, int fd)
{
	fd_set set;
	FD_ZERO(&set);
	if (fd >= 0 && fd < FD_SETSIZE)
		FD_SET((unsigned)fd, &set);
	return put(label, &set, sizeof(set));
}

static struct call selecting(int count)
{
	return (struct call){.fd = -1, .flags = count, .time = time_of(0, 0, true)};
}

static void cases_of_selected_kinds(adapter *by)
{
	for (size_t i = 0; i < kind_count; i++) {
		begin("%s", kinds[i].text);
		int fd = kinds[i].open();
		struct call call = selecting(64);
		call.bytes = set_of("readable", fd);
		call.address = set_of("writable", fd);
		call.room = set_of("exceptional", fd);
		attempt(by, &call);
		end();
	}
}

static void cases_of_counts(adapter *by)
{
	static const int counts[] = {
	        0, 1, 2, 3, 4, 8, 63, 64, 65, 1023, 1024, 1025, 1 << 16, INT_MAX, -1, INT_MIN};
	for (size_t i = 0; i < COUNT(counts); i++) {
		begin("count %d", counts[i]);
		struct call call = selecting(counts[i]);
		int fd = loaded(AF_INET, SOCK_DGRAM, "hello");
		call.bytes = set_of("readable", fd);
		call.address = set_of("writable", fd);
		attempt(by, &call);
		end();
		begin("count %d, no sets", counts[i]);
		call = selecting(counts[i]);
		attempt(by, &call);
		end();
	}
}

static void case_of_sets(adapter *by, int count, size_t which, const struct pointer *pointer)
{
	begin("count %d, set %zu at %s", count, which, pointer->text);
	struct call call = selecting(count);
	int fd = loaded(AF_INET, SOCK_DGRAM, "hello");
	call.bytes = which == 0 ? pointer->at : set_of("readable", fd);
	call.address = which == 1 ? pointer->at : set_of("writable", fd);
	call.room = which == 2 ? pointer->at : set_of("exceptional", fd);
	attempt(by, &call);
	end();
}

// A set of which only the part that counts is there.
static void cases_of_short_sets(adapter *by)
{
	static const int counts[] = {1, 63, 64, 65, 128, 129};
	static const unsigned char nobody[8] = {0};
	for (size_t i = 0; i < COUNT(counts); i++) {
		begin("count %d, a set of 64 at the edge", counts[i]);
		struct call call = selecting(counts[i]);
		call.bytes = at_edge("readable", nobody, sizeof(nobody));
		attempt(by, &call);
		end();
	}
}

static void cases_of_selecting(adapter *by)
{
	static const int counts[] = {0, 1, 20, 1024};
	cases_of_selected_kinds(by);
	cases_of_counts(by);
	cases_of_short_sets(by);
	for (size_t i = 0; i < COUNT(counts) * 3 * BAD_POINTERS; i++)
		case_of_sets(by, counts[i / 3 / BAD_POINTERS], i / BAD_POINTERS % 3,
		        &bad_pointers[i % BAD_POINTERS]);
}

// Linux leaves in select's time what was not slept; the last of it differs from run to run.
static void say_left(const void *time, bool wide)
{
	struct timeval native;
	int64_t parts[2];
	memcpy(&native, time, sizeof(native));
	memcpy(parts, time, sizeof(parts));
	long long seconds = wide ? parts[0] : native.tv_sec, rest = wide ? parts[1] : native.tv_usec;
	say("; left %lld s", seconds + (rest + 500000) / 1000000);
}

static void cases_of_selected_times(adapter *by, bool wide)
{
	for (size_t i = 0; i < 2 * (COUNT(times) + BAD_POINTERS); i++) {
		size_t number = i / 2;
		bool bad = number >= COUNT(times);
		begin("time %s%s", bad ? bad_pointers[number - COUNT(times)].text : times[number].text,
		        i % 2 ? ", a set of one that is closed" : "");
		struct call call = selecting(20);
		int ready = loaded(AF_INET, SOCK_DGRAM, "hello");
		call.bytes = set_of("readable", i % 2 ? 19 : ready);
		call.time = bad ? bad_pointers[number - COUNT(times)].at
		                : time_of(times[number].seconds, times[number].parts, wide);
		attempt(by, &call);
		if (!bad)
			say_left(call.time, wide);
		end();
	}
}

static void cases_of_selected_masks(adapter *by)
{
	for (size_t i = 1; i < BAD_POINTERS; i++) {
		begin("mask %s", bad_pointers[i].text);
		struct call call = selecting(0);
		call.mask = bad_pointers[i].at;
		attempt(by, &call);
		end();
	}
	begin("a signal waits");
	struct call call = selecting(0);
	call.mask = await_signal();
	attempt(by, &call);
	forget_signal();
	end();
}

CASES(select)
{
	cases_of_selecting(by_select);
	cases_of_selected_times(by_select, false);
}
ALIAS(__select, select)

CASES(__select64)
{
	cases_of_selecting(by_select);
	cases_of_selected_times(by_select, true);
}

CASES(pselect)
{
	cases_of_selecting(by_pselect);
	cases_of_selected_times(by_pselect, false);
	cases_of_selected_masks(by_pselect);
}

CASES(__pselect64)
{
	cases_of_selecting(by_pselect);
	cases_of_selected_times(by_pselect, true);
	cases_of_selected_masks(by_pselect);
}

// ---- epoll ----------------------------------------------------------------------------------------------

static long by_epoll_wait(const struct call *call)
{
	return FUNCTION(int, int, void *, int, int)(call->fd, call->bytes, call->flags, call->patience);
}

static long by_epoll_pwait(const struct call *call)
{
	return FUNCTION(int, int, void *, int, int, const void *)(
	        call->fd, call->bytes, call->flags, call->patience, call->mask);
}

static long by_epoll_pwait2(const struct call *call)
{
	return FUNCTION(int, int, void *, int, const void *, const void *)(
	        call->fd, call->bytes, call->flags, call->time, call->mask);
}

static long by_epoll_ctl(const struct call *call)
{
	return FUNCTION(int, int, int, int, void *)(call->fd, call->name, call->to, call->bytes);
}

// An epoll with two sockets, of which one is readable.
static int open_epoll(void)
{
	int fd = epoll_create1(0), readable = loaded(AF_INET, SOCK_DGRAM, "hello");
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = 0x1122334455667788};
	if (fd < 0 || epoll_ctl(fd, EPOLL_CTL_ADD, readable, &event))
		err(2, "epoll");
	epoll_ctl(fd, EPOLL_CTL_ADD, made(AF_INET, SOCK_DGRAM), &event);
	return fd;
}

static struct call waiting(int fd, void *events, int count)
{
	return (struct call){.fd = fd, .bytes = events, .flags = count, .time = time_of(0, 0, true)};
}

static void cases_of_waiting(adapter *by)
{
	static const int counts[] = {0, 1, 2, 3, -1, INT_MAX, INT_MIN};
	for (size_t i = 0; i < kind_count; i++) {
		begin("%s", kinds[i].text);
		const struct call call = waiting(kinds[i].open(), room("events", 64), 4);
		attempt(by, &call);
		end();
	}
	for (size_t i = 0; i < COUNT(counts); i++) {
		begin("room for %d", counts[i]);
		struct call call = waiting(open_epoll(), room("events", 64), counts[i]);
		attempt(by, &call);
		call.patience = INT_MAX;
		attempt(by, &call);
		call.patience = INT_MIN;
		attempt(by, &call);
		end();
	}
	for (size_t i = 0; i < COUNT(counts) * BAD_POINTERS; i++) {
		begin("room for %d at %s", counts[i / BAD_POINTERS], bad_pointers[i % BAD_POINTERS].text);
		const struct call call =
		        waiting(open_epoll(), bad_pointers[i % BAD_POINTERS].at, counts[i / BAD_POINTERS]);
		attempt(by, &call);
		end();
	}
}

static void cases_of_waiting_masks(adapter *by)
{
	for (size_t i = 1; i < BAD_POINTERS; i++) {
		begin("mask %s", bad_pointers[i].text);
		struct call call = waiting(open_epoll(), room("events", 64), 1);
		call.mask = bad_pointers[i].at;
		attempt(by, &call);
		end();
	}
	begin("a signal waits");
	struct call call = waiting(epoll_create1(0), room("events", 64), 1);
	call.mask = await_signal();
	attempt(by, &call);
	forget_signal();
	end();
}

CASES(epoll_wait)
{
	cases_of_waiting(by_epoll_wait);
}

CASES(epoll_pwait)
{
	cases_of_waiting(by_epoll_pwait);
	cases_of_waiting_masks(by_epoll_pwait);
}

static void cases_of_epoll_pwait2(bool wide)
{
	cases_of_waiting(by_epoll_pwait2);
	cases_of_waiting_masks(by_epoll_pwait2);
	for (size_t i = 0; i < COUNT(times) + BAD_POINTERS; i++) {
		bool bad = i >= COUNT(times);
		begin("time %s", bad ? bad_pointers[i - COUNT(times)].text : times[i].text);
		struct call call = waiting(open_epoll(), room("events", 64), 1);
		call.time = bad ? bad_pointers[i - COUNT(times)].at : time_number(i, wide);
		attempt(by_epoll_pwait2, &call);
		end();
	}
}

CASES(epoll_pwait2)
{
	cases_of_epoll_pwait2(false);
}

CASES(__epoll_pwait2_time64)
{
	cases_of_epoll_pwait2(true);
}

static void cases_of_operation(int operation, const struct epoll_event *event)
{
	for (size_t i = 0; i < kind_count; i++) {
		begin("operation %d on %s", operation, kinds[i].text);
		struct call call = {.fd = open_epoll(), .name = operation, .to = kinds[i].open()};
		call.bytes = put("event", event, sizeof(*event));
		attempt(by_epoll_ctl, &call);
		attempt(by_epoll_ctl, &call);
		end();
		begin("operation %d of %s", operation, kinds[i].text);
		call = (struct call){
		        .fd = kinds[i].open(), .name = operation, .to = made(AF_INET, SOCK_DGRAM)};
		call.bytes = put("event", event, sizeof(*event));
		attempt(by_epoll_ctl, &call);
		end();
	}
	for (size_t i = 0; i < BAD_POINTERS; i++) {
		begin("operation %d, event %s", operation, bad_pointers[i].text);
		attempt(by_epoll_ctl, &(struct call){.fd = epoll_create1(0),
		                              .name = operation,
		                              .to = made(AF_INET, SOCK_DGRAM),
		                              .bytes = bad_pointers[i].at});
		end();
	}
	begin("operation %d on itself", operation);
	int fd = epoll_create1(0);
	attempt(by_epoll_ctl,
	        &(struct call){
	                .fd = fd, .name = operation, .to = fd, .bytes = put("event", event, sizeof(*event))});
	end();
}

CASES(epoll_ctl)
{
	static const int operations[] = {EPOLL_CTL_ADD, EPOLL_CTL_MOD, EPOLL_CTL_DEL, 0, 99, -1};
	const struct epoll_event event = {.events = EPOLLIN, .data.u64 = 1},
	                         everything = {.events = UINT32_MAX, .data.u64 = 1};
	for (size_t i = 0; i < COUNT(operations); i++)
		cases_of_operation(operations[i], &event);
	cases_of_operation(EPOLL_CTL_ADD, &everything);
}
