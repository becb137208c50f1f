// A case: one call, and the line on all that came of it.
#include "same.h"

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

enum {
	UNTOUCHED = 4711, // errno before each call
	PATIENCE = 5,     // seconds until a call counts as hung
	DESCRIPTORS = 64,
};

void *under_test;

static const char *name_under_test;
static char line[16384];
static size_t line_length;
static sigjmp_buf escape;
static volatile sig_atomic_t attempting, signals;

// ---- the line -------------------------------------------------------------------------------------------

static void add(const char *format, va_list list)
{
	int length = vsnprintf(line + line_length, sizeof(line) - line_length, format, list);
	line_length += (size_t)length;
	if (line_length >= sizeof(line))
		errx(2, "%.200s: the line is too long", line);
}

void say(const char *format, ...)
{
	va_list list;
	va_start(list, format);
	add(format, list);
	va_end(list);
}

void begin(const char *format, ...)
{
	va_list list;
	memory_reset();
	signals = 0;
	line_length = 0;
	say("%s: ", name_under_test);
	va_start(list, format);
	add(format, list);
	va_end(list);
}

// ---- open descriptors -----------------------------------------------------------------------------------

struct open {
	int fds[DESCRIPTORS];
	unsigned count;
};

static int by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static struct open list_open(void)
{
	struct open open = {.count = 0};
	DIR *directory = opendir("/proc/self/fd");
	if (!directory)
		err(2, "/proc/self/fd");
	for (struct dirent *entry = readdir(directory); entry; entry = readdir(directory)) {
		int fd = *entry->d_name == '.' ? -1 : atoi(entry->d_name);
		if (fd >= 0 && fd != dirfd(directory) && open.count < DESCRIPTORS)
			open.fds[open.count++] = fd;
	}
	closedir(directory);
	qsort(open.fds, open.count, sizeof(*open.fds), by_number);
	return open;
}

static bool has(const struct open *open, int fd)
{
	for (unsigned i = 0; i < open->count; i++)
		if (open->fds[i] == fd)
			return true;
	return false;
}

static void say_changes(const struct open *before, const struct open *after)
{
	for (unsigned i = 0; i < after->count; i++)
		if (!has(before, after->fds[i])) {
			say("; opened %d", after->fds[i]);
			describe(after->fds[i]);
		}
	for (unsigned i = 0; i < before->count; i++)
		if (!has(after, before->fds[i]))
			say("; closed %d", before->fds[i]);
}

// What was open before the first case stays.
static const struct open *always_open(void)
{
	static struct open open;
	if (!open.count)
		open = list_open();
	return &open;
}

void end(void)
{
	struct open open = list_open();
	puts(line);
	for (unsigned i = 0; i < open.count; i++)
		if (!has(always_open(), open.fds[i]))
			close(open.fds[i]);
}

// ---- the call -------------------------------------------------------------------------------------------

static void on_signal(int signal)
{
	signals++;
	if (signal == SIGPIPE || signal == SIGUSR1 || !attempting)
		return;
	siglongjmp(escape, signal);
}

void expect_signal(int signal)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_NODEFER};
	sigaction(signal, &action, NULL);
}

static void be_ready(void)
{
	static const int all[] = {SIGSEGV, SIGBUS, SIGABRT, SIGALRM, SIGPIPE, SIGUSR1};
	for (size_t i = 0; i < COUNT(all); i++)
		expect_signal(all[i]);
}

static void set_patience(int seconds)
{
	const struct itimerval timer = {.it_value.tv_sec = seconds};
	setitimer(ITIMER_REAL, &timer, NULL);
}

static void say_result(long result, int error)
{
	say(": %ld", result);
	if (error != UNTOUCHED && result != -1)
		say(", ERRNO BECAME");
	if (error != UNTOUCHED)
		say(" %s", strerror(error));
}

long attempt(adapter *by, const struct call *call)
{
	static long result;
	struct open before = list_open();
	memory_keep();
	set_patience(PATIENCE);
	attempting = true;
	result = -1;
	int signal = sigsetjmp(escape, true);
	if (!signal) {
		errno = UNTOUCHED;
		result = by(call);
		int error = errno;
		attempting = false;
		say_result(result, error);
	} else {
		say(": %s", signal == SIGALRM ? "HUNG" : signal == SIGABRT ? "aborted" : "crashed");
	}
	attempting = false;
	set_patience(0);
	if (signals)
		say(", a signal");
	memory_say();
	struct open after = list_open();
	say_changes(&before, &after);
	if (has(&before, call->fd) && has(&after, call->fd)) {
		say("; on");
		describe(call->fd);
	}
	return result;
}

void function_run(const char *name, void (*cases)(void))
{
	name_under_test = name;
	always_open();
	be_ready();
	cases();
}
