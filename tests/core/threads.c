// One socket in many threads at once: those that send and receive, alone and in batches, those that turn control
// messages on and off, and those that join and leave; and threads that are cancelled.
#include "traffic.h"

#include <pthread.h>
#include <stdatomic.h>

enum { WRITERS = 4, READERS = 3, TOGGLERS = 2, MEMBERS = 2, EACH = 1000, BATCH = 5 };

static struct {
	const struct side *side;
	int fd;
	atomic_uint received, writing;
	atomic_bool done;
} shared;

// ---- sending --------------------------------------------------------------------------------------------

// What writer `number` sends, and with which hops: whoever receives it can tell.
static void fill(char word[WORD], unsigned number)
{
	memset(word, 'a' + (char)number, WORD);
}

static void send_one(unsigned number, const union graft_address *to)
{
	char word[WORD];
	struct graft_control control = {.with = GRAFT_WITH_HOPS, .hops = 100 + number};
	fill(word, number);
	CHECK_IS(WORD, graft_send(shared.fd, word, WORD, to, &control, 0));
}

static void send_batch(unsigned number, const union graft_address *to)
{
	struct graft_message messages[BATCH];
	struct iovec part;
	char word[WORD];
	fill(word, number);
	part = (struct iovec){word, WORD};
	memset(messages, 0, sizeof(messages));
	for (int i = 0; i < BATCH; i++) {
		messages[i].parts = &part;
		messages[i].part_count = 1;
		messages[i].address = *to;
		messages[i].control = (struct graft_control){.with = GRAFT_WITH_HOPS, .hops = 100 + number};
	}
	CHECK_IS(BATCH, graft_send_batch(shared.fd, messages, BATCH, 0));
}

static void *writer(void *argument)
{
	unsigned number = *(const unsigned *)argument;
	union graft_address to = at(shared.side, HERE, PORT);
	for (int i = 0; i < EACH; i++)
		send_one(number, &to);
	for (int i = 0; i < EACH / BATCH; i++)
		send_batch(number, &to);
	atomic_fetch_sub(&shared.writing, 1);
	return NULL;
}

// ---- receiving ------------------------------------------------------------------------------------------

static void check_word(const char *word, size_t length, const struct graft_control *control)
{
	char wanted[WORD];
	unsigned number = (unsigned)(*word - 'a');
	CHECK_IS(WORD, length);
	CHECK(number < WRITERS);
	fill(wanted, number);
	CHECK(!memcmp(wanted, word, WORD));
	if (control->with & GRAFT_WITH_HOPS)
		CHECK_IS(100 + number, control->hops);
	if (control->with & GRAFT_WITH_DESTINATION)
		CHECK_PLACE(shared.side, HERE, control->destination);
	atomic_fetch_add(&shared.received, 1);
}

static bool receive_one(void)
{
	char word[WORD + 1];
	union graft_address from;
	struct graft_control control;
	ssize_t length = graft_receive(shared.fd, word, sizeof(word), &from, &control, 0);
	if (length == -EAGAIN)
		return false;
	CHECK(length >= 0);
	CHECK_PLACE(shared.side, HERE, from);
	check_word(word, (size_t)length, &control);
	return true;
}

static bool receive_batch(void)
{
	struct graft_message messages[BATCH];
	struct iovec parts[BATCH];
	char words[BATCH][WORD + 1];
	memset(messages, 0, sizeof(messages));
	for (int i = 0; i < BATCH; i++) {
		parts[i] = (struct iovec){words[i], sizeof(words[i])};
		messages[i].parts = &parts[i];
		messages[i].part_count = 1;
	}
	int count = graft_receive_batch(shared.fd, messages, BATCH, MSG_WAITFORONE);
	if (count == -EAGAIN)
		return false;
	CHECK(count > 0);
	for (int i = 0; i < count; i++)
		check_word(words[i], messages[i].length, &messages[i].control);
	return true;
}

static void *reader(void *argument)
{
	bool (*const ways[])(void) = {receive_one, receive_batch};
	unsigned number = *(const unsigned *)argument;
	for (unsigned i = 0; ways[(number + i) % 2]() || atomic_load(&shared.writing); i++)
		;
	return NULL;
}

// ---- beside ---------------------------------------------------------------------------------------------

static void *toggler(void *argument)
{
	static const unsigned withs[] = {GRAFT_WITH_HOPS | GRAFT_WITH_CLASS,
	        GRAFT_WITH_DESTINATION | GRAFT_WITH_TIME | GRAFT_WITH_DROPS};
	unsigned number = *(const unsigned *)argument;
	for (unsigned i = 0; !atomic_load(&shared.done) || i % 2; i++) {
		CHECK_IS(0, graft_control_set(shared.fd, withs[number % 2], !(i % 2)));
		int receives = graft_control_get(shared.fd);
		CHECK(receives >= 0);
		CHECK_IS(i % 2 ? 0 : withs[number % 2] & GRAFT_WITH_HOPS,
		        (unsigned)receives & withs[number % 2] & GRAFT_WITH_HOPS);
	}
	return NULL;
}

static void *member(void *argument)
{
	unsigned number = *(const unsigned *)argument, b0 = interface_of(shared.fd, "b0");
	union graft_address group = at(shared.side, number % 2 ? GROUP : GROUP_TOO, 0);
	union graft_address source = at(shared.side, THERE, 0);
	while (!atomic_load(&shared.done)) {
		enum graft_mode mode;
		CHECK_IS(0, graft_join(shared.fd, b0, &group));
		CHECK_IS(0, graft_block_source(shared.fd, b0, &group, &source));
		CHECK_IS(1, graft_sources_get(shared.fd, b0, &group, &mode, NULL, 0));
		CHECK_IS(GRAFT_EXCLUDE, mode);
		CHECK_IS(0, graft_leave(shared.fd, b0, &group));
	}
	return NULL;
}

// ---- all of it ------------------------------------------------------------------------------------------

static void start(pthread_t *threads, unsigned *numbers, unsigned count, void *(*run)(void *))
{
	for (unsigned i = 0; i < count; i++) {
		numbers[i] = i;
		CHECK(!pthread_create(&threads[i], NULL, run, &numbers[i]));
	}
}

static void finish(const pthread_t *threads, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		CHECK(!pthread_join(threads[i], NULL));
}

static void run_on(const struct side *side)
{
	enum { ALL = WRITERS + READERS + TOGGLERS + MEMBERS };
	pthread_t threads[ALL], *beside = threads + WRITERS + READERS;
	unsigned numbers[ALL];
	uint32_t drops;
	shared.side = side;
	shared.fd = socket(side->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	CHECK(shared.fd >= 0);
	bind_at(shared.fd, side, ANY, PORT);
	CHECK_IS(0, graft_timeout_set(shared.fd, GRAFT_RECEIVING, SECOND / 5));
	atomic_store(&shared.received, 0);
	atomic_store(&shared.writing, WRITERS);
	atomic_store(&shared.done, false);
	start(beside, numbers + WRITERS + READERS, TOGGLERS, toggler);
	start(beside + TOGGLERS, numbers + WRITERS + READERS + TOGGLERS, MEMBERS, member);
	start(threads + WRITERS, numbers + WRITERS, READERS, reader);
	start(threads, numbers, WRITERS, writer);
	finish(threads, WRITERS + READERS);
	atomic_store(&shared.done, true);
	finish(beside, TOGGLERS + MEMBERS);
	CHECK_IS(0, graft_control_get(shared.fd));
	CHECK_IS(0, graft_drops(shared.fd, &drops));
	CHECK_IS(WRITERS * EACH * 2, atomic_load(&shared.received) + drops);
	CHECK(atomic_load(&shared.received) > EACH);
	CHECK(!close(shared.fd));
}

static void one_socket(void)
{
	FOR_SIDES(side)
	run_on(side);
}

// ---- cancellation ---------------------------------------------------------------------------------------

enum { CANCELLED = 64 /* threads for each call */ };

static struct {
	int fd, copy;
	atomic_int thread; // its id, once it runs
	atomic_uint returned;
} cancelled;

static void find_route(void)
{
	union graft_address to = plain(&sides[GRAFT_IPV4], THERE, 0);
	CHECK(graft_route_interface(&to) > 0);
}

static void find_interface(enum graft_interface_by by)
{
	struct graft_interface interface = {
	        .by = by, .name = "b0", .address = plain(&sides[GRAFT_IPV6], HERE, 0)};
	CHECK_IS(1, graft_interface_resolve(cancelled.fd, &interface, &(unsigned){0}, 1));
}

static void find_by_pattern(void)
{
	find_interface(GRAFT_BY_PATTERN);
}

static void find_by_address(void)
{
	find_interface(GRAFT_BY_ADDRESS);
}

static void list_memberships(void)
{
	CHECK_IS(1, graft_memberships(cancelled.fd, 0, NULL, 0));
}

static void copy_descriptor(void)
{
	cancelled.copy = graft_descriptor_copy(getpid(), cancelled.fd);
	CHECK(cancelled.copy >= 0);
}

static void ask_for_the_interface(void)
{
	CHECK_IS(0, graft_multicast_interface_get(cancelled.fd, &(unsigned){0}));
}

// A thread with its end in store, which comes at the first cancellation point.
static void *run_cancelled(void *argument)
{
	void (*const *call)(void) = argument;
	CHECK(!pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL));
	CHECK(!pthread_cancel(pthread_self()));
	CHECK(!pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL));
	(*call)();
	atomic_fetch_add(&cancelled.returned, 1);
	pthread_testcancel();
	return NULL;
}

// How many are open.
static unsigned open_descriptors(void)
{
	unsigned count = 0;
	for (int fd = 0; fd < 1024; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static void cancel_in(void (*call)(void))
{
	for (unsigned i = 0; i < CANCELLED; i++) {
		pthread_t thread;
		void *result;
		cancelled.copy = -1;
		CHECK(!pthread_create(&thread, NULL, run_cancelled, &call));
		CHECK(!pthread_join(thread, &result));
		CHECK(result == PTHREAD_CANCELED);
		CHECK_IS(i + 1, atomic_load(&cancelled.returned));
		if (cancelled.copy >= 0)
			CHECK(!close(cancelled.copy));
	}
}

static void nothing(void)
{
}

// What opens descriptors for a moment is no cancellation point: it comes to its end, and closes them.
static void no_cancellation_points(void)
{
	static void (*const calls[])(void) = {nothing, find_route, find_by_pattern, find_by_address,
	        list_memberships, copy_descriptor, ask_for_the_interface};
	union graft_address group = plain(&sides[GRAFT_IPV4], GROUP, 0);
	unsigned before = 0;
	cancelled.fd = udp(&sides[GRAFT_IPV4]);
	CHECK_IS(0, graft_join(cancelled.fd, interface_of(cancelled.fd, "b0"), &group));
	CHECK_IS(0, graft_multicast_interface_set(cancelled.fd, interface_of(cancelled.fd, "b0")));
	for (unsigned i = 0; i < COUNT(calls); i++) {
		CONTEXT("call %u", i);
		atomic_store(&cancelled.returned, 0);
		cancel_in(calls[i]);
		if (!i) // what libc keeps open for cancellation is open now
			before = open_descriptors();
		CHECK_IS(before, open_descriptors());
	}
	CHECK(!close(cancelled.fd));
}

static void *receive_for_ever(void *argument)
{
	char byte;
	(void)argument;
	atomic_store(&cancelled.thread, gettid());
	graft_receive(cancelled.fd, &byte, 1, NULL, NULL, 0);
	atomic_fetch_add(&cancelled.returned, 1);
	return NULL;
}

static bool sleeps(int thread)
{
	char path[64], state = '?';
	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", thread);
	FILE *file = fopen(path, "re");
	CHECK(file);
	CHECK_IS(1, fscanf(file, "%*d (%*[^)]) %c", &state));
	fclose(file);
	return state == 'S';
}

// A thread that waits for a datagram ends when it is cancelled.
static void receiving_is_a_cancellation_point(void)
{
	pthread_t thread;
	void *result;
	int64_t end = now(CLOCK_MONOTONIC) + DEADLINE * SECOND;
	cancelled.fd = udp_at(&sides[GRAFT_IPV4], ANY, PORT);
	CHECK_IS(0, graft_timeout_set(cancelled.fd, GRAFT_RECEIVING, 3 * DEADLINE * SECOND));
	CHECK(!pthread_create(&thread, NULL, receive_for_ever, NULL));
	while (!atomic_load(&cancelled.thread) || !sleeps(atomic_load(&cancelled.thread)))
		CHECK(now(CLOCK_MONOTONIC) < end);
	CHECK(!pthread_cancel(thread));
	CHECK(!pthread_join(thread, &result));
	CHECK(result == PTHREAD_CANCELED);
	CHECK_IS(0, atomic_load(&cancelled.returned));
	CHECK(!close(cancelled.fd));
}

CASES(CASE(one_socket), CASE(no_cancellation_points), CASE(receiving_is_a_cancellation_point))
