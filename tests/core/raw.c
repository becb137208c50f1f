// Raw sockets with traffic: echoes, ICMP filters, headers included and received, and the checksum of IPv6.
#include "traffic.h"

#include <arpa/inet.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>

enum { EXPERIMENTAL = 253, HOPS = 9, CLASS = 0x28 }; // a protocol of nobody's, RFC 3692

static int raw_here(const struct side *side, int protocol)
{
	return open_raw(side, SOCK_RAW, protocol);
}

static int raw_there(const struct side *side, int protocol)
{
	return open_there(side, SOCK_RAW, protocol);
}

// ---- ICMP -----------------------------------------------------------------------------------------------

static int icmp_of(const struct side *side)
{
	return side->side == GRAFT_IPV4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
}

static unsigned char request_of(const struct side *side)
{
	return side->side == GRAFT_IPV4 ? ICMP_ECHO : ICMP6_ECHO_REQUEST;
}

static unsigned char reply_of(const struct side *side)
{
	return side->side == GRAFT_IPV4 ? ICMP_ECHOREPLY : ICMP6_ECHO_REPLY;
}

// The kernel puts in the checksum for IPv6 alone.
static void send_echo(const struct side *side, int fd, unsigned char id, const union graft_address *to,
        const struct graft_control *control)
{
	unsigned char echo[12] = {request_of(side), 0, 0, 0, 0, id, 0, 1, 'e', 'c', 'h', 'o'};
	uint16_t sum = graft_internet_checksum(echo, sizeof(echo));
	if (side->side == GRAFT_IPV4)
		memcpy(echo + 2, &sum, sizeof(sum));
	CHECK_IS(sizeof(echo), graft_send(fd, echo, sizeof(echo), to, control, 0));
}

static void accept_only(int fd, unsigned type)
{
	struct graft_icmp_filter filter;
	graft_icmp_filter_block_all(&filter);
	graft_icmp_filter_accept(&filter, type);
	CHECK_IS(0, graft_icmp_filter_set(fd, &filter));
}

// The next ICMP message is this one; IPv4's header is told apart, and says what the control messages say.
static void hears_icmp(const struct side *side, int fd, unsigned type, unsigned char id, struct received *got)
{
	const unsigned char *message = (const unsigned char *)got->bytes;
	struct graft_ipv4_header header;
	size_t size = sizeof(got->bytes);
	memset(got, 0x5a, sizeof(*got));
	if (side->side == GRAFT_IPV4) {
		got->length = graft_receive_packet(fd, &header, got->bytes, size, &got->control, 0);
		got->from = (union graft_address){.v4 = {.sin_family = AF_INET, .sin_addr = header.source}};
		CHECK_IS(IPPROTO_ICMP, header.protocol);
		CHECK_IS(20, header.length);
		CHECK_IS(32, header.total_length);
		CHECK_IS(got->control.hops, header.ttl);
		CHECK_IS(got->control.traffic_class, header.tos);
		CHECK_IS(got->control.destination.v4.sin_addr.s_addr, header.destination.s_addr);
		CHECK_IS(0, graft_internet_checksum(message, (size_t)got->length));
	} else {
		got->length = graft_receive(fd, got->bytes, size, &got->from, &got->control, 0);
	}
	CHECK_IS(12, got->length);
	CHECK_IS(type, message[0]);
	CHECK_IS(id, message[5]);
	CHECK(!memcmp(message + 8, "echo", 4));
}

static void receive_all(int fd)
{
	CHECK_IS(0,
	        graft_control_set(fd,
	                GRAFT_WITH_HOPS | GRAFT_WITH_CLASS | GRAFT_WITH_DESTINATION | GRAFT_WITH_TIME, true));
}

// The request as it is specified, and the neighbour's reply to it.
static void echo(void)
{
	FOR_FAMILIES(side)
	{
		struct received got;
		int fd = raw_here(side, icmp_of(side)), there = raw_there(side, icmp_of(side));
		union graft_address to = at(side, THERE_TOO, 0);
		struct graft_control control = {GRAFT_WITH_HOPS | GRAFT_WITH_CLASS | GRAFT_WITH_SOURCE,
		        .hops = HOPS, .traffic_class = CLASS, .source = at(side, HERE_TOO, 0)};
		receive_all(fd);
		receive_all(there);
		accept_only(fd, reply_of(side));
		accept_only(there, request_of(side));
		for (unsigned char id = 1; id < 4; id++) {
			send_echo(side, fd, id, &to, &control);
			hears_icmp(side, there, request_of(side), id, &got);
			CHECK_IS(HOPS, got.control.hops);
			CHECK_IS(CLASS, got.control.traffic_class);
			CHECK_PLACE(side, THERE_TOO, got.control.destination);
			CHECK_PLACE(side, HERE_TOO, got.from);
			hears_icmp(side, fd, reply_of(side), id, &got);
			CHECK_IS(64, got.control.hops);
			CHECK_PLACE(side, HERE_TOO, got.control.destination);
			CHECK_PLACE(side, THERE_TOO, got.from);
			CHECK_IS(interface_of(fd, "b0"), got.control.index);
		}
		close_both(fd, there);
	}
}

static void echo_to_a_group(void)
{
	FOR_FAMILIES(side)
	{
		struct received got;
		int fd = raw_here(side, icmp_of(side)), there = raw_there(side, icmp_of(side));
		union graft_address group = at(side, GROUP, 0);
		receive_all(there);
		accept_only(there, request_of(side));
		CHECK_IS(0, graft_join(there, interface_of(there, "a1"), &group));
		CHECK_IS(0, graft_multicast_interface_set(fd, interface_of(fd, "b1")));
		CHECK_IS(0, graft_set(fd, GRAFT_MULTICAST_HOPS, HOPS));
		CHECK_IS(0, graft_set(fd, GRAFT_CLASS, CLASS));
		send_echo(side, fd, 7, &group, NULL);
		hears_icmp(side, there, request_of(side), 7, &got);
		CHECK_IS(HOPS, got.control.hops);
		CHECK_IS(CLASS, got.control.traffic_class);
		CHECK_PLACE(side, GROUP, got.control.destination);
		CHECK_PLACE(side, HERE_1, got.from);
		CHECK_IS(interface_of(there, "a1"), got.control.index);
		close_both(fd, there);
	}
}

static void icmp_filter(void)
{
	FOR_FAMILIES(side)
	{
		struct received got;
		struct graft_icmp_filter filter, back;
		int fd = raw_here(side, icmp_of(side)), other = raw_here(side, icmp_of(side));
		union graft_address to = at(side, THERE, 0);
		receive_all(fd);
		receive_all(other);
		accept_only(other, reply_of(side));
		graft_icmp_filter_block_all(&filter);
		graft_icmp_filter_accept(&filter, reply_of(side));
		graft_icmp_filter_block(&filter, reply_of(side));
		CHECK_IS(0, graft_icmp_filter_set(fd, &filter));
		CHECK_IS(0, graft_icmp_filter_get(fd, &back));
		CHECK(graft_icmp_filter_will_block(&back, reply_of(side)));
		send_echo(side, fd, 1, &to, NULL);
		hears_icmp(side, other, reply_of(side), 1, &got);
		accept_only(fd, reply_of(side));
		send_echo(side, fd, 2, &to, NULL);
		hears_icmp(side, other, reply_of(side), 2, &got);
		hears_icmp(side, fd, reply_of(side), 2, &got);
		deaf(fd);
		close_both(fd, other);
	}
}

// ---- IPv4 headers ---------------------------------------------------------------------------------------

static const unsigned char options[40] = {0x94, 4, 0, 0, /* router alert */
        0x1e, 36, 1, 2, 3, 4, 5, 6, 7, 8, 9 /* an experiment, RFC 4727 */};

static struct graft_ipv4_header header_of(unsigned option_length, size_t payload)
{
	struct graft_ipv4_header header = {.tos = CLASS,
	        .id = 0x1234,
	        .flags = GRAFT_DONT_FRAGMENT,
	        .ttl = HOPS,
	        .protocol = EXPERIMENTAL,
	        .source = address_of("10.77.0.99", 0).v4.sin_addr, // nobody's
	        .destination = plain(&sides[GRAFT_IPV4], HERE_TOO, 0).v4.sin_addr,
	        .option_length = option_length};
	header.total_length = (unsigned)(GRAFT_IPV4_HEADER + option_length + payload);
	memcpy(header.options, options, option_length);
	if (option_length > 4)
		header.options[5] = (unsigned char)(option_length - 4);
	return header;
}

static int sender_of_headers(void)
{
	int there = raw_there(&sides[GRAFT_IPV4], EXPERIMENTAL);
	CHECK_IS(0, graft_set(there, GRAFT_HEADER_INCLUDED, 1));
	return there;
}

static void check_header(const struct graft_ipv4_header *sent, const struct graft_ipv4_header *got)
{
	unsigned char bytes[GRAFT_IPV4_HEADER_ROOM];
	CHECK_IS(sent->total_length, got->total_length);
	CHECK_IS(sent->tos, got->tos);
	CHECK_IS(sent->id, got->id);
	CHECK_IS(sent->flags, got->flags);
	CHECK_IS(0, got->fragment_offset);
	CHECK_IS(sent->ttl, got->ttl);
	CHECK_IS(sent->protocol, got->protocol);
	CHECK_IS(sent->source.s_addr, got->source.s_addr);
	CHECK_IS(sent->destination.s_addr, got->destination.s_addr);
	CHECK_IS(sent->option_length, got->option_length);
	CHECK(!memcmp(sent->options, got->options, got->option_length));
	int length = graft_ipv4_header_write(got, bytes, sizeof(bytes));
	CHECK_IS(got->length, length);
	CHECK_IS(0, graft_internet_checksum(bytes, (size_t)length));
}

// What concerns UDP alone is passed over, in what is specified too.
static void segment_passed_over(void)
{
	FOR_FAMILIES(side)
	{
		struct graft_control control = {
		        .with = GRAFT_WITH_SEGMENT | GRAFT_WITH_HOPS, .segment = 2, .hops = HOPS};
		struct received got;
		int fd = raw_here(side, EXPERIMENTAL), there = open_there(side, SOCK_RAW, EXPERIMENTAL);
		union graft_address to = at(side, HERE_TOO, 0);
		CHECK_IS(0, graft_control_set(fd, GRAFT_WITH_HOPS, true));
		say(there, "in one piece", &to, &control);
		receive(fd, &got);
		size_t start = side->side == GRAFT_IPV4 ? GRAFT_IPV4_HEADER : 0;
		CHECK_TEXT("in one piece", got.bytes + start);
		CHECK_IS(HOPS, got.control.hops);
		deaf(fd);
		close_both(fd, there);
	}
}

// With options or none, into buffers of every size.
static void packets(void)
{
	static const unsigned option_lengths[] = {0, 4, 8, 40};
	static const char payload[50] = "a payload that is somewhat longer than all options";
	int fd = raw_here(&sides[GRAFT_IPV4], EXPERIMENTAL), there = sender_of_headers();
	CHECK_IS(0, graft_control_set(fd, GRAFT_WITH_HOPS | GRAFT_WITH_DESTINATION, true));
	for (unsigned row = 0; row < 2 * COUNT(option_lengths); row++) {
		size_t length = row % 2 ? 7 : sizeof(payload);
		struct graft_ipv4_header sent = header_of(option_lengths[row / 2], length), got;
		for (size_t size = 0; size < length + 70; size++) {
			unsigned char bytes[sizeof(payload) + 70];
			struct graft_control control;
			size_t wanted = size < length ? size : length;
			CONTEXT("%u bytes of options, %zu of %zu bytes", sent.option_length, size, length);
			memset(bytes, 0x5a, sizeof(bytes));
			memset(&got, 0xff, sizeof(got));
			CHECK_IS(
			        sent.total_length, graft_send_packet(there, &sent, payload, length, NULL, 0));
			bool whole = (size + row) % 3; // the payload's own length, or what fits
			CHECK_IS(whole ? length : wanted,
			        graft_receive_packet(fd, &got, bytes, size, &control, whole ? MSG_TRUNC : 0));
			check_header(&sent, &got);
			CHECK(!memcmp(payload, bytes, wanted));
			for (size_t i = size; i < sizeof(bytes); i++)
				CHECK_IS(0x5a, bytes[i]);
			CHECK_IS(HOPS, control.hops);
			CHECK_PLACE(&sides[GRAFT_IPV4], HERE_TOO, control.destination);
		}
	}
	close_both(fd, there);
}

// What is left open the kernel fills in: the source, the identification; total length and checksum always.
static void packet_by_the_kernel(void)
{
	int fd = raw_here(&sides[GRAFT_IPV4], EXPERIMENTAL), there = sender_of_headers();
	struct graft_ipv4_header sent = header_of(0, 4), got;
	char bytes[8];
	sent.source.s_addr = 0;
	sent.id = sent.flags = 0;
	sent.total_length = 999;
	sent.checksum = 0x1111;
	for (int i = 0; i < 2; i++) {
		CHECK_IS(24, graft_send_packet(there, &sent, "word", 4, NULL, 0));
		CHECK_IS(4, graft_receive_packet(fd, &got, bytes, sizeof(bytes), NULL, 0));
		CHECK(got.id);
		got.id = 0;
		CHECK_IS(24, got.total_length);
		CHECK_IS(plain(&sides[GRAFT_IPV4], THERE, 0).v4.sin_addr.s_addr, got.source.s_addr);
	}
	// An interface of its own for one packet, and a wrong header.
	struct graft_control control = {.with = GRAFT_WITH_INTERFACE, .index = interface_of(there, "a1")};
	sent.destination = plain(&sides[GRAFT_IPV4], GROUP, 0).v4.sin_addr;
	union graft_address group = plain(&sides[GRAFT_IPV4], GROUP, 0);
	CHECK_IS(0, graft_join(fd, interface_of(fd, "b1"), &group));
	CHECK_IS(0, graft_control_set(fd, GRAFT_WITH_INTERFACE, true));
	CHECK_IS(24, graft_send_packet(there, &sent, "word", 4, &control, 0));
	CHECK_IS(4, graft_receive_packet(fd, &got, bytes, sizeof(bytes), &control, 0));
	CHECK_IS(interface_of(fd, "b1"), control.index);
	sent.ttl = 256;
	CHECK_IS(-ERANGE, graft_send_packet(there, &sent, "word", 4, NULL, 0));
	sent.ttl = 1;
	sent.option_length = 2;
	CHECK_IS(-EINVAL, graft_send_packet(there, &sent, "word", 4, NULL, 0));
	deaf(fd);
	close_both(fd, there);
}

// A UDP socket has no headers to tell apart, whatever it receives.
static void packet_without_header(void)
{
	const struct side *side = &sides[GRAFT_IPV4];
	int fd = udp_at(side, ANY, PORT), there = udp_there(side);
	union graft_address to = at(side, HERE, PORT);
	static const char *const words[] = {
	        "", "x", "E", "Eshort", "not at all of version four", "Oh, 60 bytes are more than that"};
	for (unsigned i = 0; i < COUNT(words); i++)
		for (size_t size = 0; size < 80; size++) {
			struct graft_ipv4_header header;
			char bytes[80];
			CONTEXT("\"%s\", %zu bytes", words[i], size);
			say(there, words[i], &to, NULL);
			CHECK_IS(-EBADMSG, graft_receive_packet(fd, &header, bytes, size, NULL, 0));
		}
	close_both(fd, there);
}

// For the wire to be looked at.
static void send_packet(void)
{
	int there = sender_of_headers();
	struct graft_ipv4_header sent = header_of(8, 4);
	CHECK_IS(32, graft_send_packet(there, &sent, "word", 4, NULL, 0));
	CHECK(!close(there));
}

// ---- IPv6 -----------------------------------------------------------------------------------------------

static void ipv6_header_included(void)
{
	const struct side *side = &sides[GRAFT_IPV6];
	struct received got;
	unsigned char packet[] = "........................................word";
	int fd = raw_here(side, EXPERIMENTAL), there = raw_there(side, EXPERIMENTAL);
	union graft_address to = at(side, HERE_TOO, 0);
	struct graft_ipv6_header header = {CLASS, 0x12345, 4, EXPERIMENTAL, HOPS,
	        address_of("fd77::99", 0).v6.sin6_addr, to.v6.sin6_addr};
	CHECK_IS(GRAFT_IPV6_HEADER, graft_ipv6_header_write(&header, packet, sizeof(packet)));
	receive_all(fd);
	CHECK_IS(0, graft_set(there, GRAFT_HEADER_INCLUDED, 1));
	size_t length = sizeof(packet) - 1;
	CHECK_IS(length, graft_send(there, packet, length, &to, NULL, 0));
	hears(fd, "word", &got);
	CHECK_IS(HOPS, got.control.hops);
	CHECK_IS(CLASS, got.control.traffic_class);
	CHECK_PLACE(side, HERE_TOO, got.control.destination);
	CHECK(!memcmp(&header.source, &got.from.v6.sin6_addr, 16));
	close_both(fd, there);
}

// The kernel verifies and puts in the checksum at the offset; without one both is the program's.
static void ipv6_checksum(void)
{
	const struct side *side = &sides[GRAFT_IPV6];
	struct received got;
	int fd = raw_here(side, EXPERIMENTAL), plain_fd = raw_here(side, EXPERIMENTAL);
	int there = raw_there(side, EXPERIMENTAL);
	union graft_address to = at(side, HERE, 0);
	CHECK_IS(0, graft_set(fd, GRAFT_CHECKSUM, 4));
	say(there, "wrong one", &to, NULL);
	hears(plain_fd, "wrong one", NULL);
	CHECK_IS(0, graft_set(there, GRAFT_CHECKSUM, 4));
	say(there, "one ??more", &to, NULL);
	receive(plain_fd, &got);
	CHECK(memcmp(got.bytes, "one ??more", 10) != 0);
	CHECK(!memcmp(got.bytes, "one ", 4) && !memcmp(got.bytes + 6, "more", 4));
	receive(fd, &got); // the first that it hears
	CHECK(!memcmp(got.bytes, "one ", 4) && !memcmp(got.bytes + 6, "more", 4));
	deaf(fd);
	CHECK_IS(0, graft_set(there, GRAFT_CHECKSUM, -1));
	CHECK_IS(0, graft_set(fd, GRAFT_CHECKSUM, -1));
	say(there, "unchecked", &to, NULL);
	hears(fd, "unchecked", NULL);
	close_both(fd, there);
	CHECK(!close(plain_fd));
}

CASES(CASE(echo), CASE(echo_to_a_group), CASE(icmp_filter), CASE(packets), CASE(packet_by_the_kernel),
        CASE(packet_without_header), CASE(send_packet), CASE(ipv6_header_included), CASE(ipv6_checksum),
        CASE(segment_passed_over))
