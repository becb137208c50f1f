// Sockets in many threads. Prints how often all of it went well; the first failure ends it. Knows no multicast.
//
//	threads stress ADDRESS SECONDS  threads and children make, bind, use, copy and close sockets at once
//	threads beside ADDRESS CALL     one thread does, while another is blocked in CALL
//	threads race ADDRESS SECONDS    two threads race
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 8, FORKERS = 2, IN_CHILD = 3, BESIDE = 200, DEADLINE = 10 /* seconds */ };

static const char *address_text;
static time_t end;
static unsigned rounds; // of all threads

static time_t now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec;
}

static socklen_t make_address(struct sockaddr_storage *address)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	bool is_v4 = inet_pton(AF_INET, address_text, &v4.sin_addr) == 1;
	memset(address, 0, sizeof(*address));
	if (is_v4)
		memcpy(address, &v4, sizeof(v4));
	else if (inet_pton(AF_INET6, address_text, &v6.sin6_addr) == 1)
		memcpy(address, &v6, sizeof(v6));
	else
		errx(2, "%s: not an address", address_text);
	return is_v4 ? sizeof(v4) : sizeof(v6);
}

static void must(bool good, const char *what)
{
	if (!good)
		err(1, "%s", what);
}

// Sends to the socket's own name, and waits for the word there.
static void talk_to_itself(int fd)
{
	struct sockaddr_storage name;
	socklen_t length = sizeof(name);
	struct pollfd wanted = {.fd = fd, .events = POLLIN};
	char word[8] = "";
	must(!getsockname(fd, (struct sockaddr *)&name, &length), "getsockname");
	must(sendto(fd, "word", 4, 0, (struct sockaddr *)&name, length) == 4, "sendto");
	must(poll(&wanted, 1, 10000) == 1, "poll");
	must(recv(fd, word, sizeof(word), 0) == 4 && !strcmp(word, "word"), "recv");
}

static void one_round(void)
{
	struct sockaddr_storage address;
	socklen_t length = make_address(&address);
	int fd = socket(address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	must(fd >= 0, "socket");
	int copy = dup(fd);
	must(copy >= 0, "dup");
	must(!bind(fd, (struct sockaddr *)&address, length), "bind");
	talk_to_itself(fd);
	talk_to_itself(copy);
	must(dup2(fd, copy) == copy, "dup2");
	must(!close(fd), "close");
	talk_to_itself(copy);
	must(!close(copy), "close of the copy");
}

static void one_connection(void)
{
	struct sockaddr_storage address;
	socklen_t length = make_address(&address), size = sizeof(address);
	int listener = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int client = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	must(!bind(listener, (struct sockaddr *)&address, length) && !listen(listener, 1), "listen");
	must(!getsockname(listener, (struct sockaddr *)&address, &size), "getsockname");
	must(!connect(client, (struct sockaddr *)&address, length), "connect");
	int server = accept(listener, NULL, NULL);
	must(server >= 0 && write(client, "x", 1) == 1, "accept");
	char byte;
	must(read(server, &byte, 1) == 1, "read");
	close(server);
	close(client);
	close(listener);
}

static void *use_sockets(void *unused)
{
	(void)unused;
	while (now() < end) {
		one_round();
		one_connection();
		__atomic_add_fetch(&rounds, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

static void *use_children(void *unused)
{
	(void)unused;
	while (now() < end) {
		int status;
		pid_t child = fork();
		if (!child) {
			for (int i = 0; i < IN_CHILD; i++)
				one_round();
			_exit(0);
		}
		must(waitpid(child, &status, 0) == child, "waitpid");
		if (status)
			errx(1, "a child ended with %#x", (unsigned)status);
		__atomic_add_fetch(&rounds, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

static int stress(const char *seconds)
{
	pthread_t threads[THREADS];
	end = now() + atoi(seconds);
	for (int i = 0; i < THREADS; i++)
		must(!pthread_create(&threads[i], NULL, i < FORKERS ? use_children : use_sockets, NULL),
		        "pthread_create");
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	return 0;
}

// ---- beside a call that blocks ----------------------------------------------------------------------------

static int quiet_socket, quiet_listener; // where nothing ever arrives
static struct sockaddr_storage full;     // a listener that takes no more connections
static socklen_t full_length;
static pid_t blocked_thread;

static void in_recv(void)
{
	char byte;
	recv(quiet_socket, &byte, 1, 0);
}

static void in_recvfrom(void)
{
	char byte;
	recvfrom(quiet_socket, &byte, 1, 0, NULL, NULL);
}

static void in_read(void)
{
	char byte;
	if (read(quiet_socket, &byte, 1) < 0)
		warn("read");
}

static void in_recvmsg(void)
{
	char byte;
	struct iovec part = {&byte, 1};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	recvmsg(quiet_socket, &message, 0);
}

static void in_recvmmsg(void)
{
	char byte;
	struct iovec part = {&byte, 1};
	struct mmsghdr message = {.msg_hdr = {.msg_iov = &part, .msg_iovlen = 1}};
	recvmmsg(quiet_socket, &message, 1, 0, NULL);
}

static void in_poll(void)
{
	struct pollfd wanted = {.fd = quiet_socket, .events = POLLIN};
	poll(&wanted, 1, -1);
}

static void in_select(void)
{
	fd_set readable;
	FD_ZERO(&readable);
	FD_SET((unsigned)quiet_socket, &readable);
	select(quiet_socket + 1, &readable, NULL, NULL, NULL);
}

static void in_epoll_wait(void)
{
	struct epoll_event event = {.events = EPOLLIN};
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	epoll_ctl(epoll, EPOLL_CTL_ADD, quiet_socket, &event);
	epoll_wait(epoll, &event, 1, -1);
}

static void in_accept(void)
{
	accept(quiet_listener, NULL, NULL);
}

static void in_connect(void)
{
	connect(socket(full.ss_family, SOCK_STREAM, 0), (struct sockaddr *)&full, full_length);
}

static const struct {
	const char *name;
	void (*block)(void);
} calls[] = {
        {"recv", in_recv},
        {"recvfrom", in_recvfrom},
        {"read", in_read},
        {"recvmsg", in_recvmsg},
        {"recvmmsg", in_recvmmsg},
        {"poll", in_poll},
        {"select", in_select},
        {"epoll_wait", in_epoll_wait},
        {"accept", in_accept},
        {"connect", in_connect},
};

static int bound_socket(int type)
{
	struct sockaddr_storage address;
	socklen_t length = make_address(&address);
	int fd = socket(address.ss_family, type, 0);
	must(fd >= 0 && !bind(fd, (struct sockaddr *)&address, length), "bind");
	return fd;
}

static void fill_listener(void)
{
	int listener = bound_socket(SOCK_STREAM);
	full_length = sizeof(full);
	must(!listen(listener, 0) && !getsockname(listener, (struct sockaddr *)&full, &full_length),
	        "listen");
	for (int i = 0; i < 4; i++)
		connect(socket(full.ss_family, SOCK_STREAM | SOCK_NONBLOCK, 0), (struct sockaddr *)&full,
		        full_length);
}

static void *block(void *call)
{
	__atomic_store_n(&blocked_thread, gettid(), __ATOMIC_RELEASE);
	((void (*)(void))call)();
	__atomic_store_n(&blocked_thread, -1, __ATOMIC_RELEASE);
	return NULL;
}

// Whether the thread sleeps, in its call or in a slice of it.
static bool is_blocked(void)
{
	char path[64], text[256] = "";
	pid_t thread = __atomic_load_n(&blocked_thread, __ATOMIC_ACQUIRE);
	if (thread < 0)
		errx(1, "the call has returned: %s", strerror(errno));
	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", thread);
	FILE *file = fopen(path, "r");
	bool sleeps = file && fgets(text, sizeof(text), file) && strstr(text, ") S ");
	if (file)
		fclose(file);
	return sleeps;
}

static int beside(const char *call)
{
	pthread_t thread;
	quiet_socket = bound_socket(SOCK_DGRAM);
	quiet_listener = bound_socket(SOCK_STREAM);
	must(!listen(quiet_listener, 1), "listen");
	fill_listener();
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (!strcmp(calls[i].name, call))
			must(!pthread_create(&thread, NULL, block, (void *)calls[i].block), "pthread_create");
	while (!is_blocked())
		usleep(1000);
	alarm(DEADLINE);
	for (; rounds < BESIDE; rounds++) {
		one_round();
		one_connection();
	}
	while (!is_blocked())
		usleep(1000);
	return 0;
}

// What a sanitizer of threads must find.
static void *race(void *unused)
{
	(void)unused;
	for (int i = 0; i < 1000; i++)
		rounds++;
	return NULL;
}

static int race_on_purpose(void)
{
	pthread_t threads[2];
	for (int i = 0; i < 2; i++)
		must(!pthread_create(&threads[i], NULL, race, NULL), "pthread_create");
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	return 0;
}

int main(int count, char **arguments)
{
	if (count != 4)
		errx(2, "usage: threads stress|beside|race ADDRESS SECONDS|CALL");
	address_text = arguments[2];
	int status = 0;
	if (!strcmp(arguments[1], "race"))
		status = race_on_purpose();
	else
		status = strcmp(arguments[1], "beside") != 0 ? stress(arguments[3]) : beside(arguments[3]);
	printf("%u rounds\n", rounds);
	return status;
}
