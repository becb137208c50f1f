// Control messages with traffic: which are received, what they say, and what is specified of one datagram.
#include "traffic.h"

#include <netinet/udp.h>
#include <sys/time.h>

enum {
	PACKET_INFO = GRAFT_WITH_SOURCE | GRAFT_WITH_DESTINATION | GRAFT_WITH_INTERFACE,
	HOPS_AND_CLASS = GRAFT_WITH_HOPS | GRAFT_WITH_CLASS,
	HOPS = 9,
	CLASS = 0x28,
};

static const struct graft_control marks = {.with = HOPS_AND_CLASS, .hops = HOPS, .traffic_class = CLASS};

// ---- which are received ---------------------------------------------------------------------------------

static void check_marked(const struct side *side, unsigned with, const struct graft_control *got, int fd)
{
	CHECK_IS(with, got->with);
	CHECK(!got->incomplete);
	if (with & GRAFT_WITH_HOPS)
		CHECK_IS(HOPS, got->hops);
	if (with & GRAFT_WITH_CLASS)
		CHECK_IS(CLASS, got->traffic_class);
	if (!(with & GRAFT_WITH_INTERFACE))
		return;
	CHECK_IS(interface_of(fd, "b0"), got->index);
	CHECK_PLACE(side, HERE_TOO, got->destination);
	CHECK_PLACE(side, HERE_TOO, got->source);
}

static const unsigned messages[] = {GRAFT_WITH_HOPS, GRAFT_WITH_CLASS, PACKET_INFO, GRAFT_WITH_TIME};

// Each alone, any two, ... and all; in this order each is turned on and off many times.
static void on_and_off(void)
{
	FOR_SIDES(side)
	{
		struct received got;
		int fd = udp_at(side, ANY, PORT), there = udp_there(side);
		union graft_address to = at(side, HERE_TOO, PORT);
		CHECK_IS(0, graft_control_get(fd));
		for (unsigned set = 1; set < 1U << COUNT(messages); set++) {
			unsigned with = 0;
			for (unsigned i = 0; i < COUNT(messages); i++)
				with |= set >> i & 1 ? messages[i] : 0;
			CHECK_IS(0, graft_control_set(fd, with, true));
			CHECK_IS(with, graft_control_get(fd));
			say(there, "on", &to, &marks);
			hears(fd, "on", &got);
			CHECK_PLACE(side, THERE, got.from);
			check_marked(side, with, &got.control, fd);
			CHECK_IS(0, graft_control_set(fd, with, false));
			CHECK_IS(0, graft_control_get(fd));
			say(there, "off", &to, &marks);
			hears(fd, "off", &got);
			CHECK_IS(0, got.control.with);
		}
		close_both(fd, there);
	}
}

// One of the three that come in one message stands for them.
static void packet_info_by_any_part(void)
{
	static const unsigned parts[] = {GRAFT_WITH_SOURCE, GRAFT_WITH_DESTINATION, GRAFT_WITH_INTERFACE};
	FOR_SIDES(side)
	{
		int fd = udp(side);
		for (unsigned i = 0; i < COUNT(parts); i++) {
			CHECK_IS(0, graft_control_set(fd, parts[i], true));
			CHECK_IS(PACKET_INFO, graft_control_get(fd));
			CHECK_IS(0, graft_control_set(fd, parts[(i + 1) % COUNT(parts)], false));
			CHECK_IS(0, graft_control_get(fd));
		}
		CHECK(!close(fd));
	}
}

// What a group was sent to: IPv4 tells whom to answer from, IPv6 doesn't.
static void multicast_destination(void)
{
	FOR_SIDES(side)
	{
		struct received got;
		int fd = udp_at(side, ANY, PORT), there = udp_there(side);
		union graft_address group = at(side, GROUP, PORT);
		bool six = side->side == GRAFT_IPV6;
		CHECK_IS(0, graft_join(fd, interface_of(fd, "b1"), &group));
		CHECK_IS(0, graft_multicast_interface_set(there, interface_of(there, "a1")));
		CHECK_IS(0, graft_control_set(fd, PACKET_INFO, true));
		say(there, "word", &group, NULL);
		hears(fd, "word", &got);
		CHECK_IS(six ? PACKET_INFO & ~GRAFT_WITH_SOURCE : PACKET_INFO, got.control.with);
		CHECK_PLACE(side, GROUP, got.control.destination);
		CHECK_IS(interface_of(fd, "b1"), got.control.index);
		CHECK_PLACE(side, THERE_1, got.from);
		if (!six)
			CHECK_PLACE(side, HERE_1, got.control.source);
		close_both(fd, there);
	}
}

static void time_of_receipt(void)
{
	FOR_SIDES(side)
	{
		struct received got;
		int fd = udp_at(side, ANY, PORT), there = udp_there(side);
		union graft_address to = at(side, HERE, PORT);
		int64_t before, last = 0;
		CHECK_IS(0, graft_control_set(fd, GRAFT_WITH_TIME, true));
		for (int i = 0; i < 20; i++) {
			before = now(CLOCK_REALTIME);
			say(there, "word", &to, NULL);
			hears(fd, "word", &got);
			CHECK_IS(GRAFT_WITH_TIME, got.control.with);
			// The kernel begins to take times only when the first socket wants them, and marks what
			// came before with that of its reading.
			CHECK(got.control.time >= before);
			CHECK(got.control.time <= now(CLOCK_REALTIME));
			CHECK(got.control.time > last);
			last = got.control.time;
		}
		close_both(fd, there);
	}
}

static void count_of_drops(void)
{
	FOR_SIDES(side)
	{
		struct received got;
		uint32_t drops = 0;
		int fd = udp_at(side, ANY, PORT), there = udp_there(side), sent = 0;
		union graft_address to = at(side, HERE, PORT);
		CHECK_IS(0, graft_control_set(fd, GRAFT_WITH_DROPS, true));
		CHECK_IS(0, graft_set(fd, GRAFT_RCVBUF, 4096));
		say(there, "first", &to, NULL);
		hears(fd, "first", &got);
		CHECK_IS(0, got.control.with);
		for (; drops < 3 && sent < 1000; sent++) {
			say(there, "filler", &to, NULL);
			CHECK_IS(0, graft_drops(fd, &drops));
		}
		CHECK_IS(3, drops);
		for (int i = 0; i < sent - 3; i++)
			hears(fd, "filler", &got);
		deaf(fd);
		say(there, "after", &to, NULL);
		hears(fd, "after", &got);
		CHECK_IS(GRAFT_WITH_DROPS, got.control.with);
		CHECK_IS(3, got.control.drops);
		CHECK_IS(0, graft_control_set(fd, GRAFT_WITH_DROPS, false));
		say(there, "off", &to, NULL);
		hears(fd, "off", &got);
		CHECK_IS(0, got.control.with);
		close_both(fd, there);
	}
}

// A larger datagram than the way lets through, which may not be cut, is told of.
static void path_mtu(void)
{
	const struct side *side = &sides[GRAFT_IPV6];
	int fd = udp(side), on = 1;
	static char large[1400];
	struct received got;
	union graft_address to = at(side, THERE, PORT);
	CHECK(!setsockopt(fd, IPPROTO_IPV6, IPV6_DONTFRAG, &on, sizeof(on)));
	for (int i = 0; i < 2; i++) {
		CHECK_IS(0, graft_control_set(fd, GRAFT_WITH_PATH_MTU, !i));
		CHECK_IS(i ? 0 : GRAFT_WITH_PATH_MTU, graft_control_get(fd));
		CHECK_IS(-EMSGSIZE, graft_send(fd, large, sizeof(large), &to, NULL, 0));
		if (i)
			break;
		receive(fd, &got);
		CHECK_IS(0, got.length);
		CHECK_IS(GRAFT_WITH_PATH_MTU | GRAFT_WITH_DESTINATION, got.control.with);
		CHECK_IS(1300, got.control.path_mtu); // of the route that core_control.bats made
		CHECK_PLACE(side, THERE, got.control.destination);
	}
	deaf(fd);
	CHECK(!close(fd));
}

static void a_failure_changes_nothing(void)
{
	static const struct {
		enum kind kind;
		unsigned before, change;
		bool on;
	} rows[] = {
	        {UDP4, GRAFT_WITH_TIME, HOPS_AND_CLASS | PACKET_INFO | GRAFT_WITH_PATH_MTU, true},
	        {UDP4, HOPS_AND_CLASS | GRAFT_WITH_TIME, GRAFT_WITH_CLASS | GRAFT_WITH_PATH_MTU, true},
	        {UDP4, HOPS_AND_CLASS | GRAFT_WITH_TIME, GRAFT_WITH_CLASS | GRAFT_WITH_PATH_MTU, false},
	        {ICMP4, PACKET_INFO, HOPS_AND_CLASS | GRAFT_WITH_SEGMENT, true},
	        {ICMP6, PACKET_INFO, HOPS_AND_CLASS | GRAFT_WITH_PATH_MTU | GRAFT_WITH_SEGMENT, true},
	        {ICMP6, HOPS_AND_CLASS, HOPS_AND_CLASS | GRAFT_WITH_SEGMENT, false},
	        {RAW6, HOPS_AND_CLASS, GRAFT_WITH_DROPS | GRAFT_WITH_TIME | GRAFT_WITH_SEGMENT, true},
	};
	for (unsigned i = 0; i < COUNT(rows); i++) {
		int fd = open_socket(rows[i].kind);
		CONTEXT("row %u, %s", i, kind_rows[rows[i].kind].name);
		CHECK_IS(0, graft_control_set(fd, rows[i].before, true));
		CHECK_IS(-ENOPROTOOPT, graft_control_set(fd, rows[i].change, rows[i].on));
		CHECK_IS(rows[i].before, graft_control_get(fd));
		CHECK_IS(-EINVAL, graft_control_set(fd, rows[i].before | GRAFT_WITH_NEXT_HOP, false));
		CHECK_IS(rows[i].before, graft_control_get(fd));
		CHECK(!close(fd));
	}
}

// A datagram that waited before packet information was turned on: the kernel knows only where it went, and for IPv6 by
// which interface it came too.
static void packet_info_turned_on_late(void)
{
	FOR_SIDES(side)
	{
		struct received got;
		int fd = udp_at(side, ANY, PORT), there = udp_there(side);
		union graft_address to = at(side, HERE_TOO, PORT);
		bool six = side->side == GRAFT_IPV6;
		say(there, "early", &to, NULL);
		CHECK_IS(5, graft_receive(fd, got.bytes, WORD, NULL, NULL, MSG_PEEK)); // it has come
		CHECK_IS(0, graft_control_set(fd, PACKET_INFO, true));
		say(there, "late", &to, NULL);
		hears(fd, "early", &got);
		CHECK_IS(six ? PACKET_INFO : GRAFT_WITH_DESTINATION, got.control.with);
		CHECK_PLACE(side, HERE_TOO, got.control.destination);
		hears(fd, "late", &got);
		CHECK_IS(PACKET_INFO, got.control.with);
		CHECK_IS(interface_of(fd, "b0"), got.control.index);
		close_both(fd, there);
	}
}

// Not even what the two sides of a socket had apart, nor the other kind of time.
static void a_failure_changes_no_side(void)
{
	int fd = open_socket(TCP6), on = 1, off = 0;
	CHECK(!setsockopt(fd, IPPROTO_IP, IP_RECVTOS, &on, sizeof(on)));
	CHECK(!setsockopt(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, &off, sizeof(off)));
	for (int value = 0; value < 2; value++) {
		CHECK_IS(-ENOPROTOOPT, graft_control_set(fd, GRAFT_WITH_CLASS | GRAFT_WITH_SEGMENT, value));
		CHECK_IS(1, plain_option(fd, IPPROTO_IP, IP_RECVTOS));
		CHECK_IS(0, plain_option(fd, IPPROTO_IPV6, IPV6_RECVTCLASS));
	}
	for (enum kind kind = TCP4; kind <= TCP6; kind++) {
		int stream = open_socket(kind);
		CHECK(!setsockopt(stream, SOL_SOCKET, SO_TIMESTAMP, &on, sizeof(on)));
		for (int value = 0; value < 2; value++) {
			CONTEXT("%s, %d", kind_rows[kind].name, value);
			CHECK_IS(-ENOPROTOOPT,
			        graft_control_set(stream, GRAFT_WITH_TIME | GRAFT_WITH_SEGMENT, value));
			CHECK_IS(1, plain_option(stream, SOL_SOCKET, SO_TIMESTAMP));
			CHECK_IS(0, graft_control_get(stream));
		}
		CHECK(!close(stream));
	}
	CHECK(!close(fd));
}

// ---- all at once ----------------------------------------------------------------------------------------

// One message as the C library's macros read it, against what core made of it.
static unsigned compare(const struct graft_control *got, const struct cmsghdr *header)
{
	const void *data = CMSG_DATA(header);
	int number = 0;
	uint16_t half;
	memcpy(&number, data, header->cmsg_len >= CMSG_LEN(sizeof(number)) ? sizeof(number) : 1);
	if (header->cmsg_len == CMSG_LEN(1))
		number = *(const unsigned char *)data;
	memcpy(&half, data, sizeof(half));
	if ((header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_TTL) ||
	        (header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_HOPLIMIT)) {
		CHECK_IS(number, got->hops);
		return GRAFT_WITH_HOPS;
	}
	if ((header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_TOS) ||
	        (header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_TCLASS)) {
		CHECK_IS(number, got->traffic_class);
		return GRAFT_WITH_CLASS;
	}
	if (header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_PKTINFO) {
		struct in_pktinfo info;
		memcpy(&info, data, sizeof(info));
		CHECK_IS(info.ipi_ifindex, got->index);
		CHECK_IS(info.ipi_addr.s_addr, got->destination.v4.sin_addr.s_addr);
		CHECK_IS(info.ipi_spec_dst.s_addr, got->source.v4.sin_addr.s_addr);
		return PACKET_INFO;
	}
	if (header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_PKTINFO) {
		struct in6_pktinfo info;
		union graft_address address = got->destination;
		memcpy(&info, data, sizeof(info));
		graft_address_map(&address);
		CHECK_IS(info.ipi6_ifindex, got->index);
		CHECK(!memcmp(&info.ipi6_addr, &address.v6.sin6_addr, sizeof(info.ipi6_addr)));
		return PACKET_INFO;
	}
	if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SO_RXQ_OVFL) {
		CHECK_IS((uint32_t)number, got->drops);
		return GRAFT_WITH_DROPS;
	}
	if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == GRAFT_SO_TIMESTAMPNS) {
		int64_t time[2];
		CHECK_IS(CMSG_LEN(sizeof(time)), header->cmsg_len);
		memcpy(time, data, sizeof(time));
		CHECK_IS(time[0] * SECOND + time[1], got->time);
		return GRAFT_WITH_TIME;
	}
	if (header->cmsg_level == IPPROTO_UDP && header->cmsg_type == UDP_GRO) {
		CHECK_IS(header->cmsg_len == CMSG_LEN(sizeof(half)) ? half : number, got->segment);
		return GRAFT_WITH_SEGMENT;
	}
	check_failed(
	        __FILE__, __LINE__, "unknown message %d of level %d", header->cmsg_type, header->cmsg_level);
}

static void compare_all(int fd)
{
	static char bytes[65536];
	size_t room[2 * GRAFT_CONTROL_ROOM / sizeof(size_t)];
	struct iovec part = {bytes, sizeof(bytes)};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = room};
	struct graft_control got;
	unsigned seen = 0;
	message.msg_controllen = sizeof(room);
	CHECK(recvmsg(fd, &message, 0) >= 0);
	CHECK(!(message.msg_flags & MSG_CTRUNC));
	CHECK(message.msg_controllen <= GRAFT_CONTROL_ROOM);
	CHECK_IS(0, graft_control_parse(message.msg_control, message.msg_controllen, &got));
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-conversion" // in musl's macro
	for (struct cmsghdr *at = CMSG_FIRSTHDR(&message); at; at = CMSG_NXTHDR(&message, at))
		seen |= compare(&got, at);
#pragma GCC diagnostic pop
	CHECK_IS(
	        HOPS_AND_CLASS | PACKET_INFO | GRAFT_WITH_TIME | GRAFT_WITH_DROPS | GRAFT_WITH_SEGMENT, seen);
	CHECK_IS(seen, got.with);
	CHECK_IS(1000, got.segment);
	CHECK_IS(HOPS, got.hops);
	CHECK_IS(CLASS, got.traffic_class);
}

// Everything that can come at once comes, fits, and is read as the C library's macros read it.
static void all_at_once(void)
{
	static const char filler[2000];
	FOR_SIDES(side)
	{
		struct received got;
		uint32_t drops = 0;
		int fd = udp_at(side, ANY, PORT), there = udp_there(side);
		union graft_address to = at(side, HERE, PORT);
		unsigned all = HOPS_AND_CLASS | PACKET_INFO | GRAFT_WITH_TIME | GRAFT_WITH_DROPS |
		               GRAFT_WITH_SEGMENT | (side->family == AF_INET6 ? GRAFT_WITH_PATH_MTU : 0);
		struct graft_control control = marks;
		CHECK_IS(0, graft_control_set(fd, all, true));
		CHECK_IS(all, graft_control_get(fd));
		CHECK_IS(0, graft_set(fd, GRAFT_RCVBUF, 4096));
		for (int i = 0; !drops && i < 1000; i++) {
			CHECK_IS(sizeof(filler), graft_send(there, filler, sizeof(filler), &to, NULL, 0));
			CHECK_IS(0, graft_drops(fd, &drops));
		}
		CHECK(drops);
		CHECK_IS(0, graft_set(fd, GRAFT_RCVBUF, 200000));
		while (graft_receive(fd, got.bytes, sizeof(got.bytes), NULL, NULL, MSG_DONTWAIT) >= 0)
			;
		control.with |= GRAFT_WITH_SEGMENT;
		control.segment = 1000;
		CHECK_IS(sizeof(filler), graft_send(there, filler, sizeof(filler), &to, &control, 0));
		compare_all(fd);
		CHECK_IS(sizeof(filler), graft_send(there, filler, sizeof(filler), &to, &control, 0));
		receive(fd, &got);
		CHECK_IS(all & ~(unsigned)GRAFT_WITH_PATH_MTU, got.control.with);
		CHECK(!got.control.incomplete);
		close_both(fd, there);
	}
}

// A destination option that is itself nearly as large as the room, which only another program's call lets through.
static void too_many_are_incomplete(void)
{
	const struct side *side = &sides[GRAFT_IPV6];
	// Of a type to be passed over by whoever doesn't know it (RFC 4727): one of 250 bytes, and one with the rest.
	unsigned char options[8 * 36] = {[1] = sizeof(options) / 8 - 1,
	        [2] = 0x1e,
	        [3] = 250,
	        [254] = 0x1e,
	        [255] = sizeof(options) - 256};
	int fd = udp_at(side, ANY, PORT), there = udp_there(side), on = 1;
	union graft_address to = at(side, HERE_TOO, PORT);
	struct received got;
	CHECK(!setsockopt(there, IPPROTO_IPV6, IPV6_DSTOPTS, options, sizeof(options)));
	CHECK(!setsockopt(fd, IPPROTO_IPV6, IPV6_RECVDSTOPTS, &on, sizeof(on)));
	say(there, "fits", &to, &marks);
	hears(fd, "fits", &got);
	CHECK(!got.control.incomplete);
	CHECK_IS(0, graft_control_set(fd, HOPS_AND_CLASS | PACKET_INFO, true));
	say(there, "word", &to, &marks);
	hears(fd, "word", &got);
	CHECK(got.control.incomplete);
	got.control.incomplete = false;
	check_marked(side, PACKET_INFO | HOPS_AND_CLASS, &got.control, fd);
	close_both(fd, there);
}

// ---- specified ------------------------------------------------------------------------------------------

// What is specified of one datagram; the interface is the sender's, where it arrives is its other end.
static const struct specified {
	unsigned with;
	unsigned hops, traffic_class;
	enum place source;
	const char *by, *arrives;
} specified[] = {
        {GRAFT_WITH_HOPS, .hops = 1},
        {GRAFT_WITH_HOPS, .hops = 255},
        {GRAFT_WITH_CLASS, .traffic_class = 0xb8},
        {0},
        {GRAFT_WITH_CLASS, .traffic_class = 0x03},
        {HOPS_AND_CLASS, .hops = HOPS, .traffic_class = 0xff},
        {GRAFT_WITH_SOURCE, .source = THERE_TOO},
        {GRAFT_WITH_SOURCE, .source = THERE},
        {GRAFT_WITH_INTERFACE, .by = "a0", .arrives = "b0"},
        {GRAFT_WITH_INTERFACE, .by = "a1", .arrives = "b1"},
        {GRAFT_WITH_INTERFACE | GRAFT_WITH_SOURCE, .source = THERE_TOO, .by = "a0", .arrives = "b0"},
        {GRAFT_WITH_INTERFACE | GRAFT_WITH_SOURCE, .source = THERE_1, .by = "a1", .arrives = "b1"},
        {HOPS_AND_CLASS | GRAFT_WITH_INTERFACE | GRAFT_WITH_SOURCE, HOPS, CLASS, THERE_1, "a1", "b1"},
        {0},
};

static struct graft_control as_control(const struct specified *row, const struct side *side, int there)
{
	struct graft_control control = {
	        .with = row->with, .hops = row->hops, .traffic_class = row->traffic_class};
	if (row->with & GRAFT_WITH_SOURCE)
		control.source = at(side, row->source, 0);
	if (row->by)
		control.index = interface_of(there, row->by);
	return control;
}

// By the kernel's rules: the multicast of `there` leaves by a0 if nothing else is said; the route to HERE_1 leads
// through a1, and IPv6 goes by it also against the interface that is named, once the source is settled.
static const char *leaves_by(
        const struct specified *row, const struct side *side, bool multicast, bool connected)
{
	bool settled = connected || row->with & GRAFT_WITH_SOURCE;
	if (multicast)
		return row->by ? row->by : "a0";
	return row->by && (side->side == GRAFT_IPV4 || !settled) ? row->by : "a1";
}

static void check_specified(const struct side *side, enum place place, bool connected)
{
	struct received got;
	int fd = udp_at(side, ANY, PORT), there = udp_there(side);
	union graft_address to = at(side, place, PORT);
	bool multicast = place == GROUP;
	CHECK_IS(0, graft_control_set(fd, HOPS_AND_CLASS | PACKET_INFO, true));
	CHECK_IS(0, graft_side_multicast_interface_set(there, side->side, interface_of(there, "a0")));
	if (multicast) {
		CHECK_IS(0, graft_join(fd, interface_of(fd, "b0"), &to));
		CHECK_IS(0, graft_join(fd, interface_of(fd, "b1"), &to));
	}
	if (connected)
		connect_to(there, &to);
	for (unsigned i = 0; i < COUNT(specified); i++) {
		const struct specified *row = &specified[i];
		struct graft_control control = as_control(row, side, there);
		const char *by = leaves_by(row, side, multicast, connected);
		enum place source = strcmp(by, "a0") ? THERE_1 : THERE;
		if (connected && !(row->by && side->side == GRAFT_IPV4)) // where the source is chosen anew
			source = multicast ? THERE : THERE_1;
		if (row->with & GRAFT_WITH_SOURCE)
			source = row->source;
		CONTEXT("%s, to %s, connected %d, row %u", side->name, places[side->side][place], connected,
		        i);
		say(there, "word", connected ? NULL : &to, &control);
		hears(fd, "word", &got);
		CHECK_IS(row->with & GRAFT_WITH_HOPS ? row->hops : multicast ? 1 : 64, got.control.hops);
		CHECK_IS(row->traffic_class, got.control.traffic_class);
		CHECK_IS(interface_of(fd, strcmp(by, "a0") ? "b1" : "b0"), got.control.index);
		CHECK_PLACE(side, place, got.control.destination);
		CHECK_PLACE(side, source, got.from);
	}
	close_both(fd, there);
}

static void specify_unicast(void)
{
	FOR_SIDES(side)
	check_specified(side, HERE_1, false);
}

static void specify_multicast(void)
{
	FOR_SIDES(side)
	check_specified(side, GROUP, false);
}

static void specify_connected(void)
{
	FOR_SIDES(side)
	{
		check_specified(side, HERE_1, true);
		check_specified(side, GROUP, true);
	}
}

// A source that this host doesn't have, an interface that isn't there, and values out of range send nothing.
static void specify_wrongly(void)
{
	FOR_SIDES(side)
	{
		int fd = udp_at(side, ANY, PORT), there = udp_there(side);
		union graft_address to = at(side, HERE, PORT);
		const struct {
			struct graft_control control;
			int error;
		} rows[] = {
		        {{GRAFT_WITH_HOPS, .hops = 256}, -ERANGE},
		        {{GRAFT_WITH_CLASS, .traffic_class = 256}, -ERANGE},
		        {{GRAFT_WITH_SEGMENT, .segment = 65536}, -ERANGE},
		        {{GRAFT_WITH_SOURCE, .source = plain(side, HERE, 0)},
		                side->side == GRAFT_IPV4 ? -ENETUNREACH : -EINVAL},
		        {{GRAFT_WITH_INTERFACE, .index = 9999}, -ENODEV},
		        {{GRAFT_WITH_SOURCE, .source = plain(&sides[!side->side], THERE, 0)}, -EINVAL},
		};
		for (unsigned i = 0; i < COUNT(rows); i++) {
			int error = rows[i].error;
			CONTEXT("%s, row %u", side->name, i);
			ssize_t result = graft_send(there, "never", 5, &to, &rows[i].control, 0);
			CHECK_IS(error, result);
		}
		say(there, "word", &to, NULL);
		hears(fd, "word", NULL);
		close_both(fd, there);
	}
}

// RFC 3542, 6.6: a sockaddr_in6 in a message of its own. Linux takes none.
static void next_hop(void)
{
	const struct side *side = &sides[GRAFT_IPV6];
	int fd = udp_at(side, ANY, PORT), there = udp_there(side);
	union graft_address to = at(side, HERE, PORT);
	struct graft_control control = {.with = GRAFT_WITH_NEXT_HOP, .next_hop = address_of("fd77::22", 0)};
	size_t room[GRAFT_CONTROL_ROOM / sizeof(size_t)];
	struct cmsghdr header;
	struct sockaddr_in6 hop;
	CHECK_IS(CMSG_SPACE(sizeof(hop)), graft_control_write(&control, AF_INET6, room, sizeof(room)));
	memcpy(&header, room, sizeof(header));
	memcpy(&hop, (char *)room + CMSG_LEN(0), sizeof(hop));
	CHECK_IS(CMSG_LEN(sizeof(hop)), header.cmsg_len);
	CHECK_IS(IPPROTO_IPV6, header.cmsg_level);
	CHECK_IS(9, header.cmsg_type);
	CHECK_IS(AF_INET6, hop.sin6_family);
	CHECK(!memcmp(&hop.sin6_addr, "\xfd\x77\0\0\0\0\0\0\0\0\0\0\0\0\0\x22", 16));
	CHECK_IS(-EINVAL, graft_send(there, "never", 5, &to, &control, 0));
	CHECK_IS(-EINVAL, graft_control_write(&control, AF_INET, room, sizeof(room)));
	control.next_hop = address_of("10.77.0.22", 0);
	CHECK_IS(-EINVAL, graft_control_write(&control, AF_INET6, room, sizeof(room)));
	say(there, "word", &to, NULL);
	hears(fd, "word", NULL);
	close_both(fd, there);
}

// For the wire to be looked at: one datagram to the group, all of it specified, from each side.
static void send_marked(void)
{
	FOR_SIDES(side)
	{
		int there = udp_there(side);
		union graft_address to = at(side, GROUP, (uint16_t)(PORT + (side - sides)));
		struct graft_control control = as_control(
		        &(struct specified){HOPS_AND_CLASS | GRAFT_WITH_INTERFACE | GRAFT_WITH_SOURCE, HOPS,
		                CLASS, THERE_TOO, "a1", "b1"},
		        side, there);
		say(there, "word", &to, &control);
		CHECK(!close(there));
	}
}

// With an address on the socket (graft_multicast_interface_set) IPv4 sends from that, whatever the interface; on an
// AF_INET6 socket, and with the index alone, from the interface's own.
static void interface_beside_the_socket_s(void)
{
	FOR_SIDES(side)
	{
		struct received got;
		int fd = udp_at(side, ANY, PORT), there = udp_there(side);
		union graft_address to = at(side, GROUP, PORT);
		struct graft_control control = {
		        .with = GRAFT_WITH_INTERFACE, .index = interface_of(there, "a1")};
		CHECK_IS(0, graft_join(fd, interface_of(fd, "b1"), &to));
		CHECK_IS(0, graft_multicast_interface_set(there, interface_of(there, "a0")));
		say(there, "word", &to, &control);
		hears(fd, "word", &got);
		CHECK_PLACE(side, side->family == AF_INET ? THERE : THERE_1, got.from);
		close_both(fd, there);
	}
}

CASES(CASE(on_and_off), CASE(packet_info_by_any_part), CASE(multicast_destination), CASE(time_of_receipt),
        CASE(count_of_drops), CASE(path_mtu), CASE(a_failure_changes_nothing),
        CASE(a_failure_changes_no_side), CASE(packet_info_turned_on_late), CASE(all_at_once),
        CASE(too_many_are_incomplete), CASE(specify_unicast), CASE(specify_multicast),
        CASE(specify_connected), CASE(specify_wrongly), CASE(next_hop), CASE(send_marked),
        CASE(interface_beside_the_socket_s))
