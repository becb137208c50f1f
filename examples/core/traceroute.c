// Traces the route to an address: echo requests whose TTL or hop limit grows by one, until an echo reply comes.
//
//	traceroute ADDRESS
//
// Prints a line for each hop: who answered what after how long, and by which interface and with how many hops left the
// answer came in. The ICMP filter keeps away what is no answer, and the quoted request tells whose answer it is.
#include "example.h"

#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <unistd.h>

enum { HOPS = 64, ICMP_HEADER = 8, REQUEST = 32 }; // at most; bytes

static void accept_answers_only(int fd, int family)
{
	static const char *const answers[] = {"time exceeded", "destination unreachable", "echo reply"};
	struct graft_icmp_filter filter;
	graft_icmp_filter_block_all(&filter);
	for (int i = 0; i < 3; i++)
		graft_icmp_filter_accept(
		        &filter, (unsigned)graft_icmp_type_parse(family, answers[i], strlen(answers[i])));
	check(graft_icmp_filter_set(fd, &filter), "ICMP filter");
}

// The type, code 0, the checksum, the identifier and the sequence number; then zeros. The checksum of ICMPv6 covers the
// addresses too, so there the kernel puts it in.
static void write_request(unsigned char request[REQUEST], int family, uint16_t id, uint16_t number)
{
	memset(request, 0, REQUEST);
	request[0] = family == AF_INET ? ICMP_ECHO : ICMP6_ECHO_REQUEST;
	memcpy(request + 4, &id, sizeof(id));
	memcpy(request + 6, &number, sizeof(number));
	if (family == AF_INET) {
		uint16_t checksum = graft_internet_checksum(request, REQUEST);
		memcpy(request + 2, &checksum, sizeof(checksum));
	}
}

// The length of the IP header in front of an ICMP message, or negative.
static int header_length(int family, const unsigned char *bytes, size_t length)
{
	struct graft_ipv4_header v4;
	struct graft_ipv6_header v6;
	int header = family == AF_INET ? graft_ipv4_header_parse(bytes, length, &v4)
	                               : graft_ipv6_header_parse(bytes, length, &v6);
	if (header < 0)
		return header;
	return family == AF_INET ? (v4.protocol == IPPROTO_ICMP ? header : -EBADMSG)
	                         : (v6.next_header == IPPROTO_ICMPV6 ? header : -EBADMSG);
}

// Whether an ICMP message answers `request`: a reply has its identifier and number, an error quotes it, from the IP
// header on.
static bool answers(int family, const unsigned char *message, size_t length, const unsigned char *request)
{
	if (length < ICMP_HEADER)
		return false;
	if (message[0] != (family == AF_INET ? ICMP_ECHOREPLY : ICMP6_ECHO_REPLY)) {
		message += ICMP_HEADER;
		length -= ICMP_HEADER;
		int header = header_length(family, message, length);
		if (header < 0 || length < (size_t)header + ICMP_HEADER || message[header] != request[0])
			return false;
		message += header;
	}
	return memcmp(message + 4, request + 4, 4) == 0;
}

// Waits for the answer, at most a second from `start` on. Returns its ICMP type, or -EAGAIN.
static int receive(int fd, int family, const unsigned char *request, int64_t start, union graft_address *from,
        struct graft_control *control)
{
	unsigned char bytes[1500];
	for (;;) {
		int64_t left = start + SECOND - now();
		if (left <= 0)
			return -EAGAIN;
		check(graft_timeout_set(fd, GRAFT_RECEIVING, left), "timeout");
		ssize_t length = graft_receive(fd, bytes, sizeof(bytes), from, control, 0);
		if (length == -EAGAIN)
			return -EAGAIN;
		check(length, "receive");
		// Only IPv4 hands a raw socket the IP header too.
		int header = family == AF_INET ? header_length(family, bytes, (size_t)length) : 0;
		if (header >= 0 && answers(family, bytes + header, (size_t)(length - header), request))
			return bytes[header];
	}
}

int main(int argc, char **argv)
{
	if (argc != 2)
		usage("traceroute ADDRESS");
	union graft_address destination = address_from(argv[1]), from;
	int family = destination.any.sa_family;
	int fd = socket(family, SOCK_RAW, family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6);
	CHECK_CALL(fd, "raw ICMP socket");
	accept_answers_only(fd, family);
	check(graft_control_set(fd, GRAFT_WITH_HOPS | GRAFT_WITH_INTERFACE, true),
	        "hops and interface of answers");

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (unsigned hops = 1; hops <= HOPS; hops++) {
		unsigned char request[REQUEST];
		char text[GRAFT_ADDRESS_TEXT], interface[GRAFT_INTERFACE_NAME];
		struct graft_control control = {.with = GRAFT_WITH_HOPS, .hops = hops};
		write_request(request, family, (uint16_t)getpid(), htons((uint16_t)hops));
		int64_t start = now();
		check(graft_send(fd, request, REQUEST, &destination, &control, 0), "send to %s", argv[1]);
		int type = receive(fd, family, request, start, &from, &control);
		if (type < 0) {
			printf("%u *\n", hops);
			continue;
		}
		check(graft_interface_name(fd, control.index, interface), "name of interface %u",
		        control.index);
		const char *name = graft_icmp_type_name(family, (unsigned)type);
		printf("%u %s %s, %.2f ms, on %s, %u hops left\n", hops, graft_address_text(&from, text),
		        name, (double)(now() - start) / 1e6, interface, control.hops);
		if (strcmp(name, "time exceeded") != 0)
			return strcmp(name, "echo reply") == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
	}
	return EXIT_FAILURE;
}
