// Sends one datagram to a group out of each interface named, each with a traffic class and a hop limit of its own.
//
//	each-interface GROUP PORT TEXT INTERFACE DSCP HOPS [INTERFACE DSCP HOPS]...
//
//	each-interface 239.1.1.1 5000 hello eth0 ef 4 eth1 af11 16
//
// All three go along with the datagram as control messages: the socket has no option set, so it can serve several
// threads at once. DSCP is a name or a number.
#include "example.h"

static void send_by(int fd, const union graft_address *group, const char *text, char **how)
{
	const char *interface = how[0], *name = how[1], *hops = how[2];
	int dscp = graft_dscp_parse(name, strlen(name));
	check(dscp, "DSCP %s", name);
	struct graft_control control = {
	        .with = GRAFT_WITH_INTERFACE | GRAFT_WITH_CLASS | GRAFT_WITH_HOPS,
	        .index = interface_from(fd, interface),
	        .traffic_class = (unsigned)dscp << 2, // the lower two bits are ECN's
	        .hops = (unsigned)strtoul(hops, NULL, 10),
	};
	check(graft_send(fd, text, strlen(text), group, &control, 0), "send on %s with DSCP %s and %s hops",
	        interface, name, hops);
}

int main(int argc, char **argv)
{
	if (argc < 7 || (argc - 4) % 3)
		usage("each-interface GROUP PORT TEXT INTERFACE DSCP HOPS [INTERFACE DSCP HOPS]...");
	union graft_address group = address_from(argv[1]);
	graft_address_set_port(&group, port_from(argv[2]));
	int fd = socket(group.any.sa_family, SOCK_DGRAM, 0);
	CHECK_CALL(fd, "UDP socket");
	for (int i = 4; i < argc; i += 3)
		send_by(fd, &group, argv[3], argv + i);
	return EXIT_SUCCESS;
}
