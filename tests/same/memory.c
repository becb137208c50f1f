// What calls are given to read and write, in pages of its own with no memory behind.
#include "same.h"

#include <err.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { SIZE = 8192, GAP = 32, MARK = 0xa5, PIECES = 24 };

struct pointer bad_pointers[BAD_POINTERS] = {
        {"NULL", NULL}, {"1", (void *)1}, {"-1", (void *)-1}, {"no access", NULL}, {"an edge", NULL}};

const uint32_t odd_lengths[] = {
        0, 1, 2, 7, 8, 15, 16, 17, 27, 28, 29, 110, 128, 129, 4096, INT32_MAX, UINT32_MAX};
const size_t odd_length_count = COUNT(odd_lengths);

static unsigned char *memory, kept[SIZE];
static size_t taken;

static struct piece {
	const char *label;
	unsigned char *start;
	size_t size;
} pieces[PIECES];
static unsigned piece_count;

__attribute__((constructor)) static void map(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), whole = (SIZE + page - 1) / page * page;
	unsigned char *start =
	        mmap(NULL, whole + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (start == MAP_FAILED || mprotect(start + whole, page, PROT_NONE))
		err(2, "mmap");
	memory = start + whole - SIZE;
	bad_pointers[3].at = start + whole;
	bad_pointers[4].at = start + whole - 1;
}

void memory_reset(void)
{
	memset(memory, MARK, SIZE);
	taken = GAP;
	pieces[0] = (struct piece){"edge", memory + SIZE - 1, 1};
	piece_count = 1;
}

static void *piece(const char *label, unsigned char *start, size_t size)
{
	if (piece_count == PIECES)
		errx(2, "no room for %s", label);
	pieces[piece_count++] = (struct piece){label, start, size};
	return start;
}

void *room(const char *label, size_t size)
{
	if (taken + size + GAP > SIZE / 2)
		errx(2, "no room for %s", label);
	unsigned char *start = memory + taken;
	taken += (size + GAP + 15) / 16 * 16;
	return piece(label, start, size);
}

void *put(const char *label, const void *bytes, size_t size)
{
	return memcpy(room(label, size), bytes, size);
}

void *put_number(const char *label, uint32_t number)
{
	return put(label, &number, sizeof(number));
}

void *at_edge(const char *label, const void *bytes, size_t size)
{
	return memcpy(piece(label, memory + SIZE - size, size), bytes, size);
}

void memory_keep(void)
{
	memcpy(kept, memory, SIZE);
}

// A piece, or what lies behind one.
static void say_place(const unsigned char *at)
{
	const struct piece *nearest = NULL;
	for (unsigned i = 0; i < piece_count; i++)
		if (pieces[i].start <= at && (!nearest || pieces[i].start > nearest->start))
			nearest = &pieces[i];
	if (!nearest)
		say("; BEFORE ALL: ");
	else if (at >= nearest->start + nearest->size)
		say("; BEHIND %s+%td: ", nearest->label, at - nearest->start);
	else
		say("; %s+%td: ", nearest->label, at - nearest->start);
}

void memory_say(void)
{
	bool within = false;
	for (size_t i = 0; i < SIZE; i++) {
		bool changed = memory[i] != kept[i];
		if (changed && !within)
			say_place(memory + i);
		if (changed)
			say("%02x", memory[i]);
		within = changed;
	}
}
