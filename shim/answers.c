// Which sockets have sent to a peer in another's place.
//
// Written at the first datagram of a descriptor to such a peer, and read where one comes from such a peer on a descriptor
// that has not sent to any. A socket is known by its cookie, which no other gets; two that share a place forget each
// other.
#include "answers.h"

#include "subject.h"

#include <sys/mman.h>

enum { SOCKETS = 512 };

static uint64_t *sockets;

void answers_start(void)
{
	void *room = mmap(
	        NULL, SOCKETS * sizeof(*sockets), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (room != MAP_FAILED)
		sockets = room;
}

void answers_note(int fd, bool expected)
{
	uint64_t socket = sockets ? subject_cookie(fd) : 0;
	uint64_t *place = socket ? &sockets[socket % SOCKETS] : NULL;
	if (place && (expected || __atomic_load_n(place, __ATOMIC_RELAXED) == socket))
		__atomic_store_n(place, expected ? socket : 0, __ATOMIC_RELAXED);
}

bool answers_expected(int fd)
{
	uint64_t socket = sockets ? subject_cookie(fd) : 0;
	return socket && __atomic_load_n(&sockets[socket % SOCKETS], __ATOMIC_RELAXED) == socket;
}
