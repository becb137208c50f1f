// As much of the format of DNS messages (RFC 1035, 4.1) as the two mDNS examples need.
#ifndef DNS_H
#define DNS_H

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { DNS_HEADER = 12, DNS_NAME = 256, DNS_MESSAGE = 9000 };       // bytes that hold one; 9000: RFC 6762, 17
enum { DNS_A = 1, DNS_AAAA = 28, DNS_ANY = 255, DNS_INTERNET = 1 }; // types; class
enum { DNS_RESPONSE = 0x8000, DNS_AUTHORITATIVE = 0x0400, DNS_OPCODE = 0x7800 };
enum { MDNS_PORT = 5353 };

static inline unsigned get16(const unsigned char *at)
{
	return (unsigned)at[0] << 8 | at[1];
}

// Writes a number of two bytes; returns where the next one goes.
static inline unsigned char *put16(unsigned char *at, unsigned value)
{
	at[0] = (unsigned char)(value >> 8);
	at[1] = (unsigned char)value;
	return at + 2;
}

// Writes "host.local" as labels, each after its length, with an empty one at the end. Returns the length of it all, or
// -EINVAL: a label is empty or longer than 63 bytes, or the name than 255.
static inline int dns_write_name(const char *name, unsigned char bytes[DNS_NAME])
{
	size_t at = 0;
	while (*name) {
		size_t label = strcspn(name, ".");
		if (label == 0 || label > 63 || at + 1 + label + 1 > 255)
			return -EINVAL;
		bytes[at++] = (unsigned char)label;
		memcpy(bytes + at, name, label);
		at += label;
		name += label;
		name += *name == '.';
	}
	bytes[at++] = 0;
	return (int)at;
}

// Reads the name at offset `at` of a message as text. A name may end in a pointer to an earlier one; only pointers that
// lead back are followed, so that none leads in a circle. Returns the offset of what comes after the name, or -EBADMSG.
static inline int dns_read_name(const unsigned char *message, size_t length, size_t at, char name[DNS_NAME])
{
	size_t end = 0, first = at, out = 0; // `end`: after the first pointer
	while (at < length && message[at] != 0) {
		size_t label = message[at];
		if (label >= 0xc0) {
			if (at + 2 > length)
				return -EBADMSG;
			end = end ? end : at + 2;
			at = get16(message + at) & 0x3fff;
			if (at >= first)
				return -EBADMSG;
			first = at;
			continue;
		}
		if (label > 63 || at + 1 + label > length || out + label + 2 > DNS_NAME)
			return -EBADMSG;
		if (out)
			name[out++] = '.';
		for (size_t i = 1; i <= label; i++)
			name[out++] = (char)(isprint(message[at + i]) ? message[at + i] : '?');
		at += 1 + label;
	}
	name[out] = '\0';
	if (at >= length)
		return -EBADMSG;
	return (int)(end ? end : at + 1);
}

#endif
