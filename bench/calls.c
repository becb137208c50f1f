// Socket calls in loops, to be counted or timed; what a preload library adds to a call is the difference
// between a run with it and a run without.
//
//	calls [OPTION...] count ROW...         under callgrind: two dumps for each row, named "ROW LENGTH" after the
//	                                       lengths of the loop
//	calls time BATCHES ROW...              a line "ROW NANOSECONDS" for each row
//	calls [OPTION...] run LENGTH ROW...    only runs them, to be looked at by strace
//
//	-d DESCRIPTORS    opens as many sockets before
//	-t THREADS        does the calls in each of them, on sockets of its own
//	-p ADDRESS        is where the program thinks that its peer is, which is at 127.0.0.1
//
// A call that fails ends its row with a line "ROW ERROR".
#include "batches.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

// The rules that the bench gives name these ports.
enum {
	ANY_PORT = 20000,
	CONNECTED_PORT = 21000,
	PEER_PORT = 22000,
	SETUP_PORT = 23000,
	SHORT = 40, // A loop's lengths: what
	LONG = 120, // one sends fits into a receive buffer.
	BYTES = 16,
	TIMEOUT = 2, // seconds until a call that waits counts as failed
	THREADS_AT_MOST = 64,
};

struct sockets {
	int any;       // bound to the wildcard: what most calls are on
	int connected; // bound to the wildcard, and connected to the peer
	int peer;
	struct sockaddr_in any_address, connected_address;
	struct sockaddr_in peer_address; // as the program has it
};

struct row {
	const char *name;
	void (*before)(struct sockets *, int count); // what is neither counted nor timed
	void (*loop)(struct sockets *, int count);
	void (*after)(struct sockets *, int count);
};

static char bytes[BYTES];
static in_addr_t peer_host = INADDR_LOOPBACK;

// ---- what may fail --------------------------------------------------------------------------------------

static __thread jmp_buf out_of_row;

static void must(bool holds)
{
	if (!holds)
		longjmp(out_of_row, errno ? errno : EPROTO);
}

static int new_socket(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	must(fd >= 0);
	return fd;
}

static int bound_socket(const struct sockaddr_in *address)
{
	int fd = new_socket();
	const struct timeval timeout = {.tv_sec = TIMEOUT};
	must(!bind(fd, (const struct sockaddr *)address, sizeof(*address)));
	must(!setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)));
	must(!setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)));
	return fd;
}

static struct sockaddr_in address_of(in_addr_t address, int port)
{
	return (struct sockaddr_in){
	        .sin_family = AF_INET,
	        .sin_addr.s_addr = htonl(address),
	        .sin_port = htons((in_port_t)port),
	};
}

static void open_sockets(struct sockets *sockets, int others)
{
	static int number;
	while (others-- > 0)
		new_socket();
	const struct sockaddr_in any = address_of(INADDR_ANY, ANY_PORT + number);
	const struct sockaddr_in connected = address_of(INADDR_ANY, CONNECTED_PORT + number);
	const struct sockaddr_in peer = address_of(INADDR_LOOPBACK, PEER_PORT + number);
	sockets->any_address = address_of(INADDR_LOOPBACK, ANY_PORT + number);
	sockets->connected_address = address_of(INADDR_LOOPBACK, CONNECTED_PORT + number);
	sockets->peer_address = address_of(peer_host, PEER_PORT + number);
	sockets->peer = bound_socket(&peer);
	sockets->any = bound_socket(&any);
	sockets->connected = bound_socket(&connected);
	must(!connect(sockets->connected, (struct sockaddr *)&sockets->peer_address,
	        sizeof(sockets->peer_address)));
	number++;
}

// ---- data calls -----------------------------------------------------------------------------------------

#define MESSAGE(name, address)                                                                               \
	struct iovec name##_bytes = {bytes, sizeof(bytes)};                                                  \
	struct mmsghdr name = {.msg_hdr = {                                                                  \
	                               .msg_name = (address),                                                \
	                               .msg_namelen = sizeof(struct sockaddr_in),                            \
	                               .msg_iov = &name##_bytes,                                             \
	                               .msg_iovlen = 1,                                                      \
	                       }}

static void send_from_peer(struct sockets *sockets, const struct sockaddr_in *to, int count)
{
	while (count--)
		must(sendto(sockets->peer, bytes, BYTES, 0, (const struct sockaddr *)to, sizeof(*to)) ==
		        BYTES);
}

static void feed(struct sockets *sockets, int count)
{
	send_from_peer(sockets, &sockets->any_address, count);
}

static void drain(struct sockets *sockets, int count)
{
	while (count--)
		must(recv(sockets->peer, bytes, BYTES, 0) == BYTES);
}

static void loop_recv(struct sockets *sockets, int count)
{
	while (count--)
		must(recv(sockets->any, bytes, BYTES, 0) == BYTES);
}

static void loop_recvfrom(struct sockets *sockets, int count)
{
	struct sockaddr_in from;
	while (count--) {
		socklen_t length = sizeof(from);
		must(recvfrom(sockets->any, bytes, BYTES, 0, (struct sockaddr *)&from, &length) == BYTES);
	}
}

static void loop_recvmsg(struct sockets *sockets, int count)
{
	struct sockaddr_in from;
	MESSAGE(message, &from);
	while (count--) {
		message.msg_hdr.msg_namelen = sizeof(from);
		must(recvmsg(sockets->any, &message.msg_hdr, 0) == BYTES);
	}
}

static void loop_recvmmsg(struct sockets *sockets, int count)
{
	struct sockaddr_in from;
	MESSAGE(message, &from);
	while (count--) {
		message.msg_hdr.msg_namelen = sizeof(from);
		must(recvmmsg(sockets->any, &message, 1, 0, NULL) == 1);
	}
}

static void loop_send(struct sockets *sockets, int count)
{
	while (count--)
		must(send(sockets->connected, bytes, BYTES, 0) == BYTES);
}

static void loop_sendto(struct sockets *sockets, int count)
{
	const struct sockaddr *to = (const struct sockaddr *)&sockets->peer_address;
	while (count--)
		must(sendto(sockets->any, bytes, BYTES, 0, to, sizeof(sockets->peer_address)) == BYTES);
}

static void loop_sendmsg(struct sockets *sockets, int count)
{
	MESSAGE(message, &sockets->peer_address);
	while (count--)
		must(sendmsg(sockets->any, &message.msg_hdr, 0) == BYTES);
}

static void loop_sendmmsg(struct sockets *sockets, int count)
{
	MESSAGE(message, &sockets->peer_address);
	while (count--)
		must(sendmmsg(sockets->any, &message, 1, 0) == 1);
}

// ---- data calls where the policy may have more to do -----------------------------------------------------

static void feed_connected(struct sockets *sockets, int count)
{
	send_from_peer(sockets, &sockets->connected_address, count);
}

static void loop_recv_connected(struct sockets *sockets, int count)
{
	while (count--)
		must(recv(sockets->connected, bytes, BYTES, 0) == BYTES);
}

// What is received next answers a datagram.
static void ask_and_feed(struct sockets *sockets, int count)
{
	loop_sendto(sockets, 1);
	drain(sockets, 1);
	feed(sockets, count);
}

static void drain_any(struct sockets *sockets, int count)
{
	loop_recv(sockets, count);
}

// The message and the address lie where most programs that keep them have them: not on the stack.
static void loop_sendto_kept(struct sockets *sockets, int count)
{
	static struct sockaddr_in to;
	to = sockets->peer_address;
	while (count--)
		must(sendto(sockets->any, bytes, BYTES, 0, (const struct sockaddr *)&to, sizeof(to)) ==
		        BYTES);
}

static void loop_sendmsg_kept(struct sockets *sockets, int count)
{
	static struct msghdr kept;
	MESSAGE(message, &sockets->peer_address);
	kept = message.msg_hdr;
	while (count--)
		must(sendmsg(sockets->any, &kept, 0) == BYTES);
}

static void loop_sendmmsg_kept(struct sockets *sockets, int count)
{
	static struct mmsghdr kept;
	MESSAGE(message, &sockets->peer_address);
	kept = message;
	while (count--)
		must(sendmmsg(sockets->any, &kept, 1, 0) == 1);
}

static void loop_sendmsg_ttl(struct sockets *sockets, int count)
{
	const int ttl = 1;
	char control[CMSG_SPACE(sizeof(ttl))] __attribute__((aligned(sizeof(size_t)))) = {0};
	MESSAGE(message, &sockets->peer_address);
	message.msg_hdr.msg_control = control;
	message.msg_hdr.msg_controllen = sizeof(control);
	struct cmsghdr *header = CMSG_FIRSTHDR(&message.msg_hdr);
	header->cmsg_level = IPPROTO_IP;
	header->cmsg_type = IP_TTL;
	header->cmsg_len = CMSG_LEN(sizeof(ttl));
	memcpy(CMSG_DATA(header), &ttl, sizeof(ttl));
	while (count--)
		must(sendmsg(sockets->any, &message.msg_hdr, 0) == BYTES);
}

// ---- sockets that come and go ---------------------------------------------------------------------------

static void loop_socket(struct sockets *sockets, int count)
{
	(void)sockets;
	while (count--) {
		const int on = 1;
		int fd = new_socket();
		must(!setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)));
		must(!close(fd));
	}
}

static void loop_dup(struct sockets *sockets, int count)
{
	while (count--) {
		int fd = dup(sockets->any);
		must(fd >= 0);
		must(!close(fd));
	}
}

// A program that knows no multicast ...
static void loop_plain(struct sockets *sockets, int count)
{
	const struct sockaddr_in address = address_of(INADDR_ANY, SETUP_PORT);
	(void)sockets;
	while (count--) {
		int fd = new_socket();
		must(!bind(fd, (const struct sockaddr *)&address, sizeof(address)));
		must(!close(fd));
	}
}

static void set(int fd, int option, int value)
{
	must(!setsockopt(fd, IPPROTO_IP, option, &value, sizeof(value)));
}

// ... and one written for it, which hears no groups but its own.
static void loop_native(struct sockets *sockets, int count)
{
	const struct sockaddr_in address = address_of(INADDR_ANY, SETUP_PORT);
	const struct sockaddr_in group = address_of(0xef010101, 0); // 239.1.1.1
	(void)sockets;
	while (count--) {
		int fd = new_socket();
		struct ifreq interface = {.ifr_name = "lo"};
		struct group_req request = {0};
		set(fd, IP_TOS, 0x20);
		set(fd, IP_TTL, 16);
		set(fd, IP_MULTICAST_ALL, 0);
		must(!ioctl(fd, SIOCGIFINDEX, &interface));
		request.gr_interface = (uint32_t)interface.ifr_ifindex;
		memcpy(&request.gr_group, &group, sizeof(group));
		must(!setsockopt(fd, IPPROTO_IP, MCAST_JOIN_GROUP, &request, sizeof(request)));
		must(!bind(fd, (const struct sockaddr *)&address, sizeof(address)));
		must(!close(fd));
	}
}

// ---- the rows -------------------------------------------------------------------------------------------

static void loop_data(struct sockets *sockets, int count);

static const struct row rows[] = {
        {"recv", feed, loop_recv, NULL},
        {"recvfrom", feed, loop_recvfrom, NULL},
        {"recvmsg", feed, loop_recvmsg, NULL},
        {"recvmmsg", feed, loop_recvmmsg, NULL},
        {"send", NULL, loop_send, drain},
        {"sendto", NULL, loop_sendto, drain},
        {"sendmsg", NULL, loop_sendmsg, drain},
        {"sendmmsg", NULL, loop_sendmmsg, drain},
#define DATA_ROWS 8
        {"data", NULL, loop_data, NULL},
        {"recv-connected", feed_connected, loop_recv_connected, NULL},
        {"recvfrom-answer", ask_and_feed, loop_recvfrom, NULL},
        {"recvmsg-answer", ask_and_feed, loop_recvmsg, NULL},
        {"sendto-kept", NULL, loop_sendto_kept, drain},
        {"sendmsg-kept", NULL, loop_sendmsg_kept, drain},
        {"sendmmsg-kept", NULL, loop_sendmmsg_kept, drain},
        {"sendmsg-ttl", NULL, loop_sendmsg_ttl, drain},
        {"sendto-bound", NULL, feed, drain_any}, // of a socket that is bound to an address
        {"socket", NULL, loop_socket, NULL},
        {"dup", NULL, loop_dup, NULL},
        {"plain", NULL, loop_plain, NULL},
        {"native", NULL, loop_native, NULL},
};

// Each of the data calls once, and what feeds or drains it: sixteen calls.
static void loop_data(struct sockets *sockets, int count)
{
	while (count--) {
		for (const struct row *row = rows; row < rows + DATA_ROWS; row++) {
			if (row->before)
				row->before(sockets, 1);
			row->loop(sockets, 1);
			if (row->after)
				row->after(sockets, 1);
		}
	}
}

static const struct row *find_row(const char *name)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (!strcmp(rows[i].name, name))
			return &rows[i];
	fprintf(stderr, "calls: no row %s\n", name);
	exit(2);
}

// ---- counting, timing, running --------------------------------------------------------------------------

struct work {
	const struct row *row;
	struct sockets sockets;
	int count;
	pthread_t thread;
	int error;
};

static struct work works[THREADS_AT_MOST] = {0};
static int threads = 1;

static void *work(void *of)
{
	struct work *this = of;
	this->error = setjmp(out_of_row);
	if (!this->error)
		this->row->loop(&this->sockets, this->count);
	return NULL;
}

// One thread is the main thread.
static int loop(const struct row *row, int count)
{
	for (int i = 0; i < threads; i++) {
		works[i].row = row;
		works[i].count = count;
		if (threads > 1 && pthread_create(&works[i].thread, NULL, work, &works[i]))
			exit(1);
	}
	if (threads == 1)
		work(&works[0]);
	for (int i = 0; i < threads && threads > 1; i++)
		pthread_join(works[i].thread, NULL);
	for (int i = 0; i < threads; i++)
		if (works[i].error)
			return works[i].error;
	return 0;
}

static int aside(void (*step)(struct sockets *, int), int count)
{
	int error = setjmp(out_of_row);
	for (int i = 0; i < threads && !error && step; i++)
		step(&works[i].sockets, count);
	return error;
}

// Runs a row's loop once; the time of it goes to *time.
static int batch(const struct row *row, int count, double *time)
{
	char name[64];
	int error = aside(row->before, count);
	snprintf(name, sizeof(name), "%s %d", row->name, count);
	double begin = nanoseconds();
	CALLGRIND_ZERO_STATS;
	if (!error)
		error = loop(row, count);
	CALLGRIND_DUMP_STATS_AT(name);
	*time = nanoseconds() - begin;
	return error ? error : aside(row->after, count);
}

// The first batch finds the functions called, and is left out.
static int time_row(const struct row *row, int batches)
{
	static double times[BATCHES_AT_MOST];
	double first;
	int error = batch(row, LONG, &first);
	for (int i = 0; i < batches && !error; i++)
		error = batch(row, LONG, &times[i]);
	if (!error)
		printf("%s %.1f\n", row->name, quantile(times, batches, 0.5) / LONG);
	return error;
}

static int count_row(const struct row *row)
{
	double time;
	int error = batch(row, 1, &time);
	error = error ? error : batch(row, SHORT, &time);
	return error ? error : batch(row, LONG, &time);
}

static int run_row(const char *mode, int number, const struct row *row)
{
	double time;
	if (!strcmp(mode, "count"))
		return count_row(row);
	if (!strcmp(mode, "time"))
		return time_row(row, number);
	return batch(row, number, &time);
}

static int usage(void)
{
	fputs("usage: calls [-d DESCRIPTORS] [-t THREADS] [-p ADDRESS] count|time BATCHES|run LENGTH ROW...\n",
	        stderr);
	return 2;
}

int main(int count, char **arguments)
{
	int option, descriptors = 0, number = 0;
	while ((option = getopt(count, arguments, "+d:t:p:")) != -1) {
		if (option == 'd')
			descriptors = atoi(optarg);
		else if (option == 't' && atoi(optarg) > 0 && atoi(optarg) <= THREADS_AT_MOST)
			threads = atoi(optarg);
		else if (option == 'p')
			peer_host = ntohl(inet_addr(optarg));
		else
			return usage();
	}
	arguments += optind;
	const char *mode = *arguments ? *arguments++ : "";
	if (strcmp(mode, "count"))
		number = *arguments ? atoi(*arguments++) : 0;
	if (number < 0 || number > BATCHES_AT_MOST)
		return usage();
	int error = aside(open_sockets, descriptors);
	if (error) {
		printf("* %s\n", strerror(error));
		return 1;
	}
	for (; *arguments; arguments++) {
		const struct row *row = find_row(*arguments);
		error = run_row(mode, number, row);
		if (error)
			printf("%s %s\n", row->name, strerror(error));
	}
	return 0;
}
