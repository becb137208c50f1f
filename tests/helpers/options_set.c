// Sets options in every spelling, well and badly, each on a socket of its own, and prints what came of it; then what has
// changed of the socket, in lines that begin with "changed": options_set KIND [unprivileged].
//
// The lines of a socket that the policy holds on to are those of one that it doesn't, but for what has changed.
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <linux/capability.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SO_BINDTOIFINDEX
#	define SO_BINDTOIFINDEX 62
#endif

enum { UNTOUCHED = 4711, NO_INTERFACE = 9999, PROTOCOL = 99 };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct kind {
	const char *text;
	int family, type, protocol;
} kinds[] = {
        {"udp4", AF_INET, SOCK_DGRAM, 0},
        {"udp6", AF_INET6, SOCK_DGRAM, 0},
        {"tcp4", AF_INET, SOCK_STREAM, 0},
        {"tcp6", AF_INET6, SOCK_STREAM, 0},
        {"raw4", AF_INET, SOCK_RAW, PROTOCOL},
        {"raw6", AF_INET6, SOCK_RAW, PROTOCOL},
        {"ping4", AF_INET, SOCK_DGRAM, IPPROTO_ICMP},
        {"ping6", AF_INET6, SOCK_DGRAM, IPPROTO_ICMPV6},
};

static const struct kind *kind;
static unsigned index_here; // of an interface that the policy doesn't name

static int open_socket(void)
{
	int fd = socket(kind->family, kind->type, kind->protocol);
	if (fd < 0)
		err(2, "socket");
	return fd;
}

// ---- how a socket stands ----------------------------------------------------------------------------------

static const struct option {
	const char *text;
	int level, name;
} options[] = {
        {"IP_TOS", IPPROTO_IP, IP_TOS},
        {"IP_TTL", IPPROTO_IP, IP_TTL},
        {"IP_MULTICAST_TTL", IPPROTO_IP, IP_MULTICAST_TTL},
        {"IP_MULTICAST_LOOP", IPPROTO_IP, IP_MULTICAST_LOOP},
        {"IP_MULTICAST_ALL", IPPROTO_IP, IP_MULTICAST_ALL},
        {"IP_MULTICAST_IF", IPPROTO_IP, IP_MULTICAST_IF},
        {"IPV6_TCLASS", IPPROTO_IPV6, IPV6_TCLASS},
        {"IPV6_UNICAST_HOPS", IPPROTO_IPV6, IPV6_UNICAST_HOPS},
        {"IPV6_MULTICAST_HOPS", IPPROTO_IPV6, IPV6_MULTICAST_HOPS},
        {"IPV6_MULTICAST_LOOP", IPPROTO_IPV6, IPV6_MULTICAST_LOOP},
        {"IPV6_MULTICAST_ALL", IPPROTO_IPV6, IPV6_MULTICAST_ALL},
        {"IPV6_MULTICAST_IF", IPPROTO_IPV6, IPV6_MULTICAST_IF},
        {"SO_PRIORITY", SOL_SOCKET, SO_PRIORITY},
        {"SO_MARK", SOL_SOCKET, SO_MARK},
        {"SO_BINDTOIFINDEX", SOL_SOCKET, SO_BINDTOIFINDEX},
        {"SO_RCVBUF", SOL_SOCKET, SO_RCVBUF},
        {"SO_SNDBUF", SOL_SOCKET, SO_SNDBUF},
        {"SO_REUSEADDR", SOL_SOCKET, SO_REUSEADDR},
        {"SO_REUSEPORT", SOL_SOCKET, SO_REUSEPORT},
        // These are only set.
        {"SO_RCVBUFFORCE", SOL_SOCKET, SO_RCVBUFFORCE},
        {"SO_SNDBUFFORCE", SOL_SOCKET, SO_SNDBUFFORCE},
        {"SO_BINDTODEVICE", SOL_SOCKET, SO_BINDTODEVICE},
        {"IPV6_PKTINFO", IPPROTO_IPV6, IPV6_PKTINFO},
};

enum { THAT_CAN_BE_READ = 19 };

struct standing {
	int values[THAT_CAN_BE_READ]; // -1: it has none
};

static struct standing standing_of(int fd)
{
	struct standing standing;
	for (size_t i = 0; i < THAT_CAN_BE_READ; i++) {
		socklen_t length = sizeof(standing.values[i]);
		if (getsockopt(fd, options[i].level, options[i].name, &standing.values[i], &length))
			standing.values[i] = -1;
	}
	return standing;
}

static void print_changes(const struct standing *before, const struct standing *after)
{
	for (size_t i = 0; i < THAT_CAN_BE_READ; i++)
		if (before->values[i] != after->values[i])
			printf("changed %s: %d to %d\n", options[i].text, before->values[i],
			        after->values[i]);
}

// ---- one call ---------------------------------------------------------------------------------------------

static void set_on(int fd, const struct option *option, const char *what, const void *value, socklen_t length)
{
	const struct standing before = standing_of(fd);
	errno = UNTOUCHED;
	int result = setsockopt(fd, option->level, option->name, value, length);
	int error = errno;
	printf("%s %s %s, length %d: %d%s%s\n", kind->text, option->text, what, (int)length, result,
	        error == UNTOUCHED ? "" : " ", error == UNTOUCHED ? "" : strerror(error));
	const struct standing after = standing_of(fd);
	print_changes(&before, &after);
}

static void set(const struct option *option, const char *what, const void *value, socklen_t length)
{
	int fd = open_socket();
	set_on(fd, option, what, value, length);
	close(fd);
}

// ---- values -----------------------------------------------------------------------------------------------

static void set_numbers(const struct option *option)
{
	static const int numbers[] = {-2, -1, 0, 1, 2, 3, 6, 7, 33, 255, 256, 70000, INT32_MAX, INT32_MIN};
	static const int lengths[] = {0, 1, 2, 3, 4, 5, 8, 12, 20, 24, 64, -1, INT32_MIN};
	for (size_t i = 0; i < COUNT(numbers); i++) {
		char what[16];
		int value[16] = {numbers[i]};
		snprintf(what, sizeof(what), "%d", numbers[i]);
		set(option, what, value, sizeof(int));
	}
	for (size_t i = 0; i < COUNT(lengths); i++) {
		int value[16] = {33};
		set(option, "33", value, (socklen_t)lengths[i]);
	}
	int odd[3] = {0};
	memcpy((char *)odd + 1, &numbers[8], sizeof(int));
	set(option, "33 anywhere", (char *)odd + 1, sizeof(int));
}

static void set_bad_pointers(const struct option *option)
{
	const long page = sysconf(_SC_PAGESIZE);
	static const socklen_t lengths[] = {0, 1, 4, 8, 12, 20};
	char *pages =
	        mmap(NULL, (size_t)page * 2, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	munmap(pages + page, (size_t)page);
	for (size_t i = 0; i < COUNT(lengths); i++) {
		set(option, "at NULL", NULL, lengths[i]);
		set(option, "at 1", (void *)1, lengths[i]);
		set(option, "at no memory", pages + page, lengths[i]);
		set(option, "half of it at no memory", pages + page - (lengths[i] + 1) / 2, lengths[i]);
		set(option, "at the edge", pages + page - lengths[i], lengths[i]);
	}
	munmap(pages, (size_t)page);
}

static void set_devices(const struct option *option)
{
	static const char *const names[] = {
	        "", "b1", "lo", "nope0", "a-name-that-is-too-long-for-any", "b1/", "\xff"};
	for (size_t i = 0; i < COUNT(names); i++) {
		char name[64];
		memset(name, 'x', sizeof(name));
		memcpy(name, names[i], strlen(names[i]) + 1);
		for (socklen_t length = 0; length <= strlen(names[i]) + 2; length++)
			set(option, names[i], name, length);
	}
}

static void set_multicast_interfaces(const struct option *option)
{
	static const char *const addresses[] = {"0.0.0.0", "10.78.0.2", "10.99.0.1", "239.1.1.1"};
	const int indexes[] = {0, (int)index_here, NO_INTERFACE, -1};
	for (size_t i = 0; i < COUNT(addresses) * COUNT(indexes); i++) {
		char what[64];
		struct ip_mreqn request = {
		        {0}, {inet_addr(addresses[i % COUNT(addresses)])}, indexes[i / COUNT(addresses)]};
		snprintf(what, sizeof(what), "%s %zu", addresses[i % COUNT(addresses)], i / COUNT(addresses));
		set(option, what, &request.imr_address, sizeof(request.imr_address));
		set(option, what, &request, sizeof(struct ip_mreq));
		set(option, what, &request, sizeof(request));
		set(option, what, &request, sizeof(request) - 1);
	}
}

static void set_indexes(const struct option *option)
{
	const int indexes[] = {0, (int)index_here, NO_INTERFACE, -1};
	for (size_t i = 0; i < COUNT(indexes); i++) {
		char what[16];
		int value[4] = {indexes[i]};
		snprintf(what, sizeof(what), "interface %zu", i);
		for (socklen_t length = 0; length <= sizeof(value); length += 2)
			set(option, what, value, length);
	}
}

static void set_sources(const struct option *option)
{
	static const char *const addresses[] = {"::", "fd77::2", "fd99::1", "ff15::114", "::ffff:10.77.0.2"};
	const unsigned indexes[] = {0, index_here, NO_INTERFACE};
	for (size_t i = 0; i < COUNT(addresses) * COUNT(indexes); i++) {
		char what[64];
		struct in6_pktinfo info[2] = {{.ipi6_ifindex = indexes[i / COUNT(addresses)]}};
		inet_pton(AF_INET6, addresses[i % COUNT(addresses)], &info[0].ipi6_addr);
		snprintf(what, sizeof(what), "%s %zu", addresses[i % COUNT(addresses)], i / COUNT(addresses));
		set(option, what, info, sizeof(info[0]));
		set(option, what, info, sizeof(info[0]) - 1);
		set(option, what, info, sizeof(info));
	}
}

static void set_all(const struct option *option)
{
	set_numbers(option);
	set_bad_pointers(option);
	if (option->name == SO_BINDTODEVICE && option->level == SOL_SOCKET)
		set_devices(option);
	else if (option->name == IP_MULTICAST_IF && option->level == IPPROTO_IP)
		set_multicast_interfaces(option);
	else if (option->name == IPV6_PKTINFO && option->level == IPPROTO_IPV6)
		set_sources(option);
	else
		set_indexes(option);
}

// ---- without privileges -----------------------------------------------------------------------------------

static void give_up_privileges(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2] = {{0}};
	if (syscall(SYS_capset, &header, none))
		err(2, "capset");
}

// On sockets that were made while there were privileges.
static void set_unprivileged(void)
{
	static const int numbers[] = {0, 1, 6, 7, 70000};
	int fds[COUNT(options) * COUNT(numbers)];
	for (size_t i = 0; i < COUNT(fds); i++)
		fds[i] = open_socket();
	give_up_privileges();
	for (size_t i = 0; i < COUNT(fds); i++) {
		char what[16];
		int value = numbers[i % COUNT(numbers)];
		snprintf(what, sizeof(what), "%d", value);
		set_on(fds[i], &options[i / COUNT(numbers)], what, &value, sizeof(value));
	}
}

static void set_everything(void)
{
	for (size_t i = 0; i < COUNT(options); i++)
		set_all(&options[i]);
}

int main(int count, char **arguments)
{
	index_here = if_nametoindex("b1");
	for (size_t i = 0; i < COUNT(kinds) && count > 1; i++)
		if (!strcmp(kinds[i].text, arguments[1]))
			kind = &kinds[i];
	if (!kind)
		errx(2, "usage: options_set KIND [unprivileged]");
	if (count > 2)
		set_unprivileged();
	else
		set_everything();
	return 0;
}
