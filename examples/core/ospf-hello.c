// Advertises a router by OSPF hellos (RFC 2328; RFC 5340 for IPv6), and prints those of other routers.
//
//	ospf-hello GROUP INTERFACE ROUTER-ID
//
//	ospf-hello 224.0.0.5 eth0 192.0.2.1
//	ospf-hello ff02::5 eth0 192.0.2.1
//
// It sends one every ten seconds, to the link alone, with DSCP CS6. IPv4's hello leaves with an IP header and a
// checksum of our own; IPv6's with control messages, and with a checksum that the kernel puts in and verifies. The
// hellos name no neighbours, so no router becomes adjacent to this one.
#include "example.h"

#include <net/if.h>
#include <sys/ioctl.h>

enum { OSPF = 89, HELLO = 1, INTERVAL = 10, CS6 = 48 << 2 }; // protocol; type; seconds; the class
enum { CHECKSUM = 12 };                                      // its offset in a hello of either version
enum { LENGTH4 = 44, LENGTH6 = 36, PACKET = 65536 };         // bytes: of hellos, and at most

struct router {
	int fd;
	unsigned index; // of the interface
	union graft_address group;
	struct in_addr id;
};

static struct in_addr network_mask(int fd, const char *interface)
{
	struct ifreq request = {0};
	strncpy(request.ifr_name, interface, GRAFT_INTERFACE_NAME - 1);
	CHECK_CALL(ioctl(fd, SIOCGIFNETMASK, &request), "network mask of %s", interface);
	union graft_address mask;
	memcpy(&mask, &request.ifr_netmask, sizeof(request.ifr_netmask));
	return mask.v4.sin_addr;
}

static void send_ipv4(const struct router *router)
{
	char interface[GRAFT_INTERFACE_NAME];
	unsigned char hello[LENGTH4] = {2, HELLO, 0,
	        LENGTH4, [29] = INTERVAL, [30] = 0x02 /* external routes */, 1, [35] = 4 * INTERVAL};
	struct graft_ipv4_header header = {
	        .tos = CS6, .ttl = 1, .protocol = OSPF, .destination = router->group.v4.sin_addr};
	struct graft_control control = {.with = GRAFT_WITH_INTERFACE, .index = router->index};

	check(graft_interface_name(router->fd, router->index, interface), "name of interface %u",
	        router->index);
	struct in_addr mask = network_mask(router->fd, interface);
	memcpy(hello + 4, &router->id, sizeof(router->id));
	memcpy(hello + 24, &mask, sizeof(mask));
	uint16_t checksum = graft_internet_checksum(hello, LENGTH4);
	memcpy(hello + CHECKSUM, &checksum, sizeof(checksum));
	check(graft_send_packet(router->fd, &header, hello, LENGTH4, &control, 0), "send hello on %s",
	        interface);
}

static void send_ipv6(const struct router *router)
{
	unsigned char hello[LENGTH6] = {3, HELLO, 0, LENGTH6, [20] = 1,
	        [23] = 0x13 /* V6, external routes, router */, [25] = INTERVAL, [27] = 4 * INTERVAL};
	uint32_t index = htonl(router->index);
	struct graft_control control = {.with = GRAFT_WITH_INTERFACE | GRAFT_WITH_HOPS | GRAFT_WITH_CLASS,
	        .index = router->index,
	        .hops = 1,
	        .traffic_class = CS6};

	memcpy(hello + 4, &router->id, sizeof(router->id));
	memcpy(hello + 16, &index, sizeof(index));
	check(graft_send(router->fd, hello, LENGTH6, &router->group, &control, 0),
	        "send hello on interface %u", router->index);
}

// Receives one packet, and prints it if it is a hello. IPv4's have a version, header and checksum of their own.
static void receive(const struct router *router)
{
	static unsigned char packet[PACKET];
	bool v4 = router->group.any.sa_family == AF_INET;
	struct graft_ipv4_header header;
	union graft_address from = {0};
	char source[GRAFT_ADDRESS_TEXT], id[GRAFT_ADDRESS_TEXT];
	ssize_t length = v4 ? graft_receive_packet(router->fd, &header, packet, PACKET, NULL, 0)
	                    : graft_receive(router->fd, packet, PACKET, &from, NULL, 0);
	check(length, "receive");
	if (length < (v4 ? LENGTH4 : LENGTH6) || packet[0] != (v4 ? 2 : 3) || packet[1] != HELLO)
		return;
	if (v4) {
		from.v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = header.source};
		size_t covered = (size_t)packet[2] << 8 | packet[3]; // what follows that is not its matter
		memset(packet + 16, 0, 8);                           // nor is the authentication
		if (covered > (size_t)length || graft_internet_checksum(packet, covered) != 0)
			return;
	}
	union graft_address router_id = {.v4 = {.sin_family = AF_INET}};
	memcpy(&router_id.v4.sin_addr, packet + 4, 4);
	printf("hello of router %s from %s\n", graft_address_text(&router_id, id),
	        graft_address_text(&from, source));
}

int main(int argc, char **argv)
{
	if (argc != 4)
		usage("ospf-hello GROUP INTERFACE ROUTER-ID");
	struct router router = {.group = address_from(argv[1]), .id = address_from(argv[3]).v4.sin_addr};
	bool v4 = router.group.any.sa_family == AF_INET;
	int fd = router.fd = socket(router.group.any.sa_family, SOCK_RAW, OSPF);
	CHECK_CALL(fd, "raw OSPF socket");
	router.index = interface_from(fd, argv[2]);
	if (v4)
		check(graft_set(fd, GRAFT_HEADER_INCLUDED, true), "headers of our own");
	else
		check(graft_set(fd, GRAFT_CHECKSUM, CHECKSUM), "checksum at offset %d", CHECKSUM);
	check(graft_set(fd, GRAFT_MULTICAST_LOOP, false), "no hellos of our own");
	check(graft_join(fd, router.index, &router.group), "join %s on %s", argv[1], argv[2]);

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int64_t next = now();;) {
		struct pollfd waiting = {.fd = fd, .events = POLLIN};
		int64_t left = next - now();
		if (left <= 0) {
			if (v4)
				send_ipv4(&router);
			else
				send_ipv6(&router);
			next += INTERVAL * (int64_t)SECOND;
			continue;
		}
		int ready = poll(&waiting, 1, (int)(left / 1000000) + 1);
		CHECK_CALL(ready, "poll");
		if (ready > 0)
			receive(&router);
	}
}
