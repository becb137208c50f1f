// Interfaces as they are written and looked up, and the one that multicast leaves by.
#include "check.h"

#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>

static unsigned interface(const char *name)
{
	unsigned index = if_nametoindex(name);
	CHECK(index);
	return index;
}

static void good_texts(void)
{
	static const struct {
		const char *text;
		enum graft_interface_by by;
		unsigned index;
		const char *address, *again;
	} rows[] = {
	        {"b0", GRAFT_BY_NAME, 0, NULL, "b0"},
	        {"eth0.12", GRAFT_BY_NAME, 0, NULL, "eth0.12"},
	        {"1x", GRAFT_BY_NAME, 0, NULL, "1x"},
	        {"fifteen-bytes15", GRAFT_BY_NAME, 0, NULL, "fifteen-bytes15"},
	        {"1", GRAFT_BY_INDEX, 1, NULL, "1"},
	        {"007", GRAFT_BY_INDEX, 7, NULL, "7"},
	        {"2147483647", GRAFT_BY_INDEX, 2147483647, NULL, "2147483647"},
	        {"192.0.2.7", GRAFT_BY_ADDRESS, 0, "192.0.2.7", "192.0.2.7"},
	        {"[FE80:0::7]", GRAFT_BY_ADDRESS, 0, "fe80::7", "fe80::7"},
	        {"::ffff:192.0.2.7", GRAFT_BY_ADDRESS, 0, "::ffff:192.0.2.7", "::ffff:192.0.2.7"},
	        {"::1", GRAFT_BY_ADDRESS, 0, "::1", "::1"},
	        {"eth*", GRAFT_BY_PATTERN, 0, NULL, "eth*"},
	        {"*", GRAFT_BY_PATTERN, 0, NULL, "*"},
	        {"b?", GRAFT_BY_PATTERN, 0, NULL, "b?"},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct graft_interface parsed;
		char text[GRAFT_INTERFACE_TEXT];
		CONTEXT("%s", rows[i].text);
		CHECK_IS(0, graft_interface_parse(rows[i].text, &parsed));
		CHECK_IS(rows[i].by, parsed.by);
		CHECK_IS(rows[i].index, parsed.index);
		if (rows[i].address) {
			union graft_address address = address_of(rows[i].address, 0);
			CHECK(graft_address_equal(&address, &parsed.address));
		} else if (!rows[i].index) {
			CHECK(parsed.name == rows[i].text);
		}
		CHECK_TEXT(rows[i].again, graft_interface_text(&parsed, text));
	}
}

static void bad_texts(void)
{
	static const struct {
		const char *text;
		enum graft_interface_by by;
	} rows[] = {
	        {"", GRAFT_BY_NAME},
	        {"..", GRAFT_BY_ADDRESS},
	        {"sixteen-bytes-16", GRAFT_BY_NAME},
	        {"a b", GRAFT_BY_NAME},
	        {"a/b", GRAFT_BY_NAME},
	        {"a\tb", GRAFT_BY_NAME},
	        {"0", GRAFT_BY_INDEX},
	        {"2147483648", GRAFT_BY_INDEX},
	        {"4294967297", GRAFT_BY_INDEX},
	        {"99999999999999999999999999", GRAFT_BY_INDEX},
	        {"192.0.2", GRAFT_BY_ADDRESS},
	        {"192.0.2.256", GRAFT_BY_ADDRESS},
	        {"224.0.0.1", GRAFT_BY_ADDRESS},
	        {"0.0.0.0", GRAFT_BY_ADDRESS},
	        {"::", GRAFT_BY_ADDRESS},
	        {"ff02::1", GRAFT_BY_ADDRESS},
	        {"::ffff:224.0.0.1", GRAFT_BY_ADDRESS},
	        {"[192.0.2.7]", GRAFT_BY_ADDRESS},
	        {"[fe80::7", GRAFT_BY_ADDRESS},
	        {"fe80::7%b0", GRAFT_BY_ADDRESS},
	        {"b0:1", GRAFT_BY_ADDRESS},
	        {"sixteen-bytes-1*", GRAFT_BY_PATTERN},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct graft_interface parsed;
		CONTEXT("\"%s\"", rows[i].text);
		CHECK_IS(-EINVAL, graft_interface_parse(rows[i].text, &parsed));
		CHECK_IS(rows[i].by, parsed.by);
		CHECK(rows[i].by != GRAFT_BY_NAME || !graft_interface_name_valid(rows[i].text));
	}
	CHECK(graft_interface_name_valid("fifteen-bytes15"));
}

static void patterns(void)
{
	static const struct {
		const char *pattern, *name;
		bool matches;
	} rows[] = {{"*", "", true}, {"?", "", false}, {"?", "b", true}, {"?", "b0", false},
	        {"b*", "b", true}, {"b*", "ab", false}, {"*b", "bab", true}, {"a*b*c", "aXbXbYc", true},
	        {"a*b*c", "aXbXbY", false}, {"**", "x", true}, {"b?*", "b", false}, {"b0", "b0", true},
	        {"b0", "b00", false}, {"", "b", false}, {"[b]", "b", false}};
	for (size_t i = 0; i < COUNT(rows); i++) {
		CONTEXT("%s on %s", rows[i].pattern, rows[i].name);
		CHECK_IS(rows[i].matches, graft_pattern_matches(rows[i].pattern, rows[i].name));
	}
}

// ---- looked up ------------------------------------------------------------------------------------------

static int resolve(const char *text, unsigned *indexes, unsigned room)
{
	struct graft_interface parsed;
	CHECK_IS(0, graft_interface_parse(text, &parsed));
	return graft_interface_resolve(open_socket(UDP4), &parsed, indexes, room);
}

static void resolved(void)
{
	static const struct {
		const char *text, *name;
	} rows[] = {{"b0", "b0"}, {"10.77.0.2", "b0"}, {"10.77.0.22", "b0"}, {"fd77::2", "b0"},
	        {"fe80::b0", "b0"}, {"[fe80::b1]", "b1"}, {"::ffff:10.78.0.2", "b1"}, {"127.0.0.1", "lo"},
	        {"::1", "lo"}, {"n0", "n0"}, {"b?0*", NULL}, {"b2", NULL}, {"10.77.0.3", NULL},
	        {"fd77::3", NULL}, {"::ffff:10.77.0.3", NULL}};
	for (size_t i = 0; i < COUNT(rows); i++) {
		unsigned indexes[2] = {77, 77};
		CONTEXT("%s", rows[i].text);
		CHECK_IS(rows[i].name ? 1 : -ENODEV, resolve(rows[i].text, indexes, 2));
		CHECK_IS(rows[i].name ? interface(rows[i].name) : 77, indexes[0]);
		CHECK_IS(77, indexes[1]);
	}
	char number[16];
	unsigned index = 0;
	snprintf(number, sizeof(number), "%u", interface("b1"));
	CHECK_IS(1, resolve(number, &index, 1));
	CHECK_IS(interface("b1"), index);
}

// Whatever the interface was named by: no room, more room than needed, and what is not there.
static void resolved_in_any_room(void)
{
	int fd = open_socket(UDP4);
	const struct {
		struct graft_interface there, missing;
	} rows[] = {
	        {{.by = GRAFT_BY_NAME, .name = "b0"}, {.by = GRAFT_BY_NAME, .name = "b9"}},
	        {{.by = GRAFT_BY_INDEX, .index = interface("b0")}, {.by = GRAFT_BY_INDEX, .index = 9999}},
	        {{.by = GRAFT_BY_INDEX, .index = interface("b0")}, {.by = GRAFT_BY_INDEX, .index = 0}},
	        {{.by = GRAFT_BY_INDEX, .index = interface("b0")},
	                {.by = GRAFT_BY_INDEX, .index = UINT32_MAX}},
	        {{.by = GRAFT_BY_ADDRESS, .address = address_of("10.77.0.2", 0)},
	                {.by = GRAFT_BY_ADDRESS, .address = address_of("10.77.0.9", 0)}},
	        {{.by = GRAFT_BY_PATTERN, .name = "*0"}, {.by = GRAFT_BY_PATTERN, .name = "*9"}},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		int count = rows[i].there.by == GRAFT_BY_PATTERN ? 2 : 1; // b0 and n0
		unsigned found[4] = {77, 77, 77, 77};
		CONTEXT("row %zu", i);
		CHECK_IS(count, graft_interface_resolve(fd, &rows[i].there, NULL, 0));
		CHECK_IS(count, graft_interface_resolve(fd, &rows[i].there, found, 0));
		CHECK_IS(77, found[0]);
		CHECK_IS(-ENODEV, graft_interface_resolve(fd, &rows[i].missing, found, COUNT(found)));
		CHECK_IS(77, found[0]);
		CHECK_IS(count, graft_interface_resolve(fd, &rows[i].there, found, COUNT(found)));
		CHECK(found[0] == interface("b0") || found[count - 1] == interface("b0"));
		CHECK_IS(77, found[count]);
	}
}

// At most as many as there is room for; not those that can't multicast.
static void resolved_patterns(void)
{
	unsigned all[8], found[8];
	CHECK_IS(5, resolve("*", all, COUNT(all))); // lo, which was made to, b0, b1, n0, n1
	for (unsigned room = 0; room < 5; room++) {
		memset(found, 0, sizeof(found));
		CHECK_IS(5, resolve("*", found, room));
		CHECK(!memcmp(found, all, room * sizeof(*found)));
		CHECK_IS(0, found[room]);
	}
	CHECK_IS(2, resolve("b?", found, COUNT(found)));
	CHECK(found[0] + found[1] == interface("b0") + interface("b1") && found[0] != found[1]);
	CHECK(!unshare(CLONE_NEWNET));
	CHECK_IS(-ENODEV, resolve("l*", found, COUNT(found))); // a new loopback does not multicast
}

static void names_by_index(void)
{
	static const char *const names[] = {"lo", "b0", "b1", "n0"};
	for (enum kind kind = 0; kind < KIND_COUNT; kind++) {
		int fd = open_socket(kind);
		char name[GRAFT_INTERFACE_NAME] = "unchanged";
		CONTEXT("%s", kind_rows[kind].name);
		CHECK_IS(-ENODEV, graft_interface_name(fd, 9999, name));
		CHECK_IS(-ENODEV, graft_interface_name(fd, 0, name));
		CHECK_TEXT("unchanged", name);
		for (size_t i = 0; i < COUNT(names); i++) {
			CHECK_IS(0, graft_interface_name(fd, interface(names[i]), name));
			CHECK_TEXT(names[i], name);
		}
	}
}

// Wherever the caller has gone.
static void names_of_the_namespace_of_the_socket(void)
{
	int fd = open_socket(UDP4);
	unsigned b1 = interface("b1"), index = 0;
	char name[GRAFT_INTERFACE_NAME] = "";
	struct graft_interface by_name = {.by = GRAFT_BY_NAME, .name = "b1"};
	struct graft_interface by_address = {.by = GRAFT_BY_ADDRESS, .address = address_of("10.78.0.2", 0)};
	CHECK(!unshare(CLONE_NEWNET));
	CHECK_IS(0, graft_interface_name(fd, b1, name));
	CHECK_TEXT("b1", name);
	CHECK_IS(1, graft_interface_resolve(fd, &by_name, &index, 1));
	CHECK_IS(b1, index);
	CHECK_IS(-ENODEV, graft_interface_resolve(fd, &by_address, &index, 1)); // the calling thread's
	CHECK_IS(-ENODEV, graft_interface_name(open_socket(UDP4), b1, name));
}

static void routes(void)
{
	static const struct {
		const char *to, *name;
	} rows[] = {{"239.1.1.1", "b0"}, {"ff15::1", "b0"}, {"10.78.0.9", "b1"}, {"fd78::9", "b1"},
	        {"127.0.0.1", "lo"}, {"::ffff:10.78.0.9", "b1"}};
	for (size_t i = 0; i < COUNT(rows); i++) {
		union graft_address to = address_of(rows[i].to, 0);
		CONTEXT("%s", rows[i].to);
		CHECK_IS(interface(rows[i].name), graft_route_interface(&to));
	}
}

// A zone says it by itself, and only for IPv6.
static void routes_of_zones_and_other_families(void)
{
	union graft_address to = address_of("fe80::1", 0);
	to.v6.sin6_scope_id = interface("b1");
	CHECK_IS(interface("b1"), graft_route_interface(&to));
	to = address_of("ff02::1", 0);
	to.v6.sin6_scope_id = interface("n1");
	CHECK_IS(interface("n1"), graft_route_interface(&to));
	to = mapped("10.78.0.9", 0);
	CHECK_IS(interface("b1"), graft_route_interface(&to));
	CHECK(graft_address_is_mapped(&to)); // the caller's stays
	to = (union graft_address){0};
	CHECK_IS(-EAFNOSUPPORT, graft_route_interface(&to));
	to.any.sa_family = AF_UNIX;
	CHECK_IS(-EAFNOSUPPORT, graft_route_interface(&to));
}

// ---- what multicast leaves by ---------------------------------------------------------------------------

static void check_outgoing(int fd, unsigned wanted)
{
	unsigned index = 77;
	CHECK_IS(0, graft_multicast_interface_get(fd, &index));
	CHECK_IS(wanted, index);
}

static void outgoing_interface(void)
{
	static const char *const names[] = {"b0", "b1", "lo"};
	for (enum kind kind = 0; kind < UNIX; kind++) {
		int fd = open_socket(kind);
		bool v6 = kind_rows[kind].family == AF_INET6;
		CONTEXT("%s", kind_rows[kind].name);
		if (kind_rows[kind].type == SOCK_STREAM) {
			CHECK_IS(v6 ? -ENOPROTOOPT : -EINVAL,
			        graft_multicast_interface_set(fd, interface("b0")));
			continue;
		}
		check_outgoing(fd, 0);
		for (size_t i = 0; i < COUNT(names); i++) {
			CHECK_IS(0, graft_multicast_interface_set(fd, interface(names[i])));
			check_outgoing(fd, interface(names[i]));
			if (v6)
				CHECK_IS(interface(names[i]),
				        plain_option(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF));
		}
		CHECK_IS(-ENODEV, graft_multicast_interface_set(fd, 9999));
		check_outgoing(fd, interface("lo"));
		CHECK_IS(0, graft_multicast_interface_set(fd, 0));
		check_outgoing(fd, 0);
	}
}

// On AF_INET the interface's first address goes with it, where it has one.
static void outgoing_interface_by_its_address(void)
{
	int fd = open_socket(UDP4), both = open_socket(UDP6);
	CHECK_IS(0, graft_multicast_interface_set(fd, interface("b1")));
	CHECK_IS(htonl(0x0a4e0002), (uint32_t)plain_option(fd, IPPROTO_IP, IP_MULTICAST_IF));
	CHECK_IS(0, graft_multicast_interface_set(fd, interface("b0")));
	CHECK_IS(htonl(0x0a4d0002), (uint32_t)plain_option(fd, IPPROTO_IP, IP_MULTICAST_IF));
	CHECK_IS(0, graft_multicast_interface_set(fd, interface("n0")));
	check_outgoing(fd, 0); // it has none
	CHECK_IS(0, graft_multicast_interface_set(both, interface("n0")));
	check_outgoing(both, interface("n0"));
}

// Puts an address on an interface in place of its first; one named "b0:x" gets a further one.
static void put_address(const char *name, const char *text)
{
	struct ifreq request = {0};
	union graft_address address = address_of(text, 0);
	int fd = open_socket(UDP4);
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	memcpy(&request.ifr_addr, &address.v4, sizeof(address.v4));
	CHECK(!ioctl(fd, SIOCSIFADDR, &request));
	CHECK(!close(fd));
}

// Gives a further address another prefix length, so that the interface may have the same one again.
static void put_mask(const char *name, const char *text)
{
	struct ifreq request = {0};
	union graft_address mask = address_of(text, 0);
	int fd = open_socket(UDP4);
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	memcpy(&request.ifr_netmask, &mask.v4, sizeof(mask.v4));
	CHECK(!ioctl(fd, SIOCSIFNETMASK, &request));
	CHECK(!close(fd));
}

static void say_to_group(int fd, int wanted)
{
	union graft_address group = address_of("239.1.1.1", 9);
	CHECK_IS(wanted, graft_send(fd, "x", 1, &group, NULL, 0));
}

// An AF_INET socket's interface is looked for by its address: one that several have, or that is gone. The addresses are
// of networks of 24 bits each, as their class has it: none goes with another.
static void outgoing_interface_whose_address_changes(void)
{
	int fd = open_socket(UDP4);
	unsigned index = 77;
	put_address("b1", "192.168.1.1");
	CHECK_IS(0, graft_multicast_interface_set(fd, interface("b1")));
	put_address("b0:again", "192.168.1.1");
	CHECK_IS(-ENOTUNIQ, graft_multicast_interface_get(fd, &index));
	CHECK_IS(77, index);
	put_address("b0:again", "192.168.9.1");
	check_outgoing(fd, interface("b1"));
	put_address("b1", "192.168.2.1");
	CHECK_IS(-ENODEV, graft_multicast_interface_get(fd, &index));
	CHECK_IS(77, index);
	say_to_group(fd, -ENETUNREACH);
	put_address("b1:again", "192.168.1.1"); // what has a label of its own is the same interface
	check_outgoing(fd, interface("b1"));
	say_to_group(fd, 1);
	put_address("b1:again", "192.168.3.1");
	say_to_group(fd, -ENETUNREACH);
	CHECK_IS(0, graft_multicast_interface_set(fd, interface("b1")));
	check_outgoing(fd, interface("b1"));
	say_to_group(fd, 1);
	put_address("b1", "192.168.4.1");
	CHECK_IS(0, graft_multicast_interface_set(fd, 0));
	check_outgoing(fd, 0);
	say_to_group(fd, 1);
}

// Twice on one interface, with prefixes of two lengths.
static void outgoing_interface_with_an_address_twice(void)
{
	int fd = open_socket(UDP4);
	CHECK_IS(0, graft_multicast_interface_set(fd, interface("b1")));
	put_address("b1:again", "10.78.0.9");
	put_mask("b1:again", "255.255.255.255");
	put_address("b1:again", "10.78.0.2");
	check_outgoing(fd, interface("b1"));
}

// Wherever the caller has gone.
static void outgoing_interface_in_the_namespace_of_the_socket(void)
{
	int fd = open_socket(UDP4), both = open_socket(UDP6);
	unsigned b0 = interface("b0"), b1 = interface("b1");
	CHECK_IS(0, graft_multicast_interface_set(fd, b1));
	CHECK_IS(0, graft_multicast_interface_set(both, b1));
	CHECK(!unshare(CLONE_NEWNET));
	check_outgoing(fd, b1);
	check_outgoing(both, b1);
	CHECK_IS(0, graft_multicast_interface_set(fd, b0));
	check_outgoing(fd, b0);
	CHECK_IS(htonl(0x0a4d0002), (uint32_t)plain_option(fd, IPPROTO_IP, IP_MULTICAST_IF));
	CHECK_IS(-ENODEV, graft_multicast_interface_set(open_socket(UDP4), b1));
}

// The interface of the IPv4 side shows in the address that a connected socket would send from.
static uint32_t source_of(enum kind kind, unsigned v4, unsigned v6)
{
	int fd = open_socket(kind);
	union graft_address to = mapped("239.1.1.1", 9), from;
	socklen_t length = sizeof(from);
	CHECK_IS(0, graft_multicast_interface_set(fd, v6));
	CHECK_IS(0, graft_side_multicast_interface_set(fd, GRAFT_IPV4, v4));
	check_outgoing(fd, v6);
	CHECK(!connect(fd, &to.any, graft_address_length(&to)));
	CHECK(!getsockname(fd, &from.any, &length));
	graft_address_unmap(&from);
	return ntohl(from.v4.sin_addr.s_addr);
}

static void outgoing_interface_of_one_side(void)
{
	int fd = open_socket(UDP6);
	CHECK_IS(0x0a4e0002, source_of(UDP6, interface("b1"), interface("b0")));
	CHECK_IS(0x0a4d0002, source_of(UDP6, interface("b0"), interface("b1")));
	CHECK_IS(0, graft_side_multicast_interface_set(fd, GRAFT_IPV6, interface("b1")));
	CHECK_IS(-ENODEV, graft_side_multicast_interface_set(fd, GRAFT_IPV6, 9999));
	CHECK_IS(-ENODEV, graft_side_multicast_interface_set(fd, GRAFT_IPV4, 9999));
	check_outgoing(fd, interface("b1"));
	CHECK_IS(-ENOPROTOOPT,
	        graft_side_multicast_interface_set(open_socket(RAW6), GRAFT_IPV4, interface("b0")));
	CHECK_IS(-ENOPROTOOPT,
	        graft_side_multicast_interface_set(open_socket(UDP4), GRAFT_IPV6, interface("b0")));
}

CASES(CASE(good_texts), CASE(bad_texts), CASE(patterns), CASE(resolved), CASE(resolved_patterns),
        CASE(names_by_index), CASE(names_of_the_namespace_of_the_socket), CASE(routes),
        CASE(outgoing_interface), CASE(outgoing_interface_by_its_address),
        CASE(outgoing_interface_of_one_side), CASE(resolved_in_any_room),
        CASE(routes_of_zones_and_other_families), CASE(outgoing_interface_whose_address_changes),
        CASE(outgoing_interface_with_an_address_twice),
        CASE(outgoing_interface_in_the_namespace_of_the_socket))
