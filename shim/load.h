// The first thing that happens: before the library's constructor or in it.
#ifndef SOCKGRAFT_LOAD_H
#define SOCKGRAFT_LOAD_H

// Finds the functions behind ours and, if there is a policy, reads it; one that can't be read ends the process with
// status 125. The library's constructor comes here, and whichever entry point is called before it; only the first
// call works.
void start(void);

// Zeroed memory that few processes need: shim/layout.ld puts it apart, so that what all need is on one page.
#define ROOM __attribute__((section(".bss.room")))

#endif
