// Control messages without traffic: any bytes are read safely, and what is written is read back.
#include "check.h"

#include <netinet/udp.h>

enum {
	ROOM = GRAFT_CONTROL_ROOM,
	WORDS = ROOM / sizeof(size_t),
	ANYTHING = 1 << 10, // buffers of random bytes, in thousands
	GUARD = 0xa5,
};

// ---- to read --------------------------------------------------------------------------------------------

// A message with `size` bytes of `data`, after `length` bytes; its end, aligned.
static size_t put(unsigned char *bytes, size_t length, int level, int type, const void *data, size_t size)
{
	struct cmsghdr header = {.cmsg_level = level, .cmsg_type = type};
	header.cmsg_len = (__typeof__(header.cmsg_len))CMSG_LEN(size);
	memset(bytes + length, 0, CMSG_SPACE(size));
	memcpy(bytes + length, &header, sizeof(header));
	memcpy(bytes + length + CMSG_LEN(0), data, size);
	return length + CMSG_SPACE(size);
}

#define PUT(level, type, value) (length = put(bytes, length, level, type, &(value), sizeof(value)))

// One of each that the kernel sends, as it lays them out.
static size_t put_valid(unsigned char *bytes)
{
	size_t length = 0;
	int number = 200;
	unsigned char byte = 0xb8;
	int64_t time[2] = {1700000000, 999999999};
	struct in_pktinfo info4 = {.ipi_ifindex = 7,
	        .ipi_spec_dst = address_of("192.0.2.1", 0).v4.sin_addr,
	        .ipi_addr = address_of("239.1.1.1", 0).v4.sin_addr};
	struct in6_pktinfo info6 = {
	        .ipi6_ifindex = 9, .ipi6_addr = address_of("2001:db8::1", 0).v6.sin6_addr};
	struct ip6_mtuinfo mtu = {.ip6m_addr = address_of("2001:db8::2", 0).v6, .ip6m_mtu = 1280};
	PUT(SOL_SOCKET, GRAFT_SO_TIMESTAMPNS, time);
	PUT(IPPROTO_IP, IP_TTL, number);
	PUT(IPPROTO_IP, IP_TOS, byte);
	PUT(IPPROTO_IP, IP_PKTINFO, info4);
	PUT(IPPROTO_IPV6, IPV6_PKTINFO, info6);
	PUT(IPPROTO_IPV6, IPV6_HOPLIMIT, number);
	PUT(IPPROTO_IPV6, IPV6_TCLASS, number);
	PUT(IPPROTO_IPV6, IPV6_PATHMTU, mtu);
	PUT(IPPROTO_UDP, UDP_GRO, number);
	PUT(SOL_SOCKET, SO_RXQ_OVFL, number);
	return length;
}

// Repeatable, and good enough.
static uint64_t state = 0x9e3779b97f4a7c15;

static unsigned random_number(unsigned below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)((state >> 16) % below);
}

// Exactly `length` bytes at the end of a heap block, so that a sanitizer or valgrind sees a read past them.
static void parse_exactly(const unsigned char *bytes, size_t length)
{
	unsigned shift = random_number(sizeof(size_t));
	unsigned char *block = malloc(shift + length + !(shift + length));
	struct graft_control control;
	CHECK(block);
	memcpy(block + shift, bytes, length);
	memset(&control, 0xff, sizeof(control));
	int result = graft_control_parse(block + shift, length, &control);
	free(block);
	CHECK(result == 0 || result == -EBADMSG);
	CHECK(!(control.with & GRAFT_WITH_NEXT_HOP));
	CHECK(control.with < GRAFT_WITH_NEXT_HOP);
	CHECK(!control.incomplete);
}

// Levels and types that mean something, with lengths that may or may not.
static size_t put_likely(unsigned char *bytes)
{
	static const int types[][2] = {{SOL_SOCKET, SO_TIMESTAMPNS}, {SOL_SOCKET, SO_RXQ_OVFL},
	        {IPPROTO_IP, IP_TTL}, {IPPROTO_IP, IP_TOS}, {IPPROTO_IP, IP_PKTINFO},
	        {IPPROTO_IPV6, IPV6_PKTINFO}, {IPPROTO_IPV6, IPV6_HOPLIMIT}, {IPPROTO_IPV6, IPV6_TCLASS},
	        {IPPROTO_IPV6, IPV6_PATHMTU}, {IPPROTO_UDP, UDP_GRO}, {IPPROTO_UDP, UDP_SEGMENT}};
	unsigned char data[64];
	size_t length = 0;
	for (unsigned i = 0; i < sizeof(data); i++)
		data[i] = (unsigned char)random_number(256);
	for (unsigned count = random_number(4); count; count--) {
		const int *type = types[random_number(COUNT(types))];
		length = put(bytes, length, type[0], type[1], data, random_number(50));
	}
	return length;
}

static void any_bytes(void)
{
	unsigned char bytes[1024];
	for (unsigned round = 0; round < ANYTHING * 1000; round++) {
		size_t length = random_number(200);
		if (round % 4 == 0)
			for (size_t i = 0; i < length; i++)
				bytes[i] = (unsigned char)random_number(256);
		else if (round % 4 == 1)
			length = put_likely(bytes);
		else
			length = put_valid(bytes);
		for (unsigned bad = round % 4 == 3 ? 1 + random_number(3) : 0; bad; bad--)
			bytes[random_number((unsigned)length)] ^= (unsigned char)(1 + random_number(255));
		CONTEXT("round %u", round);
		parse_exactly(bytes, random_number(3) ? length : random_number((unsigned)length + 1));
	}
}

static void check_valid(const struct graft_control *got)
{
	char text[GRAFT_ADDRESS_TEXT];
	CHECK_IS(0x1ff, got->with);
	CHECK_IS(200, got->hops);
	CHECK_IS(200, got->traffic_class);
	CHECK_IS(7, got->index); // IPv4's says more
	CHECK_TEXT("192.0.2.1", graft_address_text(&got->source, text));
	CHECK_TEXT("2001:db8::2",
	        graft_address_text(&got->destination, text)); // of the path MTU, which was last
	CHECK_IS(1280, got->path_mtu);
	CHECK_IS(200, got->segment);
	CHECK_IS(200, got->drops);
	CHECK_IS(1700000000999999999, got->time);
}

// Whether a message ends at `length`, what only aligns the next left out or not.
static bool is_end(const unsigned char *bytes, size_t length)
{
	struct cmsghdr header;
	for (size_t at = 0; at < length; at += CMSG_ALIGN(header.cmsg_len)) {
		memcpy(&header, bytes + at, sizeof(header));
		if (length <= at + CMSG_ALIGN(header.cmsg_len))
			return length >= at + header.cmsg_len;
	}
	return true;
}

// At every alignment; and cut off anywhere: what was whole before is there, and only an end of a message is an end.
static void cut_off(void)
{
	unsigned char bytes[1024], copy[1024 + sizeof(size_t)];
	struct graft_control got;
	size_t whole = put_valid(bytes);
	for (size_t shift = 0; shift < sizeof(size_t); shift++) {
		memcpy(copy + shift, bytes, whole);
		CHECK_IS(0, graft_control_parse(copy + shift, whole, &got));
		check_valid(&got);
	}
	unsigned with = 0;
	for (size_t length = 0; length <= whole; length++) {
		CONTEXT("%zu of %zu bytes", length, whole);
		CHECK_IS(is_end(bytes, length) ? 0 : -EBADMSG, graft_control_parse(bytes, length, &got));
		CHECK_IS(with, got.with & with); // what was there stays
		with = got.with;
	}
	check_valid(&got);
	CHECK_IS(0, graft_control_parse(NULL, 0, &got));
	CHECK_IS(0, got.with);
}

// Numbers come as one byte or as an int, whose value is the same on either byte order.
static void one_byte_or_an_int(void)
{
	static const struct {
		int level, type;
		unsigned with;
		size_t value; // its place in struct graft_control
	} rows[] = {
	        {IPPROTO_IP, IP_TOS, GRAFT_WITH_CLASS, offsetof(struct graft_control, traffic_class)},
	        {IPPROTO_IP, IP_TTL, GRAFT_WITH_HOPS, offsetof(struct graft_control, hops)},
	        {IPPROTO_IPV6, IPV6_HOPLIMIT, GRAFT_WITH_HOPS, offsetof(struct graft_control, hops)},
	        {IPPROTO_IPV6, IPV6_TCLASS, GRAFT_WITH_CLASS, offsetof(struct graft_control, traffic_class)},
	        {IPPROTO_UDP, UDP_GRO, GRAFT_WITH_SEGMENT, offsetof(struct graft_control, segment)},
	        {SOL_SOCKET, SO_RXQ_OVFL, GRAFT_WITH_DROPS, offsetof(struct graft_control, drops)},
	};
	for (unsigned i = 0; i < COUNT(rows); i++) {
		unsigned char bytes[CMSG_SPACE(sizeof(int))];
		for (unsigned number = 0; number < 256; number++) {
			unsigned char byte = (unsigned char)number;
			int wide = (int)number;
			for (int once = 0; once < 2; once++) {
				struct graft_control got;
				unsigned value;
				CONTEXT("row %u, %u in %s", i, number, once ? "a byte" : "an int");
				size_t length = once ? put(bytes, 0, rows[i].level, rows[i].type, &byte, 1)
				                     : put(bytes, 0, rows[i].level, rows[i].type, &wide,
				                               sizeof(wide));
				CHECK_IS(0, graft_control_parse(bytes, length, &got));
				CHECK_IS(rows[i].with, got.with);
				memcpy(&value, (char *)&got + rows[i].value, sizeof(value));
				CHECK_IS(number, value);
			}
		}
		for (size_t size = 2; size < sizeof(int); size++) {
			struct graft_control got;
			size_t length = put(bytes, 0, rows[i].level, rows[i].type, "\1\1\1", size);
			CONTEXT("row %u, %zu bytes", i, size);
			CHECK_IS(0, graft_control_parse(bytes, length, &got));
			// What is specified as a segment is half an int.
			CHECK_IS(size == 2 && rows[i].type == UDP_GRO ? GRAFT_WITH_SEGMENT : 0, got.with);
		}
	}
}

// A multi-byte value is as the kernel wrote it: its own, not the network's.
static void native_values(void)
{
	unsigned char bytes[256];
	struct graft_control got;
	uint32_t drops = 0x01020304;
	uint16_t segment = 0x0102;
	struct in6_pktinfo info = {.ipi6_ifindex = 0x01020304};
	struct ip6_mtuinfo mtu = {.ip6m_mtu = 0x00010203};
	struct timespec narrow = {.tv_sec = 0x01020304, .tv_nsec = 5};
	size_t length = 0;
	info.ipi6_addr.s6_addr[15] = 1;
	PUT(SOL_SOCKET, SO_RXQ_OVFL, drops);
	PUT(IPPROTO_UDP, UDP_SEGMENT, segment);
	PUT(IPPROTO_IPV6, IPV6_PKTINFO, info);
	PUT(IPPROTO_IPV6, IPV6_PATHMTU, mtu);
	PUT(SOL_SOCKET, SO_TIMESTAMPNS, narrow);
	CHECK_IS(0, graft_control_parse(bytes, length, &got));
	CHECK_IS(drops, got.drops);
	CHECK_IS(segment, got.segment);
	CHECK_IS(info.ipi6_ifindex, got.index);
	CHECK_IS(mtu.ip6m_mtu, got.path_mtu);
	CHECK_IS(0x01020304 * 1000000000LL + 5, got.time);
}

// Of IPv4 on an AF_INET6 socket: a mapped destination is handed out as IPv4's.
static void mapped_destination(void)
{
	unsigned char bytes[CMSG_SPACE(sizeof(struct in6_pktinfo))];
	struct graft_control got;
	struct in6_pktinfo info = {.ipi6_ifindex = 3, .ipi6_addr = mapped("192.0.2.1", 0).v6.sin6_addr};
	char text[GRAFT_ADDRESS_TEXT];
	CHECK_IS(0, graft_control_parse(
	                    bytes, put(bytes, 0, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info)), &got));
	CHECK_IS(AF_INET, got.destination.any.sa_family);
	CHECK_TEXT("192.0.2.1", graft_address_text(&got.destination, text));
	CHECK_TEXT("192.0.2.1", graft_address_text(&got.source, text));
}

// ---- to write -------------------------------------------------------------------------------------------

// What of `with` is specified, and comes back: read as what is received, it has a destination too.
static unsigned written(unsigned with)
{
	with &= GRAFT_WITH_HOPS | GRAFT_WITH_CLASS | GRAFT_WITH_SOURCE | GRAFT_WITH_INTERFACE |
	        GRAFT_WITH_SEGMENT;
	if (with & (GRAFT_WITH_SOURCE | GRAFT_WITH_INTERFACE))
		with |= GRAFT_WITH_DESTINATION;
	return with;
}

static void check_read_back(
        const struct graft_control *control, const size_t *room, size_t length, int family)
{
	struct graft_control got;
	const union graft_address *source = family == AF_INET6 ? &got.destination : &got.source;
	CHECK_IS(0, graft_control_parse(room, length, &got));
	CHECK_IS(written(control->with), got.with);
	if (control->with & GRAFT_WITH_HOPS)
		CHECK_IS(control->hops, got.hops);
	if (control->with & GRAFT_WITH_CLASS)
		CHECK_IS(control->traffic_class, got.traffic_class);
	if (control->with & GRAFT_WITH_SEGMENT)
		CHECK_IS(control->segment, got.segment);
	if (control->with & GRAFT_WITH_INTERFACE)
		CHECK_IS(control->index, got.index);
	if (control->with & GRAFT_WITH_SOURCE)
		CHECK(graft_address_equal(&control->source, source));
}

// In any smaller room it does not fit, and nothing past the room is touched.
static void check_rooms(const struct graft_control *control, int family, int length)
{
	for (int room = 0; room < length; room++) {
		size_t words[WORDS];
		memset(words, GUARD, sizeof(words));
		CHECK_IS(-EMSGSIZE, graft_control_write(control, family, words, (size_t)room));
		for (int at = room; at < ROOM; at++)
			CHECK_IS(GUARD, ((unsigned char *)words)[at]);
	}
}

static void check_write(struct graft_control *control, int family)
{
	size_t room[WORDS];
	int fault = control->with & GRAFT_WITH_NEXT_HOP &&
	            (family == AF_INET || (family == AF_UNSPEC && control->with & GRAFT_WITH_SOURCE &&
	                                          control->source.any.sa_family == AF_INET));
	memset(room, GUARD, sizeof(room));
	int length = graft_control_write(control, family, room, sizeof(room));
	if (fault) {
		CHECK_IS(-EINVAL, length);
		return;
	}
	CHECK(length >= 0);
	CHECK(length <= ROOM);
	CHECK_IS(0, length % (int)sizeof(size_t));
	for (int at = length; at < ROOM; at++)
		CHECK_IS(GUARD, ((unsigned char *)room)[at]);
	if (family != AF_UNSPEC)
		check_read_back(control, room, (size_t)length, family);
	check_rooms(control, family, length);
}

static void every_combination(void)
{
	static const int families[] = {AF_INET, AF_INET6, AF_UNSPEC, AF_UNSPEC};
	static const char *const source[] = {"192.0.2.9", "2001:db8::9", "192.0.2.9", "2001:db8::9"};
	for (unsigned i = 0; i < COUNT(families); i++)
		for (unsigned with = 0; with < GRAFT_WITH_NEXT_HOP << 1; with++) {
			struct graft_control control = {with, .hops = 9, .traffic_class = 0xb8, .index = 3,
			        .source = address_of(source[i], 0), .segment = 1200,
			        .next_hop = address_of("fe80::1", 0)};
			CONTEXT("with 0x%x, family %d, from %s", with, families[i], source[i]);
			check_write(&control, families[i]);
		}
}

// A mapped source is IPv4's.
static void mapped_source(void)
{
	struct graft_control control = {GRAFT_WITH_SOURCE, .source = mapped("192.0.2.9", 0)}, got;
	size_t room[WORDS];
	int length = graft_control_write(&control, AF_INET, room, sizeof(room));
	CHECK_IS(CMSG_SPACE(sizeof(struct in_pktinfo)), length);
	CHECK_IS(0, graft_control_parse(room, (size_t)length, &got));
	CHECK_IS(AF_INET, got.source.any.sa_family);
	CHECK_IS(length, graft_control_write(&control, AF_UNSPEC, room, sizeof(room)));
	CHECK_IS(-EINVAL, graft_control_write(&control, AF_INET6, room, sizeof(room)));
}

static void ranges(void)
{
	static const struct {
		struct graft_control control;
		int error;
	} rows[] = {
	        {{GRAFT_WITH_HOPS, .hops = 0}, 0}, {{GRAFT_WITH_HOPS, .hops = 255}, 0},
	        {{GRAFT_WITH_HOPS, .hops = 256}, -ERANGE}, {{GRAFT_WITH_HOPS, .hops = UINT32_MAX}, -ERANGE},
	        {{GRAFT_WITH_CLASS, .traffic_class = 255}, 0},
	        {{GRAFT_WITH_CLASS, .traffic_class = 256}, -ERANGE},
	        {{GRAFT_WITH_SEGMENT, .segment = 65535}, 0},
	        {{GRAFT_WITH_SEGMENT, .segment = 65536}, -ERANGE},
	        {{.with = GRAFT_WITH_SOURCE}, -EINVAL}, // of no family
	        {{.with = GRAFT_WITH_NEXT_HOP}, -EINVAL},
	        {{.with = GRAFT_WITH_NEXT_HOP << 1}, -EINVAL}, // no part
	        {{GRAFT_WITH_HOPS | 1U << 31, .hops = 9}, -EINVAL},
	        {{0, .hops = 999, .traffic_class = 999, .segment = 99999}, 0}, // not to be looked at
	};
	static const int families[] = {AF_INET, AF_INET6, AF_UNSPEC};
	for (unsigned i = 0; i < COUNT(rows); i++)
		for (unsigned family = 0; family < COUNT(families); family++) {
			size_t room[WORDS];
			struct graft_control control = rows[i].control;
			CONTEXT("row %u, family %d", i, families[family]);
			// For IPv4 a TTL of 0 is out of range.
			bool zero = control.with & GRAFT_WITH_HOPS && !control.hops &&
			            families[family] == AF_INET;
			int result = graft_control_write(&control, families[family], room, sizeof(room));
			int error = zero ? -ERANGE : rows[i].error;
			CHECK_IS(error, result < 0 ? result : 0);
			if (error == -ERANGE) // also where it would not fit
				CHECK_IS(-ERANGE, graft_control_write(&control, families[family], room, 0));
		}
}

static void source_of_the_other_family(void)
{
	struct graft_control control = {GRAFT_WITH_SOURCE, .source = address_of("192.0.2.9", 0)};
	size_t room[WORDS];
	CHECK_IS(-EINVAL, graft_control_write(&control, AF_INET6, room, sizeof(room)));
	control.source = address_of("2001:db8::9", 0);
	CHECK_IS(-EINVAL, graft_control_write(&control, AF_INET, room, sizeof(room)));
}

CASES(CASE(any_bytes), CASE(cut_off), CASE(one_byte_or_an_int), CASE(native_values), CASE(mapped_destination),
        CASE(every_combination), CASE(mapped_source), CASE(ranges), CASE(source_of_the_other_family))
