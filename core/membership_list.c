// The memberships of a socket, found by asking it for each group that its host is a member of.
#include "sockgraft.h"

#include "kernel.h"
#include "socket.h"
#include "text.h"

#include <errno.h>
#include <string.h>

// ---- lines of a file ------------------------------------------------------------------------------------

struct lines {
	int fd;
	size_t at, end;
	char buffer[512]; // a line of /proc/net/igmp6 takes 64 bytes
};

static ssize_t refill(struct lines *lines)
{
	memmove(lines->buffer, lines->buffer + lines->at, lines->end - lines->at);
	lines->end -= lines->at;
	lines->at = 0;
	ssize_t got;
	do
		got = kernel_read(lines->fd, lines->buffer + lines->end, sizeof(lines->buffer) - lines->end);
	while (got == -EINTR);
	lines->end += got > 0 ? (size_t)got : 0;
	return got;
}

// The next line, as a string; NULL: that was the last. What doesn't fit in the buffer is no line of these files.
static const char *next_line(struct lines *lines, ssize_t *error)
{
	char *end;
	*error = 0;
	while (!(end = memchr(lines->buffer + lines->at, '\n', lines->end - lines->at))) {
		ssize_t got = refill(lines);
		if (got <= 0) {
			*error = lines->end == sizeof(lines->buffer) ? -EBADMSG : got;
			return NULL;
		}
	}
	char *line = lines->buffer + lines->at;
	*end = '\0';
	lines->at = (size_t)(end + 1 - lines->buffer);
	return line;
}

// ---- numbers in a line ----------------------------------------------------------------------------------

static const char *skip_blanks(const char *at)
{
	while (*at == ' ' || *at == '\t')
		at++;
	return at;
}

static const char *skip_word(const char *at)
{
	while (*at && *at != ' ' && *at != '\t')
		at++;
	return skip_blanks(at);
}

static const char *read_index(const char *at, unsigned *index)
{
	for (*index = 0; *at >= '0' && *at <= '9'; at++)
		*index = 10 * *index + (unsigned)(*at - '0');
	return at;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool read_hex(const char *at, unsigned char *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int high = hex_digit(at[2 * i]), low = high < 0 ? -1 : hex_digit(at[2 * i + 1]);
		if (low < 0)
			return false;
		bytes[i] = (unsigned char)(high << 4 | low);
	}
	return true;
}

// ---- the groups of the host -----------------------------------------------------------------------------

// A group on an interface, as the files tell them; `group` is left as it was by a line that names none.
struct listed {
	unsigned index;
	union graft_address group;
};

// "1	lo        :     1      V3", and below it, indented, "010000E0     1 0:00000000		0": the
// group as a number of this machine's byte order.
static bool read_ipv4(const char *line, struct listed *listed)
{
	unsigned char bytes[4];
	if (*line != '\t') {
		read_index(line, &listed->index);
		return false;
	}
	if (!read_hex(skip_blanks(line), bytes, sizeof(bytes)))
		return false;
	uint32_t number =
	        (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
	listed->group = (union graft_address){.v4 = {.sin_family = AF_INET, .sin_addr.s_addr = number}};
	return true;
}

// "1    lo              ff020000000000000000000000000001     1 0000000C 0"
static bool read_ipv6(const char *line, struct listed *listed)
{
	const char *at = skip_word(skip_blanks(read_index(line, &listed->index)));
	listed->group = (union graft_address){.v6 = {.sin6_family = AF_INET6}};
	return read_hex(at, listed->group.v6.sin6_addr.s6_addr, sizeof(struct in6_addr));
}

// ---- those of the socket --------------------------------------------------------------------------------

struct list {
	int fd;
	struct graft_membership *memberships;
	unsigned room;
	int count;
};

static int add(struct list *list, const struct listed *listed)
{
	enum graft_mode mode;
	int sources = graft_sources_get(list->fd, listed->index, &listed->group, &mode, NULL, 0);
	if (sources == -EADDRNOTAVAIL || sources == -ENOPROTOOPT)
		return 0; // somebody else's; a raw AF_INET6 socket has no IPv4 side
	if (sources < 0)
		return sources;
	if ((unsigned)list->count < list->room)
		list->memberships[list->count] =
		        (struct graft_membership){listed->group, listed->index, mode, (unsigned)sources};
	list->count++;
	return 0;
}

static int read_lines(int file, bool (*read)(const char *line, struct listed *listed), struct list *list)
{
	struct lines lines = {.fd = file};
	struct listed listed = {0};
	const char *line;
	ssize_t error;
	while ((line = next_line(&lines, &error))) {
		int failed = read(line, &listed) ? add(list, &listed) : 0;
		if (failed)
			return failed;
	}
	return (int)error;
}

static int read_file(
        pid_t pid, const char *name, bool (*read)(const char *, struct listed *), struct list *list)
{
	char path[64];
	struct text text = TEXT_IN(path);
	text_put(&text, "/proc/");
	if (pid)
		text_put_number(&text, pid);
	else
		text_put(&text, "thread-self");
	text_put(&text, "/net/");
	text_put(&text, name);
	int file = kernel_open(path);
	if (file < 0)
		return file;
	int error = read_lines(file, read, list);
	kernel_close(file);
	return error;
}

int graft_memberships(int fd, pid_t pid, struct graft_membership *memberships, unsigned room)
{
	struct list list = {fd, memberships, room, 0};
	int family = socket_family(fd);
	int error = family < 0 ? family : read_file(pid, "igmp", read_ipv4, &list);
	if (!error && family == AF_INET6)
		error = read_file(pid, "igmp6", read_ipv6, &list);
	return error ? error : list.count;
}

int graft_descriptor_copy(pid_t pid, int fd)
{
	int process = kernel_pidfd_open(pid);
	if (process < 0)
		return process;
	int copy = kernel_pidfd_getfd(process, fd);
	kernel_close(process);
	return copy;
}
