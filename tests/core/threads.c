// One socket in many threads at once: those that send and receive, alone and in batches, those that turn control
// messages on and off, and those that join and leave.
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

CASES(CASE(one_socket))
