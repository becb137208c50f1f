// A library whose constructor calls every interposed function, perhaps before the constructor of the library that
// interposes them has run. Each call must end as it does without that library: nearly all are on descriptor -1. Says
// on stderr how many ended so, and which did not.
#include "../../shim/functions.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

// Arguments are integers and pointers, passed as words; a function reads as many as it has.
enum { WORDS = 7 };
typedef long called(long, long, long, long, long, long, long);
typedef int called_variadic(int, int, ...);

static const char zeros[64];

struct expected {
	const char *name;
	long words[WORDS];
	int result, error;
};

static const struct expected ordinary = {NULL, {-1}, -1, EBADF};

// Those that take no descriptor first, or look at something else before it; some are to be interposed yet.
static const struct expected others[] = {
        {"socket", {-1}, -1, EAFNOSUPPORT},
        {"socketpair", {-1}, -1, EFAULT},
        {"poll", {0}, 0, 0},
        {"__poll", {0}, 0, 0},
        {"__poll_chk", {0}, 0, 0},
        {"ppoll", {0, 0, (long)zeros}, 0, 0},
        {"__ppoll_chk", {0, 0, (long)zeros}, 0, 0},
        {"__ppoll64", {0, 0, (long)zeros}, 0, 0},
        {"__ppoll64_chk", {0, 0, (long)zeros}, 0, 0},
        {"select", {-1}, -1, EINVAL},
        {"__select", {-1}, -1, EINVAL},
        {"__select64", {-1}, -1, EINVAL},
        {"pselect", {-1}, -1, EINVAL},
        {"__pselect64", {-1}, -1, EINVAL},
        {"epoll_wait", {-1, (long)zeros, 1}, -1, EBADF},
        {"epoll_pwait", {-1, (long)zeros, 1}, -1, EBADF},
        {"epoll_pwait2", {-1, (long)zeros, 1, (long)zeros}, -1, EBADF},
        {"__epoll_pwait2_time64", {-1, (long)zeros, 1, (long)zeros}, -1, EBADF},
        {"epoll_ctl", {-1, EPOLL_CTL_DEL, -1}, -1, EBADF},
        {"close_range", {20, 10}, -1, EINVAL},
        {"closefrom", {INT_MAX}, 0, 0},
        {"fclose", {0}, 0, 0},
        {"_IO_fclose", {0}, 0, 0},
        {"syscall", {-1}, -1, ENOSYS},
        {"setsourcefilter", {-1, 0, (long)zeros}, -1, EINVAL},
        {"vfork", {0}, 0, 0},
        {"clone", {0}, -1, EINVAL},
        {"__clone", {0}, -1, EINVAL},
};

static const struct expected *expected_of(const char *name)
{
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (!strcmp(others[i].name, name))
			return &others[i];
	return &ordinary;
}

// Its child must not return.
static int call_vfork(void *function)
{
	int status, pid = (int)((called *)function)(0, 0, 0, 0, 0, 0, 0);
	if (!pid)
		_exit(0);
	return pid < 0 ? pid : waitpid(pid, &status, 0) - pid;
}

static int call(const char *name, void *function, const long *words)
{
	if (!strcmp(name, "vfork"))
		return call_vfork(function);
	if (!strcmp(name, "fclose") || !strcmp(name, "_IO_fclose"))
		return (int)((called *)function)((long)fopen("/dev/null", "r"), 0, 0, 0, 0, 0, 0);
	return (int)((called *)function)(
	        words[0], words[1], words[2], words[3], words[4], words[5], words[6]);
}

static bool ends_well(const char *name, bool variadic)
{
	const struct expected *expected = expected_of(name);
	void *function = dlsym(RTLD_DEFAULT, name);
	if (!function) // not in this libc
		return true;
	errno = 0;
	variadic &= strcmp(name, "clone") != 0;
	int result =
	        variadic ? ((called_variadic *)function)(-1, F_GETFD) : call(name, function, expected->words);
	int error = errno;
	if (!strcmp(name, "closefrom")) // returns nothing
		result = 0;
	if (result == expected->result && error == expected->error)
		return true;
	dprintf(STDERR_FILENO, "early: %s: %d %s\n", name, result, strerror(error));
	return false;
}

__attribute__((constructor)) static void call_all(void)
{
	static const struct {
		const char *name;
		bool variadic;
	} functions[] = {
#define ROW(result, name, ...)                  {#name, false},
#define VARIADIC(result, name, parameters, ...) {#name, true},
#define SECOND_NAME(name, of_what)              {#name, false},
	        SHIM_FUNCTIONS(ROW, ROW, VARIADIC, SECOND_NAME)};
	size_t count = sizeof(functions) / sizeof(functions[0]), well = 0;
	for (size_t i = 0; i < count; i++)
		well += ends_well(functions[i].name, functions[i].variadic);
	dprintf(STDERR_FILENO, "early: %zu of %zu as expected\n", well, count);
}
