// What a program and the library that makes calls fail tell each other.
#ifndef FAULTS_H
#define FAULTS_H

#include <stdbool.h>
#include <stddef.h>

// The calls that core makes: return type, name, parameters, arguments, and what tells one call from another: an int
// and a pointer of the arguments.
// clang-format off
#define FAULT_FUNCTIONS(ROW) \
	ROW(int, socket, (int family, int type, int protocol), (family, type, protocol), type, NULL) \
	ROW(int, close, (int fd), (fd), fd, NULL) \
	ROW(int, bind, (int fd, const void *address, socklen_t length), (fd, address, length), fd, NULL) \
	ROW(int, connect, (int fd, const void *address, socklen_t length), (fd, address, length), fd, address) \
	ROW(int, getsockname, (int fd, void *address, socklen_t *length), (fd, address, length), fd, address) \
	ROW(int, getpeername, (int fd, void *address, socklen_t *length), (fd, address, length), fd, address) \
	ROW(int, getsockopt, (int fd, int level, int name, void *value, socklen_t *length), \
	    (fd, level, name, value, length), fd, value) \
	ROW(int, setsockopt, (int fd, int level, int name, const void *value, socklen_t length), \
	    (fd, level, name, value, length), fd, value) \
	ROW(ssize_t, send, (int fd, const void *bytes, size_t length, int flags), (fd, bytes, length, flags), fd, bytes) \
	ROW(ssize_t, recv, (int fd, void *bytes, size_t length, int flags), (fd, bytes, length, flags), fd, bytes) \
	ROW(int, ioctl, (int fd, unsigned long request, void *argument), (fd, request, argument), fd, argument) \
	ROW(intptr_t, mmap, (void *where, size_t length, int protection, int flags, int fd, off_t offset), \
	    (where, length, protection, flags, fd, offset), fd, where)
// clang-format on

enum fault_function {
	FAULT_NONE,
#define ROW(result, name, parameters, arguments, number, pointer) FAULT_##name,
	FAULT_FUNCTIONS(ROW)
#undef ROW
	        FAULT_COUNT,
};

// A call that can be told from others.
struct fault_call {
	enum fault_function function;
	int number;
	const void *pointer;
};

extern struct fault {
	enum fault_function function; // of which the next `nth` call that libsockgraft.so makes
	unsigned nth;
	int error;             // fails with this errno
	struct fault_call own; // what the program itself is about to call: what it may fail of
	unsigned calls;        // of the function, by libsockgraft.so
	bool fired, fired_own; // it has failed; and it was the program's own
} fault_armed;

#endif
