// Control messages and headers as text, letter by letter.
#include "check.h"

static union graft_address zoned(const char *text, uint16_t port, uint32_t zone)
{
	union graft_address address = address_of(text, port);
	address.v6.sin6_scope_id = zone;
	return address;
}

#define FULL  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"
#define ENDS  "[" FULL "%4294967295]:65535"
#define GUARD 0x5a

// A buffer of exactly the size that was said, with something behind it that stays.
struct buffer {
	char text[GRAFT_CONTROL_TEXT];
	unsigned char guard[64];
};

static void check_control(const char *wanted, const struct graft_control *control)
{
	struct buffer buffer;
	memset(&buffer, GUARD, sizeof(buffer));
	CHECK(graft_control_text(control, buffer.text) == buffer.text);
	CHECK_TEXT(wanted, buffer.text);
	for (size_t i = 0; i < sizeof(buffer.guard); i++)
		CHECK_IS(GUARD, buffer.guard[i]);
}

// ---- control messages -----------------------------------------------------------------------------------

// All values, of which `with` tells the parts that hold.
static struct graft_control every_value(void)
{
	return (struct graft_control){
	        .hops = 1,
	        .traffic_class = 0xb8,
	        .source = zoned("fe80::1", 0, 2),
	        .destination = address_of("239.1.1.1", 0),
	        .index = 3,
	        .next_hop = mapped("10.0.0.1", 0),
	        .path_mtu = 1280,
	        .segment = 1200,
	        .drops = 4000000000,
	        .time = 1700000000000000042,
	};
}

// In the order of the text.
static const struct {
	unsigned with;
	const char *text;
} parts[] = {
        {GRAFT_WITH_HOPS, "hops=1"},
        {GRAFT_WITH_CLASS, "class=0xb8"},
        {GRAFT_WITH_SOURCE, "source=fe80::1%2"},
        {GRAFT_WITH_DESTINATION, "destination=239.1.1.1"},
        {GRAFT_WITH_INTERFACE, "index=3"},
        {GRAFT_WITH_NEXT_HOP, "next-hop=::ffff:10.0.0.1"},
        {GRAFT_WITH_PATH_MTU, "path-mtu=1280"},
        {GRAFT_WITH_SEGMENT, "segment=1200"},
        {GRAFT_WITH_DROPS, "drops=4000000000"},
        {GRAFT_WITH_TIME, "time=1700000000.000000042"},
};

// Each alone, any of them together, all, and nothing.
static void control_parts(void)
{
	struct graft_control control = every_value();
	for (unsigned set = 0; set < 1U << COUNT(parts); set++) {
		char wanted[GRAFT_CONTROL_TEXT] = "";
		int used = 0;
		control.with = 0;
		for (unsigned i = 0; i < COUNT(parts); i++) {
			if (!(set >> i & 1))
				continue;
			control.with |= parts[i].with;
			used += snprintf(wanted + used, sizeof(wanted) - (size_t)used, "%s%s",
			        used ? " " : "", parts[i].text);
		}
		CONTEXT("with 0x%x", control.with);
		check_control(wanted, &control);
	}
}

static void control_addresses(void)
{
	static const struct {
		const char *address;
		uint16_t port;
		uint32_t zone;
		const char *text;
	} rows[] = {
	        {"::", 0, 0, "source=::"},
	        {"::ffff:192.0.2.1", 0, 7, "source=::ffff:192.0.2.1%7"},
	        {"fe80::1", 5000, 0, "source=[fe80::1]:5000"},
	        {"fe80::1", 5000, 2, "source=[fe80::1%2]:5000"},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct graft_control control = {
		        GRAFT_WITH_SOURCE, .source = zoned(rows[i].address, rows[i].port, rows[i].zone)};
		CONTEXT("row %zu", i);
		check_control(rows[i].text, &control);
	}
	check_control("source=unspecified", &(struct graft_control){.with = GRAFT_WITH_SOURCE});
}

// Before 1970 too, and with zeros after the point.
static void control_times(void)
{
	static const struct {
		int64_t time;
		const char *text;
	} rows[] = {
	        {0, "time=0.000000000"},
	        {1, "time=0.000000001"},
	        {1000000001, "time=1.000000001"},
	        {1050000000, "time=1.050000000"},
	        {999999999, "time=0.999999999"},
	        {-1, "time=-0.000000001"},
	        {-500000000, "time=-0.500000000"},
	        {-1000000000, "time=-1.000000000"},
	        {-1050000000, "time=-1.050000000"},
	        {INT64_MAX, "time=9223372036.854775807"},
	        {INT64_MIN, "time=-9223372036.854775808"},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct graft_control control = {GRAFT_WITH_TIME, .time = rows[i].time};
		CONTEXT("%lld ns", (long long)rows[i].time);
		check_control(rows[i].text, &control);
	}
}

static void longest_control(void)
{
	union graft_address longest = zoned(FULL, 65535, UINT32_MAX);
	const struct graft_control control = {
	        .with = UINT32_MAX,
	        .hops = UINT32_MAX,
	        .traffic_class = UINT32_MAX,
	        .source = longest,
	        .destination = longest,
	        .index = UINT32_MAX,
	        .next_hop = longest,
	        .path_mtu = UINT32_MAX,
	        .segment = UINT32_MAX,
	        .drops = UINT32_MAX,
	        .time = INT64_MIN,
	};
	check_control("hops=4294967295 class=0xffffffff source=" ENDS " destination=" ENDS
	              " index=4294967295 next-hop=" ENDS " path-mtu=4294967295 segment=4294967295"
	              " drops=4294967295 time=-9223372036.854775808",
	        &control);
}

// ---- headers --------------------------------------------------------------------------------------------

static void check_header4(const char *wanted, const struct graft_ipv4_header *header)
{
	struct buffer buffer;
	memset(&buffer, GUARD, sizeof(buffer));
	CHECK(graft_ipv4_header_text(header, buffer.text) == buffer.text);
	CHECK_TEXT(wanted, buffer.text);
	CHECK_IS(GUARD, buffer.text[GRAFT_HEADER_TEXT]);
}

static void ipv4_headers(void)
{
	struct graft_ipv4_header header;
	memset(&header, 0, sizeof(header));
	check_header4("source=0.0.0.0 destination=0.0.0.0 tos=0x0 ttl=0 protocol=0 id=0 flags=0x0 "
	              "fragment-offset=0 length=0 total-length=0 checksum=0x0",
	        &header);
	header = (struct graft_ipv4_header){24, 0xc0, 84, 4660, GRAFT_DONT_FRAGMENT, 5, 1, 17, 0xabc,
	        address_of("10.0.0.1", 0).v4.sin_addr, address_of("224.0.0.5", 0).v4.sin_addr, 4, {148}};
	check_header4("source=10.0.0.1 destination=224.0.0.5 tos=0xc0 ttl=1 protocol=17 id=4660 flags=0x2 "
	              "fragment-offset=5 length=24 total-length=84 checksum=0xabc",
	        &header);
	memset(&header, 0xff, sizeof(header)); // whatever the ranges
	check_header4("source=255.255.255.255 destination=255.255.255.255 tos=0xffffffff ttl=4294967295 "
	              "protocol=4294967295 id=4294967295 flags=0xffffffff fragment-offset=4294967295 "
	              "length=4294967295 total-length=4294967295 checksum=0xffffffff",
	        &header);
}

static void check_header6(const char *wanted, const struct graft_ipv6_header *header)
{
	struct buffer buffer;
	memset(&buffer, GUARD, sizeof(buffer));
	CHECK(graft_ipv6_header_text(header, buffer.text) == buffer.text);
	CHECK_TEXT(wanted, buffer.text);
	CHECK_IS(GUARD, buffer.text[GRAFT_HEADER_TEXT]);
}

static void ipv6_headers(void)
{
	struct graft_ipv6_header header;
	memset(&header, 0, sizeof(header));
	check_header6("source=:: destination=:: traffic-class=0x0 flow-label=0x0 hop-limit=0 next-header=0 "
	              "payload-length=0",
	        &header);
	header = (struct graft_ipv6_header){0xc0, 0xa0001, 1280, 58, 255, mapped("10.0.0.1", 0).v6.sin6_addr,
	        address_of("ff02::1", 0).v6.sin6_addr};
	check_header6("source=::ffff:10.0.0.1 destination=ff02::1 traffic-class=0xc0 flow-label=0xa0001 "
	              "hop-limit=255 next-header=58 payload-length=1280",
	        &header);
	memset(&header, 0xff, sizeof(header));
	check_header6("source=" FULL " destination=" FULL " traffic-class=0xffffffff flow-label=0xffffffff "
	              "hop-limit=4294967295 next-header=4294967295 payload-length=4294967295",
	        &header);
}

CASES(CASE(control_parts), CASE(control_addresses), CASE(control_times), CASE(longest_control),
        CASE(ipv4_headers), CASE(ipv6_headers))
