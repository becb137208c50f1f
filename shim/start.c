// The process's policy: read once, before anything of ours governs.
#include "start.h"

#include "../core/policy/span.h"
#include "answers.h"
#include "descriptors.h"
#include "functions.h"
#include "inherit.h"
#include "load.h"
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>

enum {
	EXIT_POLICY = 125,
	SMALL_POLICY = 16384, // bytes, parsed
	ARENA_BASE = 65536,
	ARENA_PER_BYTE = 160, // of the policy's text: the most that its parsed form can take
	FILE_AT_MOST = 1 << 20,
	INHERITED_FDS = 1024, // looked at for inherited sockets
	FDS_AT_ONCE = 32,
	PATH_ROOM = 4096,
};

struct policy policy;

// ---- the policy's text ----------------------------------------------------------------------------------

// The bytes of all our variables, and of the file that one of them names.
static size_t text_size(char *const *environment)
{
	struct stat status;
	size_t size = 0;
	for (; *environment; environment++) {
		if (!span_after(*environment, POLICY_PREFIX))
			continue;
		size += span_of(*environment).length;
		const char *path = span_after(*environment, POLICY_PREFIX "FILE=");
		if (path && !stat(path, &status) && status.st_size > 0)
			size += (size_t)(status.st_size > FILE_AT_MOST ? FILE_AT_MOST : status.st_size);
	}
	return size;
}

static long read_into(int fd, struct arena *arena, const char **content)
{
	struct stat status;
	if (fstat(fd, &status))
		return -errno;
	if (!S_ISREG(status.st_mode))
		return -EINVAL;
	if (status.st_size > FILE_AT_MOST)
		return -EFBIG;
	char *bytes = arena_take(arena, (size_t)status.st_size + 1);
	if (!bytes)
		return -ENOMEM;
	ssize_t length = 0, got = 1;
	while (length < status.st_size && got > 0) {
		got = next.read(fd, bytes + length, (size_t)(status.st_size - length));
		if (got < 0)
			return -errno;
		length += got;
	}
	*content = bytes;
	return length;
}

static long read_file(const char *path, struct arena *arena, const char **content)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return -errno;
	long length = read_into(fd, arena, content);
	next.close(fd);
	return length;
}

// ---- reading it -----------------------------------------------------------------------------------------

static _Noreturn void refuse(const char *why)
{
	char buffer[640];
	struct text line = TEXT_IN(buffer);
	log_begin(&line, LOG_ERROR);
	text_put(&line, why);
	log_end(&line);
	_exit(EXIT_POLICY);
}

// Gives back what the policy didn't take.
static void trim(struct arena *arena)
{
	size_t page = getauxval(AT_PAGESZ);
	size_t used = (arena->used + page - 1) / page * page;
	if (used < arena->size)
		munmap(arena->start + used, arena->size - used);
}

static const char *program_path(unsigned number)
{
	static char executable[PATH_ROOM] ROOM;
	const char *started;
	switch (number) {
	case 0:
		started = (const char *)getauxval(AT_EXECFN);
		return started ? started : "";
	case 1:
		if (readlink("/proc/self/exe", executable, sizeof(executable) - 1) < 0)
			*executable = '\0';
		return executable;
	default:
		return NULL;
	}
}

static bool map_arena(struct arena *arena, size_t size)
{
	void *memory =
	        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED)
		return false;
	*arena = (struct arena){.start = memory, .size = size};
	return true;
}

// Most policies are small, and need no memory of their own.
static enum policy_verdict read_policy(const struct policy_source *source, struct policy_error *error)
{
	static char small[SMALL_POLICY] ROOM;
	struct arena arena = {.start = small, .size = sizeof(small)};
	enum policy_verdict verdict = policy_read(&policy, &arena, source, error);
	if (!arena.exhausted)
		return verdict;
	if (!map_arena(&arena, ARENA_BASE + ARENA_PER_BYTE * text_size(source->environment)))
		refuse("no memory for the policy");
	verdict = policy_read(&policy, &arena, source, error);
	trim(&arena);
	return verdict;
}

// ---- what was there before us ---------------------------------------------------------------------------

static void note_inherited(int fd)
{
	int family = 0;
	socklen_t length = sizeof(family);
	if (!next.getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &length) &&
	        (family == AF_INET || family == AF_INET6))
		descriptor_set(fd, INHERITED);
}

// Notes those of the first `count` from `first` on; how many are open.
static unsigned find_among(int first, unsigned count)
{
	struct pollfd fds[FDS_AT_ONCE];
	unsigned open = 0;
	for (unsigned i = 0; i < count; i++)
		fds[i] = (struct pollfd){.fd = first + (int)i};
	if (next.poll(fds, count, 0) < 0)
		return count > 1 ? find_among(first, count / 2) : 0; // more than may be open
	for (unsigned i = 0; i < count; i++) {
		if (fds[i].revents & POLLNVAL)
			continue;
		open++;
		note_inherited(fds[i].fd);
	}
	return open;
}

// Sockets that came with the program (inetd, socket activation) are marked, so that read, poll and their
// like, which are otherwise none of our business, lead to us until the first call on each. The lowest free number is
// given to each, so behind many that are free there are hardly any.
static void find_inherited(void)
{
	int first = 0;
	while (first < INHERITED_FDS && find_among(first, FDS_AT_ONCE))
		first += FDS_AT_ONCE;
}

static void engage(void)
{
	log_start(&policy);
	if (!policy.inherit)
		leave_children_alone();
	if (!policy.rule_count)
		return;
	if (!descriptors_start())
		refuse("no memory for what is known of descriptors; is there a limit (ulimit -v)?");
	if (policy.redirects)
		answers_start();
	functions_engage(policy.spreads);
	find_inherited();
}

void govern(char *const *environment)
{
	int kept = errno;
	struct policy_error error;
	const struct policy_source source = {environment, program_path, read_file};
	enum policy_verdict verdict = getauxval(AT_SECURE) ? POLICY_NONE : read_policy(&source, &error);
	if (verdict == POLICY_ERROR)
		refuse(error.text);
	if (verdict == POLICY_GOVERNS)
		engage();
	errno = kept;
}
