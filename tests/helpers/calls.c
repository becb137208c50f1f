// One call of libc each, as the first on a socket that somebody else made. What the call is named in the program
// depends on how this file is compiled: _FORTIFY_SOURCE and _TIME_BITS have functions of their own.
//
//   calls bound ADDRESS PORT COMMAND...   becomes the command, with a bound socket as descriptor 3
//   calls CALL [MILLISECONDS]             on descriptor 3; prints the datagram that came, or how long it waited
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { SOCKET = 3, ROOM = 64, ENDLESS = 60000 };

static char payload[ROOM];
// What the compiler doesn't know it leaves to the fortified functions to check.
static volatile size_t room = ROOM - 1;
static volatile nfds_t one = 1;
static int timeout = ENDLESS; // ms

static struct timespec timespec_of_timeout(void)
{
	return (struct timespec){timeout / 1000, timeout % 1000 * 1000000L};
}

static struct timeval timeval_of_timeout(void)
{
	return (struct timeval){timeout / 1000, timeout % 1000 * 1000};
}

// ---- receiving: how many bytes came ---------------------------------------------------------------------

static ssize_t by_recv(void)
{
	return recv(SOCKET, payload, room, 0);
}

static ssize_t by_recvfrom(void)
{
	return recvfrom(SOCKET, payload, room, 0, NULL, NULL);
}

static ssize_t by_read(void)
{
	return read(SOCKET, payload, room);
}

static ssize_t by_readv(void)
{
	const struct iovec part = {payload, room};
	return readv(SOCKET, &part, 1);
}

static ssize_t by_recvmsg(void)
{
	struct iovec part = {payload, room};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	return recvmsg(SOCKET, &message, 0);
}

static ssize_t by_recvmmsg(void)
{
	struct iovec part = {payload, room};
	struct mmsghdr message = {.msg_hdr = {.msg_iov = &part, .msg_iovlen = 1}};
	struct timespec time = timespec_of_timeout();
	int count = recvmmsg(SOCKET, &message, 1, 0, &time);
	return count < 0 ? -1 : (ssize_t)message.msg_len;
}

// ---- waiting: what poll would return --------------------------------------------------------------------

static ssize_t by_poll(void)
{
	struct pollfd wanted = {.fd = SOCKET, .events = POLLIN};
	return poll(&wanted, one, timeout);
}

static ssize_t by_ppoll(void)
{
	struct pollfd wanted = {.fd = SOCKET, .events = POLLIN};
	const struct timespec time = timespec_of_timeout();
	return ppoll(&wanted, one, &time, NULL);
}

static ssize_t by_select(void)
{
	struct timeval time = timeval_of_timeout();
	fd_set wanted;
	FD_ZERO(&wanted);
	FD_SET(SOCKET, &wanted);
	int ready = select(SOCKET + 1, &wanted, NULL, NULL, &time);
	if (!ready && (time.tv_sec || time.tv_usec)) // select(2): what was not slept
		errx(1, "select left %lld s %lld us", (long long)time.tv_sec, (long long)time.tv_usec);
	return ready;
}

static ssize_t by_pselect(void)
{
	const struct timespec time = timespec_of_timeout();
	fd_set wanted;
	FD_ZERO(&wanted);
	FD_SET(SOCKET, &wanted);
	return pselect(SOCKET + 1, &wanted, NULL, NULL, &time, NULL);
}

static ssize_t by_epoll_wait(void)
{
	struct epoll_event event = {.events = EPOLLIN};
	int set = epoll_create1(0);
	if (epoll_ctl(set, EPOLL_CTL_ADD, SOCKET, &event))
		err(1, "epoll_ctl");
	return epoll_wait(set, &event, 1, timeout);
}

// ---- asking and sending: 0 ------------------------------------------------------------------------------

static ssize_t by_getsockopt(void)
{
	int type = 0;
	socklen_t length = sizeof(type);
	return getsockopt(SOCKET, SOL_SOCKET, SO_TYPE, &type, &length) || type != SOCK_DGRAM ? -1 : 0;
}

// A time, which 32-bit programs write in two ways.
static ssize_t by_setsockopt(void)
{
	const struct timeval patience = {7, 500000};
	struct timeval told = {0};
	socklen_t length = sizeof(told);
	if (setsockopt(SOCKET, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) ||
	        getsockopt(SOCKET, SOL_SOCKET, SO_RCVTIMEO, &told, &length))
		return -1;
	return told.tv_sec == patience.tv_sec && told.tv_usec == patience.tv_usec ? 0 : -1;
}

// Of a group that nobody joined.
#ifdef __GLIBC__
static const struct in_addr anywhere, unjoined = {0x090909ef};
static const struct sockaddr_in unjoined_name = {.sin_family = AF_INET, .sin_addr = {0x090909ef}};

static ssize_t is_not_joined(int result)
{
	return result && (errno == EADDRNOTAVAIL || errno == EINVAL) ? 0 : -1;
}

static ssize_t by_setsourcefilter(void)
{
	return is_not_joined(setsourcefilter(SOCKET, 1, (const struct sockaddr *)&unjoined_name,
	        sizeof(unjoined_name), MCAST_EXCLUDE, 0, NULL));
}

static ssize_t by_setipv4sourcefilter(void)
{
	return is_not_joined(setipv4sourcefilter(SOCKET, anywhere, unjoined, MCAST_EXCLUDE, 0, NULL));
}
#else // which doesn't have them
#	define by_setsourcefilter     by_setsockopt
#	define by_setipv4sourcefilter by_setsockopt
#endif

static const struct sockaddr_in nobody = {.sin_family = AF_INET};

static struct sockaddr_in discard(void)
{
	struct sockaddr_in address = nobody;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	address.sin_port = htons(9);
	return address;
}

static ssize_t by_sendto(void)
{
	const struct sockaddr_in to = discard();
	return sendto(SOCKET, "x", 1, 0, (const struct sockaddr *)&to, sizeof(to)) < 0;
}

static ssize_t by_sendmsg(void)
{
	struct sockaddr_in to = discard();
	struct iovec part = {payload, 1};
	const struct msghdr message = {
	        .msg_name = &to, .msg_namelen = sizeof(to), .msg_iov = &part, .msg_iovlen = 1};
	return sendmsg(SOCKET, &message, 0) < 0;
}

static ssize_t by_sendmmsg(void)
{
	struct sockaddr_in to = discard();
	struct iovec part = {payload, 1};
	struct mmsghdr message = {
	        .msg_hdr = {.msg_name = &to, .msg_namelen = sizeof(to), .msg_iov = &part, .msg_iovlen = 1}};
	return sendmmsg(SOCKET, &message, 1, 0) < 0;
}

// ---- all of them ----------------------------------------------------------------------------------------

enum what { RECEIVES, WAITS, ASKS };

static const struct {
	const char *name;
	ssize_t (*call)(void);
	enum what what;
} rows[] = {
        {"recv", by_recv, RECEIVES},
        {"recvfrom", by_recvfrom, RECEIVES},
        {"read", by_read, RECEIVES},
        {"readv", by_readv, RECEIVES},
        {"recvmsg", by_recvmsg, RECEIVES},
        {"recvmmsg", by_recvmmsg, RECEIVES},
        {"poll", by_poll, WAITS},
        {"ppoll", by_ppoll, WAITS},
        {"select", by_select, WAITS},
        {"pselect", by_pselect, WAITS},
        {"epoll_wait", by_epoll_wait, WAITS},
        {"getsockopt", by_getsockopt, ASKS},
        {"setsockopt", by_setsockopt, ASKS},
        {"setsourcefilter", by_setsourcefilter, ASKS},
        {"setipv4sourcefilter", by_setipv4sourcefilter, ASKS},
        {"sendto", by_sendto, ASKS},
        {"sendmsg", by_sendmsg, ASKS},
        {"sendmmsg", by_sendmmsg, ASKS},
};

static long long milliseconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static void run(size_t row)
{
	long long start = milliseconds();
	ssize_t result = rows[row].call();
	if (result < 0)
		err(1, "%s", rows[row].name);
	if (rows[row].what == ASKS) {
		puts("done");
		pause();
	}
	if (rows[row].what == WAITS && result)
		recv(SOCKET, payload, ROOM - 1, 0);
	if (result)
		puts(payload);
	else
		printf("waited %lld ms\n", milliseconds() - start);
}

static void become(char **arguments)
{
	struct sockaddr_in address = nobody;
	address.sin_port = htons((in_port_t)atoi(arguments[1]));
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (inet_pton(AF_INET, arguments[0], &address.sin_addr) != 1 ||
	        bind(fd, (struct sockaddr *)&address, sizeof(address)))
		err(1, "%s", arguments[0]);
	if (fd != SOCKET && (dup2(fd, SOCKET) < 0 || close(fd)))
		err(1, "dup2");
	execvp(arguments[2], arguments + 2);
	err(1, "%s", arguments[2]);
}

int main(int count, char **arguments)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (count > 4 && !strcmp(arguments[1], "bound"))
		become(arguments + 2);
	if (count > 2)
		timeout = atoi(arguments[2]);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) && count > 1; i++)
		if (!strcmp(arguments[1], rows[i].name)) {
			run(i);
			return 0;
		}
	errx(2, "usage: calls bound ADDRESS PORT COMMAND... | calls CALL [MILLISECONDS]");
}
