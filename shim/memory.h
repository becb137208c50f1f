// Memory that the program hands us. The kernel answers a bad pointer with EFAULT; so must we, who read it first.
#ifndef SOCKGRAFT_MEMORY_H
#define SOCKGRAFT_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

// Whether `length` bytes at `memory` can be read. Costs no system call where they lie on the caller's stack, as
// addresses and messages nearly always do.
bool readable(const void *memory, size_t length);

// The same on the way of each datagram, where a system call each time would cost too much: what could be read once is
// believed to be there still.
bool readable_again(const void *memory, size_t length);

// The family of an address that can be read, which may lie anywhere (sockaddr(3type)).
sa_family_t family_at(const struct sockaddr *address);

#endif
