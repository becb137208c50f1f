// Receives a group, and leaves and joins groups as it is told on standard input, all on one socket that stays bound.
//
//	leave-and-rejoin GROUP PORT INTERFACE
//
// "-239.1.1.1" leaves that group, "+239.1.1.2" joins another or the same again. The end of the input ends the program;
// the kernel leaves what is still joined. Linux would hand the socket a group it has left for as long as another socket
// on this host is a member: GRAFT_MULTICAST_ALL off keeps to the socket's own memberships.
#include "example.h"

int main(int argc, char **argv)
{
	if (argc != 4)
		usage("leave-and-rejoin GROUP PORT INTERFACE");
	union graft_address group = address_from(argv[1]);
	int fd = udp_socket(group.any.sa_family, port_from(argv[2]));
	unsigned index = interface_from(fd, argv[3]);
	char sign = '+', text[GRAFT_ADDRESS_TEXT];

	setvbuf(stdout, NULL, _IOLBF, 0);
	check(graft_set(fd, GRAFT_MULTICAST_ALL, false), "own memberships only");
	do {
		graft_address_text(&group, text);
		if (sign == '+')
			check(graft_join(fd, index, &group), "join %s on %s", text, argv[3]);
		else
			check(graft_leave(fd, index, &group), "leave %s on %s", text, argv[3]);
		printf("%s %s\n", sign == '+' ? "joined" : "left", text);
	} while ((sign = hear_until_told(fd, &group)) != 0);
	return EXIT_SUCCESS;
}
