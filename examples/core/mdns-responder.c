// Answers one-shot multicast DNS queries (RFC 6762, 6.7) for one name.
//
//	mdns-responder GROUP INTERFACE NAME ADDRESS...
//
//	mdns-responder 224.0.0.251 eth0 printer.local 192.0.2.7 2001:db8::7
//
// Only what was sent to the group is answered, as the control message with the destination tells, and only what comes
// from another port than 5353: from there full mDNS queries come, which want their answers by multicast.
#include "dns.h"
#include "example.h"

#include <strings.h>

enum { RECORD = 28 }; // bytes of the longest, an AAAA

// Appends an address as a resource record for the name at offset `name` of the message. Returns where the next one
// goes.
static unsigned char *put_record(unsigned char *at, size_t name, const union graft_address *address)
{
	bool v4 = address->any.sa_family == AF_INET;
	unsigned size = v4 ? 4 : 16;
	at = put16(at, 0xc000 | (unsigned)name); // a pointer
	at = put16(put16(at, v4 ? DNS_A : DNS_AAAA), DNS_INTERNET);
	at = put16(put16(at, 0), 10); // seconds to live, at most 10 for those who know no mDNS
	at = put16(at, size);
	memcpy(at, v4 ? (const void *)&address->v4.sin_addr : &address->v6.sin6_addr, size);
	return at + size;
}

// Makes an answer of the query in `message`: its ID and questions stay, records follow. Returns its length, 0 if
// there is nothing to say, or -EBADMSG.
static int answer(unsigned char *message, size_t length, const char *ours, char **addresses)
{
	bool wanted[] = {false, false}; // A, AAAA
	size_t asked = 0;               // where our name is in the message
	unsigned records = 0;
	char name[DNS_NAME];
	int at = DNS_HEADER;

	if (length < DNS_HEADER || get16(message + 2) & (DNS_RESPONSE | DNS_OPCODE))
		return -EBADMSG;
	for (unsigned questions = get16(message + 4); questions > 0; questions--) {
		size_t start = (size_t)at;
		at = dns_read_name(message, length, start, name);
		if (at < 0 || (size_t)at + 4 > length)
			return -EBADMSG;
		unsigned type = get16(message + at);
		at += 4;
		if (strcasecmp(name, ours) != 0 || start >= 0x4000) // as far as a pointer reaches
			continue;
		asked = start;
		wanted[0] |= type == DNS_A || type == DNS_ANY;
		wanted[1] |= type == DNS_AAAA || type == DNS_ANY;
	}
	unsigned char *end = message + at;
	for (; *addresses && end + RECORD <= message + DNS_MESSAGE; addresses++) {
		union graft_address address = address_from(*addresses);
		if (!wanted[address.any.sa_family == AF_INET6])
			continue;
		end = put_record(end, asked, &address);
		records++;
	}
	put16(message + 2, DNS_RESPONSE | DNS_AUTHORITATIVE);
	put16(message + 6, records);
	memset(message + 8, 0, 4); // what else the query held is cut off
	return records ? (int)(end - message) : 0;
}

static void serve(int fd, const union graft_address *group, const char *name, char **addresses)
{
	unsigned char message[DNS_MESSAGE];
	char text[GRAFT_ADDRESS_TEXT];
	union graft_address from;
	struct graft_control control;
	ssize_t received = graft_receive(fd, message, sizeof(message), &from, &control, 0);
	check(received, "receive");
	if (!graft_address_equal(&control.destination, group) || graft_address_port(&from) == MDNS_PORT)
		return;
	int length = answer(message, (size_t)received, name, addresses);
	if (length <= 0)
		return;
	control.with = GRAFT_WITH_INTERFACE; // back by the one that the query came in on
	ssize_t sent = graft_send(fd, message, (size_t)length, &from, &control, 0);
	graft_address_text(&from, text);
	if (sent < 0)
		fprintf(stderr, "answer to %s: %s\n", text, strerror((int)-sent)); // its loss; others may ask
	else
		printf("answered %s\n", text);
}

int main(int argc, char **argv)
{
	if (argc < 5)
		usage("mdns-responder GROUP INTERFACE NAME ADDRESS...");
	union graft_address group = address_from(argv[1]);
	int fd = udp_socket(group.any.sa_family, MDNS_PORT);

	check(graft_control_set(fd, GRAFT_WITH_DESTINATION | GRAFT_WITH_INTERFACE, true),
	        "destination of queries");
	check(graft_set(fd, GRAFT_UNICAST_HOPS, 255), "255 hops"); // RFC 6762, 11
	check(graft_join(fd, interface_from(fd, argv[2]), &group), "join %s on %s", argv[1], argv[2]);
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (;;)
		serve(fd, &group, argv[3], argv + 4);
}
