// The entry points: what a program's call to socket, bind, recvfrom … reaches. Each is a jump through its
// slot, to the function behind ours or to our handler.
#include "functions.h"

#include "load.h"

#define EXPORTED __attribute__((visibility("default")))
// A slot is one word, read and written whole, so a thread that jumps while another writes goes the old way or the new
// one. An atomic load would say so, at the cost of a second instruction: the compiler doesn't fold it into the jump.
#define ENTRY EXPORTED __attribute__((no_sanitize("thread")))
#define NOTHING(...)

// Until the functions behind are known a slot leads to first_NAME, which has them found: the constructor of
// another library may call us before our own has run. Whoever comes while another thread is at it, or from within the
// look-up, goes on to the function behind, and leaves the slots to the one that was first.
#define EACH(result, name, parameters, arguments, duty) static result first_##name parameters;
SHIM_EACH_FUNCTION
#undef EACH

static struct functions slot = {
#define EACH(result, name, parameters, arguments, duty) .name = first_##name,
        SHIM_EACH_FUNCTION
#undef EACH
};

#define LOGIC(result, name, parameters, arguments, duty, more)                                               \
	static result first_##name parameters                                                                \
	{                                                                                                    \
		start();                                                                                     \
		return (slot.name == first_##name ? next.name : slot.name) arguments;                        \
	}
// These make no socket, so the policy can wait; and sanitizers call them before they can have anything else run.
#define VARIADIC(result, name, parameters, arguments, duty, why)                                             \
	static result first_##name parameters                                                                \
	{                                                                                                    \
		if (!next.name)                                                                              \
			functions_find();                                                                    \
		return next.name arguments;                                                                  \
	}
SHIM_FUNCTIONS(LOGIC, LOGIC, VARIADIC, NOTHING)
#undef LOGIC
#undef VARIADIC

#define LOGIC(result, name, parameters, arguments, duty, more)                                               \
	ENTRY result name parameters                                                                         \
	{                                                                                                    \
		return slot.name arguments;                                                                  \
	}
// The symbol is libc's, the C name is not, whose declaration says "...".
#define VARIADIC(result, name, parameters, arguments, duty, why)                                             \
	ENTRY result enter_##name parameters __asm__(#name);                                                 \
	ENTRY result enter_##name parameters                                                                 \
	{                                                                                                    \
		return slot.name arguments;                                                                  \
	}
SHIM_FUNCTIONS(LOGIC, LOGIC, VARIADIC, NOTHING)

// By the assembler, which asks for no declaration of names that no header declares.
#define ALIAS(alias_name, name) __asm__(".globl " #alias_name "\n\t.set " #alias_name ", " #name);
SHIM_FUNCTIONS(NOTHING, NOTHING, NOTHING, ALIAS)

// ---- where the slots lead -------------------------------------------------------------------------------

void functions_open(void)
{
	void *const *from = (void *const *)&next;
	void **to = (void **)&slot;
	for (size_t i = 0; i < sizeof(slot) / sizeof(*to); i++)
		__atomic_store_n(&to[i], from[i], __ATOMIC_RELEASE);
}

#define DUTY_RULES  1
#define DUTY_WAITS  2
#define DUTY_WRITES 3
#define LEAD(its_duty, name, to)                                                                             \
	if (DUTY_##its_duty == duty)                                                                         \
		__atomic_store_n(&slot.name, to, __ATOMIC_RELEASE);

static bool all_writes;

static inline __attribute__((always_inline)) void lead(const int duty, bool engaged)
{
#define EACH(result, name, parameters, arguments, its_duty)                                                  \
	LEAD(its_duty, name, engaged ? on_##name : next.name)
	SHIM_EACH_FUNCTION
#undef EACH
}

void functions_engage(bool writes)
{
	all_writes = writes;
	lead(DUTY_RULES, true);
	lead(DUTY_WRITES, writes);
}

void functions_engage_waits(bool engaged)
{
	lead(DUTY_WAITS, engaged);
	lead(DUTY_WRITES, engaged || all_writes);
}
