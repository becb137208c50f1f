// The names of a socket: what the program is told of its own address and of its peer's.
#include "functions.h"

#include "../core/kernel.h"
#include "filters.h"
#include "memory.h"
#include "peers.h"
#include "settle.h"
#include "start.h"

#include <errno.h>
#include <string.h>

// What the kernel has just written; all of it is asked for again where the program had not the room.
typedef int ask_function(int fd, struct sockaddr *address, socklen_t *length);

static int read_name(ask_function *ask, int fd, const struct sockaddr *address, socklen_t room,
        socklen_t length, union graft_address *name)
{
	if (length > room)
		return ask(fd, &name->any, &(socklen_t){sizeof(*name)});
	memcpy(name, address, length < sizeof(*name) ? length : sizeof(*name));
	return 0;
}

// The room for an address, which the call will overwrite; 0: there is nothing to be done about what it writes.
static socklen_t room_for(bool concerned, const socklen_t *length)
{
	return concerned && readable(length, sizeof(*length)) ? *length : 0;
}

// ---- getsockname ----------------------------------------------------------------------------------------

// Puts the address that the program asked for where the kernel wrote the wildcard, or a group in another's place.
static void show_local(int fd, struct sockaddr *address, socklen_t room, socklen_t length)
{
	struct subject subject = subject_known(fd);
	union graft_address local = {0};
	if (read_name(kernel_getsockname, fd, address, room, length, &local) ||
	        !subject_shows_local(&subject, &local))
		return;
	memcpy(address, &local, room < length ? room : length);
}

int on_getsockname(int fd, ANY_SOCKADDR address, socklen_t *restrict length)
{
	if (settle_first(fd, MSG_DONTWAIT))
		return -1;
	settle_shared(fd);
	uint64_t state = descriptor_state(fd);
	socklen_t room = room_for(state & WIDENED || (state & INET && policy.redirects), length);
	int result = next.getsockname(fd, address, length);
	if (!result && room) {
		int kept = errno;
		show_local(fd, SOCKADDR_OF(address), room, *length);
		errno = kept;
	}
	return result;
}

// ---- getpeername ----------------------------------------------------------------------------------------

static void show_peer(int fd, struct sockaddr *address, socklen_t room, socklen_t length)
{
	struct subject subject = subject_known(fd);
	union graft_address peer = {0};
	if (read_name(kernel_getpeername, fd, address, room, length, &peer))
		return;
	peers_name(&subject, &peer);
	memcpy(address, &peer, room < length ? room : length);
}

int on_getpeername(int fd, ANY_SOCKADDR address, socklen_t *restrict length)
{
	if (settle_first(fd, MSG_DONTWAIT))
		return -1;
	settle_shared(fd);
	// Not of one that was accepted, whose peer nobody asked for.
	socklen_t room = room_for(descriptor_has(fd, PEER_BITS | ANSWERED | PEER_IS_GROUP), length);
	int result = next.getpeername(fd, address, length);
	if (!result && room) {
		int kept = errno;
		show_peer(fd, SOCKADDR_OF(address), room, *length);
		errno = kept;
	}
	return result;
}
