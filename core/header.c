// IP headers as the wire has them, and the internet checksum.
#include "sockgraft.h"

#include <errno.h>
#include <string.h>

enum { VERSION4 = 4, VERSION6 = 6 };

static unsigned get16(const unsigned char *at)
{
	return (unsigned)at[0] << 8 | at[1];
}

static void put16(unsigned char *at, unsigned value)
{
	at[0] = (unsigned char)(value >> 8);
	at[1] = (unsigned char)value;
}

// ---- IPv4 -----------------------------------------------------------------------------------------------

int graft_ipv4_header_parse(const void *bytes, size_t length, struct graft_ipv4_header *header)
{
	const unsigned char *at = bytes;
	if (length < GRAFT_IPV4_HEADER || at[0] >> 4 != VERSION4)
		return -EBADMSG;
	unsigned own = (at[0] & 15U) * 4;
	if (own < GRAFT_IPV4_HEADER || own > length)
		return -EBADMSG;
	*header = (struct graft_ipv4_header){
	        .length = own,
	        .tos = at[1],
	        .total_length = get16(at + 2),
	        .id = get16(at + 4),
	        .flags = at[6] >> 5,
	        .fragment_offset = get16(at + 6) & 0x1fff,
	        .ttl = at[8],
	        .protocol = at[9],
	        .checksum = get16(at + 10),
	        .option_length = own - GRAFT_IPV4_HEADER,
	};
	memcpy(&header->source, at + 12, 4);
	memcpy(&header->destination, at + 16, 4);
	memcpy(header->options, at + GRAFT_IPV4_HEADER, header->option_length);
	return (int)own;
}

static bool in_range(const struct graft_ipv4_header *header)
{
	return header->tos <= 255 && header->total_length <= 65535 && header->id <= 65535 &&
	       header->flags <= 7 && header->fragment_offset <= 0x1fff && header->ttl <= 255 &&
	       header->protocol <= 255 && header->checksum <= 65535 &&
	       header->option_length <= sizeof(header->options);
}

int graft_ipv4_header_write(const struct graft_ipv4_header *header, void *bytes, size_t room)
{
	unsigned char *at = bytes;
	if (!in_range(header))
		return -ERANGE;
	if (header->option_length % 4)
		return -EINVAL;
	unsigned length = GRAFT_IPV4_HEADER + header->option_length;
	if (length > room)
		return -EMSGSIZE;
	at[0] = (unsigned char)(VERSION4 << 4 | length / 4);
	at[1] = (unsigned char)header->tos;
	put16(at + 2, header->total_length);
	put16(at + 4, header->id);
	put16(at + 6, header->flags << 13 | header->fragment_offset);
	at[8] = (unsigned char)header->ttl;
	at[9] = (unsigned char)header->protocol;
	put16(at + 10, header->checksum);
	memcpy(at + 12, &header->source, 4);
	memcpy(at + 16, &header->destination, 4);
	memcpy(at + GRAFT_IPV4_HEADER, header->options, header->option_length);
	return (int)length;
}

// ---- IPv6 -----------------------------------------------------------------------------------------------

int graft_ipv6_header_parse(const void *bytes, size_t length, struct graft_ipv6_header *header)
{
	const unsigned char *at = bytes;
	if (length < GRAFT_IPV6_HEADER || at[0] >> 4 != VERSION6)
		return -EBADMSG;
	*header = (struct graft_ipv6_header){
	        .traffic_class = get16(at) >> 4 & 255,
	        .flow_label = (at[1] & 15U) << 16 | get16(at + 2),
	        .payload_length = get16(at + 4),
	        .next_header = at[6],
	        .hop_limit = at[7],
	};
	memcpy(&header->source, at + 8, 16);
	memcpy(&header->destination, at + 24, 16);
	return GRAFT_IPV6_HEADER;
}

int graft_ipv6_header_write(const struct graft_ipv6_header *header, void *bytes, size_t room)
{
	unsigned char *at = bytes;
	if (header->traffic_class > 255 || header->flow_label > 0xfffff || header->payload_length > 65535 ||
	        header->next_header > 255 || header->hop_limit > 255)
		return -ERANGE;
	if (room < GRAFT_IPV6_HEADER)
		return -EMSGSIZE;
	put16(at, VERSION6 << 12 | header->traffic_class << 4 | header->flow_label >> 16);
	put16(at + 2, header->flow_label & 0xffff);
	put16(at + 4, header->payload_length);
	at[6] = (unsigned char)header->next_header;
	at[7] = (unsigned char)header->hop_limit;
	memcpy(at + 8, &header->source, 16);
	memcpy(at + 24, &header->destination, 16);
	return GRAFT_IPV6_HEADER;
}

// ---- checksum -------------------------------------------------------------------------------------------

uint16_t graft_internet_checksum(const void *bytes, size_t length)
{
	const unsigned char *at = bytes;
	uint64_t sum = 0;
	for (; length > 1; at += 2, length -= 2)
		sum += get16(at);
	if (length)
		sum += (unsigned)*at << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}
