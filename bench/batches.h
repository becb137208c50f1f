// What programs share that do the same thing in batches, to be timed or to be counted under callgrind.
#ifndef BENCH_BATCHES_H
#define BENCH_BATCHES_H

#include <stdlib.h>
#include <time.h>

#if __has_include(<valgrind/callgrind.h>)
#	include <valgrind/callgrind.h>
#else
#	define CALLGRIND_ZERO_STATS
#	define CALLGRIND_DUMP_STATS_AT(name)
#endif

enum { BATCHES_AT_MOST = 1000 };

static inline double nanoseconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static inline int ascending(const void *one, const void *other)
{
	double a = *(const double *)one, b = *(const double *)other;
	return (a > b) - (a < b);
}

// Of the times of `batches` batches, the one that `part` of them are below.
static inline double quantile(double *times, int batches, double part)
{
	qsort(times, (size_t)batches, sizeof(*times), ascending);
	return times[(int)(batches * part)];
}

#endif
