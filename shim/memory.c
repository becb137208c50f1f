// Memory that the program hands us.
#include "memory.h"

#include "functions.h"

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sys/auxv.h>
#include <sys/syscall.h>

enum {
	NEAR = 65536,           // of the stack pointer
	WORD = sizeof(uint32_t) // a futex
};

uintptr_t first_stack_end, pieces_known[PIECES_KNOWN];

#ifndef SYS_futex // where time_t has always been 64 bits wide
#	define SYS_futex SYS_futex_time64
#endif

// A stack is there from its pointer up to its end: for a thread its control block, which lies above its stack; for
// the first thread the 16 random bytes that the kernel puts above it (getauxval(3)). A stack of the program's own
// making is neither's, hence the limit.
static bool on_stack(uintptr_t from, uintptr_t to)
{
	uintptr_t here = (uintptr_t)__builtin_frame_address(0), end = (uintptr_t)pthread_self();
	if (end < here)
		end = __atomic_load_n(&first_stack_end, __ATOMIC_RELAXED);
	return from >= here && to <= end && to - here <= NEAR;
}

// FUTEX_CMP_REQUEUE reads the word to compare it, and then wakes nobody and moves nobody: EFAULT says that it can't,
// anything else that it can; nothing changes. Of all calls that read and change nothing it reads least, and valgrind,
// which looks at what a call reads, has nothing to say of it.
static bool kernel_reads(uintptr_t address)
{
	int kept = errno;
	long word = (long)(address & ~(uintptr_t)(WORD - 1));
	long result = next.syscall(SYS_futex, word, FUTEX_CMP_REQUEUE_PRIVATE, 0, 0, word, 0);
	bool faults = result < 0 && errno == EFAULT;
	errno = kept;
	return !faults;
}

bool readable(const void *memory, size_t length)
{
	uintptr_t from = (uintptr_t)memory, to = from + length;
	if (!__atomic_load_n(&first_stack_end, __ATOMIC_RELAXED))
		__atomic_store_n(&first_stack_end, getauxval(AT_RANDOM), __ATOMIC_RELAXED);
	if (!length || on_stack(from, to))
		return true;
	size_t page = getauxval(AT_PAGESZ);
	if (from < page || to < from)
		return false;
	for (uintptr_t at = from; at < to; at = (at / page + 1) * page)
		if (!kernel_reads(at))
			return false;
	return true;
}

bool readable_anew(const void *memory, size_t length)
{
	uintptr_t from = (uintptr_t)memory, to = from + length;
	if (from < to && on_stack(from, to)) // a thread's, nearly always
		return true;
	if (!readable(memory, length))
		return false;
	for (uintptr_t last = from | (PIECE - 1); from < to; from = last + 1, last = from | (PIECE - 1))
		__atomic_store_n(&pieces_known[last / PIECE % PIECES_KNOWN], last, __ATOMIC_RELAXED);
	return true;
}
