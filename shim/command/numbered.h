// The numbered datagrams of sockgraft doctor --send and --receive, as they are on the wire: 48 bytes, numbers big-endian.
#ifndef SOCKGRAFT_NUMBERED_H
#define SOCKGRAFT_NUMBERED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NUMBERED_SIZE = 48 };

struct numbered {
	uint64_t sender;          // at random, for each run
	uint32_t sequence, total; // from 0, of so many
	bool last;                // all have been sent; sent several times, in case one is lost
	int64_t time;             // when it was sent, nanoseconds since 1970
};

void numbered_write(const struct numbered *numbered, unsigned char bytes[NUMBERED_SIZE]);

// False: it is none.
bool numbered_read(const unsigned char *bytes, size_t length, struct numbered *numbered);

#endif
