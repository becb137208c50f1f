// An allocator that itself uses sockets and files: each malloc and free makes such calls, and so does its constructor,
// as those of tracers and profilers do. What is freed is not used again.
#include "heap.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ROOM = 1 << 28, HEADER = 16, EVERY = 16 };

static char *room;
static size_t used;
static unsigned calls;
static _Thread_local int inside;

// The calls that a tracer would make.
static void trace(void)
{
	if (inside || __atomic_fetch_add(&calls, 1, __ATOMIC_RELAXED) % EVERY)
		return;
	int kept = errno;
	char byte;
	inside = 1;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (recv(fd, &byte, 1, MSG_DONTWAIT) >= 0)
		_exit(99);
	close(fd);
	fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
	if (read(fd, &byte, 1) != 1)
		_exit(98);
	close(fd);
	inside = 0;
	errno = kept;
}

static char *take(size_t size, size_t alignment)
{
	char *now = __atomic_load_n(&room, __ATOMIC_ACQUIRE), *none = NULL;
	if (!now) {
		now = mmap(NULL, ROOM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		        -1, 0);
		if (now == MAP_FAILED)
			return NULL;
		if (!__atomic_compare_exchange_n(&room, &none, now, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
			now = none;
	}
	if (alignment < HEADER)
		alignment = HEADER;
	size_t whole = (size + HEADER + 2 * alignment) / HEADER * HEADER;
	size_t at = __atomic_fetch_add(&used, whole, __ATOMIC_RELAXED);
	if (at + whole > ROOM)
		return NULL;
	uintptr_t start = ((uintptr_t)now + at + HEADER + alignment - 1) / alignment * alignment;
	memcpy((char *)start - sizeof(size), &size, sizeof(size));
	return (char *)start;
}

EXPORTED void *malloc(size_t size)
{
	trace();
	return take(size, HEADER);
}

EXPORTED void free(void *memory)
{
	(void)memory;
	trace();
}

EXPORTED void *memalign(size_t alignment, size_t size)
{
	return take(size, alignment);
}

EXPORTED void *aligned_alloc(size_t alignment, size_t size)
{
	return take(size, alignment);
}

EXPORTED int posix_memalign(void **memory, size_t alignment, size_t size)
{
	*memory = take(size, alignment);
	return *memory ? 0 : ENOMEM;
}

__attribute__((constructor)) static void at_load(void)
{
	trace();
}
