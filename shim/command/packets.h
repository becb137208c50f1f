// Packets as they come in at interfaces, before routing, firewall and sockets: packet(7), where it is permitted.
#ifndef SOCKGRAFT_PACKETS_H
#define SOCKGRAFT_PACKETS_H

#include "../../core/sockgraft.h"

struct packet {
	unsigned index; // of the interface
	union graft_address source, destination;
	unsigned hops;
	unsigned querier;             // the version of IGMP or MLD of a query; 0: it is none
	bool udp;                     // a datagram's first fragment, or all of it
	uint16_t port, from_port;     // its destination port, and its source port
	const unsigned char *payload; // of the IP packet
	size_t length;                // of that, as much as was kept
};

enum { PACKET_SIZE = 512 }; // what is kept of one

// A descriptor for multicast and queries that come in at any interface, or a negative errno.
int packets_open(void);

// The next one that is there, in `bytes`: false, there is none.
bool packets_next(int fd, unsigned char bytes[PACKET_SIZE], struct packet *packet);

// The ports of a UDP datagram of this length.
void packet_ports(const unsigned char *datagram, size_t length, struct packet *packet);

// An IP packet of this length in `packet`: false, it is none.
bool packet_parse(const unsigned char *bytes, size_t length, struct packet *packet);

#endif
