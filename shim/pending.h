// What waits for an interface, and is tried again: memberships, the outgoing interface, the device.
#ifndef SOCKGRAFT_PENDING_H
#define SOCKGRAFT_PENDING_H

#include "subject.h"

#include <signal.h>

enum { PENDING_SLICE = 1000 }; // ms between two tries

// Tries again, at most once a second. 0, or a negative errno to fail with.
int pending_try(struct subject *subject);

// The same for all descriptors.
void pending_try_all(void);

// Signals are held back between two slices, where no call waits that they could interrupt: the next one is waited for
// with `mask`, the thread's own, which pthread_sigmask puts back after it.
void pending_hold_signals(sigset_t *mask);

// In place of a receive with these MSG_ flags that would block: waits for a datagram, or for the interface. 0: call
// on; -1: a signal came, errno is EINTR.
int pending_wait(struct subject *subject, int flags);

#endif
