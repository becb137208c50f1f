// Sends datagrams by one sendmmsg and prints what it returned: vector PORT [bind=ADDRESS] [flags=N] DATAGRAM...
//
// A datagram is WORD@ADDRESS[%INTERFACE][+ttl][+large][+bad]: with a control message of its own, larger than UDP takes, at
// an address that is no memory. WORD@ alone goes to the peer that connect=ADDRESS gave. With `stamped` or `zerocopy` the
// kernel tells of each that it has left, and how often it did is printed, and of which one last.
#include <time.h> // for linux/errqueue.h

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { UNTOUCHED = 4711, AT_MOST = 2000, LARGE = 70000 };

union name {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static struct mmsghdr vector[AT_MOST];
static union name names[AT_MOST];
static struct iovec parts[AT_MOST];
static char large[LARGE];
static uint16_t port;
static int fd = -1;

static union {
	char room[CMSG_SPACE(sizeof(int))];
	struct cmsghdr header;
} control;

static socklen_t read_name(const char *text, union name *name)
{
	char address[128], *zone;
	snprintf(address, sizeof(address), "%s", text);
	if ((zone = strchr(address, '%')))
		*zone++ = '\0';
	if (inet_pton(AF_INET, address, &name->v4.sin_addr) == 1) {
		name->v4.sin_family = AF_INET;
		name->v4.sin_port = htons(port);
		return sizeof(name->v4);
	}
	if (inet_pton(AF_INET6, address, &name->v6.sin6_addr) != 1)
		errx(2, "%s: no address", text);
	name->v6.sin6_family = AF_INET6;
	name->v6.sin6_port = htons(port);
	name->v6.sin6_scope_id = zone ? if_nametoindex(zone) : 0;
	return sizeof(name->v6);
}

static void open_for(const union name *name)
{
	if (fd < 0)
		fd = socket(name->any.sa_family, SOCK_DGRAM, 0);
}

static void name_socket(
        const char *text, int (*call)(int, const struct sockaddr *, socklen_t), uint16_t of_port)
{
	union name name = {0};
	port = of_port;
	socklen_t length = read_name(text, &name);
	open_for(&name);
	if (call(fd, &name.any, length))
		err(1, "%s", text);
}

static int bind_to(int socket, const struct sockaddr *name, socklen_t length)
{
	return bind(socket, name, length);
}

static int connect_to(int socket, const struct sockaddr *name, socklen_t length)
{
	return connect(socket, name, length);
}

static void add_control(struct msghdr *message, bool v4)
{
	control.header.cmsg_level = v4 ? IPPROTO_IP : IPPROTO_IPV6;
	control.header.cmsg_type = v4 ? IP_TTL : IPV6_HOPLIMIT;
	control.header.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.header), &(int){33}, sizeof(int));
	message->msg_control = &control;
	message->msg_controllen = sizeof(control);
}

static void add(unsigned number, char *text)
{
	struct msghdr *message = &vector[number].msg_hdr;
	char *at = strchr(text, '@'), *options = strchr(text, '+');
	if (!at)
		errx(2, "%s: no datagram", text);
	*at++ = '\0';
	parts[number] = (struct iovec){text, strlen(text)};
	if (options && strstr(options, "large"))
		parts[number] = (struct iovec){large, LARGE};
	if (options && strstr(options, "bad"))
		parts[number].iov_base = (void *)1;
	bool has_ttl = options && strstr(options, "ttl");
	if (options)
		*options = '\0';
	*message = (struct msghdr){.msg_iov = &parts[number], .msg_iovlen = 1};
	vector[number].msg_len = UNTOUCHED;
	if (!*at)
		return;
	message->msg_namelen = read_name(at, &names[number]);
	message->msg_name = &names[number];
	open_for(&names[number]);
	if (has_ttl)
		add_control(message, names[number].any.sa_family == AF_INET);
}

// ---- what the kernel tells of them ------------------------------------------------------------------------

#ifdef __GLIBC__
typedef int message_flags;
#else
typedef unsigned message_flags;
#endif

#ifndef SO_ZEROCOPY
#	define SO_ZEROCOPY 60
#endif

static void turn_on(bool stamped, bool zerocopy)
{
	const int stamps = SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE |
	                   SOF_TIMESTAMPING_OPT_ID | SOF_TIMESTAMPING_OPT_TSONLY;
	if (stamped && setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &stamps, sizeof(stamps)))
		err(1, "SO_TIMESTAMPING");
	if (zerocopy && setsockopt(fd, SOL_SOCKET, SO_ZEROCOPY, &(int){1}, sizeof(int)))
		err(1, "SO_ZEROCOPY");
}

// ee_info and ee_data: a range of completions; 0 and which one it is a timestamp of.
static bool is_told(struct sock_extended_err *told)
{
	char room[512];
	struct msghdr message = {.msg_control = room, .msg_controllen = sizeof(room)};
	if (recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
		return false;
	for (size_t at = 0; at + sizeof(struct cmsghdr) <= message.msg_controllen;) {
		struct cmsghdr header;
		memcpy(&header, room + at, sizeof(header));
		if ((header.cmsg_level == IPPROTO_IP && header.cmsg_type == IP_RECVERR) ||
		        (header.cmsg_level == IPPROTO_IPV6 && header.cmsg_type == IPV6_RECVERR))
			memcpy(told, room + at + CMSG_LEN(0), sizeof(*told));
		at += CMSG_ALIGN(header.cmsg_len);
	}
	return true;
}

static void print_told(void)
{
	struct sock_extended_err told = {0};
	unsigned count = 0;
	poll(&(struct pollfd){.fd = fd}, 1, 5000);
	while (is_told(&told))
		count += told.ee_origin == SO_EE_ORIGIN_ZEROCOPY ? told.ee_data - told.ee_info + 1 : 1;
	printf("told %u times, at last of %u\n", count, told.ee_data);
}

int main(int count, char **arguments)
{
	unsigned number = 0, times = 1;
	message_flags flags = 0;
	bool stamped = false, zerocopy = false;
	uint16_t to = (uint16_t)(count > 1 ? atoi(arguments[1]) : 0);
	for (int i = 2; i < count; i++) {
		port = to;
		if (!strncmp(arguments[i], "bind=", 5))
			name_socket(arguments[i] + 5, bind_to, 0);
		else if (!strncmp(arguments[i], "connect=", 8))
			name_socket(arguments[i] + 8, connect_to, to);
		else if (!strncmp(arguments[i], "flags=", 6))
			flags = (message_flags)atoi(arguments[i] + 6);
		else if (!strncmp(arguments[i], "times=", 6))
			times = (unsigned)atoi(arguments[i] + 6);
		else if (!strcmp(arguments[i], "stamped"))
			stamped = true;
		else if (!strcmp(arguments[i], "zerocopy"))
			zerocopy = true;
		else
			add(number++, arguments[i]);
	}
	for (; number && number < times; number++)
		vector[number] = vector[0];
	turn_on(stamped, zerocopy);
	if (zerocopy)
		flags |= (message_flags)MSG_ZEROCOPY;
	errno = UNTOUCHED;
	int sent = sendmmsg(fd, vector, number, flags), error = errno;
	printf("sent %d:", sent);
	for (unsigned i = 0; i < number && i < 20; i++)
		printf(" %u", vector[i].msg_len);
	printf("%s%s\n", error == UNTOUCHED ? "" : " ", error == UNTOUCHED ? "" : strerror(error));
	if (stamped || zerocopy)
		print_told();
	return 0;
}
