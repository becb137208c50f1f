// Asks a host, receives its answers and asks for its name with all sorts of room for the address, and fails where that is
// not the host that was asked or where something is written past the room: rooms ADDRESS PORT.
#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MARK = 0x5a, ANSWERS = 3, WAIT = 10000 };

union name {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr_storage storage;
};

static union name asked;
static socklen_t length;
static volatile size_t size = 100; // which the compiler doesn't know
static char bytes[100];
static int failures;

static void read_name(const char *address, const char *port)
{
	bool v4 = inet_pton(AF_INET, address, &asked.v4.sin_addr) == 1;
	if (!v4 && inet_pton(AF_INET6, address, &asked.v6.sin6_addr) != 1)
		errx(2, "%s: no address", address);
	asked.any.sa_family = v4 ? AF_INET : AF_INET6;
	asked.v4.sin_port = htons((uint16_t)atoi(port));
	length = v4 ? sizeof(asked.v4) : sizeof(asked.v6);
}

static int ask(bool connected, int questions)
{
	int fd = socket(asked.any.sa_family, SOCK_DGRAM, 0);
	if (connected && connect(fd, &asked.any, length))
		err(1, "connect");
	for (int i = 0; i < questions; i++)
		if (sendto(fd, "question", 8, 0, &asked.any, length) < 0)
			err(1, "sendto");
	return fd;
}

static void wait_for(int fd)
{
	struct pollfd wanted = {.fd = fd, .events = POLLIN};
	if (poll(&wanted, 1, WAIT) != 1)
		errx(1, "no answer");
}

// Whether there is room to see who it is.
static bool shows(socklen_t room)
{
	return room >= (asked.any.sa_family == AF_INET ? 8 : 24);
}

static void check(const char *call, socklen_t room, const union name *name, socklen_t told, bool always)
{
	const unsigned char *after = (const unsigned char *)name;
	socklen_t whole = room < length ? room : length;
	if (told != length) {
		printf("%s: with room for %u the length is %u\n", call, room, told);
		failures++;
	}
	if ((always || shows(room)) && memcmp(name, &asked, whole) != 0) {
		printf("%s: with room for %u it is another\n", call, room);
		failures++;
	}
	for (size_t i = whole; i < sizeof(*name); i++)
		if (after[i] != MARK) {
			printf("%s: with room for %u byte %zu is written\n", call, room, i);
			failures++;
			return;
		}
}

static void by_recvfrom(socklen_t room)
{
	union name name;
	int fd = ask(room % 2, 1);
	socklen_t told = room;
	memset(&name, MARK, sizeof(name));
	wait_for(fd);
	if (recvfrom(fd, bytes, size, 0, &name.any, &told) < 0)
		err(1, "recvfrom");
	check("recvfrom", room, &name, told, false);
}

static void by_recvmsg(socklen_t room)
{
	union name name;
	int fd = ask(room % 2, 1);
	struct iovec part = {bytes, sizeof(bytes)};
	struct msghdr message = {.msg_name = &name, .msg_namelen = room, .msg_iov = &part, .msg_iovlen = 1};
	memset(&name, MARK, sizeof(name));
	wait_for(fd);
	if (recvmsg(fd, &message, 0) < 0)
		err(1, "recvmsg");
	check("recvmsg", room, &name, message.msg_namelen, false);
}

// Three answers: with all room, with this one, and with none.
static void by_recvmmsg(socklen_t room)
{
	union name names[ANSWERS];
	int fd = ask(room % 2, ANSWERS);
	struct iovec part = {bytes, sizeof(bytes)};
	struct mmsghdr messages[ANSWERS];
	memset(names, MARK, sizeof(names));
	for (int i = 0; i < ANSWERS; i++)
		messages[i] = (struct mmsghdr){.msg_hdr = {.msg_name = &names[i],
		                                       .msg_namelen = i ? room : sizeof(names[i]),
		                                       .msg_iov = &part,
		                                       .msg_iovlen = 1}};
	messages[2].msg_hdr.msg_name = NULL;
	if (recvmmsg(fd, messages, ANSWERS, 0, NULL) != ANSWERS)
		err(1, "recvmmsg");
	check("recvmmsg", sizeof(names[0]), &names[0], messages[0].msg_hdr.msg_namelen, false);
	check("recvmmsg", room, &names[1], messages[1].msg_hdr.msg_namelen, false);
}

static void by_getpeername(socklen_t room)
{
	union name name;
	int fd = ask(true, 0);
	socklen_t told = room;
	memset(&name, MARK, sizeof(name));
	if (getpeername(fd, &name.any, &told))
		err(1, "getpeername");
	check("getpeername", room, &name, told, true);
}

static void with_null(void)
{
	int fd = ask(false, 4);
	socklen_t told = 16;
	struct iovec part = {bytes, sizeof(bytes)};
	struct msghdr message = {.msg_namelen = 16, .msg_iov = &part, .msg_iovlen = 1};
	wait_for(fd);
	if (recvfrom(fd, bytes, size, 0, NULL, &told) < 0 || told != 16)
		errx(1, "recvfrom with a length alone");
	wait_for(fd);
	if (recvfrom(fd, bytes, size, 0, NULL, NULL) < 0)
		err(1, "recvfrom with no address");
	wait_for(fd);
	if (recvmsg(fd, &message, 0) < 0)
		err(1, "recvmsg with no address");
	wait_for(fd);
	if (read(fd, bytes, size) < 0)
		err(1, "read");
}

int main(int count, char **arguments)
{
	if (count != 3)
		errx(2, "usage: rooms ADDRESS PORT");
	read_name(arguments[1], arguments[2]);
	for (socklen_t room = 0; room <= sizeof(union name); room += room < 40 ? 1 : 44) {
		by_recvfrom(room);
		by_recvmsg(room);
		by_recvmmsg(room);
		by_getpeername(room);
	}
	with_null();
	return failures != 0;
}
