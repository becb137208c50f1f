// Options that the program sets itself, where the policy has a word on them.
#ifndef SOCKGRAFT_OWN_OPTIONS_H
#define SOCKGRAFT_OWN_OPTIONS_H

#include <stdbool.h>
#include <sys/socket.h>

// What the policy holds on to stays: the call fails as the kernel would have it fail, or succeeds and changes nothing.
// true: `*result` is what the call returns (errno set); false: not concerned, call on.
bool own_options_intercept(int fd, int level, int name, const void *value, socklen_t length, int *result);

// After such a call that went on and succeeded: a default of the policy gives way from now on.
void own_options_note(int fd, int level, int name);

// The same of a socket that was made before the shim saw it, by all that is other than it is of a new one.
struct subject;
struct plan;
void own_options_adopt(const struct subject *subject, const struct plan *plan);

// Binds `probe`, a socket of a moment that the kernel is asked on in place of `fd`, to the same device, if there is one.
void own_options_lend_device(int fd, int probe);

#endif
