// Datagrams with traffic: alone and in batches, what a filter lets in, where multicast goes, offload, the path MTU.
#include "traffic.h"

enum { PER_CALL = 64, MOST = 200 };

// ---- one by one -----------------------------------------------------------------------------------------

// There and back, from an address of each host to one of the other.
static void there_and_back(void)
{
	FOR_SIDES(side)
	{
		struct received got;
		int fd = udp_at(side, HERE_TOO, PORT), there = udp_there(side);
		union graft_address to = at(side, HERE_TOO, PORT);
		bind_at(there, side, THERE_TOO, PORT + 1);
		say(there, "question", &to, NULL);
		hears(fd, "question", &got);
		CHECK_PLACE(side, THERE_TOO, got.from);
		CHECK_IS(PORT + 1, graft_address_port(&got.from));
		say(fd, "answer", &got.from, NULL);
		hears(there, "answer", &got);
		CHECK_PLACE(side, HERE_TOO, got.from);
		CHECK_IS(PORT, graft_address_port(&got.from));
		close_both(fd, there);
	}
}

static void lengths(void)
{
	FOR_SIDES(side)
	{
		char bytes[8];
		int fd = udp_at(side, ANY, PORT), there = udp_there(side);
		union graft_address to = at(side, HERE, PORT), from;
		connect_to(there, &to);
		CHECK_IS(6, graft_send(there, "abcdef", 6, NULL, NULL, 0));
		CHECK_IS(6, graft_receive(fd, bytes, 8, &from, NULL, MSG_PEEK));
		CHECK_IS(3, graft_receive(fd, bytes, 3, NULL, NULL, MSG_PEEK));
		CHECK_IS(6, graft_receive(fd, bytes, 3, NULL, NULL, MSG_PEEK | MSG_TRUNC));
		memset(bytes, '-', sizeof(bytes));
		CHECK_IS(3, graft_receive(fd, bytes, 3, NULL, NULL, 0));
		CHECK(!memcmp(bytes, "abc-----", 8));
		CHECK_IS(0, graft_send(there, NULL, 0, NULL, NULL, 0)); // an empty one is one too
		CHECK_IS(1, graft_send(there, "x", 1, NULL, NULL, 0));
		CHECK_IS(0, graft_receive(fd, bytes, 8, &from, NULL, 0));
		CHECK_PLACE(side, THERE, from);
		CHECK_IS(1, graft_receive(fd, bytes, 8, NULL, NULL, 0));
		CHECK_IS(-EAGAIN, graft_receive(fd, bytes, 8, NULL, NULL, MSG_DONTWAIT));
		close_both(fd, there);
	}
}

// ---- batches --------------------------------------------------------------------------------------------

// Datagram i: three parts, whose lengths depend on i; the second may be empty.
struct batch {
	struct graft_message messages[MOST];
	struct iovec parts[MOST][3];
	char bytes[MOST][3][WORD];
};

static void lay_out(struct batch *batch, bool full)
{
	memset(batch, 0, sizeof(*batch));
	for (unsigned i = 0; i < MOST; i++) {
		const size_t lengths_of[] = {4, i % 5, i % 40};
		for (unsigned part = 0; part < 3; part++)
			batch->parts[i][part] =
			        (struct iovec){batch->bytes[i][part], full ? WORD : lengths_of[part]};
		snprintf(batch->bytes[i][0], WORD, "%04u", i);
		memset(batch->bytes[i][1], 'a' + (char)(i % 26), WORD);
		memset(batch->bytes[i][2], 'A' + (char)(i % 26), WORD);
		batch->messages[i].parts = batch->parts[i];
		batch->messages[i].part_count = 3;
	}
}

static size_t length_of(unsigned i)
{
	return 4 + i % 5 + i % 40;
}

// What datagram i has to look like in one buffer.
static void check_bytes(unsigned i, const char *bytes, size_t length)
{
	char wanted[2 * WORD];
	snprintf(wanted, sizeof(wanted), "%04u", i);
	memset(wanted + 4, 'a' + (char)(i % 26), i % 5);
	memset(wanted + 4 + i % 5, 'A' + (char)(i % 26), i % 40);
	CHECK_IS(length_of(i), length);
	CHECK(!memcmp(wanted, bytes, length));
}

static const unsigned counts[] = {1, 3, 63, 64, 65, 128, 200};

// Where datagram i goes: two sockets here, at two addresses; odd ones carry a hop limit and a class of their own.
static void address_batch(struct batch *batch, const struct side *side)
{
	for (unsigned i = 0; i < MOST; i++) {
		struct graft_message *message = &batch->messages[i];
		message->address = at(side, i % 3 ? HERE : HERE_TOO, PORT);
		if (i % 2)
			message->control = (struct graft_control){.with = GRAFT_WITH_HOPS | GRAFT_WITH_CLASS,
			        .hops = 1 + i,
			        .traffic_class = i};
	}
}

static void send_batches(void)
{
	static struct batch batch;
	FOR_SIDES(side)
	for (unsigned c = 0; c < COUNT(counts); c++) {
		struct received got;
		int first = udp_at(side, HERE, PORT), second = udp_at(side, HERE_TOO, PORT);
		int there = udp_there(side);
		CONTEXT("%s, %u", side->name, counts[c]);
		lay_out(&batch, false);
		address_batch(&batch, side);
		CHECK_IS(0, graft_control_set(first, GRAFT_WITH_HOPS | GRAFT_WITH_CLASS, true));
		CHECK_IS(0, graft_control_set(second, GRAFT_WITH_HOPS | GRAFT_WITH_CLASS, true));
		CHECK_IS(counts[c], graft_send_batch(there, batch.messages, counts[c], 0));
		for (unsigned i = 0; i < counts[c]; i++) {
			CHECK_IS(length_of(i), batch.messages[i].length);
			receive(i % 3 ? first : second, &got);
			check_bytes(i, got.bytes, (size_t)got.length);
			CHECK_IS(i % 2 ? 1 + i : 64, got.control.hops);
			CHECK_IS(i % 2 ? i : 0, got.control.traffic_class);
		}
		deaf(first);
		deaf(second);
		close_both(first, second);
		CHECK(!close(there));
	}
}

static void check_received(const struct batch *batch, unsigned i, const struct side *side)
{
	const struct graft_message *message = &batch->messages[i];
	char bytes[3 * WORD];
	for (unsigned part = 0; part < 3; part++)
		memcpy(bytes + (size_t)part * WORD, batch->bytes[i][part], WORD);
	check_bytes(i, bytes, message->length);
	CHECK_IS(0, message->flags & (MSG_TRUNC | MSG_CTRUNC));
	CHECK_PLACE(side, THERE, message->address);
	CHECK_PLACE(side, HERE, message->control.destination);
	CHECK_IS(1 + i, message->control.hops);
}

// A batch of `sent`, one by one, with hops that tell which.
static void send_singly(int there, const union graft_address *to, unsigned sent)
{
	for (unsigned i = 0; i < sent; i++) {
		char bytes[2 * WORD];
		struct graft_control control = {.with = GRAFT_WITH_HOPS, .hops = 1 + i};
		snprintf(bytes, sizeof(bytes), "%04u", i);
		memset(bytes + 4, 'a' + (char)(i % 26), i % 5);
		memset(bytes + 4 + i % 5, 'A' + (char)(i % 26), i % 40);
		CHECK_IS(length_of(i), graft_send(there, bytes, length_of(i), to, &control, 0));
	}
}

// As many as there are, whether one is waited for or none; and exactly as many as asked for.
static void receive_batches(void)
{
	static struct batch batch;
	static const int flags[] = {0, MSG_WAITFORONE, MSG_DONTWAIT};
	FOR_SIDES(side)
	for (unsigned row = 0; row < COUNT(counts) * COUNT(flags); row++) {
		unsigned count = counts[row / COUNT(flags)];
		int flag = flags[row % COUNT(flags)];
		int fd = udp_at(side, ANY, PORT), there = udp_there(side);
		union graft_address to = at(side, HERE, PORT);
		unsigned wanted = flag ? MOST : count;
		CONTEXT("%s, %u, flags 0x%x", side->name, count, (unsigned)flag);
		lay_out(&batch, true);
		CHECK_IS(0, graft_control_set(fd, GRAFT_WITH_HOPS | GRAFT_WITH_DESTINATION, true));
		CHECK_IS(0, graft_buffer_set(fd, GRAFT_RCVBUF, 1 << 20));
		send_singly(there, &to, count);
		CHECK_IS(count, graft_receive_batch(fd, batch.messages, wanted, flag));
		for (unsigned i = 0; i < count; i++)
			check_received(&batch, i, side);
		CHECK_IS(-EAGAIN, graft_receive_batch(fd, batch.messages, MOST, MSG_DONTWAIT));
		close_both(fd, there);
	}
}

// With room for less than came: the flag tells, the rest is lost, the next is whole.
static void receive_batch_too_long(void)
{
	static struct batch batch;
	FOR_SIDES(side)
	{
		int fd = udp_at(side, ANY, PORT), there = udp_there(side);
		union graft_address to = at(side, HERE, PORT);
		lay_out(&batch, true);
		batch.messages[1].part_count = 1;
		batch.parts[1][0].iov_len = 2;
		send_singly(there, &to, 3);
		CHECK_IS(3, graft_receive_batch(fd, batch.messages, 3, 0));
		CHECK_IS(0, batch.messages[0].flags & MSG_TRUNC);
		CHECK_IS(MSG_TRUNC, batch.messages[1].flags & MSG_TRUNC);
		CHECK_IS(2, batch.messages[1].length);
		CHECK_IS(0, batch.messages[2].flags & MSG_TRUNC);
		CHECK_IS(length_of(2), batch.messages[2].length);
		close_both(fd, there);
	}
}

// A blocking batch that a timeout ends has what came until then; with none there it is an error.
static void receive_batch_waits(void)
{
	static struct batch batch;
	FOR_SIDES(side)
	{
		int fd = udp_at(side, ANY, PORT), there = udp_there(side);
		union graft_address to = at(side, HERE, PORT);
		lay_out(&batch, true);
		CHECK_IS(0, graft_timeout_set(fd, GRAFT_RECEIVING, SECOND / 20));
		int64_t start = now(CLOCK_MONOTONIC);
		CHECK_IS(-EAGAIN, graft_receive_batch(fd, batch.messages, 3, 0));
		CHECK(now(CLOCK_MONOTONIC) - start >= SECOND / 20);
		CHECK_IS(-EAGAIN, graft_receive_batch(fd, batch.messages, 3, MSG_WAITFORONE));
		send_singly(there, &to, 2);
		CHECK_IS(2, graft_receive_batch(fd, batch.messages, 3, 0));
		send_singly(there, &to, 66);
		CHECK_IS(66, graft_receive_batch(
		                     fd, batch.messages, 70, 0)); // the second call of the kernel waits
		close_both(fd, there);
	}
}

// An error of the first is the result; before a later one all is sent that was there, and nothing after it.
static void send_batch_errors(void)
{
	static struct batch batch;
	static const unsigned bad[] = {0, 1, 5, 63, 64, 65, 130};
	FOR_SIDES(side)
	for (unsigned row = 0; row < 2 * COUNT(bad); row++) {
		struct received got;
		unsigned at_index = bad[row / 2];
		bool by_kernel = row % 2;
		int fd = udp_at(side, ANY, PORT), there = udp_there(side);
		CONTEXT("%s, %u is bad, %s", side->name, at_index, by_kernel ? "an interface" : "hops");
		lay_out(&batch, false);
		for (unsigned i = 0; i < MOST; i++)
			batch.messages[i].address = at(side, HERE, PORT);
		batch.messages[at_index].control =
		        by_kernel ? (struct graft_control){GRAFT_WITH_INTERFACE, .index = 9999}
		                  : (struct graft_control){GRAFT_WITH_HOPS, .hops = 256};
		int error = by_kernel ? -ENODEV : -ERANGE;
		CHECK_IS(at_index ? (int)at_index : error, graft_send_batch(there, batch.messages, MOST, 0));
		for (unsigned i = 0; i < at_index; i++) {
			receive(fd, &got);
			check_bytes(i, got.bytes, (size_t)got.length);
		}
		// Whoever goes on where it stopped hears of the error.
		CHECK_IS(error, graft_send_batch(there, batch.messages + at_index, 1, 0));
		say(there, "end", &batch.messages[0].address, NULL);
		hears(fd, "end", NULL);
		close_both(fd, there);
	}
}

// Without addresses, to the peer.
static void batch_to_the_peer(void)
{
	static struct batch batch;
	FOR_SIDES(side)
	{
		struct received got;
		int fd = udp_at(side, ANY, PORT), there = udp_there(side);
		union graft_address to = at(side, HERE, PORT);
		connect_to(there, &to);
		lay_out(&batch, false);
		batch.messages[1].control =
		        (struct graft_control){.with = GRAFT_WITH_HOPS | GRAFT_WITH_INTERFACE,
		                .hops = 9,
		                .index = interface_of(there, "a0")};
		CHECK_IS(0, graft_control_set(fd, GRAFT_WITH_HOPS, true));
		CHECK_IS(3, graft_send_batch(there, batch.messages, 3, 0));
		for (unsigned i = 0; i < 3; i++) {
			receive(fd, &got);
			check_bytes(i, got.bytes, (size_t)got.length);
			CHECK_IS(i == 1 ? 9 : 64, got.control.hops);
		}
		close_both(fd, there);
	}
}

// Only IPv4 is left of a mapped address: an AF_INET socket sends to it too. AF_UNSPEC is the peer.
static void mapped_and_unspecified(void)
{
	FOR_FAMILIES(side)
	{
		const struct side *to_ipv4 = &sides[GRAFT_IPV4];
		struct graft_message messages[2] = {0};
		struct iovec part = {"batch", 5};
		union graft_address none = {0}, address = mapped(places[GRAFT_IPV4][HERE], PORT);
		const union graft_address plain_address = plain(to_ipv4, HERE, PORT);
		int fd = udp_at(to_ipv4, HERE, PORT), other = udp_at(to_ipv4, HERE_TOO, PORT);
		int there = udp_there(side);
		union graft_address peer = plain(to_ipv4, HERE_TOO, PORT);
		struct graft_control control = {.with = GRAFT_WITH_HOPS, .hops = 9};
		CHECK_IS(-EDESTADDRREQ, graft_send(there, "x", 1, &none, NULL, 0));
		connect_to(there, &peer);
		say(there, "single", &address, &control);
		CHECK(graft_address_is_mapped(&address)); // the caller's stays
		say(there, "to the peer", &none, &control);
		for (int i = 0; i < 2; i++)
			messages[i] = (struct graft_message){.parts = &part, .part_count = 1};
		messages[0].address = address;
		CHECK_IS(2, graft_send_batch(there, messages, 2, 0));
		CHECK(!memcmp(&plain_address, &messages[0].address, sizeof(plain_address.v4)));
		CHECK_IS(AF_UNSPEC, messages[1].address.any.sa_family);
		hears(fd, "single", NULL);
		hears(fd, "batch", NULL);
		hears(other, "to the peer", NULL);
		hears(other, "batch", NULL);
		deaf(fd);
		deaf(other);
		close_both(fd, other);
		CHECK(!close(there));
	}
}

// ---- what a filter lets in ------------------------------------------------------------------------------

// Only datagrams whose first byte, behind the UDP header, is 'y'.
static void packet_filter(void)
{
	static const struct sock_filter code[] = {
	        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 8),
	        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 'y', 0, 1),
	        BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
	        BPF_STMT(BPF_RET | BPF_K, 0),
	};
	FOR_SIDES(side)
	{
		struct sock_filter back[COUNT(code)];
		int fd = udp_at(side, ANY, PORT), there = udp_there(side);
		union graft_address to = at(side, HERE, PORT);
		say(there, "no filter", &to, NULL);
		hears(fd, "no filter", NULL);
		CHECK_IS(0, graft_bpf_attach(fd, code, COUNT(code)));
		CHECK_IS(COUNT(code), graft_bpf_read(fd, back, COUNT(back)));
		CHECK(!memcmp(code, back, sizeof(code)));
		say(there, "no", &to, NULL);
		say(there, "yes", &to, NULL);
		say(there, "never", &to, NULL);
		say(there, "yet", &to, NULL);
		hears(fd, "yes", NULL);
		hears(fd, "yet", NULL);
		CHECK_IS(0, graft_bpf_detach(fd));
		say(there, "no more", &to, NULL);
		hears(fd, "no more", NULL);
		close_both(fd, there);
	}
}

// ---- where multicast goes -------------------------------------------------------------------------------

static int member(const struct side *side, int fd, const char *interface)
{
	union graft_address group = at(side, GROUP, PORT);
	bind_at(fd, side, ANY, PORT);
	CHECK_IS(0, graft_join(fd, interface_of(fd, interface), &group));
	return fd;
}

static void multicast_loop(void)
{
	FOR_SIDES(side)
	{
		int own = member(side, udp_there(side), "a0"), far = member(side, udp(side), "b0");
		int there = udp_there(side);
		union graft_address group = at(side, GROUP, PORT);
		CHECK_IS(0, graft_multicast_interface_set(there, interface_of(there, "a0")));
		CHECK_IS(0, graft_set(there, GRAFT_MULTICAST_LOOP, 0));
		say(there, "far only", &group, NULL);
		CHECK_IS(0, graft_set(there, GRAFT_MULTICAST_LOOP, 1));
		say(there, "both", &group, NULL);
		hears(own, "both", NULL);
		hears(far, "far only", NULL);
		hears(far, "both", NULL);
		close_both(own, far);
		CHECK(!close(there));
	}
}

static void multicast_hops(void)
{
	FOR_SIDES(side)
	{
		struct received got;
		int own = member(side, udp_there(side), "a0"), far = member(side, udp(side), "b0");
		int there = udp_there(side);
		union graft_address group = at(side, GROUP, PORT);
		CHECK_IS(0, graft_control_set(far, GRAFT_WITH_HOPS, true));
		CHECK_IS(0, graft_multicast_interface_set(there, interface_of(there, "a0")));
		CHECK_IS(0, graft_set(there, GRAFT_MULTICAST_HOPS, 0));
		say(there, "kept", &group, NULL);
		CHECK_IS(0, graft_set(there, GRAFT_MULTICAST_HOPS, 16));
		say(there, "far", &group, NULL);
		hears(own, "kept", NULL);
		hears(own, "far", NULL);
		hears(far, "far", &got);
		CHECK_IS(16, got.control.hops);
		close_both(own, far);
		CHECK(!close(there));
	}
}

// By one interface after the other: the socket's, and one datagram's.
static void multicast_interfaces(void)
{
	FOR_SIDES(side)
	{
		struct received got;
		int first = member(side, udp(side), "b0"), there = udp_there(side);
		union graft_address group = at(side, GROUP, PORT);
		CHECK_IS(0, graft_join(first, interface_of(first, "b1"), &group));
		CHECK_IS(0, graft_control_set(first, GRAFT_WITH_INTERFACE, true));
		for (int i = 0; i < 6; i++) {
			char out[] = {'a', (char)('0' + i % 2), '\0'}, in[] = {'b', out[1], '\0'};
			struct graft_control control = {
			        .with = GRAFT_WITH_INTERFACE, .index = interface_of(there, out)};
			if (i == 2) // from now on the socket says nothing
				CHECK_IS(0, graft_multicast_interface_set(there, 0));
			if (i < 2)
				CHECK_IS(0, graft_multicast_interface_set(there, control.index));
			say(there, out, &group, i < 2 ? NULL : &control);
			hears(first, out, &got);
			CHECK_IS(interface_of(first, in), got.control.index);
			CHECK_PLACE(side, i % 2 ? THERE_1 : THERE, got.from);
		}
		close_both(first, there);
	}
}

// ---- offload --------------------------------------------------------------------------------------------

// One call sends datagrams of one size and a shorter last one; by the socket's option, and by one datagram's message.
static void segmentation(void)
{
	static char bytes[3500];
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)('a' + i / 1000);
	FOR_SIDES(side)
	for (int by_option = 0; by_option < 2; by_option++) {
		struct received got;
		int fd = udp_at(side, ANY, PORT), there = udp_there(side);
		union graft_address to = at(side, HERE, PORT);
		struct graft_control control = {.with = GRAFT_WITH_SEGMENT, .segment = 1000};
		if (by_option)
			CHECK_IS(0, graft_set(there, GRAFT_SEGMENT, 1000));
		CHECK_IS(sizeof(bytes),
		        graft_send(there, bytes, sizeof(bytes), &to, by_option ? NULL : &control, 0));
		for (int i = 0; i < 4; i++) {
			receive(fd, &got);
			CHECK_IS(i < 3 ? 1000 : 500, got.length);
			CHECK_IS('a' + i, got.bytes[0]);
			CHECK_IS('a' + i, got.bytes[got.length - 1]);
		}
		deaf(fd);
		close_both(fd, there);
	}
}

static void coalescing(void)
{
	static char bytes[3500], got[4000];
	FOR_SIDES(side)
	{
		struct graft_control control = {.with = GRAFT_WITH_SEGMENT, .segment = 1000};
		int fd = udp_at(side, ANY, PORT), there = udp_there(side);
		union graft_address to = at(side, HERE, PORT);
		CHECK_IS(0, graft_control_set(fd, GRAFT_WITH_SEGMENT, true));
		CHECK_IS(sizeof(bytes), graft_send(there, bytes, sizeof(bytes), &to, &control, 0));
		CHECK_IS(sizeof(bytes), graft_receive(fd, got, sizeof(got), NULL, &control, 0));
		CHECK_IS(GRAFT_WITH_SEGMENT, control.with);
		CHECK_IS(1000, control.segment);
		CHECK_IS(0, graft_control_set(fd, GRAFT_WITH_SEGMENT, false));
		control.with = GRAFT_WITH_SEGMENT;
		CHECK_IS(sizeof(bytes), graft_send(there, bytes, sizeof(bytes), &to, &control, 0));
		CHECK_IS(1000, graft_receive(fd, got, sizeof(got), NULL, &control, 0));
		CHECK_IS(0, control.with);
		close_both(fd, there);
	}
}

// ---- the path MTU ---------------------------------------------------------------------------------------

// Of the route that what was sent last took; the test changes it while this waits for its line.
static void path_mtu(void)
{
	int fds[COUNT(sides)];
	union graft_address to[COUNT(sides)];
	int64_t mtu;
	FOR_SIDES(side)
	{
		int fd = fds[side - sides] = udp(side);
		to[side - sides] = at(side, THERE, bind_at(udp_there(side), side, ANY, 0));
		CHECK_IS(-ENOTCONN, graft_get(fd, GRAFT_PATH_MTU, &mtu));
		connect_to(fd, &to[side - sides]);
	}
	for (int wanted = 1500; wanted; wanted = wanted == 1500 ? 1300 : 0) {
		FOR_SIDES(side)
		{
			int fd = fds[side - sides];
			int64_t got = 0;
			// The kernel looks at the route again only now.
			say(fd, "word", NULL, NULL);
			if (side->family == AF_INET6 && side->side == GRAFT_IPV4)
				connect_to(fd, &to[side - sides]);
			CHECK_IS(0, graft_side_get(fd, GRAFT_PATH_MTU, side->side, &got));
			CHECK_IS(wanted, got);
			CHECK_IS(0, graft_get(fd, GRAFT_PATH_MTU, &mtu));
			CHECK_IS(wanted, mtu);
		}
		printf("was %d\n", wanted);
		fflush(stdout);
		if (wanted == 1500)
			CHECK_IS('\n', getchar());
	}
}

CASES(CASE(there_and_back), CASE(lengths), CASE(send_batches), CASE(receive_batches),
        CASE(receive_batch_too_long), CASE(receive_batch_waits), CASE(send_batch_errors),
        CASE(batch_to_the_peer), CASE(mapped_and_unspecified), CASE(packet_filter), CASE(multicast_loop),
        CASE(multicast_hops), CASE(multicast_interfaces), CASE(segmentation), CASE(coalescing),
        CASE(path_mtu))
