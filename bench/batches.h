// What programs share that do the same thing in batches, to be timed or to be counted under callgrind.
#ifndef BENCH_BATCHES_H
#define BENCH_BATCHES_H

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

// Times each row that is asked for, a line each on standard input, in so many batches.
static inline void serve(int batches, void (*time_row)(const char *row, int batches))
{
	char line[64];
	if (batches <= 0 || batches > BATCHES_AT_MOST)
		errx(1, "expected 1 to %d batches", BATCHES_AT_MOST);
	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		time_row(line, batches);
		fflush(stdout);
	}
}

#endif
