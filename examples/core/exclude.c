// Exclude mode: a group is heard from any source but those that are blocked.
//
//	exclude GROUP PORT INTERFACE
//
// "-192.0.2.7" on standard input blocks that source, "+192.0.2.7" unblocks it.
#include "example.h"

int main(int argc, char **argv)
{
	if (argc != 4)
		usage("exclude GROUP PORT INTERFACE");
	union graft_address group = address_from(argv[1]), source;
	int fd = udp_socket(group.any.sa_family, port_from(argv[2]));
	unsigned index = interface_from(fd, argv[3]);
	char sign, text[GRAFT_ADDRESS_TEXT];

	setvbuf(stdout, NULL, _IOLBF, 0);
	check(graft_set(fd, GRAFT_MULTICAST_ALL, false), "own memberships only");
	check(graft_join(fd, index, &group), "join %s on %s", argv[1], argv[3]);
	printf("joined %s\n", argv[1]);
	while ((sign = hear_until_told(fd, &source)) != 0) {
		graft_address_text(&source, text);
		if (sign == '-')
			check(graft_block_source(fd, index, &group, &source), "block %s", text);
		else
			check(graft_unblock_source(fd, index, &group, &source), "unblock %s", text);
		printf("%s %s\n", sign == '-' ? "blocked" : "unblocked", text);
	}
	check(graft_leave(fd, index, &group), "leave %s on %s", argv[1], argv[3]);
	return EXIT_SUCCESS;
}
