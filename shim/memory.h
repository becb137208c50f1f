// Memory that the program hands us. The kernel answers a bad pointer with EFAULT; so must we, who read it first.
#ifndef SOCKGRAFT_MEMORY_H
#define SOCKGRAFT_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

// Whether `length` bytes at `memory` can be read. Costs no system call where they lie on the caller's stack, as
// addresses and messages nearly always do.
bool readable(const void *memory, size_t length);

// The same on the way of each datagram, where a system call each time would cost too much: what could be read once is
// believed to be there still.
static inline bool readable_again(const void *memory, size_t length);

// The family of an address that can be read, which may lie anywhere (sockaddr(3type)).
static inline sa_family_t family_at(const struct sockaddr *address)
{
	sa_family_t family;
	memcpy(&family, (const char *)address + offsetof(struct sockaddr, sa_family), sizeof(family));
	return family;
}

// ---- what is looked at first ----------------------------------------------------------------------------

enum {
	FIRST_STACK =
	        96
	        << 10, // of the first thread's stack there is so much from the start: the kernel makes 128 KiB
	PIECE = 4096,  // no page is smaller
	PIECES_KNOWN = 64,
};

#pragma GCC visibility push(hidden) // as in descriptors.h
extern uintptr_t first_stack_end;   // 0: not looked for yet
// The last address of each piece that could be read, in the place of its number's remainder.
extern uintptr_t pieces_known[PIECES_KNOWN];
#pragma GCC visibility pop

static inline bool piece_known(uintptr_t address)
{
	return __atomic_load_n(&pieces_known[address / PIECE % PIECES_KNOWN], __ATOMIC_RELAXED) ==
	       (address | (PIECE - 1));
}

// false: not known.
static inline bool known_readable(const void *memory, size_t length)
{
	uintptr_t from = (uintptr_t)memory, to = from + length;
	uintptr_t end = __atomic_load_n(&first_stack_end, __ATOMIC_RELAXED);
	if (from < to && to <= end && end - from <= FIRST_STACK)
		return true;
	return piece_known(from) && length - 1 < PIECE && piece_known(to - 1);
}

// Finds out, and remembers it.
__attribute__((cold)) bool readable_anew(const void *memory, size_t length);

static inline bool readable_again(const void *memory, size_t length)
{
	return known_readable(memory, length) || readable_anew(memory, length);
}

#endif
