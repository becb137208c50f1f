// Preloaded behind libsockgraft.so: makes one call of it fail, in place of making it. What the program calls by
// itself, without the library between, goes through.
//
// FAULT=FUNCTION:NTH:ERRNO arms it from the start, fault_armed at any time.
#include <dlfcn.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "faults.h"

#define EXPORTED __attribute__((visibility("default")))

EXPORTED struct fault fault_armed;

// A call that the library hands on by a jump has the program's return address, and is the program's.
static bool is_ours(const void *caller)
{
	Dl_info where;
	return dladdr(caller, &where) && where.dli_fname && strstr(where.dli_fname, "libsockgraft");
}

static bool is_own(const struct fault_call *call)
{
	return call->function == fault_armed.own.function && call->number == fault_armed.own.number &&
	       call->pointer == fault_armed.own.pointer;
}

// Whether this call is the one to fail.
static bool fails(const struct fault_call *call, const void *caller)
{
	if (call->function != fault_armed.function || !is_ours(caller) ||
	        ++fault_armed.calls != fault_armed.nth)
		return false;
	fault_armed.fired = true;
	fault_armed.fired_own = is_own(call);
	return true;
}

// close(2): on Linux the descriptor is gone, whatever the call returns.
#define ROW(result, name, parameters, arguments, number, pointer)                                            \
	EXPORTED result fault_##name parameters __asm__(#name);                                              \
	result fault_##name parameters                                                                       \
	{                                                                                                    \
		static result(*behind) parameters;                                                           \
		if (!behind)                                                                                 \
			behind = (result(*) parameters)dlsym(RTLD_NEXT, #name);                              \
		const struct fault_call call = {FAULT_##name, number, pointer};                              \
		if (!fails(&call, __builtin_return_address(0)))                                              \
			return behind arguments;                                                             \
		if (FAULT_##name == FAULT_close)                                                             \
			behind arguments;                                                                    \
		errno = fault_armed.error;                                                                   \
		return -1;                                                                                   \
	}
FAULT_FUNCTIONS(ROW)
#undef ROW

// What _FILE_OFFSET_BITS=64 makes of it; where long has 64 bits anyway they are the same.
#ifdef __LP64__
__asm__(".globl mmap64\n\t.set mmap64, mmap");
#endif

__attribute__((constructor)) static void arm(void)
{
#define ROW(result, name, parameters, arguments, number, pointer) [FAULT_##name] = #name,
	static const char *const names[FAULT_COUNT] = {FAULT_FUNCTIONS(ROW)};
#undef ROW
	const char *text = getenv("FAULT");
	char name[16];
	if (!text || sscanf(text, "%15[^:]:%u:%d", name, &fault_armed.nth, &fault_armed.error) != 3)
		return;
	for (int i = 1; i < FAULT_COUNT; i++)
		if (!strcmp(name, names[i]))
			fault_armed.function = (enum fault_function)i;
}
