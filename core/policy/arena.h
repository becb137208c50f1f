// Memory for one parsed policy: handed out from a region that the caller mapped, never given back piecewise.
#ifndef SOCKGRAFT_ARENA_H
#define SOCKGRAFT_ARENA_H

#include <stdbool.h>
#include <stddef.h>

struct arena {
	char *start;
	size_t used, size;
	bool exhausted; // something was asked for that there was no room for
};

// Zeroed memory, aligned for any object; NULL when the region is used up.
void *arena_take(struct arena *arena, size_t size);

// A terminated copy of `length` bytes; NULL when the region is used up.
char *arena_copy(struct arena *arena, const char *bytes, size_t length);

// An array that grows: a zeroed list is empty. Growing leaves the former array behind in the arena.
struct list {
	void *items;
	unsigned count, room;
};

// A zeroed item of `size` bytes at the end of the list; NULL when the region is used up. Earlier items may
// move.
void *list_add(struct list *list, struct arena *arena, size_t size);

#endif
