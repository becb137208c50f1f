// Descriptors of all sorts, and what can be said of one.
#include "same.h"

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FIRST_OF_KERNEL = 30000 }; // ports that the kernel chooses are above

const int families[3] = {AF_INET, AF_INET6, AF_UNIX};

const char *family_text(int family)
{
	return family == AF_INET ? "ipv4" : family == AF_INET6 ? "ipv6" : "unix";
}

// ---- names ----------------------------------------------------------------------------------------------

union name name_of(int family, int port)
{
	union name name = {.any.sa_family = (sa_family_t)family};
	if (family == AF_UNIX) {
		snprintf(name.local.sun_path + 1, sizeof(name.local.sun_path) - 1, "same%d", port);
	} else if (family == AF_INET) {
		name.v4.sin_port = htons((uint16_t)port);
		name.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	} else {
		name.v6.sin6_port = htons((uint16_t)port);
		name.v6.sin6_addr = in6addr_loopback;
	}
	return name;
}

socklen_t name_length(int family)
{
	if (family == AF_UNIX)
		return offsetof(struct sockaddr_un, sun_path) + 9;
	return family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
}

static void say_port(uint16_t port)
{
	if (ntohs(port) >= FIRST_OF_KERNEL)
		say(" kernel's port");
	else
		say(" %d", ntohs(port));
}

void say_name(const union name *name, socklen_t length)
{
	char text[INET6_ADDRSTRLEN] = "";
	if (length < sizeof(name->any.sa_family)) {
		say(" nobody");
	} else if (name->any.sa_family == AF_INET) {
		say(" %s", inet_ntop(AF_INET, &name->v4.sin_addr, text, sizeof(text)));
		say_port(name->v4.sin_port);
	} else if (name->any.sa_family == AF_INET6) {
		say(" %s%%%u", inet_ntop(AF_INET6, &name->v6.sin6_addr, text, sizeof(text)),
		        name->v6.sin6_scope_id);
		say_port(name->v6.sin6_port);
	} else if (name->any.sa_family == AF_UNIX && length == name_length(AF_UNIX)) {
		say(" @%.8s", name->local.sun_path + 1);
	} else {
		say(" family %d", name->any.sa_family);
	}
	say("/%u", length);
}

// ---- sockets --------------------------------------------------------------------------------------------

int made(int family, int type)
{
	int fd = socket(family, type | SOCK_NONBLOCK, 0);
	if (fd < 0)
		err(2, "socket");
	return fd;
}

// A socket that was closed last while a message held it keeps its port until the kernel comes to clear that away.
static void bind_to(int fd, int family, int port)
{
	const union name name = name_of(family, port);
	for (int tries = 2000; bind(fd, &name.any, name_length(family)); tries--) {
		if (errno != EADDRINUSE || !tries)
			err(2, "bind to %d", port);
		usleep(1000);
	}
}

int made_at(int family, int type, int port)
{
	int fd = made(family, type), on = 1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	bind_to(fd, family, port);
	if (type == SOCK_STREAM && listen(fd, 5))
		err(2, "listen on %d", port);
	return fd;
}

static void connect_to(int fd, int family, int port)
{
	const union name name = name_of(family, port);
	connect(fd, &name.any, name_length(family));
}

int connected_to(int family, int type, int port)
{
	int fd = type == SOCK_STREAM ? made_for_stream(family, 0) : made(family, type);
	connect_to(fd, family, port);
	return fd;
}

int made_for_stream(int family, int port)
{
	const struct linger none = {.l_onoff = 1};
	int fd = made(family, SOCK_STREAM), on = 1;
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (port)
		bind_to(fd, family, port);
	return fd;
}

int loaded(int family, int type, const char *word)
{
	int fd = made_at(family, type, PORT), peer;
	if (type == SOCK_DGRAM) {
		const union name name = name_of(family, PORT);
		peer = made_at(family, type, OTHER_PORT);
		sendto(peer, word, strlen(word), 0, &name.any, name_length(family));
		return fd;
	}
	peer = made_for_stream(family, OTHER_PORT);
	connect_to(peer, family, PORT);
	int accepted = accept4(fd, NULL, NULL, SOCK_NONBLOCK);
	if (accepted < 0)
		err(2, "accept");
	send(peer, word, strlen(word), 0);
	return accepted;
}

// ---- all sorts ------------------------------------------------------------------------------------------

static int open_below(void)
{
	return -1;
}

static int open_least(void)
{
	return INT_MIN;
}

static int open_greatest(void)
{
	return INT_MAX;
}

static int open_far(void)
{
	return 1 << 20;
}

static int open_closed(void)
{
	int fd = made(AF_INET, SOCK_DGRAM);
	close(fd);
	return fd;
}

static int open_pipe(void)
{
	int fds[2];
	if (pipe2(fds, O_NONBLOCK))
		err(2, "pipe");
	return fds[0];
}

static int open_pipe_end(void)
{
	int fds[2];
	if (pipe2(fds, O_NONBLOCK))
		err(2, "pipe");
	return fds[1];
}

static int open_file(void)
{
	int fd = memfd_create("same", 0);
	if (fd < 0 || ftruncate(fd, 100))
		err(2, "memfd");
	return fd;
}

static int open_event(void)
{
	return eventfd(3, EFD_NONBLOCK);
}

static int open_epoll(void)
{
	return epoll_create1(0);
}

static int open_directory(void)
{
	return open("/", O_RDONLY);
}

static int open_path(void)
{
	return open("/", O_PATH);
}

static int open_unix_pair(void)
{
	int fds[2];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds))
		err(2, "socketpair");
	return fds[0];
}

static int open_unix(void)
{
	return made(AF_UNIX, SOCK_DGRAM);
}

static int open_netlink(void)
{
	return made(AF_NETLINK, SOCK_RAW);
}

static int open_tcp4(void)
{
	return made(AF_INET, SOCK_STREAM);
}

static int open_tcp6(void)
{
	return made(AF_INET6, SOCK_STREAM);
}

static int open_listener(void)
{
	return made_at(AF_INET, SOCK_STREAM, PORT);
}

static int open_tcp_pair(void)
{
	return loaded(AF_INET, SOCK_STREAM, "a");
}

static int open_udp4(void)
{
	return made(AF_INET, SOCK_DGRAM);
}

static int open_udp6(void)
{
	return made(AF_INET6, SOCK_DGRAM);
}

static int open_udp_bound(void)
{
	return loaded(AF_INET, SOCK_DGRAM, "a");
}

static int open_udp_connected(void)
{
	int fd = made_at(AF_INET, SOCK_DGRAM, PORT);
	connect_to(fd, AF_INET, OTHER_PORT);
	return fd;
}

static int open_raw(void)
{
	return socket(AF_INET, SOCK_RAW | SOCK_NONBLOCK, 99);
}

const struct kind kinds[] = {
        {"fd -1", open_below},
        {"fd INT_MIN", open_least},
        {"fd INT_MAX", open_greatest},
        {"fd 1 << 20", open_far},
        {"closed", open_closed},
        {"pipe", open_pipe},
        {"pipe's other end", open_pipe_end},
        {"file", open_file},
        {"eventfd", open_event},
        {"epoll", open_epoll},
        {"directory", open_directory},
        {"O_PATH", open_path},
        {"unix", open_unix},
        {"unix pair", open_unix_pair},
        {"netlink", open_netlink},
        {"tcp4", open_tcp4},
        {"tcp6", open_tcp6},
        {"listener", open_listener},
        {"accepted", open_tcp_pair},
        {"udp4", open_udp4},
        {"udp6", open_udp6},
        {"udp4 bound", open_udp_bound},
        {"udp4 connected", open_udp_connected},
        {"raw", open_raw},
};
const size_t kind_count = COUNT(kinds);

// ---- how one stands -------------------------------------------------------------------------------------

static void describe_socket(int fd)
{
	int type = 0, listens = 0;
	union name name = {0};
	socklen_t length = sizeof(type);
	getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length);
	getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &length);
	say("%d%s", type, listens ? " listens" : "");
	length = sizeof(name);
	if (!getsockname(fd, &name.any, &length))
		say_name(&name, length);
	length = sizeof(name);
	if (!getpeername(fd, &name.any, &length)) {
		say(" <->");
		say_name(&name, length);
	}
}

void describe(int fd)
{
	struct stat status = {0};
	struct pollfd events = {.fd = fd, .events = POLLIN};
	int bytes = 0;
	fstat(fd, &status);
	say(" %s", S_ISSOCK(status.st_mode) ? "socket" : S_ISFIFO(status.st_mode) ? "pipe" : "other");
	if (S_ISSOCK(status.st_mode))
		describe_socket(fd);
	int flags = fcntl(fd, F_GETFL), of_descriptor = fcntl(fd, F_GETFD);
	if (!ioctl(fd, FIONREAD, &bytes) && bytes)
		say(", %d to read", bytes);
	poll(&events, 1, 0);
	say(" (%x %x %x)", (unsigned)flags, (unsigned)of_descriptor, (unsigned)events.revents);
}

void drain(int fd)
{
	for (int i = 0; i < 8; i++) {
		char bytes[256];
		union name name = {0};
		socklen_t length = sizeof(name);
		ssize_t got = recvfrom(fd, bytes, sizeof(bytes), MSG_DONTWAIT, &name.any, &length);
		if (got < 0)
			return;
		say("; arrived %zd \"%.*s\" from", got, (int)(got < 16 ? got : 16), bytes);
		say_name(&name, length);
		if (!got && length == 0) // the end of a stream
			return;
	}
}
