// Source-specific multicast in include mode: a group is heard from the sources named, and from nobody else.
//
//	include GROUP PORT INTERFACE SOURCE
//
// More follows from standard input: "+192.0.2.7" joins that source too, "-192.0.2.7" leaves it. With the last source
// the group is left. The routers are told (IGMPv3, MLDv2), so what is not wanted does not come over the network at all.
#include "example.h"

int main(int argc, char **argv)
{
	if (argc != 5)
		usage("include GROUP PORT INTERFACE SOURCE");
	union graft_address group = address_from(argv[1]), source = address_from(argv[4]);
	int fd = udp_socket(group.any.sa_family, port_from(argv[2]));
	unsigned index = interface_from(fd, argv[3]);
	char sign = '+', text[GRAFT_ADDRESS_TEXT];

	setvbuf(stdout, NULL, _IOLBF, 0);
	check(graft_set(fd, GRAFT_MULTICAST_ALL, false), "own memberships only");
	do {
		graft_address_text(&source, text);
		if (sign == '+')
			check(graft_join_source(fd, index, &group, &source), "join %s from %s", argv[1],
			        text);
		else
			check(graft_leave_source(fd, index, &group, &source), "leave %s from %s", argv[1],
			        text);
		int count = graft_sources_get(fd, index, &group, NULL, NULL, 0);
		if (count != -EADDRNOTAVAIL) // not a member any more
			check(count, "sources of %s", argv[1]);
		printf("%s %s, %d sources\n", sign == '+' ? "joined" : "left", text, count < 0 ? 0 : count);
	} while ((sign = hear_until_told(fd, &source)) != 0);
	return EXIT_SUCCESS;
}
