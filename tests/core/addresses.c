// Addresses: text, kinds, mapped ones, prefixes.
#include "check.h"

static void texts(void)
{
	static const struct {
		const char *text, *again;
		uint16_t port;
	} rows[] = {{"10.0.0.1", "10.0.0.1", 0}, {"10.0.0.1", "10.0.0.1:5000", 5000},
	        {"255.255.255.255", NULL, 0}, {"::", NULL, 0}, {"::1", "[::1]:65535", 65535},
	        {"FE80:0:0::1", "fe80::1", 0}, {"1:0:0:2:0:0:0:3", "1:0:0:2::3", 0},
	        {"1:0:0:2:3:0:0:4", "1::2:3:0:0:4", 0}, {"1:0:2:3:4:5:6:7", NULL, 0},
	        {"1:2:3:4:5:6:0:0", "1:2:3:4:5:6::", 0}, {"::ffff:10.0.0.1", "[::ffff:10.0.0.1]:9", 9},
	        {"::ffff:a00:1", "::ffff:10.0.0.1", 0}};
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[GRAFT_ADDRESS_TEXT];
		union graft_address address = address_of(rows[i].text, rows[i].port);
		CONTEXT("%s", rows[i].text);
		CHECK_IS(rows[i].port, graft_address_port(&address));
		CHECK_TEXT(rows[i].again ? rows[i].again : rows[i].text, graft_address_text(&address, text));
	}
	char text[GRAFT_ADDRESS_TEXT];
	union graft_address zoned = address_of("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 65535);
	zoned.v6.sin6_scope_id = UINT32_MAX;
	CHECK_TEXT("[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295]:65535",
	        graft_address_text(&zoned, text));
}

static void bad_texts(void)
{
	static const char *const rows[] = {"", "10.0.0", "10.0.0.256", "10.0.0.1:5", "[::1]", "fe80::1%2",
	        ":::", "1::2::3", " ::1", "::1 ", "name", "00000:0000:0000:0000:0000:ffff:255.255.255.255"};
	for (size_t i = 0; i < COUNT(rows); i++) {
		union graft_address address;
		CONTEXT("\"%s\"", rows[i]);
		CHECK_IS(-EINVAL, graft_address_parse(rows[i], strlen(rows[i]), &address));
	}
	union graft_address address;
	CHECK_IS(-EINVAL, graft_address_parse("::1\0", 4, &address)); // the zero byte is part of it
	CHECK_IS(0, graft_address_parse("::1%2", 3, &address));
}

static void kinds(void)
{
	static const struct {
		const char *text;
		bool multicast, any, link_local, is_mapped;
	} rows[] = {{"0.0.0.0", false, true, false, false}, {"::", false, true, false, false},
	        {"::ffff:0.0.0.0", false, true, false, true}, {"223.255.255.255", false, false, false, false},
	        {"224.0.0.0", true, false, true, false}, {"224.0.0.255", true, false, true, false},
	        {"224.0.1.0", true, false, false, false}, {"239.255.255.255", true, false, false, false},
	        {"240.0.0.0", false, false, false, false}, {"::ffff:224.0.0.1", true, false, true, true},
	        {"ff01::1", true, false, true, false}, {"ff02::1", true, false, true, false},
	        {"ff32::1", true, false, true, false}, {"ff05::1", true, false, false, false},
	        {"fe80::1", false, false, true, false}, {"febf::1", false, false, true, false},
	        {"fec0::1", false, false, false, false}, {"::1", false, false, false, false},
	        {"::fffe:224.0.0.1", false, false, false, false},
	        {"::224.0.0.1", false, false, false, false}};
	for (size_t i = 0; i < COUNT(rows); i++) {
		union graft_address address = address_of(rows[i].text, 0);
		CONTEXT("%s", rows[i].text);
		CHECK_IS(rows[i].multicast, graft_address_is_multicast(&address));
		CHECK_IS(rows[i].any, graft_address_is_any(&address));
		CHECK_IS(rows[i].link_local, graft_address_is_link_local(&address));
		CHECK_IS(rows[i].is_mapped, graft_address_is_mapped(&address));
	}
}

// To the last byte, port and zone too.
static bool same(const void *a, const void *b)
{
	return !memcmp(a, b, sizeof(union graft_address));
}

static void mapped_and_back(void)
{
	union graft_address v4 = address_of("192.0.2.1", 5000), address = v4;
	union graft_address v6 = address_of("fd77::1", 5000), around = address_of("::ffff:192.0.2.1", 5000);
	graft_address_unmap(&address);
	CHECK(same(&address, &v4));
	graft_address_map(&address);
	CHECK(same(&address, &around));
	CHECK(!graft_address_equal(&address, &v4));
	graft_address_map(&address);
	CHECK(same(&address, &around));
	graft_address_unmap(&address);
	CHECK(same(&address, &v4));
	address = v6;
	graft_address_map(&address);
	graft_address_unmap(&address);
	CHECK(same(&address, &v6));
	graft_address_set_port(&address, 1);
	address.v6.sin6_scope_id = 7;
	CHECK(graft_address_equal(&address, &v6)); // port and zone aside
}

static void no_address(void)
{
	union graft_address none = {0}, other = none;
	graft_address_map(&other);
	graft_address_unmap(&other);
	graft_address_set_port(&other, 5);
	CHECK(same(&none, &other));
	CHECK_IS(0, graft_address_port(&none));
	CHECK(!graft_address_is_any(&none) && !graft_address_is_multicast(&none) &&
	        !graft_address_is_link_local(&none) && !graft_address_is_mapped(&none));
}

static void prefixes(void)
{
	static const struct {
		const char *prefix;
		unsigned length;
		const char *address;
		bool covers;
	} rows[] = {{"10.0.0.0", 8, "10.255.0.1", true}, {"10.0.0.0", 8, "11.0.0.0", false},
	        {"10.0.0.0", 9, "10.127.0.0", true}, {"10.0.0.0", 9, "10.128.0.0", false},
	        {"10.0.0.1", 32, "10.0.0.1", true}, {"10.0.0.1", 32, "10.0.0.0", false},
	        {"10.0.0.1", 31, "10.0.0.0", true}, {"0.0.0.0", 0, "255.255.255.255", true},
	        {"0.0.0.0", 0, "::", false}, {"::", 0, "10.0.0.1", false}, {"fd77::", 64, "fd77::ffff", true},
	        {"fd77::", 64, "fd77:0:0:1::", false}, {"fd77::8", 125, "fd77::f", true},
	        {"fd77::8", 125, "fd77::7", false}, {"fd77::8", 128, "fd77::8", true},
	        {"10.0.0.0", 33, "10.0.0.0", false}, {"fd77::", 129, "fd77::", false}};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct graft_prefix prefix = {address_of(rows[i].prefix, 0), rows[i].length};
		union graft_address address = address_of(rows[i].address, 9);
		CONTEXT("%s/%u, %s", rows[i].prefix, rows[i].length, rows[i].address);
		CHECK_IS(rows[i].covers, graft_prefix_covers(&prefix, &address));
	}
}

CASES(CASE(texts), CASE(bad_texts), CASE(kinds), CASE(mapped_and_back), CASE(no_address), CASE(prefixes))
