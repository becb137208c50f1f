// A TCP server that marks what it sends on each connection as AF11 (DSCP) and gives it a TTL or hop limit of 128.
//
//	mark-tcp ADDRESS PORT [DSCP]
//
// It sends a line to whoever connects. DSCP is another name ("ef") or number (46). With the address :: it serves IPv4
// too. The SYN-ACK is sent before accept returns: to have that marked as well, set the options on the listening
// socket; the accepted ones then inherit them.
#include "example.h"

#include <unistd.h>

static void serve(int connection, const union graft_address *client, int dscp)
{
	static const char line[] = "marked\n";
	char text[GRAFT_ADDRESS_TEXT];

	// The lower two bits of the byte are ECN's.
	check(graft_set(connection, GRAFT_CLASS, dscp << 2), "DSCP %d", dscp);
	check(graft_set(connection, GRAFT_UNICAST_HOPS, 128), "128 hops");
	ssize_t sent = graft_send(connection, line, sizeof(line) - 1, NULL, NULL, MSG_NOSIGNAL);
	graft_address_text(client, text);
	if (sent < 0)
		fprintf(stderr, "send to %s: %s\n", text, strerror((int)-sent)); // its loss; others may come
	else
		printf("%s: sent with DSCP %d\n", text, dscp);
}

int main(int argc, char **argv)
{
	if (argc < 3 || argc > 4)
		usage("mark-tcp ADDRESS PORT [DSCP]");
	union graft_address address = address_from(argv[1]);
	graft_address_set_port(&address, port_from(argv[2]));
	const char *name = argc > 3 ? argv[3] : "af11";
	int dscp = graft_dscp_parse(name, strlen(name));
	check(dscp, "DSCP %s", name);

	int listener = socket(address.any.sa_family, SOCK_STREAM, 0);
	CHECK_CALL(listener, "TCP socket");
	check(graft_set(listener, GRAFT_REUSE_ADDRESS, true), "SO_REUSEADDR");
	CHECK_CALL(bind(listener, &address.any, graft_address_length(&address)), "bind %s port %s", argv[1],
	        argv[2]);
	CHECK_CALL(listen(listener, SOMAXCONN), "listen on %s port %s", argv[1], argv[2]);
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (;;) {
		union graft_address client;
		socklen_t length = sizeof(client);
		int connection = accept(listener, &client.any, &length);
		CHECK_CALL(connection, "accept");
		serve(connection, &client, dscp);
		close(connection);
	}
}
