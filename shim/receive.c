// Receiving where something besides the bytes arrives: the sender, who may stand in another's place, the group that was
// sent to, which may too, and descriptors.
#include "functions.h"

#include "control.h"
#include "memory.h"
#include "peers.h"
#include "settle.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

enum { MESSAGES_AT_MOST = 1024 }; // as many as the kernel takes (recvmmsg(2))

typedef ssize_t receive_function(int fd, struct msghdr *message, int flags);

// ---- the sender -----------------------------------------------------------------------------------------

// Whether what comes may stand in another's name; not whether it does, as another thread may send the first datagram
// while this call waits.
static bool may_be_answered(int fd)
{
	struct subject subject;
	subject_recall(&subject, fd);
	return subject_redirects(&subject);
}

// The room for an address that a call is given, which it will overwrite; 0: none, or nothing to be done about it.
static socklen_t room_for(int fd, const struct sockaddr *address, const socklen_t *length)
{
	if (!address || !may_be_answered(fd) || !readable_again(length, sizeof(*length)))
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
	if (!descriptor_has(fd, INET)) {
		forget_passed(message);
		return;
	}
	if (room)
		peers_show(fd, message->msg_name, room, message->msg_namelen);
	if (message->msg_controllen)
		peers_show_groups(fd, message);
}

// The room for the sender's address, of a message that can be read.
static socklen_t room_in(int fd, const struct msghdr *message)
{
	if (!may_be_answered(fd) || !readable_again(message, sizeof(*message)) || !message->msg_name)
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

// The rooms for the senders' addresses, which the call overwrites; one that is larger than any address may be told smaller.
struct rooms {
	unsigned count;
	unsigned char *list; // of rooms_wanted
};

static unsigned rooms_wanted(int fd, unsigned count)
{
	if (!may_be_answered(fd))
		return 0;
	return count < MESSAGES_AT_MOST ? count : MESSAGES_AT_MOST;
}

static void find_rooms(const struct mmsghdr *messages, unsigned wanted, struct rooms *rooms)
{
	for (unsigned i = 0; i < wanted; i++) {
		if (!readable_again(&messages[i], sizeof(*messages)))
			return;
		const struct msghdr *message = &messages[i].msg_hdr;
		bool large = message->msg_namelen > UINT8_MAX;
		rooms->list[i] = !message->msg_name ? 0
		                 : large            ? UINT8_MAX
		                                    : (unsigned char)message->msg_namelen;
		rooms->count++;
	}
}

static int after_messages(int fd, struct mmsghdr *messages, int received, const struct rooms *rooms)
{
	for (int i = 0; i < received && (rooms->count || !descriptor_has(fd, INET)); i++)
		after_message(fd, &messages[i].msg_hdr, (unsigned)i < rooms->count ? rooms->list[i] : 0);
	return received;
}

static __attribute__((noinline)) int settle_and_recvmmsg(
        int fd, struct mmsghdr *messages, unsigned int count, message_flags flags, struct timespec *timeout)
{
	if (settle_first(fd, (int)flags))
		return -1;
	unsigned wanted = rooms_wanted(fd, count);
	unsigned char list[wanted + 1]; // on the stack, which may be a small one
	struct rooms rooms = {.list = list};
	find_rooms(messages, wanted, &rooms);
	return after_messages(fd, messages, next.recvmmsg(fd, messages, count, flags, timeout), &rooms);
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
	unsigned wanted = rooms_wanted(fd, count);
	unsigned char list[wanted + 1]; // on the stack, which may be a small one
	struct rooms rooms = {.list = list};
	find_rooms(messages, wanted, &rooms);
	return after_messages(fd, messages, next.__recvmmsg64(fd, messages, count, flags, timeout), &rooms);
}
#endif
