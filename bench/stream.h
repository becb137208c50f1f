// The datagrams that sender.c sends and receiver.c measures.
#ifndef BENCH_STREAM_H
#define BENCH_STREAM_H

#include <stdint.h>
#include <time.h>

enum { STREAM_BYTES = 64 };

struct stream_datagram {
	int64_t sent; // CLOCK_MONOTONIC, which all namespaces share
	uint32_t last;
	char rest[STREAM_BYTES - sizeof(int64_t) - sizeof(uint32_t)];
};

static inline int64_t nanoseconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

#endif
