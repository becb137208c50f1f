// setsourcefilter and setipv4sourcefilter (RFC 3678).
#include "same.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

enum { ROOM = 6, MANY = 70 };

// flags: the mode; level: how many sources; name: the interface, for IPv4 a network address.
static long by_setting(const struct call *call)
{
	return FUNCTION(int, int, uint32_t, const void *, socklen_t, uint32_t, uint32_t, const void *)(
	        call->fd, (uint32_t)call->name, call->address, call->address_length, (uint32_t)call->flags,
	        (uint32_t)call->level, call->bytes);
}

static struct in_addr in_addr_of(int number)
{
	return (struct in_addr){(uint32_t)number};
}

static struct in_addr group4_of(const struct call *call)
{
	struct in_addr group;
	memcpy(&group, call->address, sizeof(group));
	return group;
}

static long by_setting4(const struct call *call)
{
	return FUNCTION(int, int, struct in_addr, struct in_addr, uint32_t, uint32_t, const void *)(call->fd,
	        in_addr_of(call->name), group4_of(call), (uint32_t)call->flags, (uint32_t)call->level,
	        call->bytes);
}

// ---- on what --------------------------------------------------------------------------------------------

// What is a member of the group on the loopback already.
static int member(int family)
{
	struct group_req request = {.gr_interface = if_nametoindex("lo")};
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_addr = {inet_addr("232.2.2.2")}};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	int fd = made(family, SOCK_DGRAM);
	inet_pton(AF_INET6, "ff35::222", &v6.sin6_addr);
	memcpy(&request.gr_group, family == AF_INET ? (void *)&v4 : (void *)&v6,
	        family == AF_INET ? sizeof(v4) : sizeof(v6));
	setsockopt(fd, family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6, MCAST_JOIN_GROUP, &request,
	        sizeof(request));
	return fd;
}

static union name address_of(int family, const char *text)
{
	union name name = {.any.sa_family = (sa_family_t)family};
	inet_pton(family, text, family == AF_INET ? (void *)&name.v4.sin_addr : (void *)&name.v6.sin6_addr);
	return name;
}

static const struct {
	const char *text;
	int family;
	const char *address;
	socklen_t length;
} groups[] = {
        {"a group", AF_INET, "232.2.2.2", sizeof(struct sockaddr_in)},
        {"a group, short", AF_INET, "232.2.2.2", sizeof(struct sockaddr_in) - 1},
        {"a group, long", AF_INET, "232.2.2.2", sizeof(struct sockaddr_storage)},
        {"no group", AF_INET, "10.1.1.1", sizeof(struct sockaddr_in)},
        {"an IPv6 group", AF_INET6, "ff35::222", sizeof(struct sockaddr_in6)},
        {"an IPv6 group, short", AF_INET6, "ff35::222", sizeof(struct sockaddr_in6) - 1},
        {"an IPv6 group, without a length", AF_INET6, "ff35::222", 0},
        {"no IPv6 group", AF_INET6, "fd77::9", sizeof(struct sockaddr_in6)},
};

static void *put_sources(int family, unsigned count)
{
	struct sockaddr_storage sources[ROOM] = {0};
	for (unsigned i = 0; i < ROOM; i++) {
		union name source = address_of(family, family == AF_INET ? "10.77.0.1" : "fd77::1");
		if (family == AF_INET)
			source.v4.sin_addr.s_addr += htonl(i);
		else
			source.v6.sin6_addr.s6_addr[15] = (unsigned char)(i + 1);
		memcpy(&sources[i], &source, sizeof(sources[i]));
	}
	return put("sources", sources, count * sizeof(sources[0]));
}

// ---- setting --------------------------------------------------------------------------------------------

static const int modes[] = {MCAST_INCLUDE, MCAST_EXCLUDE, 2};
static const unsigned counts[] = {0, 1, ROOM};

static void begin_with(int family, const char *group, int mode, unsigned count)
{
	begin("on %s, %s, mode %d, %u sources", family_text(family), group, mode, count);
}

static void case_of_setting(int family, size_t i, int mode, unsigned count)
{
	const union name group = address_of(groups[i].family, groups[i].address);
	begin_with(family, groups[i].text, mode, count);
	struct call call = {.fd = member(family),
	        .name = (int)if_nametoindex("lo"),
	        .flags = mode,
	        .level = (int)count,
	        .address = put("group", &group, sizeof(group)),
	        .address_length = groups[i].length,
	        .bytes = put_sources(groups[i].family, count)};
	attempt(by_setting, &call);
	attempt(by_setting, &call);
	end();
}

static void cases_of_families(void)
{
	static const int odd[] = {AF_UNSPEC, AF_UNIX, AF_AX25, AF_ROSE, AF_PACKET, 99};
	static const socklen_t lengths[] = {2, 16, 20, 28};
	for (size_t i = 0; i < COUNT(odd) * COUNT(lengths); i++) {
		union name group = address_of(AF_INET6, "ff35::222");
		group.any.sa_family = (sa_family_t)odd[i / COUNT(lengths)];
		begin("family %d, length %u", odd[i / COUNT(lengths)], lengths[i % COUNT(lengths)]);
		attempt(by_setting, &(struct call){.fd = member(AF_INET6),
		                            .name = (int)if_nametoindex("lo"),
		                            .address = put("group", &group, sizeof(group)),
		                            .address_length = lengths[i % COUNT(lengths)]});
		end();
	}
}

static void cases_of_memory(adapter *by, const union name *group, socklen_t length, int name)
{
	static const unsigned numbers[] = {0, 1, MANY};
	for (size_t i = 0; i < BAD_POINTERS * COUNT(numbers); i++) {
		unsigned count = numbers[i % COUNT(numbers)];
		const struct pointer *pointer = &bad_pointers[i / COUNT(numbers)];
		begin("%u sources at %s", count, pointer->text);
		attempt(by, &(struct call){.fd = member(AF_INET),
		                    .name = name,
		                    .flags = MCAST_EXCLUDE,
		                    .level = (int)count,
		                    .address = put("group", group, sizeof(*group)),
		                    .address_length = length,
		                    .bytes = pointer->at});
		end();
	}
}

CASES(setsourcefilter)
{
	const union name group = address_of(AF_INET, "232.2.2.2");
	for (size_t i = 0; i < kind_count; i++) {
		begin("%s", kinds[i].text);
		attempt(by_setting, &(struct call){.fd = kinds[i].open(),
		                            .address = put("group", &group, sizeof(group)),
		                            .address_length = sizeof(group.v4)});
		end();
	}
	for (size_t i = 0; i < COUNT(groups); i++)
		for (size_t j = 0; j < COUNT(modes) * COUNT(counts); j++)
			for (int family = AF_INET; family <= AF_INET6; family += AF_INET6 - AF_INET)
				case_of_setting(
				        family, i, modes[j / COUNT(counts)], counts[j % COUNT(counts)]);
	cases_of_families();
	cases_of_memory(by_setting, &group, sizeof(group.v4), (int)if_nametoindex("lo"));
	for (size_t i = 0; i < BAD_POINTERS; i++) {
		begin("group at %s", bad_pointers[i].text);
		attempt(by_setting, &(struct call){.fd = member(AF_INET),
		                            .address = bad_pointers[i].at,
		                            .address_length = sizeof(group.v4)});
		end();
	}
}

static void case_of_setting4(const char *address, int mode, unsigned count)
{
	const struct in_addr group = {inet_addr(address)};
	struct in_addr sources[ROOM];
	begin_with(AF_INET, address, mode, count);
	for (unsigned i = 0; i < ROOM; i++)
		sources[i].s_addr = htonl(0x0a4d0001 + i);
	struct call call = {.fd = member(AF_INET),
	        .name = (int)inet_addr("127.0.0.1"),
	        .flags = mode,
	        .level = (int)count,
	        .address = put("group", &group, sizeof(group)),
	        .bytes = put("sources", sources, count * sizeof(sources[0]))};
	attempt(by_setting4, &call);
	attempt(by_setting4, &call);
	end();
}

CASES(setipv4sourcefilter)
{
	static const char *const addresses[] = {"232.2.2.2", "10.1.1.1", "0.0.0.0"};
	union name group = {0};
	memcpy(&group, &(struct in_addr){inet_addr("232.2.2.2")}, sizeof(struct in_addr));
	for (size_t i = 0; i < kind_count; i++) {
		begin("%s", kinds[i].text);
		attempt(by_setting4,
		        &(struct call){.fd = kinds[i].open(), .address = put("group", &group, 4)});
		end();
	}
	for (size_t i = 0; i < COUNT(addresses); i++)
		for (size_t j = 0; j < COUNT(modes) * COUNT(counts); j++)
			case_of_setting4(addresses[i], modes[j / COUNT(counts)], counts[j % COUNT(counts)]);
	cases_of_memory(by_setting4, &group, 0, (int)inet_addr("127.0.0.1"));
}
