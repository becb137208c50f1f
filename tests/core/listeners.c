// Listeners of groups: which sockets hear what is sent to which group, by which interface and from which source.
#include "traffic.h"

enum { EXPERIMENTAL = 253 }; // a protocol of nobody's, RFC 3692

static void join(const struct side *side, int fd, enum place place, const char *interface)
{
	union graft_address group = at(side, place, 0);
	CHECK_IS(0, graft_join(fd, interface_of(fd, interface), &group));
}

static void leave(const struct side *side, int fd, enum place place, const char *interface)
{
	union graft_address group = at(side, place, 0);
	CHECK_IS(0, graft_leave(fd, interface_of(fd, interface), &group));
}

// A socket of the sender's that says words to groups by interfaces, from addresses.
static void say_from(const struct side *side, int there, const char *word, enum place group,
        const char *interface, enum place source)
{
	union graft_address to = at(side, group, PORT);
	struct graft_control control = {.with = GRAFT_WITH_INTERFACE | GRAFT_WITH_SOURCE,
	        .index = interface_of(there, interface),
	        .source = at(side, source, 0)};
	say(there, word, &to, &control);
}

static void say_by(
        const struct side *side, int there, const char *word, enum place group, const char *interface)
{
	say_from(side, there, word, group, interface, strcmp(interface, "a0") ? THERE_1 : THERE);
}

// ---- groups ---------------------------------------------------------------------------------------------

static void several_groups(void)
{
	FOR_SIDES(side)
	{
		struct received got;
		int fd = udp_at(side, ANY, PORT), there = udp_there(side);
		CHECK_IS(0, graft_control_set(fd, GRAFT_WITH_DESTINATION, true));
		say_by(side, there, "too early", GROUP, "a0");
		join(side, fd, GROUP, "b0");
		say_by(side, there, "other group", GROUP_TOO, "a0");
		say_by(side, there, "one", GROUP, "a0");
		hears(fd, "one", &got);
		CHECK_PLACE(side, GROUP, got.control.destination);
		join(side, fd, GROUP_TOO, "b0");
		say_by(side, there, "two", GROUP_TOO, "a0");
		say_by(side, there, "three", GROUP, "a0");
		hears(fd, "two", &got);
		CHECK_PLACE(side, GROUP_TOO, got.control.destination);
		hears(fd, "three", &got);
		close_both(fd, there);
	}
}

static void leave_and_rejoin(void)
{
	FOR_SIDES(side)
	{
		int fd = udp_at(side, ANY, PORT), there = udp_there(side);
		join(side, fd, GROUP_TOO, "b0");
		for (int i = 0; i < 5; i++) {
			join(side, fd, GROUP, "b0");
			say_by(side, there, "member", GROUP, "a0");
			hears(fd, "member", NULL);
			leave(side, fd, GROUP, "b0");
			say_by(side, there, "no more", GROUP, "a0");
			say_by(side, there, "still", GROUP_TOO, "a0");
			hears(fd, "still", NULL);
		}
		close_both(fd, there);
	}
}

// All of those that share a group and a port hear each datagram; one that is no member none, if it says so.
static void shared_port(void)
{
	enum { SHARERS = 4 };
	FOR_SIDES(side)
	{
		int fds[SHARERS], there = udp_there(side);
		for (int i = 0; i < SHARERS; i++) {
			fds[i] = udp_sharing(side, ANY, PORT);
			CHECK_IS(0, graft_set(fds[i], GRAFT_MULTICAST_ALL, 0));
			if (i)
				join(side, fds[i], GROUP, "b0");
		}
		say_by(side, there, "first", GROUP, "a0");
		say_by(side, there, "second", GROUP, "a0");
		for (int i = 1; i < SHARERS; i++) {
			hears(fds[i], "first", NULL);
			hears(fds[i], "second", NULL);
			deaf(fds[i]);
		}
		deaf(fds[0]);
		CHECK_IS(0, graft_set(fds[0], GRAFT_MULTICAST_ALL, 1));
		say_by(side, there, "third", GROUP, "a0");
		hears(fds[0], "third", NULL);
		for (int i = 0; i < SHARERS; i++)
			CHECK(!close(fds[i]));
		CHECK(!close(there));
	}
}

// ---- interfaces -----------------------------------------------------------------------------------------

// Each of two listeners, one on each interface, hears what arrives there, and nothing else.
static void check_apart(const struct side *side, const int fds[2], int there, enum place group)
{
	static const char *const by[] = {"a0", "a1"};
	for (int i = 0; i < 4; i++) {
		char word[] = {'w', (char)('0' + i), '\0'};
		say_by(side, there, word, group, by[i % 2]);
	}
	for (int i = 0; i < 2; i++) {
		hears(fds[i], i ? "w1" : "w0", NULL);
		hears(fds[i], i ? "w3" : "w2", NULL);
		deaf(fds[i]);
	}
}

// IPv4 listeners that are bound to the group and hear no groups of others.
static void interfaces_by_membership(void)
{
	FOR_SIDES(side)
	{
		int there = udp_there(side), fds[2];
		if (side->side == GRAFT_IPV6)
			continue;
		for (int i = 0; i < 2; i++) {
			fds[i] = udp_sharing(side, GROUP, PORT);
			CHECK_IS(0, graft_set(fds[i], GRAFT_MULTICAST_ALL, 0));
			join(side, fds[i], GROUP, i ? "b1" : "b0");
		}
		check_apart(side, fds, there, GROUP);
		union graft_address unicast = at(side, HERE, PORT);
		say(there, "unicast", &unicast, NULL); // to nobody: they are bound to the group
		say_by(side, there, "other group", GROUP_TOO, "a0");
		say_by(side, there, "end", GROUP, "a0");
		hears(fds[0], "end", NULL);
		close_both(fds[0], fds[1]);
		CHECK(!close(there));
	}
}

// IPv6 delivers a group from any interface to whoever is a member on one: a filter tells them apart.
static void interfaces_by_filter(void)
{
	static struct sock_filter code[GRAFT_FILTER_ROOM];
	static const struct graft_filter_identity identity = {.tag = 1};
	FOR_FAMILIES(side)
	{
		int there = udp_there(side), fds[2];
		for (int i = 0; i < 2; i++) {
			struct graft_filter filter;
			union graft_address group = plain(side, GROUP, 0);
			fds[i] = udp_sharing(side, ANY, PORT);
			join(side, fds[i], GROUP, i ? "b1" : "b0");
			graft_filter_begin(&filter, code, GRAFT_FILTER_ROOM, side->family, &identity);
			graft_filter_admit_group(
			        &filter, &group, interface_of(fds[i], i ? "b1" : "b0"), true, NULL, 0);
			CHECK_IS(0, graft_filter_end(&filter, false, NULL, 0));
			CHECK_IS(0, graft_bpf_attach(fds[i], code, filter.length));
		}
		check_apart(side, fds, there, GROUP);
		close_both(fds[0], fds[1]);
		CHECK(!close(there));
	}
}

// A link-local group is bound to with its zone.
static void interfaces_by_zone(void)
{
	const struct side *side = &sides[GRAFT_IPV6];
	int there = udp_there(side), fds[2];
	for (int i = 0; i < 2; i++) {
		union graft_address group = address_of("ff12::114", PORT);
		fds[i] = udp(side);
		group.v6.sin6_scope_id = interface_of(fds[i], i ? "b1" : "b0");
		CHECK(!bind(fds[i], &group.any, sizeof(group.v6)));
		CHECK_IS(0, graft_join(fds[i], group.v6.sin6_scope_id, &group));
	}
	for (int i = 0; i < 4; i++) {
		union graft_address group = address_of("ff12::114", PORT);
		char word[] = {'w', (char)('0' + i), '\0'};
		group.v6.sin6_scope_id = interface_of(there, i % 2 ? "a1" : "a0");
		say(there, word, &group, NULL);
	}
	for (int i = 0; i < 2; i++) {
		hears(fds[i], i ? "w1" : "w0", NULL);
		hears(fds[i], i ? "w3" : "w2", NULL);
		deaf(fds[i]);
	}
	close_both(fds[0], fds[1]);
	CHECK(!close(there));
}

// ---- raw sockets ----------------------------------------------------------------------------------------

// The next packet's payload, whatever stands before it.
static void hears_raw(const struct side *side, int fd, const char *word)
{
	struct received got;
	struct graft_ipv4_header header;
	if (side->side == GRAFT_IPV6) {
		hears(fd, word, NULL);
		return;
	}
	memset(&got, 0, sizeof(got));
	got.length = graft_receive_packet(fd, &header, got.bytes, sizeof(got.bytes) - 1, NULL, 0);
	CHECK_TEXT(word, got.bytes);
}

// An unbound raw socket of IPv6 hears every group; one that is bound to an address, that and its own groups.
static int raw_listener(const struct side *side, enum place group, const char *interface)
{
	int fd = open_raw(side, SOCK_RAW, EXPERIMENTAL);
	if (side->side == GRAFT_IPV6)
		bind_at(fd, side, HERE, 0);
	CHECK_IS(0, graft_set(fd, GRAFT_MULTICAST_ALL, 0));
	join(side, fd, group, interface);
	return fd;
}

// Raw packets have no port.
static void say_raw(
        const struct side *side, int there, const char *word, enum place group, const char *interface)
{
	union graft_address to = at(side, group, 0);
	struct graft_control control = {
	        .with = GRAFT_WITH_INTERFACE, .index = interface_of(there, interface)};
	say(there, word, &to, &control);
}

static void raw_listeners(void)
{
	FOR_FAMILIES(side)
	{
		int fd = raw_listener(side, GROUP, "b0"), other = raw_listener(side, GROUP_TOO, "b0");
		int there = open_there(side, SOCK_RAW, EXPERIMENTAL);
		say_raw(side, there, "two", GROUP_TOO, "a0");
		say_raw(side, there, "one", GROUP, "a0");
		hears_raw(side, fd, "one");
		hears_raw(side, other, "two");
		leave(side, fd, GROUP, "b0");
		join(side, fd, GROUP_TOO, "b0");
		say_raw(side, there, "left", GROUP, "a0");
		say_raw(side, there, "both", GROUP_TOO, "a0");
		hears_raw(side, fd, "both");
		hears_raw(side, other, "both");
		close_both(fd, other);
		CHECK(!close(there));
	}
}

static void raw_listeners_by_interface(void)
{
	FOR_FAMILIES(side)
	{
		int fds[2] = {raw_listener(side, GROUP, "b0"), raw_listener(side, GROUP, "b1")};
		int there = open_there(side, SOCK_RAW, EXPERIMENTAL);
		bool six = side->side == GRAFT_IPV6;
		say_raw(side, there, "w0", GROUP, "a0");
		say_raw(side, there, "w1", GROUP, "a1");
		for (int i = 0; i < 2; i++) {
			hears_raw(side, fds[i], i && !six ? "w1" : "w0");
			if (six) // hears either, a member on one of them
				hears_raw(side, fds[i], "w1");
			deaf(fds[i]);
		}
		close_both(fds[0], fds[1]);
		CHECK(!close(there));
	}
}

// ---- sources --------------------------------------------------------------------------------------------

static void included_sources(void)
{
	FOR_SIDES(side)
	{
		int fd = udp_at(side, ANY, PORT), there = udp_there(side);
		unsigned b0 = interface_of(fd, "b0");
		union graft_address group = at(side, SOURCE_GROUP, 0), one = at(side, THERE, 0),
		                    two = at(side, THERE_TOO, 0);
		CHECK_IS(0, graft_set(fd, GRAFT_MULTICAST_ALL, 0));
		CHECK_IS(0, graft_join_source(fd, b0, &group, &two));
		say_from(side, there, "first", SOURCE_GROUP, "a0", THERE);
		say_from(side, there, "second", SOURCE_GROUP, "a0", THERE_TOO);
		hears(fd, "second", NULL);
		CHECK_IS(0, graft_join_source(fd, b0, &group, &one));
		say_from(side, there, "third", SOURCE_GROUP, "a0", THERE);
		hears(fd, "third", NULL);
		say_from(side, there, "fourth", SOURCE_GROUP, "a0", THERE_TOO);
		hears(fd, "fourth", NULL);
		CHECK_IS(0, graft_leave_source(fd, b0, &group, &two));
		say_from(side, there, "fifth", SOURCE_GROUP, "a0", THERE_TOO);
		say_from(side, there, "sixth", SOURCE_GROUP, "a0", THERE);
		hears(fd, "sixth", NULL);
		CHECK_IS(0, graft_leave_source(fd, b0, &group, &one)); // and with it the group
		union graft_address unicast = at(side, HERE, PORT);
		say_from(side, there, "seventh", SOURCE_GROUP, "a0", THERE);
		say(there, "unicast", &unicast, NULL);
		hears(fd, "unicast", NULL);
		close_both(fd, there);
	}
}

static void excluded_sources(void)
{
	FOR_SIDES(side)
	{
		int fd = udp_at(side, ANY, PORT), there = udp_there(side);
		unsigned b0 = interface_of(fd, "b0");
		union graft_address group = at(side, GROUP, 0), two = at(side, THERE_TOO, 0);
		join(side, fd, GROUP, "b0");
		say_from(side, there, "first", GROUP, "a0", THERE_TOO);
		hears(fd, "first", NULL);
		CHECK_IS(0, graft_block_source(fd, b0, &group, &two));
		say_from(side, there, "second", GROUP, "a0", THERE_TOO);
		say_from(side, there, "third", GROUP, "a0", THERE);
		hears(fd, "third", NULL);
		CHECK_IS(0, graft_unblock_source(fd, b0, &group, &two));
		say_from(side, there, "fourth", GROUP, "a0", THERE_TOO);
		hears(fd, "fourth", NULL);
		close_both(fd, there);
	}
}

// All sources at once, and the mode with them.
static void replaced_sources(void)
{
	FOR_SIDES(side)
	{
		int fd = udp_at(side, ANY, PORT), there = udp_there(side);
		unsigned b0 = interface_of(fd, "b0");
		union graft_address group = at(side, GROUP, 0), two = at(side, THERE_TOO, 0);
		join(side, fd, GROUP, "b0");
		CHECK_IS(0, graft_sources_set(fd, b0, &group, GRAFT_INCLUDE, &two, 1));
		say_from(side, there, "no", GROUP, "a0", THERE);
		say_from(side, there, "yes", GROUP, "a0", THERE_TOO);
		hears(fd, "yes", NULL);
		CHECK_IS(0, graft_sources_set(fd, b0, &group, GRAFT_EXCLUDE, &two, 1));
		say_from(side, there, "no", GROUP, "a0", THERE_TOO);
		say_from(side, there, "others", GROUP, "a0", THERE);
		hears(fd, "others", NULL);
		CHECK_IS(0, graft_sources_set(fd, b0, &group, GRAFT_EXCLUDE, NULL, 0));
		say_from(side, there, "all", GROUP, "a0", THERE_TOO);
		hears(fd, "all", NULL);
		close_both(fd, there);
	}
}

CASES(CASE(several_groups), CASE(leave_and_rejoin), CASE(shared_port), CASE(interfaces_by_membership),
        CASE(interfaces_by_filter), CASE(interfaces_by_zone), CASE(raw_listeners),
        CASE(raw_listeners_by_interface), CASE(included_sources), CASE(excluded_sources),
        CASE(replaced_sources))
