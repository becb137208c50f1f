// How long calls on a socket may block.
#include "sockgraft.h"

#include "kernel.h"

#include <errno.h>
#include <sys/time.h>

enum { NANO_PER_SECOND = 1000000000, NANO_PER_MICRO = 1000 };

// A time_t may have 32 bits; the kernel takes so many seconds for ever.
static const int64_t LONGEST = INT32_MAX - 1;

static int name_of(enum graft_direction direction)
{
	return direction == GRAFT_SENDING ? SO_SNDTIMEO : SO_RCVTIMEO;
}

int graft_timeout_set(int fd, enum graft_direction direction, int64_t nanoseconds)
{
	if (nanoseconds < 0)
		return -EINVAL;
	int64_t seconds = nanoseconds / NANO_PER_SECOND;
	int64_t micros = (nanoseconds % NANO_PER_SECOND + NANO_PER_MICRO - 1) / NANO_PER_MICRO;
	if (micros == NANO_PER_SECOND / NANO_PER_MICRO) {
		seconds++;
		micros = 0;
	}
	struct timeval time = {
	        .tv_sec = (time_t)(seconds < LONGEST ? seconds : LONGEST), .tv_usec = (suseconds_t)micros};
	return kernel_setsockopt(fd, SOL_SOCKET, name_of(direction), &time, sizeof(time));
}

int graft_timeout_get(int fd, enum graft_direction direction, int64_t *nanoseconds)
{
	struct timeval time;
	socklen_t length = sizeof(time);
	int error = kernel_getsockopt(fd, SOL_SOCKET, name_of(direction), &time, &length);
	if (error)
		return error;
	int64_t fraction = (int64_t)time.tv_usec * NANO_PER_MICRO;
	if (__builtin_mul_overflow((int64_t)time.tv_sec, NANO_PER_SECOND, nanoseconds) ||
	        __builtin_add_overflow(*nanoseconds, fraction, nanoseconds))
		*nanoseconds = INT64_MAX;
	return 0;
}
