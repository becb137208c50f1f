// Multicast that leaves by several interfaces: a program that sends once, and is grafted, beside one that sends by each
// itself; to be timed or counted side by side on one socket.
//
//	spread serve BATCHES         for each line "ROW" of standard input one with the nanoseconds of a datagram, bare and
//	                             grafted, in batches that take turns
//	spread count VARIANT ROW...  under callgrind: two dumps for each row, named "ROW LENGTH"
//	spread run VARIANT ROW LENGTH
//	                             only sends, to be looked at by strace
//
// A row is a family, what is done, and how many interfaces the policy names for the socket's port, FIRST_PORT and so many
// more: "ipv4-sendto-2". They are out0 and those after it. Who sends by hand calls the functions of libc, which nothing
// that is preloaded stands in front of.
#include "batches.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#if __has_include(<gnu/lib-names.h>)
#	include <gnu/lib-names.h>
#else
#	define LIBC_SO "libc.so"
#endif

enum {
	FIRST_PORT = 24000,
	GROUP_PORT = 25000,
	AT_ONCE = 64,
	BYTES = 64,
	SHORT = AT_ONCE,
	LONG = 3 * AT_ONCE,
	EXITS = 4,
	ROOM = CMSG_SPACE(sizeof(struct in6_pktinfo)),
};

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

struct bench {
	int fd;
	bool six, connected;
	int exits;
	socklen_t length;
	union address group;
	char bytes[BYTES];
	struct iovec part;
	struct mmsghdr plain[AT_ONCE];     // as a program has them that knows one interface
	struct mmsghdr by[EXITS][AT_ONCE]; // as one that knows all: set up once
	size_t control[EXITS][ROOM / sizeof(size_t)];
};

static ssize_t (*libc_sendmsg)(int fd, const struct msghdr *message, int flags);
static int (*libc_sendmmsg)(int fd, struct mmsghdr *messages, unsigned count, int flags);

static void must(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "spread: %s: %s\n", what, strerror(errno));
	exit(1);
}

// ---- by hand, and by what is preloaded ------------------------------------------------------------------

static void bare_send(struct bench *bench, int count)
{
	while (count--)
		for (int i = 0; i < bench->exits; i++)
			must(libc_sendmsg(bench->fd, &bench->by[i][0].msg_hdr, 0) == BYTES, "sendmsg");
}

static void bare_send_batch(struct bench *bench, int count)
{
	for (; count > 0; count -= AT_ONCE)
		for (int i = 0; i < bench->exits; i++)
			must(libc_sendmmsg(bench->fd, bench->by[i], AT_ONCE, 0) == AT_ONCE, "sendmmsg");
}

static void plain_sendto(struct bench *bench, int count)
{
	while (count--)
		must(sendto(bench->fd, bench->bytes, BYTES, 0, &bench->group.any, bench->length) == BYTES,
		        "sendto");
}

static void plain_send(struct bench *bench, int count)
{
	while (count--)
		must(send(bench->fd, bench->bytes, BYTES, 0) == BYTES, "send");
}

static void plain_sendmsg(struct bench *bench, int count)
{
	while (count--)
		must(sendmsg(bench->fd, &bench->plain[0].msg_hdr, 0) == BYTES, "sendmsg");
}

static void plain_send_batch(struct bench *bench, int count)
{
	for (; count > 0; count -= AT_ONCE)
		must(sendmmsg(bench->fd, bench->plain, AT_ONCE, 0) == AT_ONCE, "sendmmsg");
}

// ---- set up ---------------------------------------------------------------------------------------------

enum { BARE, GRAFTED, VARIANTS };
static const char *const variants[] = {"bare", "grafted"};

static const struct work {
	const char *name;
	bool connected;
	void (*loop[VARIANTS])(struct bench *, int count);
} works[] = {
        {"sendto", false, {bare_send, plain_sendto}},
        {"sendmsg", false, {bare_send, plain_sendmsg}},
        {"send", true, {bare_send, plain_send}},
        {"batch", false, {bare_send_batch, plain_send_batch}},
};

// The address of out0 and those after it, one of each family.
static union address address_on(const char *interface, bool six)
{
	union address found = {0};
	struct ifaddrs *all;
	must(!getifaddrs(&all), "getifaddrs");
	for (struct ifaddrs *at = all; at; at = at->ifa_next)
		if (at->ifa_addr && !strcmp(at->ifa_name, interface) &&
		        at->ifa_addr->sa_family == (six ? AF_INET6 : AF_INET))
			memcpy(&found, at->ifa_addr, six ? sizeof(found.v6) : sizeof(found.v4));
	freeifaddrs(all);
	must(found.any.sa_family, interface);
	return found;
}

// A connected socket has a source already, of one interface: whoever sends by another says the source as well.
static void set_up_control(struct bench *bench, int exit)
{
	char interface[IF_NAMESIZE];
	snprintf(interface, sizeof(interface), "out%d", exit);
	union address source = {0};
	if (bench->connected)
		source = address_on(interface, bench->six);
	const struct in_pktinfo info4 = {
	        .ipi_ifindex = (int)if_nametoindex(interface), .ipi_spec_dst = source.v4.sin_addr};
	const struct in6_pktinfo info6 = {source.v6.sin6_addr, if_nametoindex(interface)};
	struct cmsghdr *header = (struct cmsghdr *)bench->control[exit];
	size_t size = bench->six ? sizeof(info6) : sizeof(info4);
	header->cmsg_level = bench->six ? IPPROTO_IPV6 : IPPROTO_IP;
	header->cmsg_type = bench->six ? IPV6_PKTINFO : IP_PKTINFO;
	header->cmsg_len = CMSG_LEN(size);
	memcpy(CMSG_DATA(header), bench->six ? (const void *)&info6 : &info4, size);
	for (int i = 0; i < AT_ONCE; i++) {
		struct msghdr *message = &bench->by[exit][i].msg_hdr;
		*message = bench->plain[i].msg_hdr;
		message->msg_control = header;
		message->msg_controllen = CMSG_SPACE(size);
	}
}

static void set_up_socket(struct bench *bench)
{
	union address any = {.v6.sin6_family = AF_INET6};
	bench->group.v6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(GROUP_PORT)};
	bench->length = sizeof(bench->group.v6);
	inet_pton(AF_INET6, "ff15::1", &bench->group.v6.sin6_addr);
	if (!bench->six) {
		any.v4 = (struct sockaddr_in){.sin_family = AF_INET};
		bench->group.v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(GROUP_PORT)};
		bench->length = sizeof(bench->group.v4);
		inet_pton(AF_INET, "239.1.1.1", &bench->group.v4.sin_addr);
	}
	any.v4.sin_port = htons((in_port_t)(FIRST_PORT + bench->exits)); // in the same place for both
	bench->fd = socket(any.any.sa_family, SOCK_DGRAM, 0);
	must(bench->fd >= 0 && !bind(bench->fd, &any.any, bench->length), "bind");
	must(!bench->connected || !connect(bench->fd, &bench->group.any, bench->length), "connect");
}

static void set_up(struct bench *bench)
{
	set_up_socket(bench);
	bench->part = (struct iovec){bench->bytes, BYTES};
	for (int i = 0; i < AT_ONCE; i++)
		bench->plain[i].msg_hdr = (struct msghdr){.msg_name = bench->connected ? NULL : &bench->group,
		        .msg_namelen = bench->connected ? 0 : bench->length,
		        .msg_iov = &bench->part,
		        .msg_iovlen = 1};
	for (int i = 0; i < bench->exits; i++)
		set_up_control(bench, i);
}

// The work of a row, and its socket, which is there no longer than the next row's.
static const struct work *start_row(const char *name, struct bench *bench)
{
	char work[16];
	int family = 0, exits = 0;
	*bench = (struct bench){.fd = -1};
	if (sscanf(name, "ipv%d-%15[a-z]-%d", &family, work, &exits) == 3)
		for (size_t i = 0; i < sizeof(works) / sizeof(*works); i++) {
			if (strcmp(work, works[i].name) || exits < 1 || exits > EXITS)
				continue;
			bench->six = family == 6;
			bench->exits = exits;
			bench->connected = works[i].connected;
			set_up(bench);
			return &works[i];
		}
	fprintf(stderr, "spread: no row %s\n", name);
	exit(2);
}

// ---- timing and counting --------------------------------------------------------------------------------

static double batch(struct bench *bench, const struct work *work, int variant, int count, const char *name)
{
	CALLGRIND_ZERO_STATS;
	double begin = nanoseconds();
	work->loop[variant](bench, count);
	double time = nanoseconds() - begin;
	if (name)
		CALLGRIND_DUMP_STATS_AT(name);
	return time / count;
}

// The lower quartile of the batches: what else goes on only ever makes one slower.
static void time_row(const char *row, int batches)
{
	static double times[VARIANTS][BATCHES_AT_MOST];
	static struct bench bench;
	const struct work *work = start_row(row, &bench);
	for (int i = 0; i < batches; i++)
		for (int variant = 0; variant < VARIANTS; variant++) {
			int now = i % 2 ? variant : VARIANTS - 1 - variant;
			times[now][i] = batch(&bench, work, now, AT_ONCE, NULL);
		}
	close(bench.fd);
	for (int variant = 0; variant < VARIANTS; variant++)
		printf("%.2f%c", quantile(times[variant], batches, 0.25),
		        variant + 1 < VARIANTS ? ' ' : '\n');
}

static void count_row(const char *row, int variant)
{
	static struct bench bench;
	const struct work *work = start_row(row, &bench);
	const int lengths[] = {AT_ONCE, SHORT, LONG}; // the first finds the functions called
	for (int i = 0; i < 3; i++) {
		char name[64];
		snprintf(name, sizeof(name), "%s %d", row, lengths[i]);
		batch(&bench, work, variant, lengths[i], i ? name : NULL);
	}
	close(bench.fd);
}

static void run_row(const char *row, int variant, int length)
{
	static struct bench bench;
	const struct work *work = start_row(row, &bench);
	batch(&bench, work, variant, length, NULL);
}

static int usage(void)
{
	fputs("usage: spread serve BATCHES | count bare|grafted ROW... | run bare|grafted ROW LENGTH\n",
	        stderr);
	return 2;
}

int main(int count, char **arguments)
{
	const char *mode = count > 2 ? arguments[1] : "";
	void *libc = dlopen(LIBC_SO, RTLD_LAZY);
	must(libc, "dlopen");
	*(void **)&libc_sendmsg = dlsym(libc, "sendmsg");
	*(void **)&libc_sendmmsg = dlsym(libc, "sendmmsg");
	int variant = count > 2 && !strcmp(arguments[2], variants[GRAFTED]) ? GRAFTED : BARE;
	if (!strcmp(mode, "serve") && count == 3)
		serve(atoi(arguments[2]), time_row);
	else if (!strcmp(mode, "count") && count > 3)
		for (int i = 3; i < count; i++)
			count_row(arguments[i], variant);
	else if (!strcmp(mode, "run") && count == 5)
		run_row(arguments[3], variant, atoi(arguments[4]));
	else
		return usage();
	return 0;
}
