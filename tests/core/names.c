// Names of values: differentiated services code points and ICMP types, to text and back.
#include "check.h"

static int parse_dscp(int family, const char *text, size_t length)
{
	(void)family;
	return graft_dscp_parse(text, length);
}

static const char *name_dscp(int family, unsigned value)
{
	(void)family;
	return graft_dscp_name(value);
}

struct names {
	const char *what;
	int family;
	unsigned values, named;
	int (*parse)(int family, const char *text, size_t length);
	const char *(*name)(int family, unsigned value);
};

static const struct names dscp = {"dscp", AF_UNSPEC, 64, 23, parse_dscp, name_dscp};
static const struct names icmp4 = {"icmp", AF_INET, 256, 29, graft_icmp_type_parse, graft_icmp_type_name};
static const struct names icmp6 = {"icmpv6", AF_INET6, 256, 37, graft_icmp_type_parse, graft_icmp_type_name};

// Every value that has a name: the name leads back to it, and neither a part of it, nor more, nor capitals do.
static void check_names(const struct names *names)
{
	unsigned named = 0;
	for (unsigned value = 0; value < names->values; value++) {
		char other[80];
		const char *name = names->name(names->family, value);
		CONTEXT("%s %u", names->what, value);
		if (!name)
			continue;
		named++;
		size_t length = strlen(name);
		CHECK(length > 1 && length < sizeof(other) - 1);
		CHECK_IS(value, names->parse(names->family, name, length));
		for (size_t part = 0; part < length; part++) {
			int found = names->parse(names->family, name, part);
			CHECK(found == -EINVAL || (found != (int)value && strlen(names->name(names->family,
			                                                          (unsigned)found)) == part));
		}
		CHECK_IS(-EINVAL, names->parse(names->family, name + 1, length - 1));
		memcpy(other, name, length + 1);
		memcpy(other + length, "s", 2);
		CHECK_IS(-EINVAL, names->parse(names->family, other, length + 1));
		CHECK_IS(-EINVAL, names->parse(names->family, name, length + 1)); // the zero byte too
		memcpy(other, name, length + 1);
		other[0] = (char)(other[0] - 'a' + 'A');
		CHECK_IS(-EINVAL, names->parse(names->family, other, length));
	}
	CONTEXT("%s", names->what);
	CHECK_IS(names->named, named);
	CHECK_IS(-EINVAL, names->parse(names->family, "", 0));
	CHECK_IS(-EINVAL, names->parse(names->family, "none such", 9));
	CHECK_TEXT(NULL, names->name(names->family, names->values));
	CHECK_TEXT(NULL, names->name(names->family, UINT32_MAX));
}

static void dscp_names(void)
{
	static const struct {
		const char *name;
		int value;
	} rows[] = {
	        // the values of the RFCs, in decimal: class selectors are n * 8, assured forwarding 8 * class + 2 * drop
	        {"cs0", 0}, {"le", 1}, {"cs1", 8}, {"af11", 10}, {"af12", 12}, {"af13", 14}, {"cs2", 16},
	        {"af21", 18}, {"af22", 20}, {"af23", 22}, {"cs3", 24}, {"af31", 26}, {"af32", 28},
	        {"af33", 30}, {"cs4", 32}, {"af41", 34}, {"af42", 36}, {"af43", 38}, {"cs5", 40}, {"va", 44},
	        {"ef", 46}, {"cs6", 48}, {"cs7", 56}};
	check_names(&dscp);
	CHECK_IS(dscp.named, COUNT(rows));
	for (size_t i = 0; i < COUNT(rows); i++) {
		CONTEXT("%s", rows[i].name);
		CHECK_IS(rows[i].value, graft_dscp_parse(rows[i].name, strlen(rows[i].name)));
	}
}

static void icmp_names(void)
{
	check_names(&icmp4);
	check_names(&icmp6);
	CHECK_IS(0, graft_icmp_type_parse(AF_INET, "echo reply", 10));
	CHECK_IS(129, graft_icmp_type_parse(AF_INET6, "echo reply", 10));
	CHECK_IS(8, graft_icmp_type_parse(AF_INET, "echo", 4));
	CHECK_IS(128, graft_icmp_type_parse(AF_INET6, "echo request", 12));
	CHECK_IS(3, graft_icmp_type_parse(AF_INET, "destination unreachable", 23));
	CHECK_IS(1, graft_icmp_type_parse(AF_INET6, "destination unreachable", 23));
}

static void icmp_names_of_no_family(void)
{
	CHECK_IS(-EINVAL, graft_icmp_type_parse(AF_UNIX, "echo reply", 10));
	CHECK_IS(-EINVAL, graft_icmp_type_parse(AF_UNSPEC, "echo reply", 10));
	CHECK_TEXT(NULL, graft_icmp_type_name(AF_UNIX, 0));
	CHECK_TEXT(NULL, graft_icmp_type_name(AF_UNSPEC, 8));
}

CASES(CASE(dscp_names), CASE(icmp_names), CASE(icmp_names_of_no_family))
