// setsockopt and getsockopt.
#include "same.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>

static long by_setting(const struct call *call)
{
	return FUNCTION(int, int, int, int, const void *, socklen_t)(
	        call->fd, call->level, call->name, call->bytes, call->address_length);
}

static long by_getting(const struct call *call)
{
	return FUNCTION(int, int, int, int, void *, socklen_t *)(
	        call->fd, call->level, call->name, call->bytes, call->room);
}

// ---- what is set ----------------------------------------------------------------------------------------

static const struct option {
	const char *text;
	int level, name, value;
} options[] = {
        {"SO_REUSEADDR", SOL_SOCKET, SO_REUSEADDR, 1},
        {"SO_REUSEPORT", SOL_SOCKET, SO_REUSEPORT, 1},
        {"SO_BROADCAST", SOL_SOCKET, SO_BROADCAST, 1},
        {"SO_RCVBUF", SOL_SOCKET, SO_RCVBUF, 8192},
        {"SO_SNDBUFFORCE", SOL_SOCKET, SO_SNDBUFFORCE, 8192},
        {"SO_SNDBUF", SOL_SOCKET, SO_SNDBUF, 8192},
        {"SO_PRIORITY", SOL_SOCKET, SO_PRIORITY, 3},
        {"SO_MARK", SOL_SOCKET, SO_MARK, 0},
        {"SO_ERROR", SOL_SOCKET, SO_ERROR, 1},
        {"SO_DOMAIN", SOL_SOCKET, SO_DOMAIN, 1},
        {"SO_PROTOCOL", SOL_SOCKET, SO_PROTOCOL, 1},
        {"SO_TIMESTAMP", SOL_SOCKET, SO_TIMESTAMP, 1},
        {"SO_LOCK_FILTER", SOL_SOCKET, SO_LOCK_FILTER, 0},
        {"SO_DETACH_FILTER", SOL_SOCKET, SO_DETACH_FILTER, 0},
        {"SO_ATTACH_FILTER", SOL_SOCKET, SO_ATTACH_FILTER, 0},
        {"SO_ATTACH_BPF", SOL_SOCKET, SO_ATTACH_BPF, -1},
        {"SO_BINDTODEVICE", SOL_SOCKET, SO_BINDTODEVICE, 0x6f6c /* lo */},
        {"SO_BINDTODEVICE nope", SOL_SOCKET, SO_BINDTODEVICE, 0x65706f6e},
        {"SOL_SOCKET 9999", SOL_SOCKET, 9999, 1},
        {"SOL_SOCKET -1", SOL_SOCKET, -1, 1},
        {"IP_TOS", IPPROTO_IP, IP_TOS, 0x10},
        {"IP_TTL", IPPROTO_IP, IP_TTL, 9},
        {"IP_TTL 0", IPPROTO_IP, IP_TTL, 0},
        {"IP_TTL 256", IPPROTO_IP, IP_TTL, 256},
        {"IP_MULTICAST_TTL", IPPROTO_IP, IP_MULTICAST_TTL, 9},
        {"IP_MULTICAST_LOOP", IPPROTO_IP, IP_MULTICAST_LOOP, 0},
        {"IP_MULTICAST_ALL", IPPROTO_IP, IP_MULTICAST_ALL, 0},
        {"IP_MULTICAST_ALL 1", IPPROTO_IP, IP_MULTICAST_ALL, 1},
        {"IP_MULTICAST_ALL 2", IPPROTO_IP, IP_MULTICAST_ALL, 2},
        {"IP_MULTICAST_IF", IPPROTO_IP, IP_MULTICAST_IF, 0x0100007f},
        {"IP_PKTINFO", IPPROTO_IP, IP_PKTINFO, 1},
        {"IP_RECVERR", IPPROTO_IP, IP_RECVERR, 1},
        {"IP_FREEBIND", IPPROTO_IP, IP_FREEBIND, 1},
        {"IP_MTU", IPPROTO_IP, IP_MTU, 1},
        {"IP 9999", IPPROTO_IP, 9999, 1},
        {"IPV6_TCLASS", IPPROTO_IPV6, IPV6_TCLASS, 0x10},
        {"IPV6_UNICAST_HOPS", IPPROTO_IPV6, IPV6_UNICAST_HOPS, 9},
        {"IPV6_MULTICAST_HOPS", IPPROTO_IPV6, IPV6_MULTICAST_HOPS, 9},
        {"IPV6_MULTICAST_LOOP", IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 0},
        {"IPV6_MULTICAST_ALL", IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0},
        {"IPV6_MULTICAST_IF", IPPROTO_IPV6, IPV6_MULTICAST_IF, 1},
        {"IPV6_V6ONLY", IPPROTO_IPV6, IPV6_V6ONLY, 1},
        {"IPV6_RECVPKTINFO", IPPROTO_IPV6, IPV6_RECVPKTINFO, 1},
        {"IPV6 9999", IPPROTO_IPV6, 9999, 1},
        {"TCP_NODELAY", IPPROTO_TCP, TCP_NODELAY, 1},
        {"level 9999", 9999, 1, 1},
        {"level -1", -1, -1, 1},
};

static const int types[] = {SOCK_DGRAM, SOCK_STREAM};

static int socket_number(size_t i)
{
	return made(families[i / COUNT(types)], types[i % COUNT(types)]);
}

enum { SOCKETS = COUNT(families) * COUNT(types) };

static void begin_with(size_t number, const char *option, const char *text)
{
	begin("%s %s, %s%s", family_text(families[number / COUNT(types)]),
	        types[number % COUNT(types)] == SOCK_DGRAM ? "datagrams" : "stream", option, text);
}

// What getsockopt says afterwards.
static void say_option(int fd, const struct option *option)
{
	unsigned char value[16] = {0};
	socklen_t length = sizeof(value);
	if (getsockopt(fd, option->level, option->name, value, &length))
		return;
	say("; now");
	for (socklen_t i = 0; i < length && i < sizeof(value); i++)
		say(" %02x", value[i]);
}

static void set_with(int fd, const struct option *option, void *value, socklen_t length)
{
	attempt(by_setting, &(struct call){.fd = fd,
	                            .level = option->level,
	                            .name = option->name,
	                            .bytes = value,
	                            .address_length = length});
	say_option(fd, option);
	end();
}

static void cases_of_setting(const struct option *option, size_t number)
{
	static const socklen_t lengths[] = {0, 1, 2, 3, 4, 5, 100, INT32_MAX, UINT32_MAX};
	for (size_t i = 0; i < COUNT(lengths); i++) {
		begin_with(number, option->text, "");
		say(", length %u", lengths[i]);
		int32_t value[32] = {option->value};
		set_with(socket_number(number), option, put("value", value, sizeof(value)), lengths[i]);
	}
	for (size_t i = 0; i < 2 * BAD_POINTERS; i++) {
		begin_with(number, option->text, ", value ");
		say("%s, length %d", bad_pointers[i / 2].text, i % 2 ? 4 : 0);
		set_with(socket_number(number), option, bad_pointers[i / 2].at, i % 2 ? 4 : 0);
	}
}

// ---- memberships ----------------------------------------------------------------------------------------

static union {
	struct ip_mreqn mreq;
	struct ip_mreq_source source;
	struct ipv6_mreq mreq6;
	struct group_req group;
	struct group_source_req group_source;
	struct group_filter filter;
	struct ip_msfilter filter4;
	char bytes[300];
} request;

enum shape { MREQ, SOURCE, MREQ6, GROUP, GROUP6, GROUP_SOURCE, FILTER, FILTER4 };

static const struct {
	struct option option;
	enum shape shape;
	socklen_t length;
} memberships[] = {
        {{"IP_ADD_MEMBERSHIP", IPPROTO_IP, IP_ADD_MEMBERSHIP, 0}, MREQ, sizeof(struct ip_mreq)},
        {{"IP_ADD_MEMBERSHIP n", IPPROTO_IP, IP_ADD_MEMBERSHIP, 0}, MREQ, sizeof(struct ip_mreqn)},
        {{"IP_DROP_MEMBERSHIP", IPPROTO_IP, IP_DROP_MEMBERSHIP, 0}, MREQ, sizeof(struct ip_mreqn)},
        {{"IP_ADD_SOURCE_MEMBERSHIP", IPPROTO_IP, IP_ADD_SOURCE_MEMBERSHIP, 0}, SOURCE,
                sizeof(struct ip_mreq_source)},
        {{"IP_BLOCK_SOURCE", IPPROTO_IP, IP_BLOCK_SOURCE, 0}, SOURCE, sizeof(struct ip_mreq_source)},
        {{"IPV6_JOIN_GROUP", IPPROTO_IPV6, IPV6_JOIN_GROUP, 0}, MREQ6, sizeof(struct ipv6_mreq)},
        {{"IPV6_LEAVE_GROUP", IPPROTO_IPV6, IPV6_LEAVE_GROUP, 0}, MREQ6, sizeof(struct ipv6_mreq)},
        {{"MCAST_JOIN_GROUP", IPPROTO_IP, MCAST_JOIN_GROUP, 0}, GROUP, sizeof(struct group_req)},
        {{"MCAST_LEAVE_GROUP", IPPROTO_IP, MCAST_LEAVE_GROUP, 0}, GROUP, sizeof(struct group_req)},
        {{"MCAST_JOIN_GROUP 6", IPPROTO_IPV6, MCAST_JOIN_GROUP, 0}, GROUP6, sizeof(struct group_req)},
        {{"MCAST_JOIN_SOURCE_GROUP", IPPROTO_IP, MCAST_JOIN_SOURCE_GROUP, 0}, GROUP_SOURCE,
                sizeof(struct group_source_req)},
        {{"MCAST_BLOCK_SOURCE", IPPROTO_IP, MCAST_BLOCK_SOURCE, 0}, GROUP_SOURCE,
                sizeof(struct group_source_req)},
        {{"MCAST_MSFILTER", IPPROTO_IP, MCAST_MSFILTER, 0}, FILTER, GROUP_FILTER_SIZE(1)},
        {{"IP_MSFILTER", IPPROTO_IP, IP_MSFILTER, 0}, FILTER4, IP_MSFILTER_SIZE(1)},
};

static const char *const groups[] = {"239.2.2.2", "10.1.1.1", "0.0.0.0"};

static void lay_out(enum shape shape, const char *text)
{
	const struct in_addr group = {inet_addr(text)}, source = {inet_addr("10.77.0.1")};
	const struct sockaddr_in group_name = {.sin_family = AF_INET, .sin_addr = group};
	const struct sockaddr_in source_name = {.sin_family = AF_INET, .sin_addr = source};
	struct sockaddr_in6 name6 = {.sin6_family = AF_INET6};
	const unsigned index = if_nametoindex("lo");
	inet_pton(AF_INET6, *text == '2' ? "ff15::222" : "fd77::9", &name6.sin6_addr);
	memset(&request, 0, sizeof(request));
	if (shape == MREQ) {
		request.mreq = (struct ip_mreqn){group, {inet_addr("127.0.0.1")}, 0};
	} else if (shape == SOURCE) {
		request.source = (struct ip_mreq_source){group, {inet_addr("127.0.0.1")}, source};
	} else if (shape == MREQ6) {
		request.mreq6 = (struct ipv6_mreq){name6.sin6_addr, index};
	} else if (shape == FILTER4) {
		request.filter4 = (struct ip_msfilter){group, {inet_addr("127.0.0.1")}, 1, 1, {source}};
	} else { // all others begin alike
		request.group.gr_interface = index;
		memcpy(&request.group.gr_group, shape == GROUP6 ? (void *)&name6 : (void *)&group_name,
		        shape == GROUP6 ? sizeof(name6) : sizeof(group_name));
	}
	if (shape == GROUP_SOURCE)
		memcpy(&request.group_source.gsr_source, &source_name, sizeof(source_name));
	if (shape == FILTER) {
		request.filter.gf_fmode = MCAST_INCLUDE;
		request.filter.gf_numsrc = 1;
		memcpy(request.filter.gf_slist, &source_name, sizeof(source_name));
	}
}

// Twice, as the second may be told from the first, and then a request that is no longer than `less`.
static void case_of_membership(size_t i, size_t number, const char *group)
{
	const struct option *option = &memberships[i].option;
	lay_out(memberships[i].shape, group);
	begin_with(number, option->text, " of ");
	say("%s", group);
	struct call call = {.fd = socket_number(number),
	        .level = option->level,
	        .name = option->name,
	        .bytes = put("request", &request, sizeof(request)),
	        .address_length = memberships[i].length};
	attempt(by_setting, &call);
	attempt(by_setting, &call);
	call.address_length--;
	attempt(by_setting, &call);
	call.address_length = sizeof(request);
	attempt(by_setting, &call);
	call.bytes = at_edge("edge", &request, memberships[i].length);
	call.address_length = memberships[i].length;
	attempt(by_setting, &call);
	call.bytes = (char *)call.bytes + 4;
	attempt(by_setting, &call);
	end();
}

static void cases_of_membership(size_t i, size_t number)
{
	const struct option *option = &memberships[i].option;
	for (size_t j = 0; j < COUNT(groups); j++)
		case_of_membership(i, number, groups[j]);
	for (size_t j = 0; j < 2 * BAD_POINTERS; j++) {
		begin_with(number, option->text, ", request ");
		say("%s, %s", bad_pointers[j / 2].text, j % 2 ? "none" : "whole");
		set_with(socket_number(number), option, bad_pointers[j / 2].at,
		        j % 2 ? 0 : memberships[i].length);
	}
}

// ---- packet filters -------------------------------------------------------------------------------------

static struct sock_filter code[] = {BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 8), BPF_STMT(BPF_RET | BPF_K, 1)};

static void case_of_filter(size_t number, const char *text, struct sock_fprog program, socklen_t length)
{
	static const struct option attach = {"attach", SOL_SOCKET, SO_ATTACH_FILTER, 0};
	static const struct option detach = {"detach", SOL_SOCKET, SO_DETACH_FILTER, 0};
	begin_with(number, "a packet filter, ", text);
	struct call call = {.fd = socket_number(number),
	        .level = SOL_SOCKET,
	        .name = attach.name,
	        .bytes = put("program", &program, sizeof(program)),
	        .address_length = length};
	attempt(by_setting, &call);
	say_option(call.fd, &attach);
	call.name = detach.name;
	attempt(by_setting, &call);
	attempt(by_setting, &call);
	end();
}

static void cases_of_filters(size_t number)
{
	struct sock_fprog program = {COUNT(code), code};
	case_of_filter(number, "good", program, sizeof(program));
	case_of_filter(number, "short", program, sizeof(program) - 1);
	case_of_filter(number, "long", program, sizeof(program) + 1);
	program.len = 1;
	case_of_filter(number, "without a return", program, sizeof(program));
	program.len = 0;
	case_of_filter(number, "empty", program, sizeof(program));
	program.len = 65535;
	case_of_filter(number, "endless", program, sizeof(program));
	program.len = COUNT(code);
	for (size_t i = 0; i < BAD_POINTERS; i++) {
		program.filter = bad_pointers[i].at;
		case_of_filter(number, bad_pointers[i].text, program, sizeof(program));
	}
}

CASES(setsockopt)
{
	static const struct option good = {"", SOL_SOCKET, SO_PRIORITY, 1};
	for (size_t i = 0; i < kind_count; i++) {
		begin("%s", kinds[i].text);
		set_with(kinds[i].open(), &good, put_number("value", 1), sizeof(int));
	}
	for (size_t number = 0; number < SOCKETS; number++) {
		for (size_t i = 0; i < COUNT(options); i++)
			cases_of_setting(&options[i], number);
		for (size_t i = 0; i < COUNT(memberships); i++)
			cases_of_membership(i, number);
		cases_of_filters(number);
	}
}
ALIAS(__setsockopt64, setsockopt)

// ---- what is asked --------------------------------------------------------------------------------------

static void get_with(int fd, const struct option *option, void *value, void *length)
{
	attempt(by_getting, &(struct call){.fd = fd,
	                            .level = option->level,
	                            .name = option->name,
	                            .bytes = value,
	                            .room = length});
	end();
}

static void cases_of_getting(const struct option *option, size_t number)
{
	static const socklen_t lengths[] = {0, 1, 2, 3, 4, 5, 100, INT32_MAX, UINT32_MAX};
	for (size_t i = 0; i < COUNT(lengths); i++) {
		begin_with(number, option->text, "");
		say(", length %u", lengths[i]);
		get_with(socket_number(number), option, room("value", 256), put_number("length", lengths[i]));
	}
	for (size_t i = 0; i < BAD_POINTERS; i++) {
		begin_with(number, option->text, ", value ");
		say("%s", bad_pointers[i].text);
		get_with(socket_number(number), option, bad_pointers[i].at, put_number("length", 4));
		begin_with(number, option->text, ", length ");
		say("%s", bad_pointers[i].text);
		get_with(socket_number(number), option, room("value", 256), bad_pointers[i].at);
	}
}

CASES(getsockopt)
{
	static const struct option more[] = {
	        {"SO_TYPE", SOL_SOCKET, SO_TYPE, 0},
	        {"SO_ACCEPTCONN", SOL_SOCKET, SO_ACCEPTCONN, 0},
	        {"SO_LINGER", SOL_SOCKET, SO_LINGER, 0},
	        {"SO_RCVTIMEO", SOL_SOCKET, SO_RCVTIMEO, 0},
	        {"IP_OPTIONS", IPPROTO_IP, IP_OPTIONS, 0},
	};
	for (size_t i = 0; i < kind_count; i++) {
		begin("%s", kinds[i].text);
		get_with(kinds[i].open(), &more[0], room("value", 256), put_number("length", 8));
	}
	for (size_t number = 0; number < SOCKETS; number++) {
		for (size_t i = 0; i < COUNT(options); i++)
			cases_of_getting(&options[i], number);
		for (size_t i = 0; i < COUNT(more); i++)
			cases_of_getting(&more[i], number);
	}
}
ALIAS(__getsockopt64, getsockopt)
