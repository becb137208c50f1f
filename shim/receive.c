// Receiving where something besides the bytes arrives: the sender, who may stand in another's place, and descriptors.
#include "functions.h"

#include "control.h"
#include "memory.h"
#include "peers.h"
#include "settle.h"

#include <errno.h>
#include <string.h>

typedef ssize_t receive_function(int fd, struct msghdr *message, int flags);

// ---- the sender -----------------------------------------------------------------------------------------

// The room for an address that a call is given, which it will overwrite; 0: none, or nothing to be done about it.
static socklen_t room_for(int fd, const struct sockaddr *address, const socklen_t *length)
{
	if (!address || !descriptor_has(fd, ANSWERED) || !readable_again(length, sizeof(*length)))
		return 0;
	return *length;
}

static __attribute__((noinline)) ssize_t settle_and_recvfrom(int fd, void *restrict bytes, size_t length,
        int flags, ANY_SOCKADDR address, socklen_t *restrict address_length)
{
	if (settle_first(fd, flags))
		return -1;
	socklen_t room = room_for(fd, SOCKADDR_OF(address), address_length);
	ssize_t received = next.recvfrom(fd, bytes, length, flags, address, address_length);
	if (received >= 0 && room)
		peers_show(fd, SOCKADDR_OF(address), room, *address_length);
	return received;
}

ssize_t on_recvfrom(int fd, void *restrict bytes, size_t length, int flags, ANY_SOCKADDR address,
        socklen_t *restrict address_length)
{
	if (descriptor_is_quiet(fd, MESSAGE_QUIET))
		return next.recvfrom(fd, bytes, length, flags, address, address_length);
	return settle_and_recvfrom(fd, bytes, length, flags, address, address_length);
}

#ifdef __GLIBC__
ssize_t on___recvfrom_chk(int fd, void *restrict bytes, size_t length, size_t size, int flags,
        ANY_SOCKADDR address, socklen_t *restrict address_length)
{
	if (length > size ||
	        descriptor_is_quiet(fd, MESSAGE_QUIET)) // the program is ended, or nothing is to be done
		return next.__recvfrom_chk(fd, bytes, length, size, flags, address, address_length);
	return settle_and_recvfrom(fd, bytes, length, flags, address, address_length);
}
#endif

// ---- descriptors ----------------------------------------------------------------------------------------

// Whatever was known of these numbers was of other sockets.
static void forget_passed(struct msghdr *message)
{
	for (struct cmsghdr *at = CMSG_FIRSTHDR(message); at; at = control_after(message, at)) {
		if (at->cmsg_level != SOL_SOCKET || at->cmsg_type != SCM_RIGHTS)
			continue;
		size_t count = (at->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < count; i++) {
			int passed;
			memcpy(&passed, CMSG_DATA(at) + i * sizeof(int), sizeof(int));
			descriptor_set(passed, 0);
		}
	}
}

// ---- messages -------------------------------------------------------------------------------------------

static void after_message(int fd, struct msghdr *message, socklen_t room)
{
	if (!descriptor_has(fd, INET))
		forget_passed(message);
	else if (room)
		peers_show(fd, message->msg_name, room, message->msg_namelen);
}

// The room for the sender's address, of a message that can be read.
static socklen_t room_in(int fd, const struct msghdr *message)
{
	if (!descriptor_has(fd, ANSWERED) || !readable_again(message, sizeof(*message)) || !message->msg_name)
		return 0;
	return message->msg_namelen;
}

static __attribute__((noinline)) ssize_t settle_and_recvmsg(
        receive_function **behind, int fd, struct msghdr *message, int flags)
{
	if (settle_first(fd, flags))
		return -1;
	socklen_t room = room_in(fd, message);
	ssize_t received = (*behind)(fd, message, flags);
	if (received >= 0)
		after_message(fd, message, room);
	return received;
}

ssize_t on_recvmsg(int fd, struct msghdr *message, int flags)
{
	if (descriptor_is_quiet(fd, MESSAGE_QUIET))
		return next.recvmsg(fd, message, flags);
	return settle_and_recvmsg(&next.recvmsg, fd, message, flags);
}

// The least room that one of them has for an address; the call overwrites it.
static socklen_t room_in_all(int fd, const struct mmsghdr *messages, unsigned count)
{
	socklen_t least = sizeof(struct sockaddr_storage);
	for (unsigned i = 0; i < count && descriptor_has(fd, ANSWERED); i++) {
		if (!readable_again(&messages[i], sizeof(*messages)))
			return 0;
		const struct msghdr *message = &messages[i].msg_hdr;
		if (message->msg_name && message->msg_namelen < least)
			least = message->msg_namelen;
	}
	return descriptor_has(fd, ANSWERED) ? least : 0;
}

static int after_messages(int fd, struct mmsghdr *messages, int received, socklen_t room)
{
	for (int i = 0; i < received && (room || !descriptor_has(fd, INET)); i++)
		after_message(fd, &messages[i].msg_hdr, messages[i].msg_hdr.msg_name ? room : 0);
	return received;
}

static __attribute__((noinline)) int settle_and_recvmmsg(
        int fd, struct mmsghdr *messages, unsigned int count, message_flags flags, struct timespec *timeout)
{
	if (settle_first(fd, (int)flags))
		return -1;
	socklen_t room = room_in_all(fd, messages, count);
	return after_messages(fd, messages, next.recvmmsg(fd, messages, count, flags, timeout), room);
}

int on_recvmmsg(
        int fd, struct mmsghdr *messages, unsigned int count, message_flags flags, struct timespec *timeout)
{
	if (descriptor_is_quiet(fd, MESSAGE_QUIET))
		return next.recvmmsg(fd, messages, count, flags, timeout);
	return settle_and_recvmmsg(fd, messages, count, flags, timeout);
}

// ---- with a time of 64 bits -----------------------------------------------------------------------------

#ifdef SHIM_HAS_TIME64
ssize_t on___recvmsg64(int fd, struct msghdr *message, int flags)
{
	return settle_and_recvmsg(&next.__recvmsg64, fd, message, flags);
}

int on___recvmmsg64(
        int fd, struct mmsghdr *messages, unsigned int count, message_flags flags, struct timespec64 *timeout)
{
	if (settle_first(fd, flags))
		return -1;
	socklen_t room = room_in_all(fd, messages, count);
	return after_messages(fd, messages, next.__recvmmsg64(fd, messages, count, flags, timeout), room);
}
#endif
