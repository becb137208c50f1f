// The control messages that go with one datagram.
#include "control.h"

#include "../core/kernel.h"
#include "start.h"

#include <netinet/in.h>
#include <string.h>

static size_t put(void *room, int level, int type, const void *data, size_t length)
{
	struct cmsghdr *header = room;
	memset(room, 0, CMSG_SPACE(length));
	header->cmsg_level = level;
	header->cmsg_type = type;
	header->cmsg_len = (socklen_t)CMSG_LEN(length); // which musl has there
	memcpy(CMSG_DATA(header), data, length);
	return CMSG_SPACE(length);
}

// ---- packet information ---------------------------------------------------------------------------------

static bool is_packet_info(const struct cmsghdr *control)
{
	return (control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_PKTINFO) ||
	       (control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_PKTINFO);
}

static void read_info4(const struct cmsghdr *control, struct packet_info *info)
{
	struct in_pktinfo given;
	memcpy(&given, CMSG_DATA(control), sizeof(given));
	info->given = true;
	info->index = (unsigned)given.ipi_ifindex;
	info->source = (union graft_address){.v4.sin_addr = given.ipi_spec_dst};
	if (given.ipi_spec_dst.s_addr)
		info->source.any.sa_family = AF_INET;
}

static void read_info6(const struct cmsghdr *control, struct packet_info *info)
{
	struct in6_pktinfo given;
	memcpy(&given, CMSG_DATA(control), sizeof(given));
	info->given = true;
	info->index = given.ipi6_ifindex;
	info->source = (union graft_address){.v6.sin6_addr = given.ipi6_addr};
	if (!IN6_IS_ADDR_UNSPECIFIED(&given.ipi6_addr))
		info->source.any.sa_family = AF_INET6;
}

// What is left of the program's room from a message on.
static size_t left_of(const struct msghdr *message, const struct cmsghdr *control)
{
	return message->msg_controllen - (size_t)((const char *)control - (const char *)message->msg_control);
}

// Whether a message holds `size` bytes; what the kernel would refuse holds none.
static bool holds(const struct msghdr *message, const struct cmsghdr *control, size_t size)
{
	return control->cmsg_len >= CMSG_LEN(size) && control->cmsg_len <= left_of(message, control);
}

struct packet_info control_packet_info(const struct msghdr *message)
{
	struct packet_info info = {0};
	struct msghdr walked = *message;
	for (struct cmsghdr *at = CMSG_FIRSTHDR(&walked); at; at = control_after(&walked, at)) {
		if (!is_packet_info(at))
			continue;
		if (at->cmsg_level == IPPROTO_IP && holds(message, at, sizeof(struct in_pktinfo)))
			read_info4(at, &info);
		else if (at->cmsg_level == IPPROTO_IPV6 && holds(message, at, sizeof(struct in6_pktinfo)))
			read_info6(at, &info);
	}
	return info;
}

static size_t put_info(void *room, bool v4, const struct packet_info *info)
{
	union graft_address source = info->source;
	if (v4) {
		graft_address_unmap(&source);
		const struct in_pktinfo told = {
		        .ipi_ifindex = (int)info->index, .ipi_spec_dst = source.v4.sin_addr};
		return put(room, IPPROTO_IP, IP_PKTINFO, &told, sizeof(told));
	}
	const struct in6_pktinfo told = {source.v6.sin6_addr, info->index};
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
};
static const struct row wide_rows[] = {
        // of any value
        {SOL_SOCKET, SO_MARK, 0, (enum held)GRAFT_MARK, (enum held)GRAFT_MARK},
        {SOL_SOCKET, SO_PRIORITY, 0, (enum held)GRAFT_PRIORITY, (enum held)GRAFT_PRIORITY},
};

static bool is_row(const struct row *row, const struct cmsghdr *control)
{
	return row->level == control->cmsg_level && row->type == control->cmsg_type;
}

static const struct row *find_wide(const struct cmsghdr *control)
{
	for (size_t i = 0; i < sizeof(wide_rows) / sizeof(wide_rows[0]); i++)
		if (is_row(&wide_rows[i], control) && control->cmsg_len == CMSG_LEN(sizeof(int)))
			return &wide_rows[i];
	return NULL;
}

// ip(7): IP_TOS may be a byte.
static bool read_value(const struct cmsghdr *control, int *value)
{
	bool byte = control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_TOS;
	if (control->cmsg_len == CMSG_LEN(sizeof(*value)))
		memcpy(value, CMSG_DATA(control), sizeof(*value));
	else if (control->cmsg_len == CMSG_LEN(1) && byte)
		*value = *(const unsigned char *)CMSG_DATA(control);
	else
		return false;
	return true;
}

// The row of a message that the kernel would take, and its value; what it would refuse is left to it.
static const struct row *find(const struct cmsghdr *control, int *value)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (is_row(&rows[i], control) && read_value(control, value) && *value >= rows[i].least &&
		        *value <= 255)
			return &rows[i];
	return find_wide(control);
}

// A class of which only the upper six bits are held, with the two of the program's.
static size_t put_class(const struct subject *subject, const struct cmsghdr *control, int value, void *room)
{
	int held = 0;
	socklen_t length = sizeof(held);
	kernel_getsockopt(subject->fd, control->cmsg_level, control->cmsg_type, &held, &length);
	held = (held & ~3) | (value & 3);
	return put(room, control->cmsg_level, control->cmsg_type, &held, sizeof(held));
}

// Writes what is left of a message; 0: nothing.
static size_t put_rest(
        struct subject *subject, const struct cmsghdr *control, bool group, size_t size, void *room)
{
	int value = 0;
	const struct row *row =
	        size >= CMSG_LEN(1) && control->cmsg_len <= size ? find(control, &value) : NULL;
	enum held held = !row ? HELD_COUNT : group ? row->group : row->single;
	bool class = held == (enum held)GRAFT_TOS || held == (enum held)GRAFT_TCLASS;
	if (row && subject->state & HELD(held)) {
		report_overridden(subject, held, true);
		return 0;
	}
	if (class && value >= 0 && subject->state & HELD(HELD_DSCP)) {
		report_overridden(subject, HELD_DSCP, true);
		return put_class(subject, control, value, room);
	}
	memcpy(room, control, size);
	return size;
}

// ---- all of them ----------------------------------------------------------------------------------------

// How much of the program's room a message takes: the last one may go without its padding.
static size_t size_of(const struct msghdr *message, const struct cmsghdr *control)
{
	size_t space = CMSG_ALIGN(control->cmsg_len);
	size_t left = left_of(message, control);
	return space < left ? space : left;
}

bool control_write(struct subject *subject, const struct msghdr *message, bool group, bool v4,
        const struct packet_info *info, struct control *control)
{
	struct msghdr walked = *message;
	control->length = 0;
	control->v4 = v4;
	control->addressed = info && info->given;
	if (message->msg_controllen > CONTROL_AT_MOST)
		return false;
	if (control->addressed)
		control->length = put_info(control->bytes, v4, info);
	if (!message->msg_control)
		return true;
	const char *end = (const char *)message->msg_control;
	for (struct cmsghdr *at = CMSG_FIRSTHDR(&walked); at; at = control_after(&walked, at)) {
		size_t size = size_of(message, at);
		end = (const char *)at + size;
		if (info && is_packet_info(at))
			continue;
		control->length += put_rest(subject, at, group, size, control->bytes + control->length);
	}
	// What follows makes no message, which the kernel will say.
	size_t rest = (size_t)((const char *)message->msg_control + message->msg_controllen - end);
	memcpy(control->bytes + control->length, end, rest);
	control->length += rest;
	return true;
}
