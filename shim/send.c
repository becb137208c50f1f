// Sending: the first datagram of a socket, and the source address of a widened one.
//
// A socket that was bound to the wildcard in place of the address that the program asked for would send from
// whichever address the route prefers. The kernel has no option for it that leaves the socket able to hear
// groups, so each datagram says its source itself, in a control message (IP_PKTINFO, IPV6_PKTINFO).
#include "functions.h"

#include "control.h"
#include "filters.h"
#include "memory.h"
#include "settle.h"
#include "start.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

enum {
	CONTROL_ROOM = 1024, // for a datagram's control messages and ours
	BATCH = 16,          // datagrams of one sendmmsg that are passed on at a time
};

struct control {
	_Alignas(struct cmsghdr) char bytes[CONTROL_ROOM];
};

// Which of its names a call came by: a pointer to the function behind, so that the quick way need not load it.
typedef ssize_t send_function(int fd, const struct msghdr *message, int flags);
typedef int send_many_function(int fd, struct mmsghdr *messages, unsigned int count, message_flags flags);

// ---- the source -----------------------------------------------------------------------------------------

static size_t put_control(void *room, int level, int type, const void *data, size_t length)
{
	struct cmsghdr *header = room;
	memset(room, 0, CMSG_SPACE(length));
	header->cmsg_level = level;
	header->cmsg_type = type;
	header->cmsg_len = (socklen_t)CMSG_LEN(length); // which musl has there
	memcpy(CMSG_DATA(header), data, length);
	return CMSG_SPACE(length);
}

static size_t put_source(void *room, const union graft_address *source)
{
	if (source->any.sa_family == AF_INET) {
		const struct in_pktinfo info = {.ipi_spec_dst = source->v4.sin_addr};
		return put_control(room, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
	}
	const struct in6_pktinfo info = {source->v6.sin6_addr, source->v6.sin6_scope_id};
	return put_control(room, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info));
}

static bool is_pktinfo(const struct cmsghdr *control)
{
	return (control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_PKTINFO) ||
	       (control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_PKTINFO);
}

static struct cmsghdr *find_pktinfo(struct msghdr *message)
{
	for (struct cmsghdr *at = CMSG_FIRSTHDR(message); at; at = control_after(message, at))
		if (is_pktinfo(at))
			return at;
	return NULL;
}

// The program's own message counts; but one that names an interface alone leaves an IPv6 source as it is
// bound (ipv6(7)), while for IPv4 the address in it, even 0.0.0.0, takes its place (ip(7)).
static void complete_pktinfo(struct cmsghdr *control, const union graft_address *source)
{
	struct in6_pktinfo info;
	if (control->cmsg_level != IPPROTO_IPV6 || control->cmsg_len < CMSG_LEN(sizeof(info)))
		return;
	memcpy(&info, CMSG_DATA(control), sizeof(info));
	if (!IN6_IS_ADDR_UNSPECIFIED(&info.ipi6_addr))
		return;
	info.ipi6_addr = source->v6.sin6_addr;
	memcpy(CMSG_DATA(control), &info, sizeof(info));
}

// `message` with the source among its control messages, in `into`; the caller's stay as they are. Ours goes first,
// as bytes may follow the last of theirs. Without a destination the socket is connected, and has its source.
static void add_source(const struct subject *subject, const union graft_address *source,
        const struct msghdr *message, struct msghdr *into, struct control *control)
{
	*into = *message;
	size_t given = message->msg_control ? message->msg_controllen : 0;
	if (!message->msg_name)
		return;
	if (given > CONTROL_ROOM - CMSG_SPACE(sizeof(struct in6_pktinfo))) {
		report_once(subject,
		        "sendmsg: too many control messages to add the source address; the datagram "
		        "leaves from the address that the route prefers");
		return;
	}
	if (!readable(message->msg_control, given))
		return;
	size_t ours = given && find_pktinfo(into) ? 0 : put_source(control->bytes, source);
	if (given)
		memcpy(control->bytes + ours, message->msg_control, given);
	into->msg_control = control->bytes;
	into->msg_controllen = (socklen_t)(ours + given);
	if (!ours)
		complete_pktinfo(find_pktinfo(into), source);
}

// ---- before and after -----------------------------------------------------------------------------------

// A datagram on its way.
struct sending {
	struct subject subject;
	union graft_address source; // to be added; AF_UNSPEC: none
	bool settled;               // there was nothing else to do
};

static int settle_before(struct sending *sending, const void *to, socklen_t length)
{
	struct subject *subject = &sending->subject;
	int fd = subject->fd, error;
	if (!settle_subject(fd, subject, &error))
		return error;
	if (settle(fd, MSG_DONTWAIT)) // a membership that waits for its interface
		return -errno;
	subject_refresh(subject);
	return settle_destination(subject, to, length);
}

// What has to be done before a datagram to `to`. false: the call fails, errno set.
static bool before_send(int fd, struct sending *sending, const void *to, socklen_t length)
{
	int kept = errno, error = 0;
	sending->subject = subject_known(fd);
	sending->settled = sending->subject.state & SEND_SETTLED;
	sending->source.any.sa_family = AF_UNSPEC;
	if (!sending->settled)
		error = settle_before(sending, to, length);
	if (sending->subject.state & SOURCED)
		filters_asked(&sending->subject, &sending->source);
	errno = error ? -error : kept;
	return !error;
}

static void after_send(struct sending *sending, bool sent)
{
	if (!sent || sending->settled || !(sending->subject.state & INET))
		return;
	int kept = errno;
	settle_autobound(&sending->subject, false);
	subject_remember(&sending->subject);
	errno = kept;
}

// ---- the calls ------------------------------------------------------------------------------------------

static __attribute__((noinline)) ssize_t settle_and_sendmsg(
        send_function **behind, int fd, const struct msghdr *message, int flags)
{
	struct sending sending;
	if (!readable(message, sizeof(*message))) // the kernel's own error
		return (*behind)(fd, message, flags);
	if (!before_send(fd, &sending, message->msg_name, message->msg_namelen))
		return -1;
	struct msghdr sourced;
	struct control control;
	if (sending.source.any.sa_family) {
		add_source(&sending.subject, &sending.source, message, &sourced, &control);
		message = &sourced;
	}
	ssize_t sent = (*behind)(fd, message, flags);
	after_send(&sending, sent >= 0);
	return sent;
}

ssize_t on_sendmsg(int fd, const struct msghdr *message, int flags)
{
	if (descriptor_is_quiet(fd, SEND_QUIET))
		return next.sendmsg(fd, message, flags);
	return settle_and_sendmsg(&next.sendmsg, fd, message, flags);
}

static __attribute__((noinline)) ssize_t settle_and_sendto(
        int fd, const void *bytes, size_t length, int flags, CONST_SOCKADDR address, socklen_t address_length)
{
	const struct sockaddr *to = SOCKADDR_OF(address);
	struct sending sending;
	if (!before_send(fd, &sending, to, address_length))
		return -1;
	ssize_t sent;
	if (sending.source.any.sa_family && to && address_length <= sizeof(struct sockaddr_storage)) {
		struct iovec part = {(void *)bytes, length};
		const struct msghdr message = {.msg_name = (void *)to,
		        .msg_namelen = address_length,
		        .msg_iov = &part,
		        .msg_iovlen = 1};
		struct msghdr sourced;
		struct control control;
		add_source(&sending.subject, &sending.source, &message, &sourced, &control);
		sent = next.sendmsg(fd, &sourced, flags);
	} else {
		sent = next.sendto(fd, bytes, length, flags, address, address_length);
	}
	after_send(&sending, sent >= 0);
	return sent;
}

ssize_t on_sendto(
        int fd, const void *bytes, size_t length, int flags, CONST_SOCKADDR address, socklen_t address_length)
{
	if (descriptor_is_quiet(fd, SEND_QUIET))
		return next.sendto(fd, bytes, length, flags, address, address_length);
	return settle_and_sendto(fd, bytes, length, flags, address, address_length);
}

// Passes on the first of `messages`: those without control messages of their own together, as they all get
// the same; one with them alone. The count sent, or -1.
static int send_some(send_many_function **behind, const struct subject *subject,
        const union graft_address *source, struct mmsghdr *messages, unsigned count, message_flags flags)
{
	struct mmsghdr sourced[BATCH];
	struct control control;
	unsigned batch = 0;
	while (batch < count && batch < BATCH && readable(&messages[batch], sizeof(*messages))) {
		bool plain = !messages[batch].msg_hdr.msg_controllen;
		if (!plain && batch)
			break;
		sourced[batch] = messages[batch];
		add_source(subject, source, &messages[batch].msg_hdr, &sourced[batch].msg_hdr, &control);
		batch++;
		if (!plain)
			break;
	}
	if (!batch) // can't be read: the kernel will say so
		return (*behind)(subject->fd, messages, count, flags);
	int sent = (*behind)(subject->fd, sourced, batch, flags);
	for (int i = 0; i < sent; i++)
		messages[i].msg_len = sourced[i].msg_len;
	return sent;
}

static int send_all(send_many_function **behind, const struct subject *subject,
        const union graft_address *source, struct mmsghdr *messages, unsigned count, message_flags flags)
{
	int kept = errno;
	int done = 0, sent = 1;
	while ((unsigned)done < count && sent > 0) {
		sent = send_some(behind, subject, source, messages + done, count - (unsigned)done, flags);
		done += sent > 0 ? sent : 0;
	}
	if (done) // sendmmsg(2): the error shows at the next call
		errno = kept;
	return done ? done : sent;
}

static __attribute__((noinline)) int settle_and_sendmmsg(send_many_function **behind, int fd,
        struct mmsghdr *messages, unsigned int count, message_flags flags)
{
	if (!count || !readable(messages, sizeof(*messages)))
		return (*behind)(fd, messages, count, flags);
	struct sending sending;
	if (!before_send(fd, &sending, messages->msg_hdr.msg_name, messages->msg_hdr.msg_namelen))
		return -1;
	int sent = sending.source.any.sa_family
	                   ? send_all(behind, &sending.subject, &sending.source, messages, count, flags)
	                   : (*behind)(fd, messages, count, flags);
	after_send(&sending, sent > 0);
	return sent;
}

int on_sendmmsg(int fd, struct mmsghdr *messages, unsigned int count, message_flags flags)
{
	if (descriptor_is_quiet(fd, SEND_QUIET))
		return next.sendmmsg(fd, messages, count, flags);
	return settle_and_sendmmsg(&next.sendmmsg, fd, messages, count, flags);
}

// ---- with a time of 64 bits -----------------------------------------------------------------------------

#ifdef SHIM_HAS_TIME64
ssize_t on___sendmsg64(int fd, const struct msghdr *message, int flags)
{
	return settle_and_sendmsg(&next.__sendmsg64, fd, message, flags);
}

int on___sendmmsg64(int fd, struct mmsghdr *messages, unsigned int count, message_flags flags)
{
	return settle_and_sendmmsg(&next.__sendmmsg64, fd, messages, count, flags);
}
#endif
