// Memory for one parsed policy, from a region of the caller's.
#include "arena.h"

#include <limits.h>
#include <stdint.h>
#include <string.h>

void *arena_take(struct arena *arena, size_t size)
{
	const size_t alignment = _Alignof(max_align_t);
	size_t skip = (0 - ((uintptr_t)arena->start + arena->used)) & (alignment - 1);
	size_t left = arena->size - arena->used;
	if (skip > left || size > left - skip) {
		arena->exhausted = true;
		return NULL;
	}
	char *memory = arena->start + arena->used + skip;
	arena->used += skip + size;
	return memset(memory, 0, size);
}

char *arena_copy(struct arena *arena, const char *bytes, size_t length)
{
	// Text needs no alignment, and a policy is mostly text.
	if (length >= arena->size - arena->used) {
		arena->exhausted = true;
		return NULL;
	}
	char *copy = arena->start + arena->used;
	arena->used += length + 1;
	memcpy(copy, bytes, length);
	copy[length] = '\0';
	return copy;
}

static int grow(struct list *list, struct arena *arena, size_t size)
{
	unsigned room = list->room ? 2 * list->room : 1;
	if (list->room > UINT_MAX / 2 || room > SIZE_MAX / size)
		return 0;
	void *items = arena_take(arena, room * size);
	if (!items)
		return 0;
	if (list->count)
		memcpy(items, list->items, list->count * size);
	list->items = items;
	list->room = room;
	return 1;
}

void *list_add(struct list *list, struct arena *arena, size_t size)
{
	if (list->count == list->room && !grow(list, arena, size))
		return NULL;
	return (char *)list->items + list->count++ * size;
}
