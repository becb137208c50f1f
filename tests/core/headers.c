// IP headers byte for byte, and the internet checksum.
#include "check.h"

#include <arpa/inet.h>

// The bytes that `text` writes in hexadecimal, blanks aside.
static size_t bytes_of(const char *text, unsigned char *bytes, size_t room)
{
	size_t length = 0;
	int used;
	unsigned byte;
	for (; sscanf(text, " %2x%n", &byte, &used) == 1; text += used) {
		CHECK(length < room);
		bytes[length++] = (unsigned char)byte;
	}
	return length;
}

// ---- IPv4 -----------------------------------------------------------------------------------------------

#define FROM 10, 77, 0, 1
#define TO   239, 1, 1, 1

// Bytes as RFC 791 has them, and what they say.
static const struct {
	const char *name, *bytes;
	struct graft_ipv4_header header;
	unsigned char source[4], destination[4];
} rows4[] = {
        {"all zero", "45 00 0000 0000 0000 00 00 0000 00000000 00000000", {.length = 20}, {0}, {0}},
        {"all ones", "45 ff ffff ffff ffff ff ff ffff ffffffff ffffffff",
                {20, 255, 65535, 65535, 7, 8191, 255, 255, 65535, .option_length = 0}, {255, 255, 255, 255},
                {255, 255, 255, 255}},
        {"a UDP datagram, not to be fragmented", "45 b8 0021 1234 4000 40 11 abcd 0a4d0001 ef010101",
                {20, 0xb8, 33, 0x1234, GRAFT_DONT_FRAGMENT, 0, 64, 17, 0xabcd, .option_length = 0}, {FROM},
                {TO}},
        {"a first fragment", "45 00 05dc 0102 2000 01 01 0000 0a4d0001 ef010101",
                {20, 0, 1500, 0x0102, GRAFT_MORE_FRAGMENTS, 0, 1, 1, .option_length = 0}, {FROM}, {TO}},
        {"a last fragment", "45 00 0064 0102 00b9 01 01 0000 0a4d0001 ef010101",
                {20, 0, 100, 0x0102, 0, 185, 1, 1, .option_length = 0}, {FROM}, {TO}},
        {"the reserved flag, the highest offset", "45 00 0000 0000 9fff 00 00 0000 0a4d0001 ef010101",
                {20, .flags = GRAFT_RESERVED_FLAG, .fragment_offset = 0x1fff}, {FROM}, {TO}},
        {"each byte another", "45 01 0203 0405 a607 08 09 0a0b 0c0d0e0f 10111213",
                {20, 1, 0x0203, 0x0405, 5, 0x0607, 8, 9, 0x0a0b, .option_length = 0}, {12, 13, 14, 15},
                {16, 17, 18, 19}},
        {"router alert (RFC 2113)", "46 c0 0020 0000 4000 01 02 0000 0a4d0001 e0000016 94040000",
                {24, 0xc0, 32, .flags = 2, .ttl = 1, .protocol = 2, .option_length = 4,
                        .options = {0x94, 4, 0, 0}},
                {FROM}, {224, 0, 0, 22}},
        {"record route, padded", "47 00 0030 0001 0000 40 01 0000 0a4d0001 ef010101 0707 04 00000000 00",
                {28, .total_length = 48, .id = 1, .ttl = 64, .protocol = 1, .option_length = 8,
                        .options = {7, 7, 4}},
                {FROM}, {TO}},
        {"as many options as there can be",
                "4f 00 003c 0000 0000 00 00 0000 0a4d0001 ef010101 01020304 05060708 090a0b0c 0d0e0f10"
                "11121314 15161718 191a1b1c 1d1e1f20 21222324 25262728",
                {60, .total_length = 60, .option_length = 40,
                        .options = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
                                22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40}},
                {FROM}, {TO}},
};

// Parsed at any alignment, with or without a payload behind it.
static void check_parse4(
        const unsigned char *bytes, size_t length, const struct graft_ipv4_header *wanted, size_t behind)
{
	struct graft_ipv4_header got;
	unsigned char copy[100];
	memset(copy, 0x77, sizeof(copy));
	memcpy(copy + behind, bytes, length);
	memset(&got, 0xff, sizeof(got));
	CHECK_IS(length, graft_ipv4_header_parse(copy + behind, length + behind, &got));
	CHECK_IS(wanted->length, got.length);
	CHECK_IS(wanted->tos, got.tos);
	CHECK_IS(wanted->total_length, got.total_length);
	CHECK_IS(wanted->id, got.id);
	CHECK_IS(wanted->flags, got.flags);
	CHECK_IS(wanted->fragment_offset, got.fragment_offset);
	CHECK_IS(wanted->ttl, got.ttl);
	CHECK_IS(wanted->protocol, got.protocol);
	CHECK_IS(wanted->checksum, got.checksum);
	CHECK(!memcmp(&wanted->source, &got.source, 4));
	CHECK(!memcmp(&wanted->destination, &got.destination, 4));
	CHECK_IS(wanted->option_length, got.option_length);
	CHECK(!memcmp(wanted->options, got.options, got.option_length));
}

static void ipv4(void)
{
	for (unsigned i = 0; i < COUNT(rows4); i++) {
		struct graft_ipv4_header header = rows4[i].header;
		unsigned char bytes[GRAFT_IPV4_HEADER_ROOM], got[GRAFT_IPV4_HEADER_ROOM + 1];
		size_t length = bytes_of(rows4[i].bytes, bytes, sizeof(bytes));
		CONTEXT("%s", rows4[i].name);
		memcpy(&header.source, rows4[i].source, 4);
		memcpy(&header.destination, rows4[i].destination, 4);
		for (size_t behind = 0; behind < 8; behind++)
			check_parse4(bytes, length, &header, behind);
		for (size_t room = 0; room <= sizeof(got); room++) {
			memset(got, 0x5a, sizeof(got));
			int result = graft_ipv4_header_write(&header, got, room);
			size_t written = room < length ? 0 : length;
			CHECK_IS(room < length ? -EMSGSIZE : (int)length, result);
			CHECK(!memcmp(bytes, got, written));
			for (size_t at = written; at < sizeof(got); at++)
				CHECK_IS(0x5a, got[at]);
		}
		header.length = 77; // read only
		CHECK_IS(length, graft_ipv4_header_write(&header, got, sizeof(got)));
		CHECK(!memcmp(bytes, got, length));
	}
}

// Shorter than their length, or than any header; of another version.
static void ipv4_malformed(void)
{
	struct graft_ipv4_header header;
	unsigned char bytes[GRAFT_IPV4_HEADER_ROOM] = {0};
	for (unsigned first = 0; first < 256; first++) {
		bytes[0] = (unsigned char)first;
		for (size_t length = 0; length <= sizeof(bytes); length++) {
			size_t own = (size_t)(first & 15) * 4;
			bool good = first >> 4 == 4 && own >= 20 && own <= length;
			CONTEXT("first byte 0x%02x, %zu bytes", first, length);
			CHECK_IS(good ? (int)own : -EBADMSG, graft_ipv4_header_parse(bytes, length, &header));
		}
	}
}

static void ipv4_ranges(void)
{
	static const struct {
		struct graft_ipv4_header header;
		int error;
	} rows[] = {
	        {{.tos = 256}, -ERANGE},
	        {{.total_length = 65536}, -ERANGE},
	        {{.id = 65536}, -ERANGE},
	        {{.flags = 8}, -ERANGE},
	        {{.fragment_offset = 8192}, -ERANGE},
	        {{.ttl = 256}, -ERANGE},
	        {{.protocol = 256}, -ERANGE},
	        {{.checksum = 65536}, -ERANGE},
	        {{.option_length = 44}, -ERANGE},
	        {{.option_length = 41}, -ERANGE},
	        {{.option_length = 1}, -EINVAL},
	        {{.option_length = 39}, -EINVAL},
	        {{.option_length = UINT32_MAX - 3}, -ERANGE},
	};
	for (unsigned i = 0; i < COUNT(rows); i++) {
		unsigned char bytes[GRAFT_IPV4_HEADER_ROOM] = {0x5a};
		CONTEXT("row %u", i);
		CHECK_IS(rows[i].error, graft_ipv4_header_write(&rows[i].header, bytes, sizeof(bytes)));
		CHECK_IS(0x5a, bytes[0]);
	}
}

// ---- IPv6 -----------------------------------------------------------------------------------------------

static const struct {
	const char *name, *bytes, *source, *destination;
	struct graft_ipv6_header header;
} rows6[] = {
        {"all zero", "60000000 0000 00 00 00000000000000000000000000000000 00000000000000000000000000000000",
                "::", "::", {0}},
        {"all ones", "6fffffff ffff ff ff ffffffffffffffffffffffffffffffff ffffffffffffffffffffffffffffffff",
                "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
                {255, 0xfffff, 65535, 255, 255, .source = {{{0}}}}},
        {"the traffic class alone",
                "6b800000 0000 00 00 fd770000000000000000000000000001 ff150000000000000000000000000114",
                "fd77::1", "ff15::114", {.traffic_class = 0xb8}},
        {"the flow label alone",
                "600abcde 0000 00 00 fd770000000000000000000000000001 ff150000000000000000000000000114",
                "fd77::1", "ff15::114", {.flow_label = 0xabcde}},
        {"each byte another",
                "61234567 0809 0a 0b 0c0d0e0f101112131415161718191a1b 1c1d1e1f202122232425262728292a2b",
                "c0d:e0f:1011:1213:1415:1617:1819:1a1b", "1c1d:1e1f:2021:2223:2425:2627:2829:2a2b",
                {0x12, 0x34567, 0x0809, 10, 11, .source = {{{0}}}}},
};

static void ipv6(void)
{
	for (unsigned i = 0; i < COUNT(rows6); i++) {
		struct graft_ipv6_header header = rows6[i].header, got;
		unsigned char bytes[GRAFT_IPV6_HEADER + 8], written[GRAFT_IPV6_HEADER + 1];
		CONTEXT("%s", rows6[i].name);
		CHECK_IS(GRAFT_IPV6_HEADER, bytes_of(rows6[i].bytes, bytes, sizeof(bytes)));
		header.source = address_of(rows6[i].source, 0).v6.sin6_addr;
		header.destination = address_of(rows6[i].destination, 0).v6.sin6_addr;
		for (size_t behind = 0; behind <= 8; behind++) {
			unsigned char copy[GRAFT_IPV6_HEADER + 16];
			memcpy(copy + behind, bytes, GRAFT_IPV6_HEADER);
			memset(&got, 0xff, sizeof(got));
			CHECK_IS(GRAFT_IPV6_HEADER,
			        graft_ipv6_header_parse(copy + behind, GRAFT_IPV6_HEADER + behind, &got));
			CHECK_IS(header.traffic_class, got.traffic_class);
			CHECK_IS(header.flow_label, got.flow_label);
			CHECK_IS(header.payload_length, got.payload_length);
			CHECK_IS(header.next_header, got.next_header);
			CHECK_IS(header.hop_limit, got.hop_limit);
			CHECK(!memcmp(&header.source, &got.source, 16));
			CHECK(!memcmp(&header.destination, &got.destination, 16));
		}
		for (size_t room = 0; room <= sizeof(written); room++) {
			size_t length = room < GRAFT_IPV6_HEADER ? 0 : GRAFT_IPV6_HEADER;
			memset(written, 0x5a, sizeof(written));
			CHECK_IS(length ? (int)length : -EMSGSIZE,
			        graft_ipv6_header_write(&header, written, room));
			CHECK(!memcmp(bytes, written, length));
			for (size_t at = length; at < sizeof(written); at++)
				CHECK_IS(0x5a, written[at]);
		}
	}
}

static void ipv6_malformed(void)
{
	struct graft_ipv6_header header;
	unsigned char bytes[GRAFT_IPV6_HEADER + 1] = {0};
	for (unsigned version = 0; version < 16; version++)
		for (size_t length = 0; length <= sizeof(bytes); length++) {
			CONTEXT("version %u, %zu bytes", version, length);
			bytes[0] = (unsigned char)(version << 4 | 5);
			CHECK_IS(version == 6 && length >= GRAFT_IPV6_HEADER ? GRAFT_IPV6_HEADER : -EBADMSG,
			        graft_ipv6_header_parse(bytes, length, &header));
		}
}

static void ipv6_ranges(void)
{
	static const struct graft_ipv6_header rows[] = {
	        {.traffic_class = 256},
	        {.flow_label = 0x100000},
	        {.payload_length = 65536},
	        {.next_header = 256},
	        {.hop_limit = 256},
	};
	for (unsigned i = 0; i < COUNT(rows); i++) {
		unsigned char bytes[GRAFT_IPV6_HEADER] = {0x5a};
		CONTEXT("row %u", i);
		CHECK_IS(-ERANGE, graft_ipv6_header_write(&rows[i], bytes, sizeof(bytes)));
		CHECK_IS(0x5a, bytes[0]);
	}
}

// ---- the checksum ---------------------------------------------------------------------------------------

static const struct {
	const char *bytes;
	unsigned checksum; // as the wire has it, read as one number
} sums[] = {
        {"", 0xffff}, {"00", 0xffff}, {"ff", 0x00ff}, {"ffff", 0x0000}, {"0001", 0xfffe},
        {"0001 f203 f4f5 f6f7", 0x220d}, // RFC 1071, 3
        {"0001 f203 f4f5 f6", 0x2304}, {"4500 0073 0000 4000 4011 0000 c0a8 0001 c0a8 00c7", 0xb861},
        {"0800 0000 0001 0001 6162 6364", 0x3337}, // an echo request
};

static void checksum(void)
{
	for (unsigned i = 0; i < COUNT(sums); i++) {
		unsigned char bytes[66];
		size_t length = bytes_of(sums[i].bytes, bytes + 1, sizeof(bytes) - 3);
		CONTEXT("%s", sums[i].bytes);
		uint16_t sum = graft_internet_checksum(bytes + 1, length);
		CHECK_IS(sums[i].checksum, ntohs(sum));
		if (length % 2)
			continue;
		// With its checksum it sums up to nothing.
		memcpy(bytes + 1 + length, &sum, sizeof(sum));
		CHECK_IS(0, graft_internet_checksum(bytes + 1, length + sizeof(sum)));
	}
	static unsigned char large[1 << 20]; // more carries than 16 bits hold
	CONTEXT("a megabyte");
	memset(large, 0xff, sizeof(large));
	CHECK_IS(0, graft_internet_checksum(large, sizeof(large)));
	large[sizeof(large) - 1] = 0xfe;
	CHECK_IS(1, ntohs(graft_internet_checksum(large, sizeof(large))));
}

CASES(CASE(ipv4), CASE(ipv4_malformed), CASE(ipv4_ranges), CASE(ipv6), CASE(ipv6_malformed),
        CASE(ipv6_ranges), CASE(checksum))
