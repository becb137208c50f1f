#include "processes.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../core/sockgraft.h"

enum {
	PATH_ROOM = 64,             // for "/proc/PID/" and a name
	AT_ONCE = 256,              // processes that a list grows by
	COMM_AT_MOST = 15,          // what the kernel keeps of a name
	KERNEL_THREAD = 0x00200000, // PF_KTHREAD in the flags of /proc/PID/stat
};

// ---- files ----------------------------------------------------------------------------------------------

static int open_file(pid_t pid, const char *name, int flags)
{
	char path[PATH_ROOM];
	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	return open(path, flags | O_RDONLY | O_CLOEXEC);
}

FILE *process_open(pid_t pid, const char *name)
{
	int fd = open_file(pid, name, 0);
	return fd < 0 ? NULL : fdopen(fd, "r");
}

char *process_read(pid_t pid, const char *name, size_t *size)
{
	char *bytes = NULL;
	size_t room = 0;
	FILE *file = process_open(pid, name);
	if (!file)
		return NULL;
	// No file of /proc says how long it is, and neither a text nor an environment ends where a delimiter could be.
	*size = 0;
	do {
		char *more = realloc(bytes, room += BUFSIZ);
		if (!more)
			break;
		bytes = more;
		*size += fread(bytes + *size, 1, room - *size - 1, file);
		bytes[*size] = '\0';
	} while (*size == room - 1);
	bool failed = ferror(file) || !bytes;
	fclose(file);
	if (!failed)
		return bytes;
	free(bytes);
	return NULL;
}

// ---- all of them ----------------------------------------------------------------------------------------

// The kernel's own threads have no descriptors, and what has ended has none left.
static bool has_none(pid_t pid)
{
	size_t size;
	unsigned flags = 0;
	char state = '\0', *stat = process_read(pid, "stat", &size);
	const char *behind = stat ? strrchr(stat, ')') : NULL; // a name may hold anything
	bool read = behind && sscanf(behind + 1, " %c %*d %*d %*d %*d %*d %u", &state, &flags) == 2;
	free(stat);
	return !read || flags & KERNEL_THREAD || state == 'Z' || state == 'X';
}

static bool identify(struct process *process)
{
	static const char deleted[] = " (deleted)";
	char path[PATH_ROOM];
	size_t size, tail = sizeof(deleted) - 1;
	char *name = process_read(process->pid, "comm", &size);
	if (!name)
		return false;
	if (size && name[size - 1] == '\n')
		name[size - 1] = '\0';
	snprintf(process->name, sizeof(process->name), "%s", name);
	free(name);
	snprintf(path, sizeof(path), "/proc/%d/exe", (int)process->pid);
	ssize_t length = readlink(path, process->executable, sizeof(process->executable) - 1);
	process->executable[length < 0 ? 0 : length] = '\0';
	if ((size_t)length > tail && length > 0 && !strcmp(process->executable + length - tail, deleted))
		process->executable[(size_t)length - tail] = '\0';
	return true;
}

static int by_number(const void *a, const void *b)
{
	pid_t one = *(const pid_t *)a, other = *(const pid_t *)b;
	return (one > other) - (one < other);
}

// To be freed; `count` is how many.
static pid_t *list_numbers(size_t *count)
{
	pid_t *list = NULL;
	const struct dirent *entry;
	DIR *directory = opendir("/proc");
	*count = 0;
	while (directory && (entry = readdir(directory))) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		if (*count % AT_ONCE == 0) {
			pid_t *more = realloc(list, (*count + AT_ONCE) * sizeof(*list));
			if (!more)
				break;
			list = more;
		}
		list[(*count)++] = (pid_t)strtol(entry->d_name, NULL, 10);
	}
	if (directory)
		closedir(directory);
	if (*count)
		qsort(list, *count, sizeof(*list), by_number);
	return list;
}

void processes_each(void (*see)(const struct process *process, void *context), void *context)
{
	size_t count;
	pid_t *list = list_numbers(&count), self = getpid();
	for (size_t i = 0; i < count; i++) {
		struct process process = {.pid = list[i]};
		if (process.pid != self && !has_none(process.pid) && identify(&process))
			see(&process, context);
	}
	free(list);
}

static bool matches(const char *pattern, const char *name)
{
	return !strcmp(pattern, name) || graft_pattern_matches(pattern, name);
}

bool process_has_name(const struct process *process, const char *name)
{
	const char *slash = strrchr(process->executable, '/');
	if (strlen(name) > COMM_AT_MOST && strlen(process->name) == COMM_AT_MOST &&
	        !strncmp(name, process->name, COMM_AT_MOST))
		return true;
	return matches(name, process->name) || (slash && matches(name, slash + 1));
}

// ---- sockets --------------------------------------------------------------------------------------------

bool process_each_socket(pid_t pid, void (*see)(int fd, uint64_t inode, void *context), void *context)
{
	int fd = open_file(pid, "fd", O_DIRECTORY);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	if (!directory)
		return errno == ENOENT || errno == ESRCH; // it has ended
	while ((entry = readdir(directory))) {
		char link[PATH_ROOM];
		ssize_t length = readlinkat(fd, entry->d_name, link, sizeof(link) - 1);
		if (length < 0)
			continue;
		link[length] = '\0';
		if (!strncmp(link, "socket:[", 8))
			see((int)strtol(entry->d_name, NULL, 10), strtoull(link + 8, NULL, 10), context);
	}
	closedir(directory);
	return true;
}
