// Names for ICMP types: those of IANA's registries "ICMP Parameters" and "ICMPv6 Parameters", in small letters.
#include "sockgraft.h"

#include <errno.h>
#include <string.h>

struct type_name {
	unsigned char type;
	const char *name;
};

static const struct type_name ipv4_names[] = {
        {0, "echo reply"},
        {3, "destination unreachable"},
        {4, "source quench"},
        {5, "redirect"},
        {6, "alternate host address"},
        {8, "echo"},
        {9, "router advertisement"},
        {10, "router solicitation"},
        {11, "time exceeded"},
        {12, "parameter problem"},
        {13, "timestamp"},
        {14, "timestamp reply"},
        {15, "information request"},
        {16, "information reply"},
        {17, "address mask request"},
        {18, "address mask reply"},
        {30, "traceroute"},
        {31, "datagram conversion error"},
        {32, "mobile host redirect"},
        {33, "ipv6 where-are-you"},
        {34, "ipv6 i-am-here"},
        {35, "mobile registration request"},
        {36, "mobile registration reply"},
        {37, "domain name request"},
        {38, "domain name reply"},
        {39, "skip"},
        {40, "photuris"},
        {42, "extended echo request"},
        {43, "extended echo reply"},
};

static const struct type_name ipv6_names[] = {
        {1, "destination unreachable"},
        {2, "packet too big"},
        {3, "time exceeded"},
        {4, "parameter problem"},
        {128, "echo request"},
        {129, "echo reply"},
        {130, "multicast listener query"},
        {131, "multicast listener report"},
        {132, "multicast listener done"},
        {133, "router solicitation"},
        {134, "router advertisement"},
        {135, "neighbor solicitation"},
        {136, "neighbor advertisement"},
        {137, "redirect message"},
        {138, "router renumbering"},
        {139, "icmp node information query"},
        {140, "icmp node information response"},
        {141, "inverse neighbor discovery solicitation message"},
        {142, "inverse neighbor discovery advertisement message"},
        {143, "version 2 multicast listener report"},
        {144, "home agent address discovery request message"},
        {145, "home agent address discovery reply message"},
        {146, "mobile prefix solicitation"},
        {147, "mobile prefix advertisement"},
        {148, "certification path solicitation message"},
        {149, "certification path advertisement message"},
        {151, "multicast router advertisement"},
        {152, "multicast router solicitation"},
        {153, "multicast router termination"},
        {154, "fmipv6 messages"},
        {155, "rpl control message"},
        {156, "ilnpv6 locator update message"},
        {157, "duplicate address request"},
        {158, "duplicate address confirmation"},
        {159, "mpl control message"},
        {160, "extended echo request"},
        {161, "extended echo reply"},
};

static const struct type_name *names_of(int family, unsigned *count)
{
	*count = 0;
	if (family == AF_INET)
		*count = sizeof(ipv4_names) / sizeof(*ipv4_names);
	else if (family == AF_INET6)
		*count = sizeof(ipv6_names) / sizeof(*ipv6_names);
	return family == AF_INET ? ipv4_names : ipv6_names;
}

int graft_icmp_type_parse(int family, const char *text, size_t length)
{
	unsigned count;
	const struct type_name *names = names_of(family, &count);
	for (unsigned i = 0; i < count; i++)
		if (strlen(names[i].name) == length && !memcmp(names[i].name, text, length))
			return names[i].type;
	return -EINVAL;
}

const char *graft_icmp_type_name(int family, unsigned type)
{
	unsigned count;
	const struct type_name *names = names_of(family, &count);
	for (unsigned i = 0; i < count; i++)
		if (names[i].type == type)
			return names[i].name;
	return NULL;
}
