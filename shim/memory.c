// Memory that the program hands us.
#include "memory.h"

#include "functions.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>

enum {
	NEAR = 65536,           // of the stack pointer
	WORD = sizeof(uint64_t) // the kernel's set of signals
};

// A stack is there from its pointer up to its end: for a thread its control block, which lies above its stack; for
// the first thread the 16 random bytes that the kernel puts above it (getauxval(3)). A stack of the program's own
// making is neither's, hence the limit.
static bool on_stack(uintptr_t from, uintptr_t to)
{
	uintptr_t here = (uintptr_t)__builtin_frame_address(0), end = (uintptr_t)pthread_self();
	if (end < here)
		end = (uintptr_t)getauxval(AT_RANDOM);
	return from >= here && to <= end && to - here <= NEAR;
}

// rt_sigprocmask reads the set before it sees that it doesn't know what to do with it: EFAULT says that it can't,
// EINVAL that it can; nothing changes.
static bool kernel_reads(uintptr_t address)
{
	const int unknown = -1;
	int kept = errno;
	long result = next.syscall(
	        SYS_rt_sigprocmask, unknown, (long)(address & ~(uintptr_t)(WORD - 1)), 0, WORD, 0, 0);
	bool faults = result < 0 && errno == EFAULT;
	errno = kept;
	return !faults;
}

bool readable(const void *memory, size_t length)
{
	uintptr_t from = (uintptr_t)memory, to = from + length;
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

sa_family_t family_at(const struct sockaddr *address)
{
	sa_family_t family;
	memcpy(&family, (const char *)address + offsetof(struct sockaddr, sa_family), sizeof(family));
	return family;
}
