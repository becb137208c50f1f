// Which sockets have sent to a peer in another's place.
//
// Written at the first datagram of a descriptor to such a peer, and read where one comes from such a peer on a descriptor
// that has not sent to any; there it is asked for again only after something was written. A socket is known by its cookie,
// which no other gets; two that share a place forget each other.
#include "answers.h"

#include "load.h"
#include "subject.h"

#include <sys/mman.h>

enum { SOCKETS = 512, LOOKED = 256 };

static struct noted {
	uint32_t changes;
	uint64_t sockets[SOCKETS];
} * noted;

// Descriptors whose socket was not there, each with the number of changes by then, in the place of its remainder.
static uint64_t looked[LOOKED] ROOM;

void answers_start(void)
{
	void *room = mmap(NULL, sizeof(*noted), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (room != MAP_FAILED)
		noted = room;
}

void answers_note(int fd, bool expected)
{
	uint64_t socket = noted ? subject_cookie(fd) : 0;
	uint64_t *place = socket ? &noted->sockets[socket % SOCKETS] : NULL;
	if (!place || (!expected && __atomic_load_n(place, __ATOMIC_RELAXED) != socket))
		return;
	__atomic_store_n(place, expected ? socket : 0, __ATOMIC_RELAXED);
	__atomic_fetch_add(&noted->changes, 1, __ATOMIC_RELEASE);
}

bool answers_expected(int fd)
{
	uint32_t changes = noted ? __atomic_load_n(&noted->changes, __ATOMIC_ACQUIRE) : 0;
	uint64_t *place = &looked[(unsigned)fd % LOOKED], now = (uint64_t)((unsigned)fd + 1) << 32 | changes;
	if (!changes || __atomic_load_n(place, __ATOMIC_RELAXED) == now)
		return false;
	uint64_t socket = subject_cookie(fd);
	if (socket && __atomic_load_n(&noted->sockets[socket % SOCKETS], __ATOMIC_RELAXED) == socket)
		return true;
	__atomic_store_n(place, now, __ATOMIC_RELAXED);
	return false;
}
