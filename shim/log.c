// What the operator is told. No stdio, no allocation, no descriptor kept open: this runs inside somebody
// else's program, in its signal handlers too.
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "functions.h"

static enum log_level limit = LOG_WARN;
static const char *file;
static enum { UNSEEN, OPEN, CLOSED } stderr_at_start;
static struct stat first; // what stderr was then

void log_start(const struct policy *policy)
{
	limit = policy->log;
	file = policy->log_file;
	stderr_at_start = fstat(STDERR_FILENO, &first) ? CLOSED : OPEN;
}

bool log_wanted(enum log_level level)
{
	return level <= limit;
}

void log_begin(struct text *line, enum log_level level)
{
	static const char names[][8] = {
	        [LOG_ERROR] = "error", [LOG_WARN] = "warn", [LOG_INFO] = "info", [LOG_DEBUG] = "debug"};
	text_put(line, "sockgraft[");
	text_put_number(line, getpid());
	text_put(line, "]: ");
	text_put(line, names[level]);
	text_put(line, ": ");
}

static bool is_connection(int fd)
{
	int family = 0;
	socklen_t length = sizeof(family);
	return !next.getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &length) &&
	       (family == AF_INET || family == AF_INET6);
}

// A program that closed its stderr may have got its number for a data file or a connection: only write to what
// was there at the start, or to what is plainly a log: a terminal, a pipe, a device, a file opened to append. A
// connection that was there at the start (inetd) is the program's conversation.
static bool stderr_is_ours(void)
{
	struct stat now;
	if (stderr_at_start == CLOSED || fstat(STDERR_FILENO, &now))
		return false;
	if (S_ISSOCK(now.st_mode) && is_connection(STDERR_FILENO))
		return false;
	if (stderr_at_start == UNSEEN || (now.st_dev == first.st_dev && now.st_ino == first.st_ino))
		return true;
	if (S_ISREG(now.st_mode))
		return next.fcntl(STDERR_FILENO, F_GETFL, NULL) & O_APPEND;
	return S_ISCHR(now.st_mode) || S_ISFIFO(now.st_mode);
}

// A pipe whose reader went away raises SIGPIPE, of which the program must not die: it is held back and, if it
// came from us, taken away again.
// A pipe that nobody reads from is full one day: a line that would have to wait is lost.
static void write_without_signal(int fd, const struct text *line)
{
	struct pollfd room = {.fd = fd, .events = POLLOUT};
	if (next.poll(&room, 1, 0) == 0)
		return;
	sigset_t pipe, before, waiting;
	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	sigemptyset(&waiting);
	sigpending(&waiting);
	pthread_sigmask(SIG_BLOCK, &pipe, &before);
	ssize_t written = next.write(fd, line->start, line->length);
	if (written < 0 && errno == EPIPE && !sigismember(&waiting, SIGPIPE))
		sigtimedwait(&pipe, NULL, &(struct timespec){0});
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static bool write_to_file(const struct text *line)
{
	// Without following a link, and without waiting for the reader of a FIFO or becoming its terminal's.
	int fd = open(
	        file, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0640);
	if (fd < 0)
		return false;
	write_without_signal(fd, line);
	next.close(fd);
	return true;
}

void log_end(struct text *line)
{
	int kept = errno, before;
	pthread_setcancelstate(
	        PTHREAD_CANCEL_DISABLE, &before); // open, write and close are cancellation points
	if (line->length > line->size - 2)
		line->length = line->size - 2;
	text_put(line, "\n");
	if (!(file && write_to_file(line)) && stderr_is_ours())
		write_without_signal(STDERR_FILENO, line);
	pthread_setcancelstate(before, NULL);
	errno = kept;
}

bool log_first(enum log_level level, int fd, const char *text)
{
	static uint32_t warned[128], told[128];
	uint32_t *said = level == LOG_WARN ? warned : told;
	uint32_t hash = 2166136261U ^ (uint32_t)fd; // FNV-1a
	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 16777619U;
	hash |= 1; // 0 is a free place
	for (size_t i = 0; i < sizeof(warned) / sizeof(warned[0]); i++) {
		uint32_t is = 0;
		if (__atomic_compare_exchange_n(
		            &said[i], &is, hash, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
			return true;
		if (is == hash)
			return false;
	}
	return false; // a process with that many different warnings has been warned
}
