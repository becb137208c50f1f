// Memberships of groups and their sources: what core says of them is compared with what the host's lists say.
#include "check.h"

#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

// ---- the host's lists -----------------------------------------------------------------------------------

static char file_text[1 << 18];

static const char *read_file(const char *path)
{
	size_t used = 0;
	ssize_t got;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	CHECK(fd >= 0);
	while ((got = read(fd, file_text + used, sizeof(file_text) - 1 - used)) > 0)
		used += (size_t)got;
	CHECK(!got && used < sizeof(file_text) - 1);
	file_text[used] = '\0';
	close(fd);
	return file_text;
}

static const char *next_line(const char *line)
{
	const char *end = strchr(line, '\n');
	return end && end[1] ? end + 1 : NULL;
}

static void put_hex(char text[33], const void *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		snprintf(text + 2 * i, 3, "%02x", ((const unsigned char *)bytes)[i]);
}

// How many sockets are members of the group on the interface.
static unsigned users(unsigned index, const char *group)
{
	union graft_address address = address_of(group, 0);
	bool v4 = address.any.sa_family == AF_INET;
	unsigned at = 0, found = 0, word;
	char wanted[33], text[33];
	if (v4)
		snprintf(wanted, sizeof(wanted), "%08X", address.v4.sin_addr.s_addr);
	else
		put_hex(wanted, &address.v6.sin6_addr, 16);
	const char *line = read_file(v4 ? "/proc/thread-self/net/igmp" : "/proc/thread-self/net/igmp6");
	for (; line; line = next_line(line)) {
		if (v4 && *line != '\t')
			sscanf(line, "%u", &at);
		else if (sscanf(line, v4 ? " %32s %u" : "%*u %*s %32s %u", text, &word) == 2 &&
		         !strcmp(text, wanted) && (v4 || sscanf(line, "%u", &at) == 1) && at == index)
			found = word;
	}
	return found;
}

// How many sockets include the source, and how many exclude it: 10 * included + excluded.
static unsigned filtered(unsigned index, const char *group, const char *source)
{
	union graft_address a = address_of(group, 0), b = address_of(source, 0);
	bool v4 = a.any.sa_family == AF_INET;
	char wanted[2][33], text[2][36];
	unsigned at, include, exclude;
	put_hex(wanted[0], v4 ? (void *)&a.v4.sin_addr : (void *)&a.v6.sin6_addr, v4 ? 4 : 16);
	put_hex(wanted[1], v4 ? (void *)&b.v4.sin_addr : (void *)&b.v6.sin6_addr, v4 ? 4 : 16);
	const char *line =
	        read_file(v4 ? "/proc/thread-self/net/mcfilter" : "/proc/thread-self/net/mcfilter6");
	for (; line; line = next_line(line))
		if (sscanf(line, "%u %*s %35s %35s %u %u", &at, text[0], text[1], &include, &exclude) == 5 &&
		        at == index && !strcmp(text[0] + 2 * v4, wanted[0]) &&
		        !strcmp(text[1] + 2 * v4, wanted[1]))
			return 10 * include + exclude;
	return 0;
}

static unsigned interface(const char *name)
{
	unsigned index = if_nametoindex(name);
	CHECK(index);
	return index;
}

static void write_number(const char *path, int number)
{
	char text[16];
	int fd = open(path, O_WRONLY | O_CLOEXEC), length = snprintf(text, sizeof(text), "%d", number);
	CHECK(fd >= 0);
	CHECK_IS(length, write(fd, text, (size_t)length));
	close(fd);
}

// ---- the ways to be a member ----------------------------------------------------------------------------

// A group, as it is handed in and as the host lists it, and sources for it.
static const struct way {
	enum kind kind;
	bool mapped;
	const char *group, *sources[2];
} ways[] = {
        {UDP4, false, "239.1.1.1", {"10.77.0.98", "10.77.0.99"}},
        {UDP4, true, "239.1.1.1", {"10.77.0.98", "10.77.0.99"}},
        {UDP6, false, "ff15::1:1", {"fd77::98", "fd77::99"}},
        {UDP6, false, "239.1.1.1", {"10.77.0.98", "10.77.0.99"}},
        {UDP6, true, "239.1.1.1", {"10.77.0.98", "10.77.0.99"}},
        {UDP6_ONLY, false, "ff15::1:1", {"fd77::98", "fd77::99"}},
        {RAW4, false, "239.1.1.1", {"10.77.0.98", "10.77.0.99"}},
        {RAW6, false, "ff15::1:1", {"fd77::98", "fd77::99"}},
        {ICMP4, false, "239.1.1.1", {"10.77.0.98", "10.77.0.99"}},
        {ICMP6, false, "ff15::1:1", {"fd77::98", "fd77::99"}},
        {TCP4, false, "239.1.1.1", {"10.77.0.98", "10.77.0.99"}},
        {TCP6, false, "ff15::1:1", {"fd77::98", "fd77::99"}},
};

static union graft_address way_address(const struct way *way, const char *text)
{
	return way->mapped ? mapped(text, 0) : address_of(text, 0);
}

static void each_way(void (*check)(const struct way *way, int fd))
{
	for (size_t i = 0; i < COUNT(ways); i++) {
		int fd = open_socket(ways[i].kind);
		CONTEXT("%s, %s%s", kind_rows[ways[i].kind].name, ways[i].mapped ? "mapped " : "",
		        ways[i].group);
		check(&ways[i], fd);
		close(fd);
	}
}

static void check_join(const struct way *way, int fd)
{
	union graft_address group = way_address(way, way->group);
	unsigned b0 = interface("b0"), b1 = interface("b1");
	CHECK_IS(0, users(b0, way->group));
	CHECK_IS(-EADDRNOTAVAIL, graft_leave(fd, b0, &group));
	CHECK_IS(0, graft_join(fd, b0, &group));
	CHECK_IS(1, users(b0, way->group));
	CHECK_IS(0, users(b1, way->group));
	CHECK_IS(-EADDRINUSE, graft_join(fd, b0, &group));
	CHECK_IS(1, users(b0, way->group));
	CHECK_IS(0, graft_join(fd, b1, &group));
	CHECK_IS(1, users(b1, way->group));
	CHECK_IS(0, graft_leave(fd, b0, &group));
	CHECK_IS(0, users(b0, way->group));
	CHECK_IS(1, users(b1, way->group));
	CHECK_IS(-EADDRNOTAVAIL, graft_leave(fd, b0, &group));
	CHECK_IS(0, graft_leave(fd, b1, &group));
	CHECK_IS(0, users(b1, way->group));
}

static void join_and_leave(void)
{
	each_way(check_join);
}

static void check_default(const struct way *way, int fd)
{
	union graft_address group = way_address(way, way->group), plain = address_of(way->group, 0);
	int index = graft_route_interface(&plain);
	CHECK_IS(interface("b0"), index);
	CHECK_IS(0, graft_join(fd, 0, &group));
	CHECK_IS(1, users((unsigned)index, way->group));
	CHECK_IS(-EADDRINUSE, graft_join(fd, (unsigned)index, &group));
	CHECK_IS(0, graft_leave(fd, 0, &group));
	CHECK_IS(0, users((unsigned)index, way->group));
}

static void join_where_the_route_leads(void)
{
	each_way(check_default);
}

static void closing_leaves(void)
{
	for (size_t i = 0; i < COUNT(ways); i++) {
		int fd = open_socket(ways[i].kind);
		union graft_address group = way_address(&ways[i], ways[i].group);
		CONTEXT("%s", ways[i].group);
		CHECK_IS(0, graft_join(fd, interface("b0"), &group));
		CHECK_IS(1, users(interface("b0"), ways[i].group));
		close(fd);
		CHECK_IS(0, users(interface("b0"), ways[i].group));
	}
}

// ---- sources --------------------------------------------------------------------------------------------

static void check_include(const struct way *way, int fd)
{
	unsigned b0 = interface("b0");
	union graft_address group = way_address(way, way->group), one = way_address(way, way->sources[0]),
	                    other = way_address(way, way->sources[1]);
	CHECK_IS(0, graft_join_source(fd, b0, &group, &one));
	CHECK_IS(10, filtered(b0, way->group, way->sources[0]));
	CHECK_IS(-EADDRNOTAVAIL, graft_join_source(fd, b0, &group, &one));
	CHECK_IS(0, graft_join_source(fd, b0, &group, &other));
	CHECK_IS(10, filtered(b0, way->group, way->sources[1]));
	CHECK_IS(1, users(b0, way->group));
	CHECK_IS(-EINVAL, graft_block_source(fd, b0, &group, &other)); // the other mode
	CHECK_IS(-EADDRINUSE, graft_join(fd, b0, &group));
	CHECK_IS(10, filtered(b0, way->group, way->sources[1]));
	CHECK_IS(0, graft_leave_source(fd, b0, &group, &one));
	CHECK_IS(0, filtered(b0, way->group, way->sources[0]));
	CHECK_IS(-EADDRNOTAVAIL, graft_leave_source(fd, b0, &group, &one));
	CHECK_IS(1, users(b0, way->group));
	CHECK_IS(0, graft_leave_source(fd, b0, &group, &other)); // the last
	CHECK_IS(0, users(b0, way->group));
	CHECK_IS(-EADDRNOTAVAIL, graft_leave(fd, b0, &group));
}

static void include_sources(void)
{
	each_way(check_include);
}

static void check_exclude(const struct way *way, int fd)
{
	unsigned b0 = interface("b0");
	union graft_address group = way_address(way, way->group), one = way_address(way, way->sources[0]),
	                    other = way_address(way, way->sources[1]);
	CHECK_IS(-EINVAL, graft_block_source(fd, b0, &group, &one)); // not a member
	CHECK_IS(0, users(b0, way->group));
	CHECK_IS(0, graft_join(fd, b0, &group));
	CHECK_IS(0, graft_block_source(fd, b0, &group, &one));
	CHECK_IS(1, filtered(b0, way->group, way->sources[0]));
	CHECK_IS(-EADDRNOTAVAIL, graft_block_source(fd, b0, &group, &one));
	CHECK_IS(-EADDRNOTAVAIL, graft_unblock_source(fd, b0, &group, &other));
	CHECK_IS(-EINVAL, graft_join_source(fd, b0, &group, &other)); // the other mode
	CHECK_IS(1, filtered(b0, way->group, way->sources[0]));
	CHECK_IS(0, filtered(b0, way->group, way->sources[1]));
	CHECK_IS(0, graft_block_source(fd, b0, &group, &other));
	CHECK_IS(1, filtered(b0, way->group, way->sources[1]));
	CHECK_IS(0, graft_unblock_source(fd, b0, &group, &one));
	CHECK_IS(0, filtered(b0, way->group, way->sources[0]));
	CHECK_IS(1, filtered(b0, way->group, way->sources[1]));
	CHECK_IS(0, graft_unblock_source(fd, b0, &group, &other));
	CHECK_IS(1, users(b0, way->group)); // still a member
	CHECK_IS(0, graft_leave(fd, b0, &group));
}

static void exclude_sources(void)
{
	each_way(check_exclude);
}

static void check_leave_whatever(const struct way *way, int fd)
{
	unsigned b0 = interface("b0");
	union graft_address group = way_address(way, way->group), one = way_address(way, way->sources[0]);
	CHECK_IS(0, graft_join_source(fd, b0, &group, &one));
	CHECK_IS(0, graft_leave(fd, b0, &group));
	CHECK_IS(0, users(b0, way->group));
	CHECK_IS(0, graft_join(fd, b0, &group));
	CHECK_IS(0, graft_block_source(fd, b0, &group, &one));
	CHECK_IS(0, graft_leave(fd, b0, &group));
	CHECK_IS(0, users(b0, way->group));
	CHECK_IS(0, filtered(b0, way->group, way->sources[0]));
}

static void leave_whatever_the_mode(void)
{
	each_way(check_leave_whatever);
}

// ---- what can't be joined -------------------------------------------------------------------------------

static void check_refused(const struct way *way, int fd)
{
	unsigned b0 = interface("b0");
	bool v6 = strchr(way->group, ':');
	union graft_address group = way_address(way, way->group), source = way_address(way, way->sources[0]);
	union graft_address stranger = v6 ? address_of("10.77.0.98", 0) : address_of("fd77::98", 0);
	CHECK_IS(-EINVAL, graft_join(fd, b0, &source));
	CHECK_IS(-EINVAL, graft_join_source(fd, b0, &source, &source));
	CHECK_IS(-EINVAL, graft_join_source(fd, b0, &group, &stranger));
	CHECK_IS(-EINVAL, graft_leave_source(fd, b0, &group, &source)); // not a member
	CHECK_IS(-ENODEV, graft_join(fd, 9999, &group));
	CHECK_IS(-ENODEV, graft_join_source(fd, 9999, &group, &source));
	CHECK_IS(0, users(b0, way->group));
	struct graft_membership membership;
	CHECK_IS(0, graft_memberships(fd, 0, &membership, 1));
}

static void refused_joins(void)
{
	each_way(check_refused);
}

static void group_of_a_family_that_the_socket_lacks(void)
{
	static const struct {
		enum kind kind;
		const char *group, *source;
	} rows[] = {{UDP4, "ff15::1:1", "fd77::9"}, {TCP4, "ff15::1:1", "fd77::9"},
	        {RAW4, "ff15::1:1", "fd77::9"}, {RAW6, "239.1.1.1", "10.77.0.9"},
	        {ICMP6, "239.1.1.1", "10.77.0.9"}};
	for (size_t i = 0; i < COUNT(rows); i++) {
		int fd = open_socket(rows[i].kind);
		unsigned b0 = interface("b0");
		union graft_address group = address_of(rows[i].group, 0),
		                    source = address_of(rows[i].source, 0);
		CONTEXT("%s on %s", rows[i].group, kind_rows[rows[i].kind].name);
		CHECK_IS(-ENOPROTOOPT, graft_join(fd, b0, &group));
		CHECK_IS(-ENOPROTOOPT, graft_leave(fd, b0, &group));
		CHECK_IS(-ENOPROTOOPT, graft_join_source(fd, b0, &group, &source));
		CHECK_IS(-ENOPROTOOPT, graft_leave_source(fd, b0, &group, &source));
		CHECK_IS(-ENOPROTOOPT, graft_block_source(fd, b0, &group, &source));
		CHECK_IS(-ENOPROTOOPT, graft_unblock_source(fd, b0, &group, &source));
		CHECK_IS(-ENOPROTOOPT, graft_sources_get(fd, b0, &group, NULL, NULL, 0));
		CHECK_IS(-ENOPROTOOPT, graft_sources_set(fd, b0, &group, GRAFT_INCLUDE, &source, 1));
		CHECK_IS(0, users(b0, rows[i].group));
	}
}

static void no_route(void)
{
	union graft_address v4 = address_of("239.1.1.1", 0), v6 = address_of("ff15::1:1", 0);
	CHECK(!unshare(CLONE_NEWNET)); // nothing there is up
	int fd = open_socket(UDP6);
	CHECK_IS(-ENODEV, graft_join(fd, 0, &v4));
	CHECK_IS(-ENODEV, graft_join(fd, 0, &v6));
	CHECK_IS(-ENODEV, graft_route_interface(&v4));
	CHECK_IS(-ENODEV, graft_route_interface(&v6));
}

static void too_many_groups(void)
{
	int fd = open_socket(UDP4);
	struct graft_membership list[4];
	write_number("/proc/sys/net/ipv4/igmp_max_memberships", 2);
	for (int i = 0; i < 3; i++) {
		union graft_address group = address_of("239.1.1.1", 0);
		group.v4.sin_addr.s_addr += htonl((uint32_t)i);
		CHECK_IS(i < 2 ? 0 : -ENOBUFS, graft_join(fd, interface("b0"), &group));
	}
	CHECK_IS(0, users(interface("b0"), "239.1.1.3"));
	CHECK_IS(2, graft_memberships(fd, 0, list, 4));
}

// ---- a group of each family -----------------------------------------------------------------------------

static void groups_of_both_families(void)
{
	int fd = open_socket(UDP6);
	unsigned b0 = interface("b0"), b1 = interface("b1");
	union graft_address v4 = address_of("239.1.1.1", 0), v6 = address_of("ff15::1:1", 0);
	struct graft_membership list[4];
	CHECK_IS(0, graft_join(fd, b0, &v6));
	CHECK_IS(0, graft_join(fd, b1, &v4));
	CHECK_IS(1, users(b0, "ff15::1:1"));
	CHECK_IS(1, users(b1, "239.1.1.1"));
	CHECK_IS(2, graft_memberships(fd, 0, list, 4));
	CHECK(graft_address_equal(&list[0].group, &v4) && list[0].index == b1);
	CHECK(graft_address_equal(&list[1].group, &v6) && list[1].index == b0);
	CHECK_IS(0, graft_leave(fd, b1, &v4));
	CHECK_IS(1, users(b0, "ff15::1:1"));
	CHECK_IS(1, graft_memberships(fd, 0, list, 4));
	CHECK(graft_address_equal(&list[0].group, &v6));
}

// ---- mode and sources at once ---------------------------------------------------------------------------

enum { MANY = 70000 };
static union graft_address many[MANY], got[MANY];

// So many sources, each with another last number.
static void make_sources(const struct way *way, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		many[i] = address_of(way->sources[0], 0);
		if (many[i].any.sa_family == AF_INET)
			many[i].v4.sin_addr.s_addr = htonl(0x0a4e0000 + i);
		else
			memcpy(many[i].v6.sin6_addr.s6_addr + 12, &(uint32_t){htonl(i + 1)}, 4);
	}
}

// The sources come in any order.
static bool has_all(unsigned count)
{
	unsigned found = 0;
	for (unsigned i = 0; i < count; i++)
		for (unsigned j = 0; j < count; j++)
			found += graft_address_equal(&many[i], &got[j]);
	return found == count;
}

static void check_sources(
        int fd, const union graft_address *group, enum graft_mode wanted, unsigned count, unsigned room)
{
	enum graft_mode mode = 77;
	memset(got, 0x5a, (room + 2) * sizeof(*got));
	CHECK_IS(count, graft_sources_get(fd, interface("b0"), group, &mode, got, room));
	CHECK_IS(wanted, mode);
	for (unsigned i = 0; i < room && i < count; i++) {
		unsigned matches = 0;
		for (unsigned j = 0; j < count; j++)
			matches += graft_address_equal(&got[i], &many[j]);
		CHECK_IS(1, matches);
	}
	for (unsigned i = room < count ? room : count; i < room + 2; i++)
		CHECK_IS(0x5a5a, got[i].any.sa_family); // not touched
	if (room >= count)
		CHECK(has_all(count));
}

static void check_set(const struct way *way, int fd)
{
	unsigned b0 = interface("b0");
	union graft_address group = way_address(way, way->group);
	make_sources(way, 8);
	CHECK_IS(-EADDRNOTAVAIL, graft_sources_get(fd, b0, &group, NULL, NULL, 0));
	CHECK_IS(-EINVAL, graft_sources_set(fd, b0, &group, GRAFT_INCLUDE, many, 1));
	CHECK_IS(0, graft_join(fd, b0, &group));
	check_sources(fd, &group, GRAFT_EXCLUDE, 0, 3);
	CHECK_IS(-EADDRNOTAVAIL, graft_sources_get(fd, 0, &group, NULL, NULL, 0));
	for (unsigned count = 1; count <= 8; count++) {
		enum graft_mode mode = count % 2 ? GRAFT_INCLUDE : GRAFT_EXCLUDE;
		char text[GRAFT_ADDRESS_TEXT];
		CHECK_IS(0, graft_sources_set(fd, b0, &group, mode, many, count));
		for (unsigned room = 0; room <= 10; room++)
			check_sources(fd, &group, mode, count, room);
		CHECK_IS(count, graft_sources_get(fd, b0, &group, NULL, NULL, 0));
		for (unsigned i = 0; i < 8; i++)
			CHECK_IS(i >= count              ? 0
			         : mode == GRAFT_INCLUDE ? 10
			                                 : 1,
			        filtered(b0, way->group, graft_address_text(&many[i], text)));
		CHECK_IS(1, users(b0, way->group));
	}
	CHECK_IS(0, graft_sources_set(fd, b0, &group, GRAFT_EXCLUDE, NULL, 0));
	check_sources(fd, &group, GRAFT_EXCLUDE, 0, 3);
	CHECK_IS(0, graft_sources_set(fd, b0, &group, GRAFT_INCLUDE, NULL, 0)); // leaves
	CHECK_IS(0, users(b0, way->group));
	CHECK_IS(-EADDRNOTAVAIL, graft_sources_get(fd, b0, &group, NULL, NULL, 0));
}

static void sources_at_once(void)
{
	each_way(check_set);
}

static void check_set_refused(const struct way *way, int fd)
{
	unsigned b0 = interface("b0");
	bool v6 = strchr(way->group, ':');
	union graft_address group = way_address(way, way->group);
	make_sources(way, 6);
	CHECK_IS(0, graft_join(fd, b0, &group));
	CHECK_IS(0, graft_sources_set(fd, b0, &group, GRAFT_INCLUDE, many, 2));
	union graft_address kept = many[5];
	many[5] = v6 ? address_of("10.77.0.98", 0) : address_of("fd77::98", 0);
	CHECK_IS(-EINVAL, graft_sources_set(fd, b0, &group, GRAFT_EXCLUDE, many, 6));
	CHECK_IS(-EINVAL, graft_sources_set(fd, b0, &group, GRAFT_EXCLUDE, many + 5, 1));
	CHECK_IS(-EINVAL, graft_sources_set(fd, b0, &group, (enum graft_mode)2, many, 1));
	CHECK_IS(-ENODEV, graft_sources_set(fd, 9999, &group, GRAFT_EXCLUDE, many, 1));
	CHECK_IS(-EINVAL, graft_sources_set(fd, interface("b1"), &group, GRAFT_EXCLUDE, many, 1));
	many[5] = kept;
	check_sources(fd, &group, GRAFT_INCLUDE, 2, 6);
	CHECK_IS(0, graft_leave(fd, b0, &group));
}

static void refused_sources_at_once(void)
{
	each_way(check_set_refused);
}

static void mapped_sources_at_once(void)
{
	int fd = open_socket(UDP6);
	unsigned b0 = interface("b0");
	union graft_address group = mapped("239.1.1.1", 0);
	make_sources(&ways[0], 6);
	CHECK_IS(0, graft_join(fd, b0, &group));
	for (unsigned i = 0; i < 6; i++)
		graft_address_map(&many[i]);
	CHECK_IS(0, graft_sources_set(fd, b0, &group, GRAFT_EXCLUDE, many, 6));
	for (unsigned i = 0; i < 6; i++)
		graft_address_unmap(&many[i]); // as they are handed out
	check_sources(fd, &group, GRAFT_EXCLUDE, 6, 6);
}

static unsigned most_sources(const char *path, unsigned otherwise)
{
	return access(path, R_OK) ? otherwise : (unsigned)strtoul(read_file(path), NULL, 10);
}

// As many as the sysctl allows, and one more; more than a request can carry.
static void too_many_sources(void)
{
	const struct {
		const struct way *way;
		unsigned most;
	} rows[] = {{&ways[0], most_sources("/proc/sys/net/ipv4/igmp_max_msf", 10)},
	        {&ways[2], most_sources(
	                           "/proc/sys/net/ipv6/mld_max_msf", 64)}}; // which is the first namespace's
	for (size_t i = 0; i < COUNT(rows); i++) {
		int fd = open_socket(rows[i].way->kind), error;
		unsigned b0 = interface("b0"), most = rows[i].most;
		union graft_address group = way_address(rows[i].way, rows[i].way->group);
		CONTEXT("%u for %s", most, rows[i].way->group);
		CHECK(most > 4 && most < 1000);
		make_sources(rows[i].way, MANY);
		CHECK_IS(0, graft_join(fd, b0, &group));
		CHECK_IS(0, graft_sources_set(fd, b0, &group, GRAFT_INCLUDE, many, most));
		check_sources(fd, &group, GRAFT_INCLUDE, most, most);
		check_sources(fd, &group, GRAFT_INCLUDE, most, most - 1);
		check_sources(fd, &group, GRAFT_INCLUDE, most, MANY - 2);
		CHECK_IS(-ENOBUFS, graft_sources_set(fd, b0, &group, GRAFT_EXCLUDE, many, most + 1));
		CHECK_IS(-ENOBUFS, graft_join_source(fd, b0, &group, &many[most]));
		error = graft_sources_set(fd, b0, &group, GRAFT_EXCLUDE, many, 20000);
		CHECK(error == -ENOBUFS || error == -ENOMEM);
		CHECK_IS(-ENOBUFS, graft_sources_set(fd, b0, &group, GRAFT_EXCLUDE, many, MANY));
		CHECK_IS(-ENOBUFS, graft_sources_set(fd, b0, &group, GRAFT_EXCLUDE, many, UINT32_MAX));
		check_sources(fd, &group, GRAFT_INCLUDE, most, most);
		close(fd);
	}
}

// ---- all memberships of a socket ------------------------------------------------------------------------

static const struct {
	const char *group, *interface;
	enum graft_mode mode;
	unsigned sources;
} joined[] = {
        {"239.1.1.1", "b0", GRAFT_EXCLUDE, 0},
        {"239.1.1.1", "b1", GRAFT_INCLUDE, 2},
        {"239.1.1.2", "b1", GRAFT_EXCLUDE, 3},
        {"ff15::1:1", "b0", GRAFT_EXCLUDE, 0},
        {"ff15::1:1", "b1", GRAFT_INCLUDE, 5},
        {"ff02::114", "b0", GRAFT_EXCLUDE, 1},
        {"ff15::1:2", "n0", GRAFT_EXCLUDE, 0},
};

static void join_all(int fd)
{
	for (size_t i = 0; i < COUNT(joined); i++) {
		union graft_address group = address_of(joined[i].group, 0);
		unsigned index = interface(joined[i].interface);
		CONTEXT("%s on %s", joined[i].group, joined[i].interface);
		make_sources(group.any.sa_family == AF_INET ? &ways[0] : &ways[2], joined[i].sources);
		CHECK_IS(0, graft_join(fd, index, &group));
		if (joined[i].sources)
			CHECK_IS(0, graft_sources_set(
			                    fd, index, &group, joined[i].mode, many, joined[i].sources));
	}
	CONTEXT(" ");
}

static unsigned found_in(const struct graft_membership *list, unsigned count, size_t row)
{
	unsigned found = 0;
	union graft_address group = address_of(joined[row].group, 0);
	for (unsigned i = 0; i < count; i++)
		found += graft_address_equal(&list[i].group, &group) &&
		         list[i].index == interface(joined[row].interface) &&
		         list[i].mode == joined[row].mode && list[i].source_count == joined[row].sources;
	return found;
}

static void check_list(int fd, pid_t pid)
{
	struct graft_membership list[COUNT(joined) + 1];
	CHECK_IS(COUNT(joined), graft_memberships(fd, pid, list, COUNT(list)));
	for (size_t i = 0; i < COUNT(joined); i++) {
		CONTEXT("%s on %s", joined[i].group, joined[i].interface);
		CHECK_IS(1, found_in(list, COUNT(joined), i));
		CHECK_IS(i < 3 ? AF_INET : AF_INET6, list[i].group.any.sa_family);
	}
	for (unsigned room = 0; room < COUNT(joined); room++) {
		CONTEXT("room for %u", room);
		memset(list, 0x5a, sizeof(list));
		CHECK_IS(COUNT(joined), graft_memberships(fd, pid, list, room));
		CHECK_IS(0x5a5a5a5a, list[room].index);
		CHECK(!room || list[room - 1].index != 0x5a5a5a5a);
	}
	CHECK_IS(COUNT(joined), graft_memberships(fd, pid, NULL, 0));
}

static void memberships_of_a_socket(void)
{
	int fd = open_socket(UDP6);
	join_all(fd);
	check_list(fd, 0);
	check_list(fd, getpid());
}

static void no_memberships(void)
{
	int other = open_socket(UDP6);
	join_all(other);
	for (enum kind kind = 0; kind < UNIX; kind++) {
		struct graft_membership list[2];
		CONTEXT("%s", kind_rows[kind].name);
		CHECK_IS(0, graft_memberships(open_socket(kind), 0, list, 2));
	}
}

static void set_last(union graft_address *group, unsigned number)
{
	if (group->any.sa_family == AF_INET)
		group->v4.sin_addr.s_addr = htonl(0xef020000 + number);
	else
		memcpy(group->v6.sin6_addr.s6_addr + 12, &(uint32_t){htonl(0x90000 + number)}, 4);
}

// A socket's few memberships are found among a host's many, and its many are all found.
static void hundreds_of_groups(void)
{
	enum { GROUPS = 300 };
	static struct graft_membership list[2 * GROUPS + 1];
	int crowd = open_socket(UDP6), fd = open_socket(UDP6);
	write_number("/proc/sys/net/ipv4/igmp_max_memberships", 1000);
	for (unsigned i = 0; i < 2 * GROUPS; i++) {
		union graft_address group = address_of(i % 2 ? "239.2.0.0" : "ff15::", 0);
		set_last(&group, i);
		CHECK_IS(0, graft_join(crowd, interface(i % 3 ? "b0" : "b1"), &group));
	}
	join_all(fd);
	check_list(fd, 0);
	CHECK_IS(2 * GROUPS, graft_memberships(crowd, 0, list, COUNT(list)));
	for (unsigned i = 0; i < 2 * GROUPS; i++) {
		unsigned found = 0;
		union graft_address group = address_of(i % 2 ? "239.2.0.0" : "ff15::", 0);
		set_last(&group, i);
		for (unsigned j = 0; j < 2 * GROUPS; j++)
			found += graft_address_equal(&group, &list[j].group);
		CHECK_IS(1, found);
	}
}

// ---- of another process ---------------------------------------------------------------------------------

struct holder {
	pid_t pid;
	int fd; // its descriptor
};

static void set_up(const char *name)
{
	struct ifreq request = {.ifr_flags = IFF_UP | IFF_RUNNING};
	int fd = open_socket(UDP4);
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	CHECK(!ioctl(fd, SIOCSIFFLAGS, &request));
	close(fd);
}

// A process that has a socket with memberships, in a network namespace of its own if `apart`; it ends with this one.
static struct holder start_holder(bool apart)
{
	int tube[2], life[2], fd;
	struct holder holder;
	CHECK(!pipe2(tube, O_CLOEXEC) && !pipe2(life, O_CLOEXEC));
	holder.pid = fork();
	CHECK(holder.pid >= 0);
	if (!holder.pid) {
		close(life[1]);
		if (apart) {
			union graft_address v4 = address_of("239.9.9.9", 0), v6 = address_of("ff15::9:9", 0);
			CHECK(!unshare(CLONE_NEWNET));
			set_up("lo");
			fd = open_socket(UDP6);
			CHECK_IS(0, graft_join(fd, 1, &v4));
			CHECK_IS(0, graft_join(fd, 1, &v6));
		} else {
			join_all(fd = open_socket(UDP6));
		}
		CHECK_IS(sizeof(fd), write(tube[1], &fd, sizeof(fd)));
		_exit(read(life[0], &fd, 1) != 0); // until nobody has the other end
	}
	close(tube[1]);
	CHECK_IS(sizeof(fd), read(tube[0], &holder.fd, sizeof(holder.fd)));
	return holder;
}

static void end_holder(struct holder holder)
{
	CHECK(!kill(holder.pid, SIGKILL));
	CHECK_IS(holder.pid, waitpid(holder.pid, NULL, 0));
}

static void of_another_process(void)
{
	struct holder holder = start_holder(false);
	int fd = graft_descriptor_copy(holder.pid, holder.fd);
	CHECK(fd >= 0);
	CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	check_list(fd, holder.pid);
	check_list(fd, 0);
	CHECK_IS(-EBADF, graft_descriptor_copy(holder.pid, 999));
	end_holder(holder);
	CHECK_IS(-ESRCH, graft_descriptor_copy(holder.pid, holder.fd));
	CHECK_IS(-ENOENT, graft_memberships(fd, holder.pid, NULL, 0));
	check_list(fd, 0); // the socket lives on
}

static void of_another_network_namespace(void)
{
	struct holder holder = start_holder(true);
	union graft_address v4 = address_of("239.9.9.9", 0), v6 = address_of("ff15::9:9", 0);
	struct graft_membership list[3];
	int fd = graft_descriptor_copy(holder.pid, holder.fd);
	CHECK(fd >= 0);
	CHECK_IS(2, graft_memberships(fd, holder.pid, list, 3));
	CHECK(graft_address_equal(&v4, &list[0].group) && list[0].index == 1);
	CHECK(graft_address_equal(&v6, &list[1].group) && list[1].index == 1);
	CHECK_IS(0, graft_memberships(fd, 0, list, 3)); // those groups are not here
	end_holder(holder);
}

static void of_a_process_that_may_not_be_traced(void)
{
	struct holder holder = start_holder(false);
	CHECK(!syscall(SYS_setresuid, 65534, 65534, 65534));
	CHECK_IS(-EPERM, graft_descriptor_copy(holder.pid, holder.fd));
}

CASES(CASE(join_and_leave), CASE(join_where_the_route_leads), CASE(closing_leaves), CASE(include_sources),
        CASE(exclude_sources), CASE(leave_whatever_the_mode), CASE(refused_joins),
        CASE(group_of_a_family_that_the_socket_lacks), CASE(no_route), CASE(too_many_groups),
        CASE(groups_of_both_families), CASE(sources_at_once), CASE(refused_sources_at_once),
        CASE(mapped_sources_at_once), CASE(too_many_sources), CASE(memberships_of_a_socket),
        CASE(no_memberships), CASE(hundreds_of_groups), CASE(of_another_process),
        CASE(of_another_network_namespace), CASE(of_a_process_that_may_not_be_traced))
