// Receiving and sending with control messages, one datagram or many.
#include "address.h"
#include "kernel.h"

#include <errno.h>
#include <string.h>

enum { BATCH = 64 };

// POSIX and Linux disagree on these types, and so do libcs.
typedef __typeof__(((struct msghdr *)0)->msg_controllen) control_length;
typedef __typeof__(((struct msghdr *)0)->msg_iovlen) part_count;

// ---- to receive -----------------------------------------------------------------------------------------

static void read_back(const struct msghdr *header, union graft_address *from, struct graft_control *control)
{
	if (from) {
		if (header->msg_namelen < sizeof(from->v4))
			from->any.sa_family = AF_UNSPEC; // a connected stream names nobody
		address_unmap(from);
	}
	if (control) {
		graft_control_parse(header->msg_control, header->msg_controllen, control);
		control->incomplete = header->msg_flags & MSG_CTRUNC;
	}
}

ssize_t graft_receive(
        int fd, void *bytes, size_t size, union graft_address *from, struct graft_control *control, int flags)
{
	size_t room[GRAFT_CONTROL_ROOM / sizeof(size_t)];
	struct iovec part = {bytes, size};
	struct msghdr header = {.msg_name = from,
	        .msg_namelen = from ? sizeof(*from) : 0,
	        .msg_iov = &part,
	        .msg_iovlen = 1,
	        .msg_control = control ? room : NULL,
	        .msg_controllen = control ? sizeof(room) : 0};
	ssize_t length = kernel_recvmsg(fd, &header, flags);
	if (length >= 0)
		read_back(&header, from, control);
	return length;
}

// ---- to send --------------------------------------------------------------------------------------------

// Of the datagram that is sent. AF_UNSPEC where nobody needs to know.
static int family_of(int fd, const union graft_address *to, const struct graft_control *control)
{
	union graft_address peer = {0};
	if (to)
		return to->any.sa_family;
	// An AF_INET6 socket connected to a mapped address refuses an IPV6_PKTINFO without one.
	socklen_t length = sizeof(peer);
	if ((control->with & (GRAFT_WITH_INTERFACE | GRAFT_WITH_SOURCE)) == GRAFT_WITH_INTERFACE)
		kernel_getpeername(fd, &peer.any, &length);
	graft_address_unmap(&peer);
	return peer.any.sa_family;
}

// `to` is not mapped: AF_INET will do on both kinds of socket, a mapped address on one.
static int prepare(struct msghdr *header, int fd, const union graft_address *to,
        const struct graft_control *control, size_t room[GRAFT_CONTROL_ROOM / sizeof(size_t)])
{
	if (to) {
		header->msg_name = (union graft_address *)to;
		header->msg_namelen = graft_address_length(to);
	}
	if (!control || !control->with)
		return 0;
	int length = graft_control_write(control, family_of(fd, to, control), room, GRAFT_CONTROL_ROOM);
	if (length > 0) {
		header->msg_control = room;
		header->msg_controllen = (control_length)length;
	}
	return length < 0 ? length : 0;
}

static ssize_t send_parts(int fd, struct iovec *parts, size_t count, const union graft_address *to,
        const struct graft_control *control, int flags)
{
	size_t room[GRAFT_CONTROL_ROOM / sizeof(size_t)];
	struct msghdr header = {.msg_iov = parts, .msg_iovlen = (part_count)count};
	union graft_address plain;
	if (to && to->any.sa_family == AF_UNSPEC)
		to = NULL;
	if (to && address_is_mapped(to)) {
		plain = *to;
		graft_address_unmap(&plain);
		to = &plain;
	}
	int error = prepare(&header, fd, to, control, room);
	return error ? error : kernel_sendmsg(fd, &header, flags);
}

ssize_t graft_send(int fd, const void *bytes, size_t size, const union graft_address *to,
        const struct graft_control *control, int flags)
{
	struct iovec part = {(void *)bytes, size};
	return send_parts(fd, &part, 1, to, control, flags);
}

// ---- batches --------------------------------------------------------------------------------------------

static int receive_some(int fd, struct graft_message *messages, unsigned count, int flags)
{
	struct mmsghdr headers[BATCH];
	for (unsigned i = 0; i < count; i++)
		headers[i].msg_hdr = (struct msghdr){.msg_name = &messages[i].address,
		        .msg_namelen = sizeof(messages[i].address),
		        .msg_iov = messages[i].parts,
		        .msg_iovlen = (part_count)messages[i].part_count,
		        .msg_control = messages[i].room,
		        .msg_controllen = sizeof(messages[i].room)};
	int received = kernel_recvmmsg(fd, headers, count, flags);
	for (int i = 0; i < received; i++) {
		messages[i].length = headers[i].msg_len;
		messages[i].flags = headers[i].msg_hdr.msg_flags;
		read_back(&headers[i].msg_hdr, &messages[i].address, &messages[i].control);
	}
	return received;
}

static int send_some(int fd, struct graft_message *messages, unsigned count, int flags)
{
	struct mmsghdr headers[BATCH];
	int error = 0;
	unsigned ready = 0;
	while (ready < count && !error) {
		struct graft_message *message = &messages[ready];
		address_unmap(&message->address);
		const union graft_address *to =
		        message->address.any.sa_family == AF_UNSPEC ? NULL : &message->address;
		headers[ready].msg_hdr = (struct msghdr){
		        .msg_iov = message->parts, .msg_iovlen = (part_count)message->part_count};
		error = prepare(&headers[ready].msg_hdr, fd, to, &message->control, message->room);
		ready += !error;
	}
	if (error && !ready)
		return error;
	int sent = kernel_sendmmsg(fd, headers, ready, flags);
	for (int i = 0; i < sent; i++)
		messages[i].length = headers[i].msg_len;
	return sent;
}

static int in_batches(int fd, struct graft_message *messages, unsigned count, int flags,
        int (*some)(int fd, struct graft_message *messages, unsigned count, int flags))
{
	unsigned done = 0;
	do {
		unsigned now = count - done < BATCH ? count - done : BATCH;
		int more = some(fd, messages + done, now, flags);
		if (more < 0)
			return done ? (int)done : more;
		done += (unsigned)more;
		if ((unsigned)more < now)
			break;
		if (flags & MSG_WAITFORONE)
			flags |= MSG_DONTWAIT;
	} while (done < count);
	return (int)done;
}

int graft_receive_batch(int fd, struct graft_message *messages, unsigned count, int flags)
{
	return in_batches(fd, messages, count, flags, receive_some);
}

int graft_send_batch(int fd, struct graft_message *messages, unsigned count, int flags)
{
	return in_batches(fd, messages, count, flags, send_some);
}

// ---- packets on raw IPv4 sockets ------------------------------------------------------------------------

// How a packet comes in: the header's length is known only then, so its options are in the payload's place at first,
// and as much of the payload in `tail`.
struct packet {
	unsigned char start[GRAFT_IPV4_HEADER_ROOM];
	unsigned char *body;
	size_t size; // of body
	unsigned char tail[GRAFT_IPV4_HEADER_ROOM - GRAFT_IPV4_HEADER];
};

static unsigned char *past_start(struct packet *packet, size_t at)
{
	return at < packet->size ? packet->body + at : packet->tail + (at - packet->size);
}

static size_t option_length(const struct packet *packet, size_t received)
{
	size_t length = (packet->start[0] & 15U) * 4;
	return length > GRAFT_IPV4_HEADER && length <= received ? length - GRAFT_IPV4_HEADER : 0;
}

// Puts header and payload where they belong. The length of the payload, which may be more than there is room for.
static ssize_t settle(struct packet *packet, size_t received, struct graft_ipv4_header *header)
{
	size_t options = received < GRAFT_IPV4_HEADER ? 0 : option_length(packet, received);
	for (size_t i = 0; i < options; i++)
		packet->start[GRAFT_IPV4_HEADER + i] = *past_start(packet, i);
	size_t known = received < GRAFT_IPV4_HEADER ? received : GRAFT_IPV4_HEADER + options;
	int length = graft_ipv4_header_parse(packet->start, known, header);
	if (length < 0)
		return length;
	size_t payload = received - (size_t)length;
	for (size_t i = 0; options && i < payload && i < packet->size; i++)
		packet->body[i] = *past_start(packet, options + i);
	return (ssize_t)payload;
}

ssize_t graft_receive_packet(int fd, struct graft_ipv4_header *header, void *bytes, size_t size,
        struct graft_control *control, int flags)
{
	size_t room[GRAFT_CONTROL_ROOM / sizeof(size_t)];
	struct packet packet = {.body = bytes, .size = size};
	struct iovec parts[] = {
	        {packet.start, GRAFT_IPV4_HEADER}, {bytes, size}, {packet.tail, sizeof(packet.tail)}};
	struct msghdr message = {.msg_iov = parts,
	        .msg_iovlen = 3,
	        .msg_control = control ? room : NULL,
	        .msg_controllen = control ? sizeof(room) : 0};
	ssize_t received = kernel_recvmsg(fd, &message, flags);
	if (received < 0)
		return received;
	read_back(&message, NULL, control);
	ssize_t payload = settle(&packet, (size_t)received, header);
	return flags & MSG_TRUNC || payload < (ssize_t)size ? payload : (ssize_t)size;
}

ssize_t graft_send_packet(int fd, const struct graft_ipv4_header *header, const void *bytes, size_t size,
        const struct graft_control *control, int flags)
{
	unsigned char start[GRAFT_IPV4_HEADER_ROOM];
	int length = graft_ipv4_header_write(header, start, sizeof(start));
	if (length < 0)
		return length;
	union graft_address to = {.v4 = {.sin_family = AF_INET, .sin_addr = header->destination}};
	struct iovec parts[] = {{start, (size_t)length}, {(void *)bytes, size}};
	return send_parts(fd, parts, 2, &to, control, flags);
}
