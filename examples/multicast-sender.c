/*
 * Sends numbered datagrams to a group, or to any other address.
 *
 *	multicast-sender ADDRESS PORT [COUNT [SOURCE]]
 *
 * With SOURCE they leave from that address of this host, and by its interface.
 */
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FAILED = 1, USAGE = 2 };

static struct addrinfo *numeric(const char *address, const char *port)
{
	const struct addrinfo hints = {
	        .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
	        .ai_socktype = SOCK_DGRAM,
	};
	struct addrinfo *found = NULL;
	int error = getaddrinfo(address, port, &hints, &found);

	if (error != 0)
		fprintf(stderr, "multicast-sender: %s port %s: %s\n", address, port, gai_strerror(error));
	return found;
}

static int leave_from(int fd, const char *source)
{
	struct addrinfo *own = numeric(source, "0");
	int result = -1;

	if (own == NULL)
		return -1;
	result = bind(fd, own->ai_addr, own->ai_addrlen);
	if (result == 0 && own->ai_family == AF_INET)
		result = setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF,
		        &((struct sockaddr_in *)own->ai_addr)->sin_addr, sizeof(struct in_addr));
	if (result != 0)
		perror("multicast-sender: source");
	freeaddrinfo(own);
	return result;
}

static int send_numbered(int fd, const struct addrinfo *to, long count)
{
	char text[64];

	for (long number = 1; number <= count; number++) {
		int length = snprintf(text, sizeof text, "datagram %ld", number);

		if (sendto(fd, text, (size_t)length, 0, to->ai_addr, to->ai_addrlen) < 0) {
			perror("multicast-sender: sendto");
			return -1;
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc < 3 || argc > 5) {
		fputs("usage: multicast-sender ADDRESS PORT [COUNT [SOURCE]]\n", stderr);
		return USAGE;
	}
	const long count = argc > 3 ? strtol(argv[3], NULL, 10) : 1;
	struct addrinfo *to = numeric(argv[1], argv[2]);

	if (to == NULL)
		return FAILED;
	int fd = socket(to->ai_family, to->ai_socktype, to->ai_protocol);
	int failed =
	        fd < 0 || (argc > 4 && leave_from(fd, argv[4]) != 0) || send_numbered(fd, to, count) != 0;
	freeaddrinfo(to);
	if (fd >= 0)
		close(fd);
	return failed ? FAILED : EXIT_SUCCESS;
}
