// What the tests with traffic have in common: sockets here and on the other host, what both hosts are called, and
// datagrams that come before a deadline.
//
// The program runs on the receiver of tests/hosts.bash, "here"; PEER is the file of the sender's network namespace,
// "there".
#ifndef TRAFFIC_H
#define TRAFFIC_H

#include "check.h"

#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <time.h>

enum { PORT = 5000, DEADLINE = 10 /* seconds */, WORD = 64 /* bytes, of what is sent mostly */ };

static const int64_t SECOND = 1000000000;

// ---- places ---------------------------------------------------------------------------------------------

// Two links: 0 from a0, there, to b0, here; 1 from a1 to b1. Link 0 has a second address at each end.
enum place { ANY, HERE, HERE_TOO, HERE_1, THERE, THERE_TOO, THERE_1, GROUP, GROUP_TOO, SOURCE_GROUP, PLACES };

static const char *const places[][PLACES] = {
        [GRAFT_IPV4] = {"0.0.0.0", "10.77.0.2", "10.77.0.22", "10.78.0.2", "10.77.0.1", "10.77.0.3",
                "10.78.0.1", "239.1.1.1", "239.1.1.2", "232.7.8.9"},
        [GRAFT_IPV6] = {"::", "fd77::2", "fd77::22", "fd78::2", "fd77::1", "fd77::3", "fd78::1", "ff15::114",
                "ff15::115", "ff35::8000:9"},
};

// A side of a socket, and how its addresses are handed in.
struct side {
	const char *name;
	int family; // of the socket
	enum graft_side side;
	bool mapped;
};

static const struct side sides[] = {
        {"IPv4", AF_INET, GRAFT_IPV4, false},
        {"IPv6", AF_INET6, GRAFT_IPV6, false},
        {"IPv4 on an AF_INET6 socket", AF_INET6, GRAFT_IPV4, false},
        {"mapped IPv4", AF_INET6, GRAFT_IPV4, true},
};

#define FOR_SIDES(side)                                                                                      \
	for (const struct side *side = sides; side < sides + COUNT(sides) && (CONTEXT("%s", side->name), 1); \
	        side++)

// The first two have a socket of their own family.
#define FOR_FAMILIES(side)                                                                                   \
	for (const struct side *side = sides; side < sides + 2 && (CONTEXT("%s", side->name), 1); side++)

// As it is handed out.
static inline union graft_address plain(const struct side *side, enum place place, uint16_t port)
{
	return address_of(places[side->side][place], port);
}

// As it is handed in.
static inline union graft_address at(const struct side *side, enum place place, uint16_t port)
{
	union graft_address address = plain(side, place, port);
	if (side->mapped)
		graft_address_map(&address);
	return address;
}

// ---- sockets --------------------------------------------------------------------------------------------

// What is sent first comes first: not so where two processors deliver.
static inline void keep_order(void)
{
	cpu_set_t one;
	CPU_ZERO(&one);
	CPU_SET((size_t)sched_getcpu(), &one);
	CHECK(!sched_setaffinity(0, sizeof(one), &one));
}

static inline int open_raw(const struct side *side, int type, int protocol)
{
	keep_order();
	int fd = socket(side->family, type | SOCK_CLOEXEC, protocol);
	CHECK(fd >= 0);
	CHECK_IS(0, graft_timeout_set(fd, GRAFT_RECEIVING, DEADLINE * SECOND));
	return fd;
}

static inline int open_there(const struct side *side, int type, int protocol)
{
	int home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	const char *there = getenv("PEER");
	int peer = open(there ? there : "", O_RDONLY | O_CLOEXEC);
	CHECK(home >= 0);
	CHECK(peer >= 0);
	CHECK(!setns(peer, CLONE_NEWNET));
	int fd = open_raw(side, type, protocol);
	CHECK(!setns(home, CLONE_NEWNET));
	close(home);
	close(peer);
	return fd;
}

// An AF_INET6 socket is bound to IPv6's wildcard, and to mapped addresses.
static inline uint16_t bind_at(int fd, const struct side *side, enum place place, uint16_t port)
{
	union graft_address address = place == ANY
	                                      ? address_of(side->family == AF_INET6 ? "::" : "0.0.0.0", port)
	                                      : plain(side, place, port);
	socklen_t length = sizeof(address);
	if (side->family == AF_INET6)
		graft_address_map(&address);
	CHECK(!bind(fd, &address.any, graft_address_length(&address)));
	CHECK(!getsockname(fd, &address.any, &length));
	return graft_address_port(&address);
}

static inline void connect_to(int fd, const union graft_address *to)
{
	union graft_address address = *to;
	int family = plain_option(fd, SOL_SOCKET, SO_DOMAIN);
	if (family == AF_INET6)
		graft_address_map(&address);
	CHECK(!connect(fd, &address.any, graft_address_length(&address)));
}

// A UDP socket, here or there; bound to a place, mostly.
static inline int udp(const struct side *side)
{
	return open_raw(side, SOCK_DGRAM, 0);
}

static inline int udp_at(const struct side *side, enum place place, uint16_t port)
{
	int fd = udp(side);
	bind_at(fd, side, place, port);
	return fd;
}

// One of several that are bound alike.
static inline int udp_sharing(const struct side *side, enum place place, uint16_t port)
{
	int fd = udp(side);
	CHECK_IS(0, graft_set(fd, GRAFT_REUSE_ADDRESS, 1));
	bind_at(fd, side, place, port);
	return fd;
}

static inline int udp_there(const struct side *side)
{
	return open_there(side, SOCK_DGRAM, 0);
}

static inline void close_both(int first, int second)
{
	CHECK(!close(first));
	CHECK(!close(second));
}

// The index of an interface in the socket's network namespace.
static inline unsigned interface_of(int fd, const char *name)
{
	struct graft_interface interface = {.by = GRAFT_BY_NAME, .name = name};
	unsigned index = 0;
	CHECK_IS(1, graft_interface_resolve(fd, &interface, &index, 1));
	return index;
}

// ---- datagrams ------------------------------------------------------------------------------------------

struct received {
	ssize_t length;
	char bytes[2048];
	union graft_address from;
	struct graft_control control;
};

// One datagram, which comes before the deadline.
static inline void receive(int fd, struct received *received)
{
	memset(received, 0x5a, sizeof(*received));
	received->length = graft_receive(
	        fd, received->bytes, sizeof(received->bytes) - 1, &received->from, &received->control, 0);
	if (received->length < 0)
		CHECK_IS(0, received->length);
	received->bytes[received->length] = '\0';
}

// The next datagram is this one, so that none before it has come.
static inline void hears(int fd, const char *word, struct received *received)
{
	struct received own;
	if (!received)
		received = &own;
	receive(fd, received);
	CHECK_TEXT(word, received->bytes);
}

// No datagram waits. Only where a later one has come to another socket of this host.
static inline void deaf(int fd)
{
	char byte;
	CHECK_IS(-EAGAIN, graft_receive(fd, &byte, 1, NULL, NULL, MSG_DONTWAIT));
}

static inline void say(
        int fd, const char *word, const union graft_address *to, const struct graft_control *control)
{
	CHECK_IS(strlen(word), graft_send(fd, word, strlen(word), to, control, 0));
}

static inline void check_address(const char *file, int line, const char *what,
        const union graft_address *wanted, const union graft_address *got)
{
	char first[GRAFT_ADDRESS_TEXT], second[GRAFT_ADDRESS_TEXT];
	if (!graft_address_equal(wanted, got))
		check_failed(file, line, "%s is %s, not %s", what, graft_address_text(got, first),
		        graft_address_text(wanted, second));
}

// CHECK_PLACE(side, place, address), port aside
#define CHECK_PLACE(side, place, address)                                                                    \
	check_address(__FILE__, __LINE__, #address, &(union graft_address[]){plain(side, place, 0)}[0],      \
	        &(address))

static inline int64_t now(clockid_t clock)
{
	struct timespec time;
	CHECK(!clock_gettime(clock, &time));
	return (int64_t)time.tv_sec * SECOND + time.tv_nsec;
}

#endif
