/*
 * A program that knows no multicast: it binds one address, receives, and prints what arrives.
 *
 *	unicast-receiver ADDRESS PORT [COUNT [SECONDS]]
 *
 * It ends after COUNT datagrams, or once SECONDS have passed without a new one, and says how many of
 * COUNT there were.
 */
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FAILED = 1, USAGE = 2 };

static int bound_socket(const char *address, const char *port)
{
	const struct addrinfo hints = {
	        .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
	        .ai_socktype = SOCK_DGRAM,
	};
	struct addrinfo *found;
	int error = getaddrinfo(address, port, &hints, &found);

	if (error != 0) {
		fprintf(stderr, "unicast-receiver: %s port %s: %s\n", address, port, gai_strerror(error));
		return -1;
	}
	int fd = socket(found->ai_family, found->ai_socktype, found->ai_protocol);
	if (fd < 0 || bind(fd, found->ai_addr, found->ai_addrlen) != 0) {
		perror("unicast-receiver: bind");
		if (fd >= 0)
			close(fd);
		fd = -1;
	}
	freeaddrinfo(found);
	return fd;
}

/* Whether a datagram arrives before the time is over; -1 waits for ever. */
static int datagram_waits(int fd, int milliseconds)
{
	struct pollfd waiting = {.fd = fd, .events = POLLIN};

	return poll(&waiting, 1, milliseconds) > 0;
}

static int print_datagram(int fd)
{
	char payload[65536], from[NI_MAXHOST];
	struct sockaddr_storage source;
	socklen_t length = sizeof source;
	ssize_t size = recvfrom(fd, payload, sizeof payload, 0, (struct sockaddr *)&source, &length);

	if (size < 0) {
		perror("unicast-receiver: recvfrom");
		return -1;
	}
	if (getnameinfo((struct sockaddr *)&source, length, from, sizeof from, NULL, 0, NI_NUMERICHOST) != 0)
		strcpy(from, "?");
	if (size > 0 && payload[size - 1] == '\n')
		size--;
	printf("%s: %.*s\n", from, (int)size, payload);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc < 3 || argc > 5) {
		fputs("usage: unicast-receiver ADDRESS PORT [COUNT [SECONDS]]\n", stderr);
		return USAGE;
	}
	const long count = argc > 3 ? strtol(argv[3], NULL, 10) : 0;
	const int milliseconds = argc > 4 ? (int)(strtod(argv[4], NULL) * 1000) : -1;
	const int fd = bound_socket(argv[1], argv[2]);
	long received = 0;

	if (fd < 0)
		return FAILED;
	setvbuf(stdout, NULL, _IOLBF, 0);
	while ((count == 0 || received < count) && datagram_waits(fd, milliseconds)) {
		if (print_datagram(fd) != 0)
			return FAILED;
		received++;
	}
	if (count > 0)
		printf("%ld of %ld datagrams\n", received, count);
	close(fd);
	return EXIT_SUCCESS;
}
