// Datagrams with control messages on loopback, by core and by bare loops of the system calls, to be timed or counted
// side by side on one socket.
//
//	core_datagrams check                 that both read and write the same
//	core_datagrams serve BATCHES         for each line "ROW" of standard input one with the nanoseconds of a
//	                                     datagram, bare and by core, in batches that take turns
//	core_datagrams count VARIANT ROW...  under callgrind: two dumps for each row, named "ROW LENGTH"
//
// A row is a family and what is done: "ipv4-receive". x/net's side of it is in xnet/.
#include "batches.h"

#include "../core/sockgraft.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
	AT_ONCE = 64,
	BYTES = 64,
	SHORT = AT_ONCE,
	LONG = 3 * AT_ONCE, // fits into a receive buffer
	HOPS = 33,
	CLASS = 0x28,
	TIMEOUT = 2,
	ROOM = CMSG_SPACE(sizeof(struct in6_pktinfo)) + 2 * CMSG_SPACE(sizeof(int)),
};

// What a program that uses core reads into a struct graft_control.
struct seen {
	unsigned hops, traffic_class, index;
	union {
		struct in_addr v4;
		struct in6_addr v6;
	} destination;
};

struct bench {
	int fd;
	bool six;
	unsigned index; // of lo
	union graft_address here;
	union graft_address source; // that IPv4 is sent from
	char bytes[AT_ONCE][BYTES];
	struct iovec parts[AT_ONCE];

	// bare: a header for a datagram is set up once
	struct mmsghdr receiving[AT_ONCE], sending[AT_ONCE];
	union graft_address from[AT_ONCE];
	size_t received[AT_ONCE][ROOM / sizeof(size_t)], sent[AT_ONCE][ROOM / sizeof(size_t)];
	struct seen seen[AT_ONCE];

	struct graft_message messages[AT_ONCE], specified[AT_ONCE];
};

static void must(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "core_datagrams: %s: %s\n", what, strerror(errno));
	exit(1);
}

// ---- bare -----------------------------------------------------------------------------------------------

static inline void bare_read4(struct msghdr *header, struct seen *seen)
{
	struct in_pktinfo info;
	for (struct cmsghdr *at = CMSG_FIRSTHDR(header); at; at = CMSG_NXTHDR(header, at)) {
		if (at->cmsg_level != IPPROTO_IP)
			continue;
		switch (at->cmsg_type) {
		case IP_TTL:
			memcpy(&seen->hops, CMSG_DATA(at), sizeof(seen->hops));
			break;
		case IP_TOS:
			seen->traffic_class = *CMSG_DATA(at);
			break;
		case IP_PKTINFO:
			memcpy(&info, CMSG_DATA(at), sizeof(info));
			seen->destination.v4 = info.ipi_addr;
			seen->index = (unsigned)info.ipi_ifindex;
			break;
		}
	}
}

static inline void bare_read6(struct msghdr *header, struct seen *seen)
{
	struct in6_pktinfo info;
	for (struct cmsghdr *at = CMSG_FIRSTHDR(header); at; at = CMSG_NXTHDR(header, at)) {
		if (at->cmsg_level != IPPROTO_IPV6)
			continue;
		switch (at->cmsg_type) {
		case IPV6_HOPLIMIT:
			memcpy(&seen->hops, CMSG_DATA(at), sizeof(seen->hops));
			break;
		case IPV6_TCLASS:
			memcpy(&seen->traffic_class, CMSG_DATA(at), sizeof(seen->traffic_class));
			break;
		case IPV6_PKTINFO:
			memcpy(&info, CMSG_DATA(at), sizeof(info));
			seen->destination.v6 = info.ipi6_addr;
			seen->index = info.ipi6_ifindex;
			break;
		}
	}
}

static inline void bare_read(struct bench *bench, int i)
{
	if (bench->six)
		bare_read6(&bench->receiving[i].msg_hdr, &bench->seen[i]);
	else
		bare_read4(&bench->receiving[i].msg_hdr, &bench->seen[i]);
}

static inline void bare_ready(struct bench *bench, int i)
{
	struct msghdr *header = &bench->receiving[i].msg_hdr;
	header->msg_namelen = sizeof(bench->from[i]);
	header->msg_controllen = sizeof(bench->received[i]);
}

static void bare_receive(struct bench *bench, int count)
{
	while (count--) {
		bare_ready(bench, 0);
		must(recvmsg(bench->fd, &bench->receiving[0].msg_hdr, 0) == BYTES, "recvmsg");
		bare_read(bench, 0);
	}
}

static void bare_receive_batch(struct bench *bench, int count)
{
	for (; count > 0; count -= AT_ONCE) {
		for (int i = 0; i < AT_ONCE; i++)
			bare_ready(bench, i);
		must(recvmmsg(bench->fd, bench->receiving, AT_ONCE, 0, NULL) == AT_ONCE, "recvmmsg");
		for (int i = 0; i < AT_ONCE; i++)
			bare_read(bench, i);
	}
}

static inline struct cmsghdr *bare_put(
        struct msghdr *header, struct cmsghdr *at, int level, int type, const void *data, size_t size)
{
	at->cmsg_level = level;
	at->cmsg_type = type;
	at->cmsg_len = CMSG_LEN(size);
	memcpy(CMSG_DATA(at), data, size);
	return CMSG_NXTHDR(header, at);
}

static inline void bare_write(struct bench *bench, int i)
{
	const struct graft_control *control = &bench->specified[i].control;
	struct msghdr *header = &bench->sending[i].msg_hdr;
	struct cmsghdr *at = CMSG_FIRSTHDR(header);
	if (bench->six) {
		const struct in6_pktinfo info = {.ipi6_ifindex = control->index};
		at = bare_put(header, at, IPPROTO_IPV6, IPV6_HOPLIMIT, &control->hops, sizeof(int));
		at = bare_put(header, at, IPPROTO_IPV6, IPV6_TCLASS, &control->traffic_class, sizeof(int));
		bare_put(header, at, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info));
	} else {
		const struct in_pktinfo info = {
		        .ipi_ifindex = (int)control->index, .ipi_spec_dst = control->source.v4.sin_addr};
		bare_put(header, at, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
	}
}

static void bare_send(struct bench *bench, int count)
{
	while (count--) {
		bare_write(bench, 0);
		must(sendmsg(bench->fd, &bench->sending[0].msg_hdr, 0) == BYTES, "sendmsg");
	}
}

static void bare_send_batch(struct bench *bench, int count)
{
	for (; count > 0; count -= AT_ONCE) {
		for (int i = 0; i < AT_ONCE; i++)
			bare_write(bench, i);
		must(sendmmsg(bench->fd, bench->sending, AT_ONCE, 0) == AT_ONCE, "sendmmsg");
	}
}

static void bare_both(struct bench *bench, int count)
{
	while (count--) {
		bare_send(bench, 1);
		bare_receive(bench, 1);
	}
}

// ---- by core --------------------------------------------------------------------------------------------

static void core_receive(struct bench *bench, int count)
{
	struct graft_message *message = &bench->messages[0];
	while (count--)
		must(graft_receive(bench->fd, bench->bytes[0], BYTES, &message->address, &message->control,
		             0) == BYTES,
		        "graft_receive");
}

static void core_receive_batch(struct bench *bench, int count)
{
	for (; count > 0; count -= AT_ONCE)
		must(graft_receive_batch(bench->fd, bench->messages, AT_ONCE, 0) == AT_ONCE,
		        "graft_receive_batch");
}

static void core_send(struct bench *bench, int count)
{
	const struct graft_message *message = &bench->specified[0];
	while (count--)
		must(graft_send(bench->fd, bench->bytes[0], BYTES, &message->address, &message->control, 0) ==
		                BYTES,
		        "graft_send");
}

static void core_send_batch(struct bench *bench, int count)
{
	for (; count > 0; count -= AT_ONCE)
		must(graft_send_batch(bench->fd, bench->specified, AT_ONCE, 0) == AT_ONCE,
		        "graft_send_batch");
}

static void core_both(struct bench *bench, int count)
{
	while (count--) {
		core_send(bench, 1);
		core_receive(bench, 1);
	}
}

// ---- the rows -------------------------------------------------------------------------------------------

enum { BARE, CORE, VARIANTS };
static const char *const variants[] = {"bare", "core"};

static const struct work {
	const char *name;
	void (*before)(struct bench *, int count); // what is neither counted nor timed
	void (*loop[VARIANTS])(struct bench *, int count);
	void (*after)(struct bench *, int count);
} works[] = {
        {"receive", bare_send, {bare_receive, core_receive}, NULL},
        {"send", NULL, {bare_send, core_send}, bare_receive},
        {"both", NULL, {bare_both, core_both}, NULL},
        {"receive-batch", bare_send, {bare_receive_batch, core_receive_batch}, NULL},
        {"send-batch", NULL, {bare_send_batch, core_send_batch}, bare_receive_batch},
};

enum { WORKS = sizeof(works) / sizeof(*works), FAMILIES = 2, FAMILY_NAME = 5 };
static const char *const families[FAMILIES] = {"ipv4-", "ipv6-"};
static struct bench benches[FAMILIES];

static struct bench *find_row(const char *name, const struct work **work)
{
	for (int family = 0; family < FAMILIES; family++)
		for (*work = works; *work < works + WORKS; ++*work)
			if (!strncmp(name, families[family], FAMILY_NAME) &&
			        !strcmp(name + FAMILY_NAME, (*work)->name))
				return &benches[family];
	fprintf(stderr, "core_datagrams: no row %s\n", name);
	exit(2);
}

// ---- set up ---------------------------------------------------------------------------------------------

static void set_up_datagram(struct bench *bench, int i)
{
	bench->parts[i] = (struct iovec){bench->bytes[i], BYTES};
	bench->receiving[i].msg_hdr = (struct msghdr){.msg_name = &bench->from[i],
	        .msg_iov = &bench->parts[i],
	        .msg_iovlen = 1,
	        .msg_control = bench->received[i]};
	bench->sending[i].msg_hdr = (struct msghdr){.msg_name = &bench->here,
	        .msg_namelen = graft_address_length(&bench->here),
	        .msg_iov = &bench->parts[i],
	        .msg_iovlen = 1,
	        .msg_control = bench->sent[i],
	        .msg_controllen = bench->six ? ROOM : CMSG_SPACE(sizeof(struct in_pktinfo))};
	struct graft_message *message = &bench->specified[i];
	*message = (struct graft_message){.parts = &bench->parts[i], .part_count = 1, .address = bench->here};
	message->control = (struct graft_control){.with = GRAFT_WITH_INTERFACE, .index = bench->index};
	if (bench->six) {
		message->control.with |= GRAFT_WITH_HOPS | GRAFT_WITH_CLASS;
		message->control.hops = HOPS;
		message->control.traffic_class = CLASS;
	} else {
		message->control.with |= GRAFT_WITH_SOURCE;
		message->control.source = bench->source;
	}
	bench->messages[i] = (struct graft_message){.parts = &bench->parts[i], .part_count = 1};
}

static void parse(const char *text, union graft_address *address)
{
	must(!graft_address_parse(text, strlen(text), address), text);
}

static void set_up(struct bench *bench, bool six)
{
	bench->six = six;
	bench->index = if_nametoindex("lo");
	parse(six ? "::1" : "127.0.0.1", &bench->here);
	parse(six ? "::" : "127.0.0.2", &bench->source);
	bench->fd = socket(six ? AF_INET6 : AF_INET, SOCK_DGRAM, 0);
	socklen_t length = sizeof(bench->here);
	must(bench->fd >= 0 && !bind(bench->fd, &bench->here.any, graft_address_length(&bench->here)) &&
	                !getsockname(bench->fd, &bench->here.any, &length),
	        "a socket on loopback");
	unsigned with = GRAFT_WITH_HOPS | GRAFT_WITH_CLASS | GRAFT_WITH_DESTINATION | GRAFT_WITH_INTERFACE;
	must(!graft_control_set(bench->fd, with, true) &&
	                (six || (!graft_set(bench->fd, GRAFT_TTL, HOPS) &&
	                                !graft_set(bench->fd, GRAFT_TOS, CLASS))) &&
	                !graft_timeout_set(bench->fd, GRAFT_RECEIVING, TIMEOUT * INT64_C(1000000000)),
	        "its options");
	for (int i = 0; i < AT_ONCE; i++)
		set_up_datagram(bench, i);
}

// ---- whether both do the same ---------------------------------------------------------------------------

static bool right_seen(const struct bench *bench, int i)
{
	const struct seen *seen = &bench->seen[i];
	return seen->hops == HOPS && seen->traffic_class == CLASS && seen->index == bench->index &&
	       graft_address_equal(&bench->from[i], bench->six ? &bench->here : &bench->source) &&
	       !memcmp(&seen->destination,
	               bench->six ? (const void *)&bench->here.v6.sin6_addr : &bench->here.v4.sin_addr,
	               bench->six ? sizeof(struct in6_addr) : sizeof(struct in_addr));
}

static bool right_message(const struct bench *bench, int i)
{
	const struct graft_control *control = &bench->messages[i].control;
	unsigned with = GRAFT_WITH_HOPS | GRAFT_WITH_CLASS | GRAFT_WITH_DESTINATION | GRAFT_WITH_INTERFACE |
	                GRAFT_WITH_SOURCE;
	return control->with == with && !control->incomplete && control->hops == HOPS &&
	       control->traffic_class == CLASS && control->index == bench->index &&
	       graft_address_equal(&bench->messages[i].address, bench->six ? &bench->here : &bench->source) &&
	       graft_address_equal(&control->destination, &bench->here);
}

// Sends by one variant, receives by another, and looks at what was read; nothing is left over of the pair before.
static void check_pair(struct bench *bench, const struct work *send, int sender, const struct work *receive,
        int receiver, int count)
{
	memset(bench->seen, 0, sizeof(bench->seen));
	memset(bench->from, 0, sizeof(bench->from));
	for (int i = 0; i < AT_ONCE; i++)
		bench->messages[i] = (struct graft_message){.parts = &bench->parts[i], .part_count = 1};
	send->loop[sender](bench, count);
	receive->loop[receiver](bench, count);
	for (int i = 0; i < count; i++)
		if (!(receiver == BARE ? right_seen : right_message)(bench, i)) {
			fprintf(stderr,
			        "core_datagrams: IPv%d: wrong: sent by %s, received by %s, %d at once\n",
			        bench->six ? 6 : 4, variants[sender], variants[receiver], count);
			exit(1);
		}
}

static void check(struct bench *bench)
{
	for (int sender = 0; sender < VARIANTS; sender++)
		for (int receiver = 0; receiver < VARIANTS; receiver++) {
			check_pair(bench, &works[1], sender, &works[0], receiver, 1);
			check_pair(bench, &works[4], sender, &works[3], receiver, AT_ONCE);
		}
}

// ---- timing and counting --------------------------------------------------------------------------------

static double batch(struct bench *bench, const struct work *work, int variant, int count, const char *name)
{
	if (work->before)
		work->before(bench, count);
	CALLGRIND_ZERO_STATS;
	double begin = nanoseconds();
	work->loop[variant](bench, count);
	double time = nanoseconds() - begin;
	if (name)
		CALLGRIND_DUMP_STATS_AT(name);
	if (work->after)
		work->after(bench, count);
	return time / count;
}

// The lower quartile of the batches: what else goes on only ever makes one slower.
static void time_row(const char *row, int batches)
{
	static double times[VARIANTS][BATCHES_AT_MOST];
	const struct work *work;
	struct bench *bench = find_row(row, &work);
	for (int i = 0; i < batches; i++)
		for (int variant = 0; variant < VARIANTS; variant++) {
			int now = i % 2 ? variant : VARIANTS - 1 - variant;
			times[now][i] = batch(bench, work, now, AT_ONCE, NULL);
		}
	for (int variant = 0; variant < VARIANTS; variant++)
		printf("%.2f%c", quantile(times[variant], batches, 0.25),
		        variant + 1 < VARIANTS ? ' ' : '\n');
}

static void count_row(const char *row, int variant)
{
	const struct work *work;
	struct bench *bench = find_row(row, &work);
	const int lengths[] = {AT_ONCE, SHORT, LONG}; // the first finds the functions called
	for (int i = 0; i < 3; i++) {
		char name[64];
		snprintf(name, sizeof(name), "%s %d", row, lengths[i]);
		batch(bench, work, variant, lengths[i], i ? name : NULL);
	}
}

int main(int count, char **arguments)
{
	const char *mode = count > 1 ? arguments[1] : "";
	for (int family = 0; family < FAMILIES; family++)
		set_up(&benches[family], family);
	if (!strcmp(mode, "check") && count == 2) {
		for (int family = 0; family < FAMILIES; family++)
			check(&benches[family]);
	} else if (!strcmp(mode, "serve") && count == 3) {
		serve(atoi(arguments[2]), time_row);
	} else if (!strcmp(mode, "count") && count > 3) {
		for (int i = 3; i < count; i++)
			count_row(arguments[i], strcmp(arguments[2], variants[CORE]) ? BARE : CORE);
	} else {
		fputs("usage: core_datagrams check | serve BATCHES | count bare|core ROW...\n", stderr);
		return 2;
	}
	return 0;
}
