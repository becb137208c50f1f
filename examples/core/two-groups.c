// Receives two groups, each on an interface of its own, on one UDP socket.
//
//	two-groups PORT GROUP INTERFACE GROUP INTERFACE
//
// Linux also hands a socket the groups that other programs on this host joined. So the destination and the interface of
// each datagram are asked for, as a control message, and what was sent to a group that is not ours is discarded. (Or
// let the kernel do so: graft_set(fd, GRAFT_MULTICAST_ALL, false). For IPv6 it does not look at the interface then.)
#include "example.h"

enum { GROUPS = 2 };

struct joined {
	union graft_address group;
	unsigned index; // of the interface
};

static bool is_joined(const struct joined *joined, const struct graft_control *control)
{
	for (int i = 0; i < GROUPS; i++)
		if (graft_address_equal(&joined[i].group, &control->destination) &&
		        joined[i].index == control->index)
			return true;
	return false;
}

static void receive(int fd, const struct joined *joined)
{
	char bytes[65536], from[GRAFT_ADDRESS_TEXT], to[GRAFT_ADDRESS_TEXT], interface[GRAFT_INTERFACE_NAME];
	union graft_address source;
	struct graft_control control;
	ssize_t length = graft_receive(fd, bytes, sizeof(bytes), &source, &control, 0);
	check(length, "receive");
	check(graft_interface_name(fd, control.index, interface), "name of interface %u", control.index);
	printf("%s to %s on %s: ", graft_address_text(&source, from),
	        graft_address_text(&control.destination, to), interface);
	if (graft_address_is_multicast(&control.destination) && !is_joined(joined, &control))
		puts("discarded");
	else
		printf("%.*s\n", (int)length, bytes);
}

int main(int argc, char **argv)
{
	if (argc != 2 + 2 * GROUPS)
		usage("two-groups PORT GROUP INTERFACE GROUP INTERFACE");
	struct joined joined[GROUPS];
	joined[0].group = address_from(argv[2]);
	int fd = udp_socket(joined[0].group.any.sa_family, port_from(argv[1]));

	check(graft_control_set(fd, GRAFT_WITH_DESTINATION | GRAFT_WITH_INTERFACE, true),
	        "destination and interface of datagrams");
	for (int i = 0; i < GROUPS; i++) {
		const char *group = argv[2 + 2 * i], *interface = argv[3 + 2 * i];
		joined[i] = (struct joined){address_from(group), interface_from(fd, interface)};
		check(graft_join(fd, joined[i].index, &joined[i].group), "join %s on %s", group, interface);
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (;;)
		receive(fd, joined);
}
