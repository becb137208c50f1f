// The rows of the integer socket options as data, and reading and writing one of them on one side of a socket.
#include "options.h"

#include "kernel.h"
#include "socket.h"

#include <errno.h>

const struct graft_option_row graft_option_rows[GRAFT_OPTION_COUNT] = {
#define ROW(id, key, unit, minimum, maximum, kinds, level4, option4, level6, option6, help)                  \
	[GRAFT_##id] = {GRAFT_UNIT_##unit, GRAFT_KIND_##kinds, minimum, maximum,                             \
	        {{level4, option4}, {level6, option6}}},
        GRAFT_OPTIONS(ROW) GRAFT_OTHER_OPTIONS(ROW)
#undef ROW
};

bool option_has_side(enum graft_option option, enum graft_side side)
{
	return (unsigned)option < GRAFT_OPTION_COUNT && graft_option_rows[option].column[side].name;
}

static bool in_range(enum graft_option option, int64_t value)
{
	return value >= graft_option_rows[option].minimum && value <= graft_option_rows[option].maximum;
}

int graft_side_set(int fd, enum graft_option option, enum graft_side side, int64_t value)
{
	const struct graft_option_row *row = &graft_option_rows[option];
	// IPV6_MTU can be set, but as another thing: the size to which Linux cuts what is sent.
	if (!option_has_side(option, side) || row->unit == GRAFT_UNIT_GAUGE)
		return -ENOPROTOOPT;
	if (!in_range(option, value))
		return -ERANGE;
	// SO_MARK is the one unsigned value; its bits are the same.
	int bits = (int)(uint32_t)value;
	return kernel_setsockopt(fd, row->column[side].level, row->column[side].name, &bits, sizeof(bits));
}

int graft_side_get(int fd, enum graft_option option, enum graft_side side, int64_t *value)
{
	int got;
	const struct graft_option_row *row = &graft_option_rows[option];
	if (!option_has_side(option, side))
		return -ENOPROTOOPT;
	socklen_t length = sizeof(got);
	int error = kernel_getsockopt(fd, row->column[side].level, row->column[side].name, &got, &length);
	if (!error)
		*value = row->maximum > INT32_MAX ? (int64_t)(uint32_t)got : got;
	return or_no_option(error);
}

int graft_buffer_set(int fd, enum graft_option option, int64_t bytes)
{
	int force = option == GRAFT_RCVBUF ? SO_RCVBUFFORCE : SO_SNDBUFFORCE;
	int wanted = (int)bytes;
	if (option != GRAFT_RCVBUF && option != GRAFT_SNDBUF)
		return -EINVAL;
	if (!in_range(option, bytes))
		return -ERANGE;
	if (!kernel_setsockopt(fd, SOL_SOCKET, force, &wanted, sizeof(wanted)))
		return 0;
	int error = graft_side_set(fd, option, GRAFT_IPV4, bytes);
	int64_t given = 0;
	if (!error)
		error = graft_side_get(fd, option, GRAFT_IPV4, &given);
	// The kernel doubles what was asked for (socket(7)) and silently stops at the sysctl's maximum.
	if (!error && given / 2 < wanted)
		error = -EPERM;
	return error;
}
