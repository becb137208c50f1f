// The rest of an allocator whose malloc keeps the size right before what it hands out, and whose free keeps all.
#ifndef HEAP_H
#define HEAP_H

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define EXPORTED __attribute__((visibility("default")))

EXPORTED void *calloc(size_t count, size_t size)
{
	return malloc(count * size); // never used before
}

EXPORTED void *realloc(void *memory, size_t size)
{
	size_t before = 0;
	char *now = malloc(size);
	if (memory)
		memcpy(&before, (char *)memory - sizeof(before), sizeof(before));
	if (now && memory)
		memcpy(now, memory, before < size ? before : size);
	return now;
}

#endif
