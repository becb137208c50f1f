// An allocator that ends the process where memory is asked for while `memory_refused` is set: core allocates nothing.
#include "heap.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ROOM = 1 << 20, ALIGNMENT = 16 };

EXPORTED bool memory_refused;

static _Alignas(ALIGNMENT) char room[ROOM];
static size_t used;

EXPORTED void *malloc(size_t size)
{
	static const char complaint[] = "memory is asked for\n";
	if (memory_refused) {
		(void)!write(STDERR_FILENO, complaint, sizeof(complaint) - 1);
		abort();
	}
	size_t whole = (size + 2 * ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	if (whole < size || whole > ROOM - used)
		return NULL;
	char *start = room + used + ALIGNMENT;
	used += whole;
	memcpy(start - sizeof(size), &size, sizeof(size));
	return start;
}

EXPORTED void free(void *memory)
{
	(void)memory;
}
