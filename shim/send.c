// Sending: what has to be done on the socket before its first datagram, and the calls by which datagrams leave.
#include "functions.h"

#include "memory.h"
#include "outgoing.h"
#include "settle.h"
#include "start.h"

#include <errno.h>

#include <stdint.h>

enum { PARTS_AT_MOST = 1024 }; // of a writev; sendmsg has another error for more

// ---- before and after -----------------------------------------------------------------------------------

// A call that sends.
struct sending {
	struct subject subject;
	bool settled; // there was nothing to do before
};

static int place_before(struct subject *subject, const void *to, socklen_t length)
{
	int fd = subject->fd, error;
	if (!settle_subject(fd, subject, &error))
		return error;
	if (settle(fd, MSG_DONTWAIT)) // a membership that waits for its interface
		return -errno;
	subject_refresh(subject);
	return settle_destination(subject, to, length);
}

static SELDOM __attribute__((noinline)) bool settle_before(
        struct subject *subject, const void *to, socklen_t length)
{
	int kept = errno, error = place_before(subject, to, length);
	errno = error ? -error : kept;
	return !error;
}

// What has to be done before a datagram to `to`. false: the call fails, errno set.
static inline bool before_send(int fd, struct sending *sending, const void *to, socklen_t length)
{
	subject_recall(&sending->subject, fd);
	sending->settled = sending->subject.state & SEND_SETTLED;
	return sending->settled || settle_before(&sending->subject, to, length);
}

static void after_send(struct sending *sending, bool sent)
{
	if (sending->settled || !(sending->subject.state & INET))
		return;
	int kept = errno;
	if (sent) {
		settle_autobound(&sending->subject, false);
		subject_remember(&sending->subject);
	} else {
		settle_refused(&sending->subject);
	}
	errno = kept;
}

// What send and sendto take for a part of sendmsg: more than that sendmsg refuses for another reason.
static struct iovec part_of(const void *bytes, size_t length)
{
	return (struct iovec){(void *)bytes, length < SIZE_MAX / 2 ? length : SIZE_MAX / 2};
}

// ---- to an address --------------------------------------------------------------------------------------

static __attribute__((noinline)) ssize_t settle_and_sendmsg(
        send_function **behind, int fd, const struct msghdr *message, int flags)
{
	struct sending sending;
	if (!readable_again(message, sizeof(*message)) || // the kernel's own error
	        (descriptor_is_quiet(fd, SEND_QUIET) && !message->msg_controllen))
		return (*behind)(fd, message, flags);
	if (!before_send(fd, &sending, message->msg_name, message->msg_namelen))
		return -1;
	bool concerned = outgoing_concerns(
	        &sending.subject, message->msg_name, message->msg_namelen, message->msg_controllen);
	ssize_t sent = concerned ? outgoing_send(&sending.subject, behind, message, flags)
	                         : (*behind)(fd, message, flags);
	after_send(&sending, sent >= 0);
	return sent;
}

// Where only control messages could be something to look at, and there nearly always are none.
static __attribute__((noinline)) ssize_t look_and_sendmsg(int fd, const struct msghdr *message, int flags)
{
	if (descriptor_is_quiet(fd, SEND_QUIET) && known_readable(message, sizeof(*message)) &&
	        !message->msg_controllen)
		return next.sendmsg(fd, message, flags);
	return settle_and_sendmsg(&next.sendmsg, fd, message, flags);
}

ssize_t on_sendmsg(int fd, const struct msghdr *message, int flags)
{
	if (descriptor_is_quiet(fd, CONTROL_QUIET))
		return next.sendmsg(fd, message, flags);
	return look_and_sendmsg(fd, message, flags);
}

// For lengths that are none sendmsg has other errors.
static bool can_be_message(const struct sockaddr *to, socklen_t length)
{
	return !to || (length && length <= sizeof(struct sockaddr_storage));
}

static __attribute__((noinline)) ssize_t settle_and_sendto(
        int fd, const void *bytes, size_t length, int flags, CONST_SOCKADDR address, socklen_t address_length)
{
	const struct sockaddr *to = SOCKADDR_OF(address);
	struct sending sending;
	if (!before_send(fd, &sending, to, address_length))
		return -1;
	ssize_t sent;
	if (outgoing_concerns(&sending.subject, to, address_length, false) &&
	        can_be_message(to, address_length)) {
		struct iovec part = part_of(bytes, length);
		const struct msghdr message = {.msg_name = (void *)to,
		        .msg_namelen = to ? address_length : 0,
		        .msg_iov = &part,
		        .msg_iovlen = 1};
		sent = outgoing_send(&sending.subject, &next.sendmsg, &message, flags);
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

// Whether they can be read, and have no control messages.
static bool are_plain(const struct mmsghdr *messages, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (!readable_again(&messages[i], sizeof(messages[i])) || messages[i].msg_hdr.msg_controllen)
			return false;
	return true;
}

static __attribute__((noinline)) int settle_and_sendmmsg(send_many_function **behind, int fd,
        struct mmsghdr *messages, unsigned int count, message_flags flags)
{
	if ((descriptor_is_quiet(fd, SEND_QUIET) && are_plain(messages, count)) || !count ||
	        !readable_again(messages, sizeof(*messages)))
		return (*behind)(fd, messages, count, flags);
	struct sending sending;
	if (!before_send(fd, &sending, messages->msg_hdr.msg_name, messages->msg_hdr.msg_namelen))
		return -1;
	int sent = outgoing_concerns_many(&sending.subject)
	                   ? outgoing_send_many(&sending.subject, behind, messages, count, flags)
	                   : (*behind)(fd, messages, count, flags);
	after_send(&sending, sent > 0);
	return sent;
}

int on_sendmmsg(int fd, struct mmsghdr *messages, unsigned int count, message_flags flags)
{
	if (descriptor_is_quiet(fd, CONTROL_QUIET))
		return next.sendmmsg(fd, messages, count, flags);
	return settle_and_sendmmsg(&next.sendmmsg, fd, messages, count, flags);
}

// ---- to the peer ----------------------------------------------------------------------------------------

// Whether what goes to the socket's peer takes outgoing_send. false with `*fails`: the call fails, errno set.
static bool goes_to_group(int fd, struct subject *subject, bool *fails)
{
	subject_recall(subject, fd);
	*fails = !(subject->state & SEND_SETTLED) && settle(fd, MSG_DONTWAIT);
	if (!(subject->state & SEND_SETTLED))
		subject_recall(subject, fd);
	return !*fails && outgoing_concerns(subject, NULL, 0, false);
}

static __attribute__((noinline)) ssize_t settle_and_send(int fd, const void *bytes, size_t length, int flags)
{
	struct subject subject;
	bool fails;
	struct iovec part = part_of(bytes, length);
	const struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	if (goes_to_group(fd, &subject, &fails))
		return outgoing_send(&subject, &next.sendmsg, &message, flags);
	return fails ? -1 : next.send(fd, bytes, length, flags);
}

ssize_t on_send(int fd, const void *bytes, size_t length, int flags)
{
	if (descriptor_is_quiet(fd, WRITE_QUIET))
		return next.send(fd, bytes, length, flags);
	return settle_and_send(fd, bytes, length, flags);
}

static __attribute__((noinline)) ssize_t settle_and_write(int fd, const void *bytes, size_t length)
{
	struct subject subject;
	bool fails;
	struct iovec part = {(void *)bytes, length};
	const struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	if (goes_to_group(fd, &subject, &fails) && length <= INT32_MAX) // sendmsg has another error for more
		return outgoing_send(&subject, &next.sendmsg, &message, 0);
	return fails ? -1 : next.write(fd, bytes, length);
}

ssize_t on_write(int fd, const void *bytes, size_t length)
{
	if (!descriptor_has(fd, PENDING | INHERITED | SPREADS))
		return next.write(fd, bytes, length);
	return settle_and_write(fd, bytes, length);
}

// Whether it is a datagram: of nothing, other than by write and sendmsg, none is sent; and those have other errors.
static bool is_datagram(const struct iovec *parts, int count)
{
	bool holds = false;
	if (count <= 0 || count > PARTS_AT_MOST || !readable(parts, (size_t)count * sizeof(*parts)))
		return false;
	for (int i = 0; i < count; i++)
		holds |= parts[i].iov_len != 0;
	return holds;
}

static __attribute__((noinline)) ssize_t settle_and_writev(int fd, const struct iovec *parts, int count)
{
	struct subject subject;
	bool fails;
	const struct msghdr message = {
	        .msg_iov = (struct iovec *)parts, .msg_iovlen = (__typeof__(message.msg_iovlen))count};
	if (goes_to_group(fd, &subject, &fails) && is_datagram(parts, count))
		return outgoing_send(&subject, &next.sendmsg, &message, 0);
	return fails ? -1 : next.writev(fd, parts, count);
}

ssize_t on_writev(int fd, const struct iovec *parts, int count)
{
	if (!descriptor_has(fd, PENDING | INHERITED | SPREADS))
		return next.writev(fd, parts, count);
	return settle_and_writev(fd, parts, count);
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
