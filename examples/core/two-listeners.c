// Two sockets on one port, both members of one group: each hears every datagram.
//
//	two-listeners GROUP PORT INTERFACE
//
// They are bound to the group and not to the wildcard, so nothing but the group comes in. Both have SO_REUSEADDR, as
// each of two programs would. (With SO_REUSEPORT too both hear the group; a unicast datagram one of them, by a hash of
// its addresses.)
#include "example.h"

static int listener(union graft_address group, const char *interface)
{
	char text[GRAFT_ADDRESS_TEXT];
	int fd = socket(group.any.sa_family, SOCK_DGRAM, 0);
	CHECK_CALL(fd, "UDP socket");
	unsigned index = interface_from(fd, interface);
	if (group.any.sa_family == AF_INET6 && graft_address_is_link_local(&group))
		group.v6.sin6_scope_id =
		        index; // such an address can be bound only together with an interface
	graft_address_text(&group, text);
	check(graft_set(fd, GRAFT_REUSE_ADDRESS, true), "SO_REUSEADDR");
	CHECK_CALL(bind(fd, &group.any, graft_address_length(&group)), "bind %s", text);
	check(graft_join(fd, index, &group), "join %s on %s", text, interface);
	return fd;
}

int main(int argc, char **argv)
{
	if (argc != 4)
		usage("two-listeners GROUP PORT INTERFACE");
	union graft_address group = address_from(argv[1]);
	graft_address_set_port(&group, port_from(argv[2]));
	struct pollfd waiting[] = {{.fd = listener(group, argv[3]), .events = POLLIN},
	        {.fd = listener(group, argv[3]), .events = POLLIN}};

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (;;) {
		CHECK_CALL(poll(waiting, 2, -1), "poll");
		for (int i = 0; i < 2; i++) {
			if (!waiting[i].revents)
				continue;
			printf("%s ", i == 0 ? "first" : "second");
			print_datagram(waiting[i].fd);
		}
	}
}
