// The entry points: what a program's call to socket, bind, recvfrom … reaches. Each is a jump through its
// slot, to the function behind ours or to our handler.
#include "functions.h"

#include "descriptors.h"
#include "settle.h"
#include "start.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>

#define EXPORTED __attribute__((visibility("default")))

// ---- handlers of the rows that only need their socket settled -------------------------------------------

// Calls for any kind of descriptor (WAITS) only concern the sockets that wait; calls for sockets all but
// those known to be quiet.
#define QUIET_FOR_RULES(fd) descriptor_is_quiet(fd, RECEIVE_QUIET)
#define QUIET_FOR_WAITS(fd) !descriptor_has(fd, PENDING | INHERITED)

// The quick way is a few instructions and a jump; what is slow stands apart, so that it costs no more.
#define LOGIC(result, name, parameters, arguments, duty)
#define VARIADIC(name, duty)
#define SETTLES(result, name, parameters, arguments, duty, flags)                                            \
	static __attribute__((noinline, cold)) result settle_and_##name parameters                           \
	{                                                                                                    \
		return settle(fd, flags) ? -1 : next_##name arguments;                                       \
	}                                                                                                    \
	static result on_##name parameters                                                                   \
	{                                                                                                    \
		if (QUIET_FOR_##duty(fd))                                                                    \
			return next_##name arguments;                                                        \
		return settle_and_##name arguments;                                                          \
	}
SHIM_FUNCTIONS(LOGIC, SETTLES, VARIADIC)
#undef LOGIC
#undef SETTLES
#undef VARIADIC

// ---- slots and entries ----------------------------------------------------------------------------------

// Until the functions behind are known a slot leads to `first_NAME`, which finds them: the constructor of
// another library may call us before our own has run.
#define SETTLES(result, name, parameters, arguments, duty, flags)                                            \
	LOGIC(result, name, parameters, arguments, duty)
#define LOGIC(result, name, parameters, arguments, duty)                                                     \
	result(*next_##name) parameters;                                                                     \
	static result first_##name parameters;                                                               \
	static result(*slot_##name) parameters = first_##name;                                               \
	static result first_##name parameters                                                                \
	{                                                                                                    \
		start();                                                                                     \
		return slot_##name arguments;                                                                \
	}                                                                                                    \
	EXPORTED result name parameters                                                                      \
	{                                                                                                    \
		return slot_##name arguments;                                                                \
	}
// The third argument of fcntl is an int, a pointer or nothing; all travel as one register or stack word.
#define VARIADIC(name, duty)                                                                                 \
	int (*next_##name)(int fd, int command, ...);                                                        \
	static int first_##name(int fd, int command, void *argument);                                        \
	static int idle_##name(int fd, int command, void *argument)                                          \
	{                                                                                                    \
		return next_##name(fd, command, argument);                                                   \
	}                                                                                                    \
	static int (*slot_##name)(int fd, int command, void *argument) = first_##name;                       \
	static int first_##name(int fd, int command, void *argument)                                         \
	{                                                                                                    \
		start();                                                                                     \
		return slot_##name(fd, command, argument);                                                   \
	}                                                                                                    \
	EXPORTED int name(int fd, int command, ...)                                                          \
	{                                                                                                    \
		va_list list;                                                                                \
		va_start(list, command);                                                                     \
		void *argument = va_arg(list, void *);                                                       \
		va_end(list);                                                                                \
		return slot_##name(fd, command, argument);                                                   \
	}
SHIM_FUNCTIONS(LOGIC, SETTLES, VARIADIC)
#undef LOGIC
#undef SETTLES
#undef VARIADIC

// ---- where the slots lead -------------------------------------------------------------------------------

static void *behind(const char *name)
{
	return dlsym(RTLD_NEXT, name);
}

void functions_find(void)
{
#define SETTLES(result, name, parameters, arguments, duty, flags)                                            \
	next_##name = (result(*) parameters)behind(#name);                                                   \
	slot_##name = next_##name;
#define LOGIC(result, name, parameters, arguments, duty) SETTLES(result, name, parameters, arguments, duty, 0)
#define VARIADIC(name, duty)                                                                                 \
	next_##name = (int (*)(int, int, ...))behind(#name);                                                 \
	slot_##name = idle_##name;
	SHIM_FUNCTIONS(LOGIC, SETTLES, VARIADIC)
#undef LOGIC
#undef SETTLES
#undef VARIADIC
}

#define DUTY_RULES 1
#define DUTY_WAITS 2

static void lead(int duty, bool engaged)
{
#define LOGIC(result, name, parameters, arguments, its_duty)                                                 \
	if (duty == DUTY_##its_duty && next_##name)                                                          \
		slot_##name = engaged ? on_##name : next_##name;
#define SETTLES(result, name, parameters, arguments, its_duty, flags)                                        \
	LOGIC(result, name, parameters, arguments, its_duty)
#define VARIADIC(name, its_duty)                                                                             \
	if (duty == DUTY_##its_duty && next_##name)                                                          \
		slot_##name = engaged ? on_##name : idle_##name;
	SHIM_FUNCTIONS(LOGIC, SETTLES, VARIADIC)
#undef LOGIC
#undef SETTLES
#undef VARIADIC
}

void functions_engage(void)
{
	lead(DUTY_RULES, true);
}

void functions_engage_waits(bool engaged)
{
	lead(DUTY_WAITS, engaged);
}
