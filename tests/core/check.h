// What the tests of core have in common: checks that say what they saw, sockets of every kind, and cases by name.
//
// A test program runs the case that its argument names, and lists its cases without one. Nothing here allocates,
// so that a preloaded library may refuse memory while a case runs.
#ifndef CHECK_H
#define CHECK_H

#include "../../core/sockgraft.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

// ---- checks ---------------------------------------------------------------------------------------------

// What the next checks are about: the row of a table, above all.
static char check_context[256];

#define CONTEXT(...) ((void)snprintf(check_context, sizeof(check_context), __VA_ARGS__))

static inline const char *errno_name(long long error)
{
	const char *name = NULL;
#ifdef __GLIBC_PREREQ
#	if __GLIBC_PREREQ(2, 32)
	name = strerrorname_np((int)error);
#	endif
#else
	name = strerror((int)error);
#endif
	return name ? name : "?";
}

// A result as people read it: -22 is -EINVAL too.
static inline const char *result_text(char buffer[64], long long value)
{
	if (value < 0 && value > -4096)
		snprintf(buffer, 64, "%lld (-%s)", value, errno_name(-value));
	else
		snprintf(buffer, 64, "%lld", value);
	return buffer;
}

__attribute__((noreturn, format(printf, 3, 4))) static inline void check_failed(
        const char *file, int line, const char *format, ...)
{
	char text[1024];
	va_list arguments;
	va_start(arguments, format);
	int used = snprintf(text, sizeof(text), "%s:%d: ", file, line);
	used += vsnprintf(text + used, sizeof(text) - (size_t)used, format, arguments);
	va_end(arguments);
	if ((size_t)used >= sizeof(text))
		used = sizeof(text) - 1;
	if (*check_context && (size_t)used < sizeof(text))
		used += snprintf(text + used, sizeof(text) - (size_t)used, " [%s]", check_context);
	size_t length = (size_t)used < sizeof(text) ? (size_t)used : sizeof(text) - 1;
	(void)!write(STDERR_FILENO, text, length);
	(void)!write(STDERR_FILENO, "\n", 1);
	_exit(1);
}

// CHECK(condition); CHECK_IS(wanted, expression), of numbers and results; CHECK_TEXT, of strings, which may be NULL.
#define CHECK(condition)                                                                                     \
	((condition) ? (void)0                                                                               \
	             : check_failed(__FILE__, __LINE__, "%s does not hold, errno is %s", #condition,         \
	                       errno_name(errno)))

#define CHECK_IS(wanted, expression)                                                                         \
	check_is(__FILE__, __LINE__, #expression, (long long)(wanted), (long long)(expression))

#define CHECK_TEXT(wanted, expression) check_text(__FILE__, __LINE__, #expression, wanted, expression)

static inline void check_is(const char *file, int line, const char *what, long long wanted, long long got)
{
	char first[64], second[64];
	if (wanted != got)
		check_failed(file, line, "%s is %s, not %s", what, result_text(first, got),
		        result_text(second, wanted));
}

static inline void check_text(
        const char *file, int line, const char *what, const char *wanted, const char *got)
{
	if (wanted != got && (!wanted || !got || strcmp(wanted, got) != 0))
		check_failed(file, line, "%s is \"%s\", not \"%s\"", what, got ? got : "(null)",
		        wanted ? wanted : "(null)");
}

// ---- sockets --------------------------------------------------------------------------------------------

// Those of AF_INET6 have two sides, but for the ONLY ones; a raw AF_INET6 socket has one anyway.
#define KINDS(ROW)                                                                                           \
	ROW(UDP4, AF_INET, SOCK_DGRAM, 0)                                                                    \
	ROW(UDP6, AF_INET6, SOCK_DGRAM, 0)                                                                   \
	ROW(UDP6_ONLY, AF_INET6, SOCK_DGRAM, 0)                                                              \
	ROW(TCP4, AF_INET, SOCK_STREAM, 0)                                                                   \
	ROW(TCP6, AF_INET6, SOCK_STREAM, 0)                                                                  \
	ROW(RAW4, AF_INET, SOCK_RAW, IPPROTO_UDP)                                                            \
	ROW(RAW6, AF_INET6, SOCK_RAW, IPPROTO_UDP)                                                           \
	ROW(ICMP4, AF_INET, SOCK_RAW, IPPROTO_ICMP)                                                          \
	ROW(ICMP6, AF_INET6, SOCK_RAW, IPPROTO_ICMPV6)                                                       \
	ROW(UNIX, AF_UNIX, SOCK_DGRAM, 0)

enum kind {
#define ROW(id, ...) id,
	KINDS(ROW)
#undef ROW
	        KIND_COUNT
};

static const struct kind_row {
	const char *name;
	int family, type, protocol;
} kind_rows[KIND_COUNT] = {
#define ROW(id, family, type, protocol) {#id, family, type, protocol},
        KINDS(ROW)
#undef ROW
};

static inline bool is_datagram(enum kind kind)
{
	return kind_rows[kind].type == SOCK_DGRAM;
}

static inline int open_socket(enum kind kind)
{
	const struct kind_row *row = &kind_rows[kind];
	int on = 1, fd = socket(row->family, row->type | SOCK_CLOEXEC, row->protocol);
	CHECK(fd >= 0);
	if (kind == UDP6_ONLY)
		CHECK(!setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)));
	return fd;
}

// Addresses as constants of the tests are written.
static inline union graft_address address_of(const char *text, uint16_t port)
{
	union graft_address address;
	if (graft_address_parse(text, strlen(text), &address))
		check_failed(__FILE__, __LINE__, "\"%s\" is no address", text);
	graft_address_set_port(&address, port);
	return address;
}

static inline union graft_address mapped(const char *text, uint16_t port)
{
	union graft_address address = address_of(text, port);
	graft_address_map(&address);
	return address;
}

// Binds, and tells where: with port 0 the kernel picks one.
static inline union graft_address bind_to(int fd, const char *text, uint16_t port)
{
	union graft_address address = address_of(text, port);
	socklen_t length = sizeof(address);
	CHECK(!bind(fd, &address.any, graft_address_length(&address)));
	CHECK(!getsockname(fd, &address.any, &length));
	return address;
}

// An option as the kernel tells it, without core's help.
static inline int plain_option(int fd, int level, int name)
{
	int value = 0;
	socklen_t length = sizeof(value);
	CHECK(!getsockopt(fd, level, name, &value, &length));
	return value;
}

// ---- cases ----------------------------------------------------------------------------------------------

struct test_case {
	const char *name;
	void (*run)(void);
};

#define CASE(function)                                                                                       \
	{                                                                                                    \
		.run = (function), .name = #function                                                         \
	}

// Set in a preloaded library that ends the process where memory is asked for (tests/libraries/no_memory.c).
extern bool memory_refused __attribute__((weak));

static inline int run_case(const struct test_case *cases, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (!name)
			printf("%s\n", cases[i].name);
		if (!name || strcmp(name, cases[i].name) != 0)
			continue;
		if (&memory_refused)
			memory_refused = true;
		cases[i].run();
		if (&memory_refused)
			memory_refused = false;
		return 0;
	}
	if (name)
		fprintf(stderr, "no case is named %s\n", name);
	return name ? 2 : 0;
}

// Ends a test program: CASES(CASE(this), CASE(that))
#define CASES(...)                                                                                           \
	int main(int argc, char **argv)                                                                      \
	{                                                                                                    \
		static const struct test_case cases[] = {__VA_ARGS__};                                       \
		return run_case(cases, COUNT(cases), argc > 1 ? argv[1] : NULL);                             \
	}

#endif
