// The handlers of those functions that only need their socket settled: nearly always it is, and the call goes on.
#include "functions.h"

#include "descriptors.h"
#include "settle.h"

#define NOTHING(...)
#define SLOWLY __attribute__((noinline, cold))

// Calls for any kind of descriptor (WAITS) only concern the sockets that wait; calls for sockets all but
// those known to be quiet.
#define QUIET_FOR_RULES(fd) descriptor_is_quiet(fd, RECEIVE_QUIET)
#define QUIET_FOR_WAITS(fd) !descriptor_has(fd, PENDING | INHERITED)

// The quick way is a few instructions and a jump; what is slow stands apart, so that it costs no more.
#define SETTLES(result, name, parameters, arguments, duty, flags)                                            \
	static SLOWLY result settle_and_##name parameters                                                    \
	{                                                                                                    \
		return settle(fd, flags) ? -1 : next.name arguments;                                         \
	}                                                                                                    \
	result on_##name parameters                                                                          \
	{                                                                                                    \
		if (QUIET_FOR_##duty(fd))                                                                    \
			return next.name arguments;                                                          \
		return settle_and_##name arguments;                                                          \
	}
SHIM_FUNCTIONS(NOTHING, SETTLES, NOTHING, NOTHING)
