// What the examples share: reading their arguments, ending with a message where the kernel refuses, and the loop of
// those that are told on standard input what to change.
#ifndef EXAMPLE_H
#define EXAMPLE_H

#include "sockgraft.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

// Ends the program if `result`, of a function of core, is an error: a negative errno value. The rest is what was asked
// for, as printf takes it.
__attribute__((format(printf, 2, 3))) static inline void check(long result, const char *format, ...)
{
	if (result >= 0)
		return;
	va_list arguments;
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fprintf(stderr, ": %s\n", strerror((int)-result));
	exit(EXIT_FAILURE);
}

// The same for a system call, which says -1 and puts the error in errno.
#define CHECK_CALL(result, ...) check((result) < 0 ? -errno : 0, __VA_ARGS__)

static inline void usage(const char *arguments)
{
	fprintf(stderr, "usage: %s\n", arguments);
	exit(2);
}

static inline union graft_address address_from(const char *text)
{
	union graft_address address;
	check(graft_address_parse(text, strlen(text), &address), "address %s", text);
	return address;
}

static inline uint16_t port_from(const char *text)
{
	char *end;
	unsigned long port = strtoul(text, &end, 10);
	check(*end || port < 1 || port > 65535 ? -EINVAL : 0, "port %s", text);
	return (uint16_t)port;
}

// The index of the interface that `text` names: by name, index or address.
static inline unsigned interface_from(int fd, const char *text)
{
	struct graft_interface interface;
	unsigned index;
	check(graft_interface_parse(text, &interface), "interface %s", text);
	check(graft_interface_resolve(fd, &interface, &index, 1), "interface %s", text);
	return index;
}

enum { SECOND = 1000000000 };

// Nanoseconds of a clock that is never set.
static inline int64_t now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * SECOND + time.tv_nsec;
}

// A UDP socket of `family`, bound to `port` on all addresses of this host.
static inline int udp_socket(int family, uint16_t port)
{
	int fd = socket(family, SOCK_DGRAM, 0);
	CHECK_CALL(fd, "UDP socket");
	union graft_address any = {
	        .v6 = {.sin6_family = (sa_family_t)family}}; // all zero but for that: 0.0.0.0 or ::
	graft_address_set_port(&any, port);
	CHECK_CALL(bind(fd, &any.any, graft_address_length(&any)), "bind port %u", port);
	return fd;
}

// Receives one datagram and prints "SOURCE: TEXT".
static inline void print_datagram(int fd)
{
	char bytes[65536], text[GRAFT_ADDRESS_TEXT];
	union graft_address source;
	ssize_t length = graft_receive(fd, bytes, sizeof(bytes), &source, NULL, 0);
	check(length, "receive");
	printf("%s: %.*s\n", graft_address_text(&source, text), (int)length, bytes);
}

// Prints the datagrams that arrive until a line "+ADDRESS" or "-ADDRESS" is on standard input. Returns its sign, or 0
// at the end of the input.
static inline char hear_until_told(int fd, union graft_address *address)
{
	struct pollfd waiting[] = {{.fd = fd, .events = POLLIN}, {.fd = 0, .events = POLLIN}};
	char line[GRAFT_ADDRESS_TEXT + 2];

	setvbuf(stdin, NULL, _IONBF, 0); // a line that waited in a buffer would be unknown to poll
	for (;;) {
		CHECK_CALL(poll(waiting, 2, -1), "poll");
		if (waiting[0].revents)
			print_datagram(fd);
		if (!waiting[1].revents)
			continue;
		if (!fgets(line, sizeof(line), stdin))
			return 0;
		line[strcspn(line, "\n")] = '\0';
		check(*line == '+' || *line == '-' ? 0 : -EINVAL, "\"%s\" is neither +ADDRESS nor -ADDRESS",
		        line);
		*address = address_from(line + 1);
		return *line;
	}
}

#endif
