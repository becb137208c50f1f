#include "packets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <netpacket/packet.h>
#include <string.h>
#include <unistd.h>

enum { IGMP_QUERY = 0x11, MLD_QUERY = 130, IGMP3_LENGTH = 12, MLD2_LENGTH = 28 };

// Multicast of either family; queries are sent to groups too.
static const struct sock_filter multicast[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0),
        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xf0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x40, 0, 3),
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 16),
        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xf0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0xe0, 3, 4),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x60, 0, 3),
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 24),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0xff, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0xffff),
        BPF_STMT(BPF_RET | BPF_K, 0),
};

int packets_open(void)
{
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), error;
	if (fd < 0)
		return -errno;
	// It receives nothing before it is bound, and so nothing that the filter has not seen.
	struct sockaddr_ll all = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
	error = graft_bpf_attach(fd, multicast, sizeof(multicast) / sizeof(*multicast));
	if (!error && bind(fd, (const struct sockaddr *)&all, sizeof(all)))
		error = -errno;
	if (!error)
		return fd;
	close(fd);
	return error;
}

// ---- reading --------------------------------------------------------------------------------------------

void packet_ports(const unsigned char *datagram, size_t length, struct packet *packet)
{
	if (length < 4)
		return;
	packet->from_port = (uint16_t)(datagram[0] << 8 | datagram[1]);
	packet->port = (uint16_t)(datagram[2] << 8 | datagram[3]);
}

static void take_payload(struct packet *packet, const unsigned char *payload, size_t length)
{
	packet->payload = payload;
	packet->length = length;
	if (packet->udp)
		packet_ports(payload, length, packet);
}

static bool parse4(const unsigned char *bytes, size_t length, struct packet *packet)
{
	struct graft_ipv4_header header;
	int start = graft_ipv4_header_parse(bytes, length, &header);
	if (start < 0)
		return false;
	size_t whole = header.total_length > (unsigned)start ? header.total_length - (unsigned)start : 0;
	const unsigned char *payload = bytes + start;
	packet->source.v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = header.source};
	packet->destination.v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = header.destination};
	packet->hops = header.ttl;
	length -= (size_t)start;
	packet->udp = header.protocol == IPPROTO_UDP && !header.fragment_offset;
	if (header.protocol == IPPROTO_IGMP && length >= 8 && payload[0] == IGMP_QUERY)
		packet->querier = whole >= IGMP3_LENGTH ? 3 : payload[1] ? 2 : 1;
	take_payload(packet, payload, length);
	return true;
}

static bool parse6(const unsigned char *bytes, size_t length, struct packet *packet)
{
	struct graft_ipv6_header header;
	int start = graft_ipv6_header_parse(bytes, length, &header);
	if (start < 0)
		return false;
	size_t at = (size_t)start, whole = header.payload_length;
	unsigned next = header.next_header;
	if (next == IPPROTO_HOPOPTS && length >= at + 8) {
		size_t options = (size_t)(bytes[at + 1] + 1) * 8;
		next = bytes[at];
		at += options;
		whole = whole > options ? whole - options : 0;
	}
	packet->source.v6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_addr = header.source};
	packet->destination.v6 =
	        (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_addr = header.destination};
	packet->hops = header.hop_limit;
	packet->udp = next == IPPROTO_UDP;
	if (at > length)
		return true;
	if (next == IPPROTO_ICMPV6 && length - at >= 8 && bytes[at] == MLD_QUERY)
		packet->querier = whole >= MLD2_LENGTH ? 2 : 1;
	take_payload(packet, bytes + at, length - at);
	return true;
}

bool packet_parse(const unsigned char *bytes, size_t length, struct packet *packet)
{
	*packet = (struct packet){0};
	return length && (bytes[0] >> 4 == 4          ? parse4(bytes, length, packet)
	                         : bytes[0] >> 4 == 6 ? parse6(bytes, length, packet)
	                                              : false);
}

bool packets_next(int fd, unsigned char bytes[PACKET_SIZE], struct packet *packet)
{
	for (;;) {
		struct sockaddr_ll from = {0};
		socklen_t size = sizeof(from);
		ssize_t length = recvfrom(fd, bytes, PACKET_SIZE, 0, (struct sockaddr *)&from, &size);
		if (length < 0)
			return false;
		if (from.sll_pkttype == PACKET_OUTGOING || !packet_parse(bytes, (size_t)length, packet))
			continue;
		packet->index = (unsigned)from.sll_ifindex;
		return true;
	}
}
