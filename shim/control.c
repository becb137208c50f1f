// The control messages that go with one datagram.
#include "control.h"

#include "../core/address.h"
#include "../core/kernel.h"
#include "start.h"

#include <errno.h>
#include <linux/pkt_sched.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>

enum { DISCARD = 9 }; // a port, RFC 863

static inline __attribute__((always_inline)) size_t put(
        void *room, int level, int type, const void *data, size_t length)
{
	struct cmsghdr *header = room;
	memset(room, 0, CMSG_SPACE(length));
	header->cmsg_level = level;
	header->cmsg_type = type;
	header->cmsg_len = (socklen_t)CMSG_LEN(length); // which musl has there
	memcpy(CMSG_DATA(header), data, length);
	return CMSG_SPACE(length);
}

// Behind all that stands there.
static void append(struct control *control, int level, int type, const void *data, size_t length)
{
	size_t end = CMSG_ALIGN(control->length);
	memset(control->bytes + control->length, 0, end - control->length);
	control->length = end + put(control->bytes + end, level, type, data, length);
}

// ---- the program's ----------------------------------------------------------------------------------------
//
// They may lie anywhere, and may be anything. They are walked through as the kernel does it, which differs from what
// libc does where their lengths are wrong.

struct part {
	const char *at, *data;
	size_t size; // of the program's room: the last one may go without its padding
	struct cmsghdr header;
};

static const char *end_of(const struct msghdr *message)
{
	return (const char *)message->msg_control + message->msg_controllen;
}

// The message at `at`. false: there is none that the kernel would take.
static bool read_part(const struct msghdr *message, const char *at, struct part *part)
{
	size_t left = (size_t)(end_of(message) - at);
	if (left < sizeof(part->header))
		return false;
	memcpy(&part->header, at, sizeof(part->header));
	size_t length = part->header.cmsg_len;
	if (length < sizeof(part->header) || length > left)
		return false;
	part->at = at;
	part->data = at + CMSG_LEN(0);
	part->size = CMSG_ALIGN(length) < left ? CMSG_ALIGN(length) : left;
	return true;
}

static bool is(const struct part *part, int level, int type)
{
	return part->header.cmsg_level == level && part->header.cmsg_type == type;
}

// ---- packet information ---------------------------------------------------------------------------------

// What stands for it, and how long it has to be: IPv6 takes more, and has two names for it.
static bool is_info4(const struct part *part)
{
	return is(part, IPPROTO_IP, IP_PKTINFO) &&
	       part->header.cmsg_len == CMSG_LEN(sizeof(struct in_pktinfo));
}

static bool is_info6(const struct part *part)
{
	return (is(part, IPPROTO_IPV6, IPV6_PKTINFO) || is(part, IPPROTO_IPV6, IPV6_2292PKTINFO)) &&
	       part->header.cmsg_len >= CMSG_LEN(sizeof(struct in6_pktinfo));
}

// The kernel goes on in the same way where several are given. For IPv4 an address, even 0.0.0.0, takes the place of the
// one before.
static void read_info4(const struct part *part, struct packet_info *info)
{
	struct in_pktinfo given;
	memcpy(&given, part->data, sizeof(given));
	if (given.ipi_ifindex)
		info->index = (unsigned)given.ipi_ifindex;
	info->source = (union graft_address){.v4.sin_addr = given.ipi_spec_dst};
	if (given.ipi_spec_dst.s_addr)
		info->source.any.sa_family = AF_INET;
}

static void read_info6(const struct part *part, struct packet_info *info)
{
	struct in6_pktinfo given;
	memcpy(&given, part->data, sizeof(given));
	if (given.ipi6_ifindex)
		info->index = (unsigned)given.ipi6_ifindex;
	if (!IN6_IS_ADDR_UNSPECIFIED(&given.ipi6_addr))
		info->source =
		        (union graft_address){.v6.sin6_family = AF_INET6, .v6.sin6_addr = given.ipi6_addr};
}

// What an AF_INET6 socket says of a datagram to a mapped address; of another address than a mapped one the kernel has an
// error.
static bool read_mapped(const struct part *part, struct packet_info *info)
{
	struct in6_pktinfo given;
	memcpy(&given, part->data, sizeof(given));
	if (!IN6_IS_ADDR_V4MAPPED(&given.ipi6_addr))
		return false;
	if (given.ipi6_ifindex)
		info->index = (unsigned)given.ipi6_ifindex;
	info->source = (union graft_address){0};
	memcpy(&info->source.v4.sin_addr, given.ipi6_addr.s6_addr + 12, sizeof(info->source.v4.sin_addr));
	if (info->source.v4.sin_addr.s_addr)
		info->source.any.sa_family = AF_INET;
	return true;
}

// Takes in what a message says of it, if it counts: for IPv4 what is of IPv6 does so on an AF_INET6 socket alone, and by one
// of its names; for IPv6 nothing that is of IPv4.
static bool read_info(
        const struct subject *subject, const struct part *part, bool v4, struct packet_info *info)
{
	if (v4 && is_info6(part))
		return subject->state & INET6 && part->header.cmsg_type == IPV6_PKTINFO &&
		       read_mapped(part, info);
	if (v4 ? !is_info4(part) : !is_info6(part))
		return false;
	(v4 ? read_info4 : read_info6)(part, info);
	return true;
}

struct packet_info control_packet_info(const struct subject *subject, const struct msghdr *message, bool v4)
{
	struct packet_info info = {0};
	struct part part;
	for (const char *at = message->msg_control; read_part(message, at, &part); at += part.size)
		info.given |= read_info(subject, &part, v4, &info);
	return info;
}

bool control_has_packet_info(const struct msghdr *message)
{
	struct part part;
	for (const char *at = message->msg_control; read_part(message, at, &part); at += part.size)
		if (is_info4(&part) || is_info6(&part))
			return true;
	return false;
}

static size_t put_info(void *room, bool v4, const struct packet_info *info)
{
	const union graft_address *source = &info->source;
	if (v4) {
		struct in_pktinfo told = {
		        .ipi_ifindex = (int)info->index, .ipi_spec_dst = source->v4.sin_addr};
		if (address_is_mapped(source))
			memcpy(&told.ipi_spec_dst, source->v6.sin6_addr.s6_addr + 12,
			        sizeof(told.ipi_spec_dst));
		return put(room, IPPROTO_IP, IP_PKTINFO, &told, sizeof(told));
	}
	const struct in6_pktinfo told = {source->v6.sin6_addr, info->index};
	return put(room, IPPROTO_IPV6, IPV6_PKTINFO, &told, sizeof(told));
}

void control_set_packet_info(struct control *control, const struct packet_info *info)
{
	put_info(control->bytes, control->v4, info);
}

// ---- what is overridden ---------------------------------------------------------------------------------

// Whoever holds one of them has it on the socket, which counts for each datagram that says nothing of it.
static const struct row {
	int level, type, least;
	enum held single, group;
} rows[] = {
        {IPPROTO_IP, IP_TOS, 0, (enum held)GRAFT_TOS, (enum held)GRAFT_TOS},
        {IPPROTO_IPV6, IPV6_TCLASS, -1, (enum held)GRAFT_TCLASS, (enum held)GRAFT_TCLASS},
        {IPPROTO_IP, IP_TTL, 1, (enum held)GRAFT_TTL, (enum held)GRAFT_MULTICAST_TTL},
        {IPPROTO_IPV6, IPV6_HOPLIMIT, -1, (enum held)GRAFT_HOPLIMIT, (enum held)GRAFT_MULTICAST_HOPLIMIT},
        {IPPROTO_IPV6, IPV6_2292HOPLIMIT, -1, (enum held)GRAFT_HOPLIMIT, (enum held)GRAFT_MULTICAST_HOPLIMIT},
};
static const struct row wide_rows[] = {
        // of any value
        {SOL_SOCKET, SO_MARK, 0, (enum held)GRAFT_MARK, (enum held)GRAFT_MARK},
        {SOL_SOCKET, SO_PRIORITY, 0, (enum held)GRAFT_PRIORITY, (enum held)GRAFT_PRIORITY},
};

static const struct row *find_wide(const struct part *part)
{
	for (size_t i = 0; i < sizeof(wide_rows) / sizeof(wide_rows[0]); i++)
		if (is(part, wide_rows[i].level, wide_rows[i].type) &&
		        part->header.cmsg_len == CMSG_LEN(sizeof(int)))
			return &wide_rows[i];
	return NULL;
}

// ip(7): IP_TOS may be a byte. Of a hop limit the kernel looks at 16 bits.
static bool read_value(const struct part *part, int *value)
{
	bool hops = is(part, IPPROTO_IPV6, IPV6_HOPLIMIT) || is(part, IPPROTO_IPV6, IPV6_2292HOPLIMIT);
	if (part->header.cmsg_len == CMSG_LEN(sizeof(*value)))
		memcpy(value, part->data, sizeof(*value));
	else if (part->header.cmsg_len == CMSG_LEN(1) && is(part, IPPROTO_IP, IP_TOS))
		*value = *(const unsigned char *)part->data;
	else
		return false;
	if (hops)
		*value = (int16_t)*value;
	return true;
}

// The row of a message that the kernel would take, and its value; what it would refuse is left to it.
static const struct row *find(const struct part *part, int *value)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (is(part, rows[i].level, rows[i].type) && read_value(part, value) &&
		        *value >= rows[i].least && *value <= 255)
			return &rows[i];
	return find_wide(part);
}

// A class of which only the upper six bits are held, with the two of the program's. Where that is what the socket has
// there is nothing to say, which leaves the datagram its priority too (ip(7)); unless a message before says another.
static void put_class(
        const struct subject *subject, const struct part *part, int value, struct control *control)
{
	int held = 0, level = part->header.cmsg_level, type = part->header.cmsg_type;
	bool *said = &control->classes[level == IPPROTO_IP ? GRAFT_IPV4 : GRAFT_IPV6];
	socklen_t length = sizeof(held);
	kernel_getsockopt(subject->fd, level, type, &held, &length);
	int wanted = value < 0 ? held : (held & ~3) | (value & 3); // ipv6(7): -1 is the socket's
	if (wanted == held && !*said)
		return;
	*said = true;
	control->length += put(control->bytes + control->length, level, type, &wanted, sizeof(wanted));
}

// Writes what is left of a message.
static void put_rest(struct subject *subject, const struct part *part, bool group, struct control *control)
{
	int value = 0;
	const struct row *row = find(part, &value);
	enum held held = !row ? HELD_COUNT : group ? row->group : row->single;
	if (row && subject->state & HELD(held)) {
		report_overridden(subject, held, true);
		return;
	}
	if (held_is_class(held) && subject->state & HELD(HELD_DSCP)) {
		report_overridden(subject, HELD_DSCP, true);
		put_class(subject, part, value, control);
		return;
	}
	control->classes[GRAFT_IPV4] |= held == (enum held)GRAFT_TOS;
	memcpy(control->bytes + control->length, part->at, part->size);
	control->length += part->size;
}

// ---- the priority ---------------------------------------------------------------------------------------

// Whether the kernel takes one in a control message (Linux 6.13): of a datagram to an interface that there can't be it says
// so only once it has taken the messages.
static bool try_priority(void)
{
	const struct sockaddr_in loopback = {
	        .sin_family = AF_INET, .sin_port = htons(DISCARD), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const struct in_pktinfo nowhere = {.ipi_ifindex = -1};
	_Alignas(struct cmsghdr) char controls[CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(nowhere))];
	size_t length = put(controls, SOL_SOCKET, SO_PRIORITY, &(int){TC_PRIO_BESTEFFORT}, sizeof(int));
	put(controls + length, IPPROTO_IP, IP_PKTINFO, &nowhere, sizeof(nowhere));
	const struct msghdr message = {.msg_name = (void *)&loopback,
	        .msg_namelen = sizeof(loopback),
	        .msg_control = controls,
	        .msg_controllen = sizeof(controls)};
	int probe = kernel_socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (probe < 0)
		return false;
	ssize_t sent = kernel_sendmsg(probe, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
	kernel_close(probe);
	return sent == -ENODEV;
}

// The same, asked once.
static bool takes_priority(void)
{
	static int known; // -1: it doesn't
	if (!__atomic_load_n(&known, __ATOMIC_RELAXED))
		__atomic_store_n(&known, try_priority() ? 1 : -1, __ATOMIC_RELAXED);
	return __atomic_load_n(&known, __ATOMIC_RELAXED) > 0;
}

// ip(7): a class that a message says is the datagram's priority as well. One that is held is said behind it; but of more
// than a program may set without a permission, which it may have given up, the kernel would refuse the datagram.
static void put_priority(const struct subject *subject, struct control *control)
{
	int priority = 0;
	socklen_t length = sizeof(priority);
	if (!control->classes[GRAFT_IPV4] || !(subject->state & HELD(GRAFT_PRIORITY)) || !takes_priority() ||
	        kernel_getsockopt(subject->fd, SOL_SOCKET, SO_PRIORITY, &priority, &length))
		return;
	if (priority <= TC_PRIO_INTERACTIVE ||
	        !kernel_setsockopt(subject->fd, SOL_SOCKET, SO_PRIORITY, &priority, sizeof(priority)))
		append(control, SOL_SOCKET, SO_PRIORITY, &priority, sizeof(priority));
}

// ---- all of them ----------------------------------------------------------------------------------------

// Where there is room for the program's, and for ours in front and behind.
static bool make_room(struct control *control, size_t length)
{
	control->bytes = control->here;
	control->mapped = 0;
	if (length <= sizeof(control->here) - CONTROL_OURS)
		return true;
	if (length > CONTROL_AT_MOST)
		return false;
	control->mapped = length + CONTROL_OURS;
	control->bytes = kernel_map(control->mapped);
	return control->bytes;
}

void control_end(struct control *control)
{
	if (control->mapped)
		kernel_unmap(control->bytes, control->mapped);
}

// What follows the last makes no message, which the kernel will say; unless there is less of it than a header, which it
// passes over, and which would be one with what is written behind.
static void put_remains(const struct msghdr *message, const char *at, struct control *control)
{
	size_t length = (size_t)(end_of(message) - at);
	if (length < sizeof(struct cmsghdr))
		return;
	memcpy(control->bytes + control->length, at, length);
	control->length += length;
}

bool control_write(struct subject *subject, const struct msghdr *message, bool group, bool v4,
        const struct packet_info *info, struct control *control)
{
	size_t given = message->msg_controllen;
	struct packet_info replaced = {0};
	struct part part;
	control->length = 0;
	control->v4 = v4;
	control->classes[GRAFT_IPV4] = control->classes[GRAFT_IPV6] = false;
	if (!make_room(control, given))
		return false;
	if (info && info->given)
		control->length = put_info(control->bytes, v4, info);
	if (!given)
		return true;
	const char *at = message->msg_control;
	for (; read_part(message, at, &part); at += part.size)
		if (!info || !read_info(subject, &part, v4, &replaced))
			put_rest(subject, &part, group, control);
	put_priority(subject, control);
	put_remains(message, at, control);
	return true;
}

// The flags for one datagram take the place of those of the socket (Linux 4.6): none, and there is no timestamp, which
// SOF_TIMESTAMPING_OPT_ID doesn't count either.
void control_leave_no_timestamp(struct control *control)
{
	append(control, SOL_SOCKET, SO_TIMESTAMPING_OLD, &(uint32_t){0}, sizeof(uint32_t));
}

// ---- what was received ----------------------------------------------------------------------------------

// Where a message of the kernel's has the address that a datagram was sent to: ip(7), ipv6(7).
static const struct destination {
	int level, type;
	sa_family_t family;
	unsigned char offset, length; // in the message's data
} destinations[] = {
        {IPPROTO_IP, IP_PKTINFO, AF_INET, offsetof(struct in_pktinfo, ipi_addr), sizeof(struct in_addr)},
        {IPPROTO_IP, IP_ORIGDSTADDR, AF_INET, offsetof(struct sockaddr_in, sin_addr), sizeof(struct in_addr)},
        {IPPROTO_IPV6, IPV6_PKTINFO, AF_INET6, offsetof(struct in6_pktinfo, ipi6_addr),
                sizeof(struct in6_addr)},
        {IPPROTO_IPV6, IPV6_2292PKTINFO, AF_INET6, offsetof(struct in6_pktinfo, ipi6_addr),
                sizeof(struct in6_addr)},
        {IPPROTO_IPV6, IPV6_ORIGDSTADDR, AF_INET6, offsetof(struct sockaddr_in6, sin6_addr),
                sizeof(struct in6_addr)},
};

static const struct destination *find_destination(const struct part *part)
{
	for (size_t i = 0; i < sizeof(destinations) / sizeof(destinations[0]); i++) {
		const struct destination *one = &destinations[i];
		if (is(part, one->level, one->type) &&
		        part->header.cmsg_len >= CMSG_LEN(one->offset + one->length))
			return one;
	}
	return NULL;
}

void control_each_destination(const struct msghdr *message, control_replace *replace, void *context)
{
	struct part part;
	for (const char *at = message->msg_control; read_part(message, at, &part); at += part.size) {
		const struct destination *found = find_destination(&part);
		if (!found)
			continue;
		union graft_address address = {.any.sa_family = found->family};
		void *bytes = found->family == AF_INET ? (void *)&address.v4.sin_addr : &address.v6.sin6_addr;
		size_t offset = (size_t)(part.data - (const char *)message->msg_control) + found->offset;
		memcpy(bytes, (char *)message->msg_control + offset, found->length);
		if (replace(&address, context))
			memcpy((char *)message->msg_control + offset, bytes, found->length);
	}
}
