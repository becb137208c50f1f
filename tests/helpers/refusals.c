// Calls core as its manual pages tell that it refuses, and takes mapped addresses, and says where it doesn't:
// [--unprivileged].
#include "../../core/sockgraft.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LOOPBACK = 1, NO_INTERFACE = 7777, PORT = 5000 };

static int failures;

static void expect(const char *call, long expected, long result)
{
	if (result == expected)
		return;
	printf("%s: %ld (%s) in place of %ld\n", call, result, result < 0 ? strerror((int)-result) : "",
	        expected);
	failures++;
}

#define GIVES(expected, call) expect(#call, expected, call)

static union graft_address address(const char *text)
{
	union graft_address address;
	if (graft_address_parse(text, strlen(text), &address) < 0)
		errx(2, "no address: %s", text);
	graft_address_set_port(&address, PORT);
	return address;
}

static int open_socket(int family, int type, int protocol)
{
	int fd = socket(family, type, protocol);
	if (fd < 0)
		err(2, "socket");
	return fd;
}

static int datagrams(int family)
{
	return open_socket(family, SOCK_DGRAM, 0);
}

// ---- every call -----------------------------------------------------------------------------------------

static void refuse_descriptor(int fd, int error)
{
	union graft_address group = address("239.1.2.3");
	struct graft_interface interface = {.by = GRAFT_BY_NAME, .name = "lo"};
	struct graft_icmp_filter filter = {0};
	struct sock_filter code[] = {BPF_STMT(BPF_RET | BPF_K, 1)};
	struct graft_message message = {0};
	int64_t value;
	uint32_t drops;
	unsigned index;
	char name[GRAFT_INTERFACE_NAME];
	GIVES(error, graft_set(fd, GRAFT_TTL, 1));
	GIVES(error, graft_get(fd, GRAFT_TTL, &value));
	GIVES(error, graft_side_set(fd, GRAFT_TTL, GRAFT_IPV4, 1));
	GIVES(error, graft_buffer_set(fd, GRAFT_RCVBUF, 4096));
	GIVES(error, graft_timeout_set(fd, GRAFT_RECEIVING, 1));
	GIVES(error, graft_timeout_get(fd, GRAFT_RECEIVING, &value));
	GIVES(error, graft_drops(fd, &drops));
	GIVES(error, graft_multicast_interface_set(fd, LOOPBACK));
	GIVES(error, graft_multicast_interface_get(fd, &index));
	GIVES(error, graft_interface_name(fd, LOOPBACK, name));
	GIVES(error, graft_interface_resolve(fd, &interface, &index, 1));
	GIVES(error, graft_join(fd, LOOPBACK, &group));
	GIVES(error, graft_block_source(fd, LOOPBACK, &group, &group));
	GIVES(error, graft_sources_get(fd, LOOPBACK, &group, NULL, NULL, 0));
	GIVES(error, graft_sources_set(fd, LOOPBACK, &group, GRAFT_EXCLUDE, NULL, 0));
	GIVES(error, graft_memberships(fd, 0, NULL, 0));
	GIVES(error, graft_control_set(fd, GRAFT_WITH_HOPS, true));
	GIVES(error, graft_control_get(fd));
	GIVES(error, graft_receive(fd, name, 1, NULL, NULL, 0));
	GIVES(error, graft_send(fd, name, 1, NULL, NULL, 0));
	GIVES(error, graft_receive_batch(fd, &message, 1, 0));
	GIVES(error, graft_send_batch(fd, &message, 1, 0));
	GIVES(error, graft_icmp_filter_set(fd, &filter));
	GIVES(error, graft_icmp_filter_get(fd, &filter));
	GIVES(error, graft_bpf_attach(fd, code, 1));
	GIVES(error, graft_bpf_detach(fd));
	GIVES(error, graft_bpf_read(fd, NULL, 0));
}

static void refuse_family(void)
{
	union graft_address group = address("239.1.2.3");
	struct graft_icmp_filter filter = {0};
	int fd = datagrams(AF_UNIX);
	GIVES(-EAFNOSUPPORT, graft_set(fd, GRAFT_RCVBUF, 4096));
	GIVES(-EAFNOSUPPORT, graft_multicast_interface_set(fd, LOOPBACK));
	GIVES(-EAFNOSUPPORT, graft_memberships(fd, 0, NULL, 0));
	GIVES(-EAFNOSUPPORT, graft_control_set(fd, GRAFT_WITH_TIME, true));
	GIVES(-EAFNOSUPPORT, graft_icmp_filter_set(fd, &filter));
	GIVES(-EOPNOTSUPP, graft_join(fd, LOOPBACK, &group));
}

// ---- options, interfaces --------------------------------------------------------------------------------

static void refuse_options(void)
{
	int v4 = datagrams(AF_INET), v6 = datagrams(AF_INET6), stream = open_socket(AF_INET, SOCK_STREAM, 0);
	int raw = open_socket(AF_INET6, SOCK_RAW, 99), icmp = open_socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6);
	union graft_address loopback = address("::1");
	int64_t before, value;
	GIVES(-ENOPROTOOPT, graft_set(v4, GRAFT_TCLASS, 1));
	GIVES(-ENOPROTOOPT, graft_set(raw, GRAFT_TOS, 1));
	GIVES(-ENOPROTOOPT, graft_set(v6, GRAFT_CHECKSUM, 2));
	GIVES(-EINVAL, graft_set(stream, GRAFT_MULTICAST_TTL, 1));
	GIVES(-EINVAL, graft_set(raw, GRAFT_V6ONLY, 0));
	GIVES(-EINVAL, graft_set(raw, GRAFT_CHECKSUM, 1));
	GIVES(-EINVAL, graft_set(icmp, GRAFT_CHECKSUM, 2));
	GIVES(-ERANGE, graft_set(v4, GRAFT_TTL, 0));
	GIVES(-ERANGE, graft_set(v6, GRAFT_MULTICAST_HOPS, 256));
	GIVES(-ENOTCONN, graft_get(v6, GRAFT_PATH_MTU, &value));
	GIVES(-ENOPROTOOPT, graft_set(v6, GRAFT_PATH_MTU, 1400));
	GIVES(0, connect(v6, &loopback.any, sizeof(loopback.v6)));
	GIVES(0, graft_get(v6, GRAFT_PATH_MTU, &value));
	GIVES(-ENOPROTOOPT, graft_set(v6, GRAFT_PATH_MTU, 1400));
	GIVES(-EINVAL, graft_set(v6, GRAFT_V6ONLY, 1));
	GIVES(0, graft_get(v4, GRAFT_RCVBUF, &before));
	GIVES(-EINVAL, graft_buffer_set(v4, GRAFT_TTL, 4096));
	GIVES(-ERANGE, graft_buffer_set(v4, GRAFT_RCVBUF, 0));
	GIVES(-ERANGE, graft_buffer_set(v4, GRAFT_RCVBUF, (1LL << 32) + 4096));
	GIVES(0, graft_get(v4, GRAFT_RCVBUF, &value));
	GIVES((long)before, (long)value);
	GIVES(-EINVAL, graft_timeout_set(v4, GRAFT_SENDING, -1));
}

static void refuse_interfaces(void)
{
	static const char *const wrong[] = {
	        "", "0", "2147483648", "10.0", "[10.0.0.1]", "fe80::1%2", "239.1.2.3", "::", "a/b", "."};
	int v4 = datagrams(AF_INET), v6 = datagrams(AF_INET6), stream = open_socket(AF_INET, SOCK_STREAM, 0);
	int stream6 = open_socket(AF_INET6, SOCK_STREAM, 0);
	struct graft_interface interface;
	unsigned index;
	char name[GRAFT_INTERFACE_NAME];
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		expect(wrong[i], -EINVAL, graft_interface_parse(wrong[i], &interface));
	interface = (struct graft_interface){.by = GRAFT_BY_PATTERN, .name = "nosuch*"};
	GIVES(-ENODEV, graft_interface_resolve(v4, &interface, &index, 1));
	interface = (struct graft_interface){.by = GRAFT_BY_INDEX, .index = NO_INTERFACE};
	GIVES(-ENODEV, graft_interface_resolve(v4, &interface, &index, 1));
	GIVES(-EAFNOSUPPORT, graft_route_interface(&(union graft_address){0}));
	GIVES(-ENODEV, graft_interface_name(v4, NO_INTERFACE, name));
	GIVES(-ENODEV, graft_multicast_interface_set(v4, NO_INTERFACE));
	GIVES(-ENODEV, graft_multicast_interface_set(v6, NO_INTERFACE));
	GIVES(-EINVAL, graft_multicast_interface_set(stream, LOOPBACK));
	GIVES(-ENOPROTOOPT, graft_multicast_interface_set(stream6, LOOPBACK));
	GIVES(-ENOPROTOOPT, graft_side_multicast_interface_set(v4, GRAFT_IPV6, LOOPBACK));
	GIVES(0, setsockopt(v4, SOL_SOCKET, SO_BINDTODEVICE, "lo", 2));
	GIVES(-EINVAL, graft_multicast_interface_set(v4, if_nametoindex("b0")));
}

// ---- memberships ----------------------------------------------------------------------------------------

struct groups {
	union graft_address group, source, second, other_family, unicast;
};

static void refuse_members(int fd, const struct groups *is)
{
	GIVES(-EADDRNOTAVAIL, graft_leave(fd, LOOPBACK, &is->group));
	GIVES(-EINVAL, graft_block_source(fd, LOOPBACK, &is->group, &is->source));
	GIVES(-EINVAL, graft_leave_source(fd, LOOPBACK, &is->group, &is->source));
	GIVES(-ENODEV, graft_join(fd, NO_INTERFACE, &is->group));
	GIVES(-EINVAL, graft_join(fd, LOOPBACK, &is->unicast));
	GIVES(-EINVAL, graft_join_source(fd, LOOPBACK, &is->group, &is->other_family));

	GIVES(0, graft_join(fd, LOOPBACK, &is->group));
	GIVES(-EADDRINUSE, graft_join(fd, LOOPBACK, &is->group));
	GIVES(0, graft_block_source(fd, LOOPBACK, &is->group, &is->source));
	GIVES(-EADDRNOTAVAIL, graft_block_source(fd, LOOPBACK, &is->group, &is->source));
	GIVES(-EADDRNOTAVAIL, graft_unblock_source(fd, LOOPBACK, &is->group, &is->second));
	GIVES(-EINVAL, graft_join_source(fd, LOOPBACK, &is->group, &is->second));
	GIVES(0, graft_leave(fd, LOOPBACK, &is->group));

	GIVES(0, graft_join_source(fd, LOOPBACK, &is->group, &is->source));
	GIVES(-EADDRNOTAVAIL, graft_join_source(fd, LOOPBACK, &is->group, &is->source));
	GIVES(-EADDRNOTAVAIL, graft_leave_source(fd, LOOPBACK, &is->group, &is->second));
	GIVES(-EADDRINUSE, graft_join(fd, LOOPBACK, &is->group));
	GIVES(-EINVAL, graft_block_source(fd, LOOPBACK, &is->group, &is->second));
	GIVES(0, graft_leave_source(fd, LOOPBACK, &is->group, &is->source));
}

static void refuse_sources(int fd, const struct groups *is)
{
	enum { MANY = 100 };
	union graft_address many[MANY];
	enum graft_mode mode;
	for (int i = 0; i < MANY; i++)
		many[i] = is->source;
	GIVES(-EADDRNOTAVAIL, graft_sources_get(fd, LOOPBACK, &is->group, NULL, NULL, 0));
	GIVES(-EINVAL, graft_sources_set(fd, LOOPBACK, &is->group, GRAFT_INCLUDE, &is->source, 1));
	GIVES(-EADDRNOTAVAIL, graft_sources_set(fd, LOOPBACK, &is->group, GRAFT_INCLUDE, NULL, 0));
	GIVES(0, graft_join(fd, LOOPBACK, &is->group));
	GIVES(-EADDRNOTAVAIL, graft_sources_get(fd, NO_INTERFACE, &is->group, NULL, NULL, 0));
	GIVES(-EADDRNOTAVAIL, graft_sources_get(fd, 0, &is->group, NULL, NULL, 0));
	GIVES(-ENODEV, graft_sources_set(fd, NO_INTERFACE, &is->group, GRAFT_EXCLUDE, NULL, 0));
	GIVES(-EINVAL, graft_sources_set(fd, LOOPBACK, &is->group, GRAFT_EXCLUDE, &is->other_family, 1));
	GIVES(-EINVAL, graft_sources_set(fd, LOOPBACK, &is->group, (enum graft_mode)7, NULL, 0));
	GIVES(-ENOBUFS, graft_sources_set(fd, LOOPBACK, &is->group, GRAFT_EXCLUDE, many, MANY));
	// What the first source does to a membership that never had one blocked.
	GIVES(0, graft_sources_get(fd, LOOPBACK, &is->group, &mode, NULL, 0));
	GIVES(GRAFT_EXCLUDE, (long)mode);
	GIVES(0, graft_join_source(fd, LOOPBACK, &is->group, &is->source));
	GIVES(1, graft_sources_get(fd, LOOPBACK, &is->group, &mode, NULL, 0));
	GIVES(GRAFT_INCLUDE, (long)mode);
	GIVES(0, graft_sources_set(fd, LOOPBACK, &is->group, GRAFT_INCLUDE, NULL, 0));
	GIVES(-EADDRNOTAVAIL, graft_leave(fd, LOOPBACK, &is->group));
}

static void refuse_memberships(void)
{
	struct groups v4 = {address("239.1.2.3"), address("192.0.2.1"), address("192.0.2.2"),
	        address("2001:db8::1"), address("192.0.2.3")};
	struct groups v6 = {address("ff05::123"), address("2001:db8::1"), address("2001:db8::2"),
	        address("192.0.2.1"), address("2001:db8::3")};
	refuse_members(datagrams(AF_INET), &v4);
	refuse_members(datagrams(AF_INET6), &v6);
	refuse_sources(datagrams(AF_INET), &v4);
	refuse_sources(datagrams(AF_INET6), &v6);
	graft_address_map(&v4.group);
	graft_address_map(&v4.source);
	refuse_members(datagrams(AF_INET6), &v4);
	refuse_sources(datagrams(AF_INET6), &v4);
	int fd = datagrams(AF_INET), raw = open_socket(AF_INET6, SOCK_RAW, 99);
	GIVES(-ENOPROTOOPT, graft_join(fd, LOOPBACK, &v6.group));
	GIVES(-ENOPROTOOPT, graft_sources_get(fd, LOOPBACK, &v6.group, NULL, NULL, 0));
	GIVES(-ENOPROTOOPT, graft_sources_set(fd, LOOPBACK, &v6.group, GRAFT_EXCLUDE, NULL, 0));
	GIVES(-ENOPROTOOPT, graft_join(raw, LOOPBACK, &v4.group));
	GIVES(-ENOENT, graft_memberships(fd, 1 << 30, NULL, 0));
	GIVES(-ESRCH, graft_descriptor_copy(1 << 30, fd));
	GIVES(-EBADF, graft_descriptor_copy(getpid(), 999));
	GIVES(-EINVAL, graft_descriptor_copy(0, fd));
}

// ---- control messages and datagrams ---------------------------------------------------------------------

static void refuse_control(void)
{
	int v4 = datagrams(AF_INET), raw = open_socket(AF_INET, SOCK_RAW, 99);
	size_t room[GRAFT_CONTROL_ROOM / sizeof(size_t)];
	struct graft_control control = {.with = GRAFT_WITH_HOPS, .hops = 256};
	GIVES(-EINVAL, graft_control_set(v4, 0, true));
	GIVES(-EINVAL, graft_control_set(v4, GRAFT_WITH_NEXT_HOP, true));
	GIVES(-ENOPROTOOPT, graft_control_set(v4, GRAFT_WITH_HOPS | GRAFT_WITH_PATH_MTU, true));
	GIVES(0, graft_control_get(v4));
	GIVES(-ENOPROTOOPT, graft_control_set(raw, GRAFT_WITH_SEGMENT, true));
	GIVES(-ERANGE, graft_control_write(&control, AF_INET, room, sizeof(room)));
	control.hops = 1;
	GIVES(-EMSGSIZE, graft_control_write(&control, AF_INET, room, sizeof(size_t)));
	control = (struct graft_control){.with = GRAFT_WITH_SOURCE, .source = address("::1")};
	GIVES(-EINVAL, graft_control_write(&control, AF_INET, room, sizeof(room)));
	control = (struct graft_control){.with = GRAFT_WITH_NEXT_HOP, .next_hop = address("10.0.0.1")};
	GIVES(-EINVAL, graft_control_write(&control, AF_INET6, room, sizeof(room)));
	GIVES(-EBADMSG, graft_control_parse(room, 3, &control));
	control = (struct graft_control){.with = GRAFT_WITH_HOPS | GRAFT_WITH_TIME, .hops = 1};
	GIVES((long)CMSG_SPACE(sizeof(int)), graft_control_write(&control, AF_INET, room, sizeof(room)));
}

static long send_with(int fd, const union graft_address *to, struct graft_control control)
{
	return graft_send(fd, "x", 1, to, &control, MSG_DONTWAIT);
}

#define SENT(expected, ...) GIVES(expected, send_with(__VA_ARGS__))

static void refuse_to_send(void)
{
	static char large[70000];
	int v4 = datagrams(AF_INET), v6 = datagrams(AF_INET6);
	union graft_address to4 = address("127.0.0.1"), to6 = address("::1"), mapped = to4;
	union graft_address strange4 = address("198.51.100.1"), strange6 = address("2001:db8::9");
	graft_address_map(&mapped);
	SENT(-ERANGE, v4, &to4, (struct graft_control){.with = GRAFT_WITH_HOPS, .hops = 0});
	SENT(-ERANGE, v6, &mapped, (struct graft_control){.with = GRAFT_WITH_HOPS, .hops = 0});
	SENT(1, v6, &to6, (struct graft_control){.with = GRAFT_WITH_HOPS, .hops = 0});
	SENT(-ENETUNREACH, v4, &to4, (struct graft_control){.with = GRAFT_WITH_SOURCE, .source = strange4});
	SENT(-EINVAL, v6, &to6, (struct graft_control){.with = GRAFT_WITH_SOURCE, .source = strange6});
	SENT(-ENODEV, v4, &to4, (struct graft_control){.with = GRAFT_WITH_INTERFACE, .index = NO_INTERFACE});
	SENT(-ENODEV, v6, &to6, (struct graft_control){.with = GRAFT_WITH_INTERFACE, .index = NO_INTERFACE});
	SENT(-EINVAL, v6, &to6, (struct graft_control){.with = GRAFT_WITH_NEXT_HOP, .next_hop = to6});
	SENT(-EINVAL, v4, &to4, (struct graft_control){.with = GRAFT_WITH_NEXT_HOP, .next_hop = to6});
	SENT(-EINVAL, v4, &to4, (struct graft_control){.with = GRAFT_WITH_NEXT_HOP << 1});
	SENT(1, v6, &to4, (struct graft_control){.with = GRAFT_WITH_INTERFACE, .index = LOOPBACK});
	SENT(-EDESTADDRREQ, v4, NULL, (struct graft_control){0});
	SENT(1, v4, &mapped, (struct graft_control){0});
	GIVES(-EMSGSIZE, graft_send(v4, large, sizeof(large), &to4, NULL, 0));
	GIVES(-EAGAIN, graft_receive(v4, large, 1, NULL, NULL, MSG_DONTWAIT));
	// Of the connected peer's family the kernel alone knows: it refuses, or passes over.
	GIVES(0, connect(v4, &to4.any, sizeof(to4.v4)));
	SENT(-EINVAL, v4, NULL, (struct graft_control){.with = GRAFT_WITH_HOPS, .hops = 0});
	SENT(1, v4, NULL, (struct graft_control){.with = GRAFT_WITH_SOURCE, .source = to6});
	GIVES(0, connect(v6, &mapped.any, sizeof(mapped.v6)));
	SENT(-EINVAL, v6, NULL, (struct graft_control){.with = GRAFT_WITH_SOURCE, .source = to6});
}

// ---- raw sockets and filters ----------------------------------------------------------------------------

static void refuse_packets(void)
{
	int raw = open_socket(AF_INET, SOCK_RAW, 99), bound = datagrams(AF_INET), sender = datagrams(AF_INET);
	union graft_address here = address("127.0.0.1");
	struct graft_ipv4_header header = {.ttl = 256, .protocol = 99, .destination = here.v4.sin_addr};
	struct graft_ipv6_header header6 = {.flow_label = 1 << 20};
	unsigned char bytes[GRAFT_IPV4_HEADER_ROOM] = {0x46};
	GIVES(-ERANGE, graft_ipv4_header_write(&header, bytes, sizeof(bytes)));
	GIVES(-ERANGE, graft_send_packet(raw, &header, "x", 1, NULL, 0));
	header.ttl = 1;
	GIVES(-EMSGSIZE, graft_ipv4_header_write(&header, bytes, GRAFT_IPV4_HEADER - 1));
	header.option_length = 3;
	GIVES(-EINVAL, graft_ipv4_header_write(&header, bytes, sizeof(bytes)));
	GIVES(-EBADMSG, graft_ipv4_header_parse(bytes, GRAFT_IPV4_HEADER, &header));
	GIVES(-EBADMSG, graft_ipv6_header_parse(bytes, sizeof(bytes), &header6));
	GIVES(-ERANGE, graft_ipv6_header_write(&header6, bytes, sizeof(bytes)));
	GIVES(0, bind(bound, &here.any, sizeof(here.v4)));
	GIVES(1, graft_send(sender, "x", 1, &here, NULL, 0));
	GIVES(-EBADMSG, graft_receive_packet(bound, &header, bytes, sizeof(bytes), NULL, 0));
	GIVES(-EAGAIN, graft_receive_packet(bound, &header, bytes, sizeof(bytes), NULL, MSG_DONTWAIT));
}

static void refuse_icmp_filters(void)
{
	int v4 = datagrams(AF_INET), raw = open_socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
	int other = open_socket(AF_INET6, SOCK_RAW, 99);
	struct graft_icmp_filter filter = {0};
	GIVES(-ENOPROTOOPT, graft_icmp_filter_set(v4, &filter));
	GIVES(-ENOPROTOOPT, graft_icmp_filter_get(v4, &filter));
	GIVES(-ENOPROTOOPT, graft_icmp_filter_set(other, &filter));
	graft_icmp_filter_block(&filter, 40);
	GIVES(-EINVAL, graft_icmp_filter_set(raw, &filter));
	graft_icmp_filter_block_all(&filter);
	GIVES(0, graft_icmp_filter_set(raw, &filter));
	GIVES(0, graft_icmp_filter_get(raw, &filter));
	GIVES(0, graft_icmp_filter_will_block(&filter, 40));
}

static void refuse_programs(void)
{
	static struct sock_filter code[GRAFT_FILTER_ROOM];
	struct sock_filter accept = BPF_STMT(BPF_RET | BPF_K, 1), endless = BPF_STMT(BPF_LD | BPF_IMM, 1);
	struct graft_filter filter;
	struct graft_filter_identity identity = {0};
	int fd = datagrams(AF_INET), one = 1;
	GIVES(-ENOENT, graft_bpf_detach(fd));
	GIVES(-EINVAL, graft_bpf_attach(fd, &accept, 0));
	GIVES(-EINVAL, graft_bpf_attach(fd, code, GRAFT_FILTER_ROOM + 1));
	GIVES(-EINVAL, graft_bpf_attach(fd, &endless, 1));
	GIVES(0, graft_bpf_read(fd, code, 1));
	GIVES(0, graft_bpf_attach(fd, &accept, 1));
	GIVES(-EINVAL, graft_bpf_read(fd, code, 0));
	GIVES(0, setsockopt(fd, SOL_SOCKET, SO_LOCK_FILTER, &one, sizeof(one)));
	GIVES(-EPERM, graft_bpf_attach(fd, &accept, 1));
	GIVES(-EPERM, graft_bpf_detach(fd));
	graft_filter_begin(&filter, code, 5, AF_INET, &identity);
	GIVES(-E2BIG, graft_filter_end(&filter, true, NULL, 0));
	filter = (struct graft_filter){.code = &accept, .room = 1};
	GIVES(-EINVAL, graft_filter_replace_inner(&filter, 1, NULL, 0));
}

// A group and its source make the same filter, and have the same route, mapped or not.
static unsigned filter_for(struct sock_filter *code, const union graft_address *group)
{
	struct graft_filter filter;
	struct graft_filter_identity identity = {0};
	union graft_address source = *group;
	graft_filter_begin(&filter, code, 100, AF_INET6, &identity);
	graft_filter_admit_group(&filter, group, LOOPBACK, false, &source, 1);
	graft_filter_refuse_group(&filter, group);
	GIVES(0, graft_filter_end(&filter, true, NULL, 0));
	return filter.length;
}

static void take_mapped(void)
{
	struct sock_filter plain_code[100], mapped_code[100];
	union graft_address plain = address("239.1.2.3"), mapped = plain;
	graft_address_map(&mapped);
	unsigned length = filter_for(plain_code, &plain);
	GIVES((long)length, (long)filter_for(mapped_code, &mapped));
	GIVES(0, memcmp(plain_code, mapped_code, length * sizeof(*plain_code)));
	plain = mapped = address("10.78.0.1"); // behind b1, while IPv6 would go by b0
	graft_address_map(&mapped);
	GIVES((long)if_nametoindex("b1"), graft_route_interface(&plain));
	GIVES((long)if_nametoindex("b1"), graft_route_interface(&mapped));
}

// ---- without rights -------------------------------------------------------------------------------------

static void refuse_rights(void)
{
	int fd = datagrams(AF_INET);
	int64_t size;
	GIVES(-EPERM, graft_set(fd, GRAFT_MARK, 1));
	GIVES(-EPERM, graft_set(fd, GRAFT_PRIORITY, 7));
	GIVES(0, graft_set(fd, GRAFT_PRIORITY, 6));
	GIVES(0, graft_buffer_set(fd, GRAFT_RCVBUF, 4096));
	GIVES(-EPERM, graft_buffer_set(fd, GRAFT_RCVBUF, 1 << 29));
	GIVES(0, graft_get(fd, GRAFT_RCVBUF, &size));
	expect("the buffer is larger", 1, size > 2 * 4096);
}

int main(int count, char **arguments)
{
	if (count == 2 && !strcmp(arguments[1], "--unprivileged")) {
		refuse_rights();
		return failures > 0;
	}
	refuse_descriptor(999, -EBADF);
	refuse_descriptor(open("/dev/null", O_RDWR | O_CLOEXEC), -ENOTSOCK);
	refuse_family();
	refuse_options();
	refuse_interfaces();
	refuse_memberships();
	refuse_control();
	refuse_to_send();
	refuse_packets();
	refuse_icmp_filters();
	refuse_programs();
	take_mapped();
	return failures > 0;
}
