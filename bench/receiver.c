// Receives a stream until its sender says that it was the last datagram, and measures it.
//
//	receiver ADDRESS PORT [GROUP INTERFACE]
//
// Binds ADDRESS; with GROUP it is a program written for multicast, without it one that knows nothing of it. Prints
// "ready", and then the datagrams received, the seconds from the first to the last, the processor time in between
// in seconds, and the latency's median and 99th percentile in nanoseconds.
#include "stream.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

enum { LATENCIES = 65536 };

struct measured {
	long count;
	int64_t first, last;
	double processor;
};

static int64_t latencies[LATENCIES];

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void join(int fd, const char *group, const char *interface)
{
	const int off = 0;
	struct group_req request = {.gr_interface = if_nametoindex(interface)};
	struct sockaddr_in address = {.sin_family = AF_INET};
	if (inet_pton(AF_INET, group, &address.sin_addr) != 1)
		die("receiver: inet_pton");
	memcpy(&request.gr_group, &address, sizeof(address));
	if (setsockopt(fd, IPPROTO_IP, IP_MULTICAST_ALL, &off, sizeof(off)) ||
	        setsockopt(fd, IPPROTO_IP, MCAST_JOIN_GROUP, &request, sizeof(request)))
		die("receiver: join");
}

static double processor_seconds(void)
{
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void receive(int fd, struct measured *measured)
{
	struct stream_datagram datagram;
	struct sockaddr_in from;
	socklen_t length = sizeof(from);
	while (recvfrom(fd, &datagram, sizeof(datagram), 0, (struct sockaddr *)&from, &length) ==
	        sizeof(datagram)) {
		if (datagram.last)
			break;
		measured->last = nanoseconds();
		if (!measured->count) {
			measured->first = measured->last;
			measured->processor = processor_seconds();
		}
		latencies[measured->count++ % LATENCIES] = measured->last - datagram.sent;
		length = sizeof(from);
	}
	measured->processor = processor_seconds() - measured->processor;
}

static int ascending(const void *one, const void *other)
{
	int64_t a = *(const int64_t *)one, b = *(const int64_t *)other;
	return (a > b) - (a < b);
}

static void report(const struct measured *measured)
{
	size_t count = measured->count < LATENCIES ? (size_t)measured->count : LATENCIES;
	qsort(latencies, count, sizeof(*latencies), ascending);
	printf("%ld %.6f %.6f %ld %ld\n", measured->count, (double)(measured->last - measured->first) / 1e9,
	        measured->processor, (long)latencies[count / 2], (long)latencies[count * 99 / 100]);
}

int main(int count, char **arguments)
{
	struct measured measured = {0};
	struct sockaddr_in address = {.sin_family = AF_INET};
	if (count != 3 && count != 5) {
		fputs("usage: receiver ADDRESS PORT [GROUP INTERFACE]\n", stderr);
		return 2;
	}
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	address.sin_port = htons((in_port_t)atoi(arguments[2]));
	if (inet_pton(AF_INET, arguments[1], &address.sin_addr) != 1)
		die("receiver: inet_pton");
	if (count == 5)
		join(fd, arguments[3], arguments[4]);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)))
		die("receiver: bind");
	puts("ready");
	fflush(stdout);
	receive(fd, &measured);
	report(&measured);
	return 0;
}
