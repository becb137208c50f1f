// A one-shot multicast DNS query (RFC 6762, 5.1): asks the hosts of one link for the addresses of a name.
//
//	mdns-query GROUP INTERFACE NAME
//
//	mdns-query 224.0.0.251 eth0 printer.local
//	mdns-query ff02::fb eth0 printer.local
//
// Prints who answered what within one second, and fails if nobody did. The query leaves from a port of its own, by
// which the responders know that the answer has to come back by unicast (6.7).
#include "dns.h"
#include "example.h"

#include <arpa/inet.h>
#include <strings.h>
#include <unistd.h>

// One question for each type. Returns the length.
static size_t write_query(unsigned char *message, unsigned id, const char *name)
{
	static const unsigned types[] = {DNS_A, DNS_AAAA};
	unsigned char *at = message + DNS_HEADER;

	memset(message, 0, DNS_HEADER); // a plain query, no answers
	put16(message, id);
	put16(message + 4, 2);
	for (int i = 0; i < 2; i++) {
		int length = dns_write_name(name, at);
		check(length, "name %s", name);
		at = put16(put16(at + length, types[i]), DNS_INTERNET);
	}
	return (size_t)(at - message);
}

// Prints the resource record at offset `at` if it is an address of `wanted`; returns the offset of the next, or an
// error.
static int print_record(
        const unsigned char *message, size_t length, int at, const char *wanted, const char *responder)
{
	char name[DNS_NAME], text[INET6_ADDRSTRLEN];
	at = dns_read_name(message, length, (size_t)at, name);
	if (at < 0 || (size_t)at + 10 > length)
		return -EBADMSG;
	const unsigned char *record = message + at; // type, class, time to live, length
	size_t size = get16(record + 8), after = (size_t)at + 10 + size;
	unsigned type = get16(record);
	if (after > length)
		return -EBADMSG;
	bool v4 = type == DNS_A && size == 4, v6 = type == DNS_AAAA && size == 16;
	if ((v4 || v6) && strcasecmp(name, wanted) == 0)
		printf("%s: %s %s %s\n", responder, name, v4 ? "A" : "AAAA",
		        inet_ntop(v4 ? AF_INET : AF_INET6, record + 10, text, sizeof(text)));
	return (int)after;
}

// Passes over the questions, and prints the addresses in what follows.
static int print_answers(
        const unsigned char *message, size_t length, const char *wanted, const char *responder)
{
	unsigned questions = get16(message + 4);
	unsigned records = get16(message + 6) + get16(message + 8) + get16(message + 10);
	char name[DNS_NAME];
	int at = DNS_HEADER;

	for (unsigned i = 0; i < questions && at >= 0; i++) {
		at = dns_read_name(message, length, (size_t)at, name);
		at = at < 0 ? at : at + 4;
	}
	for (unsigned i = 0; i < records && at >= 0; i++)
		at = print_record(message, length, at, wanted, responder);
	return at;
}

int main(int argc, char **argv)
{
	if (argc != 4)
		usage("mdns-query GROUP INTERFACE NAME");
	union graft_address group = address_from(argv[1]), source;
	graft_address_set_port(&group, MDNS_PORT);
	int fd = socket(group.any.sa_family, SOCK_DGRAM, 0);
	CHECK_CALL(fd, "UDP socket");

	unsigned char message[DNS_MESSAGE];
	unsigned id = (unsigned)getpid() & 0xffff;
	size_t size = write_query(message, id, argv[3]);
	struct graft_control control = {.with = GRAFT_WITH_INTERFACE, .index = interface_from(fd, argv[2])};
	check(graft_send(fd, message, size, &group, &control, 0), "query %s on %s", argv[1], argv[2]);

	int answers = 0;
	for (int64_t end = now() + SECOND, left = SECOND; left > 0; left = end - now()) {
		char responder[GRAFT_ADDRESS_TEXT];
		check(graft_timeout_set(fd, GRAFT_RECEIVING, left), "timeout");
		ssize_t length = graft_receive(fd, message, sizeof(message), &source, NULL, 0);
		if (length == -EAGAIN)
			break;
		check(length, "receive");
		if (length < DNS_HEADER || get16(message) != id || !(get16(message + 2) & DNS_RESPONSE))
			continue; // not an answer to this query
		graft_address_text(&source, responder);
		if (print_answers(message, (size_t)length, argv[3], responder) < 0)
			fprintf(stderr, "%s: not a DNS message\n", responder);
		else
			answers++;
	}
	if (answers == 0)
		fprintf(stderr, "no answer for %s\n", argv[3]);
	return answers ? EXIT_SUCCESS : EXIT_FAILURE;
}
