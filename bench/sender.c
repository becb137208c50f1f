// Sends a stream of datagrams to a group, and then says that it was the last.
//
//	sender GROUP PORT INTERFACE RATE SECONDS
//
// RATE is in datagrams per second, evenly spaced; 0 is as fast as it goes. Prints how many were sent.
#include "stream.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BATCH = 32, LAST = 5, PAUSE = 20000 };

static int connected_socket(const char *group, const char *port, const char *interface)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((in_port_t)atoi(port))};
	const struct ip_mreqn through = {.imr_ifindex = (int)if_nametoindex(interface)};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (inet_pton(AF_INET, group, &address.sin_addr) != 1 ||
	        setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &through, sizeof(through)) ||
	        connect(fd, (struct sockaddr *)&address, sizeof(address))) {
		perror("sender");
		exit(1);
	}
	return fd;
}

// The kernel cuts what one call gives it into datagrams, which makes the sender faster than any receiver.
static long send_fast(int fd, int64_t end)
{
	static struct stream_datagram datagrams[BATCH];
	const int size = sizeof(*datagrams);
	long sent = 0;
	if (setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &size, sizeof(size))) {
		perror("sender: UDP_SEGMENT");
		exit(1);
	}
	while ((datagrams->sent = nanoseconds()) < end)
		sent += send(fd, datagrams, sizeof(datagrams), 0) / size;
	setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &(int){0}, sizeof(int));
	return sent;
}

// Waits by looking at the clock: a sleep would add its own wake-up to the latency.
static long send_evenly(int fd, int64_t end, int64_t interval)
{
	struct stream_datagram datagram = {0};
	long sent = 0;
	for (int64_t next = nanoseconds(); next < end; next += interval) {
		do
			datagram.sent = nanoseconds();
		while (datagram.sent < next);
		sent += send(fd, &datagram, sizeof(datagram), 0) == sizeof(datagram);
	}
	return sent;
}

static void send_last(int fd)
{
	const struct stream_datagram datagram = {.last = 1};
	for (int i = 0; i < LAST; i++) {
		usleep(PAUSE);
		send(fd, &datagram, sizeof(datagram), 0);
	}
}

int main(int count, char **arguments)
{
	if (count != 6) {
		fputs("usage: sender GROUP PORT INTERFACE RATE SECONDS\n", stderr);
		return 2;
	}
	int fd = connected_socket(arguments[1], arguments[2], arguments[3]);
	long rate = atol(arguments[4]);
	int64_t end = nanoseconds() + (int64_t)(atof(arguments[5]) * 1e9);
	printf("%ld\n", rate ? send_evenly(fd, end, 1000000000 / rate) : send_fast(fd, end));
	fflush(stdout);
	send_last(fd);
	return 0;
}
