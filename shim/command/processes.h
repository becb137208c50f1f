// The processes of this system, as /proc (proc(5)) tells them. Nothing here stops, traces or signals any.
#ifndef SOCKGRAFT_PROCESSES_H
#define SOCKGRAFT_PROCESSES_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

struct process {
	pid_t pid;
	char name[64];             // as the kernel has it (comm): of 15 bytes at the most
	char executable[PATH_MAX]; // ""; may not be known
};

// Calls `see` for each process but this one, the kernel's own threads and those that have ended, by ascending number, as far as /proc lists
// them.
void processes_each(void (*see)(const struct process *process, void *context), void *context);

// Whether `name`, which may be a pattern of * and ?, is the process's name or that of its executable's file.
bool process_has_name(const struct process *process, const char *name);

// Calls `see` for each socket among the process's descriptors. False: they may not be looked at.
bool process_each_socket(pid_t pid, void (*see)(int fd, uint64_t inode, void *context), void *context);

// A file of /proc/PID, to read; NULL, and errno.
FILE *process_open(pid_t pid, const char *name);

// All of such a file, terminated, to be freed; NULL, and errno. `size` is without the terminator.
char *process_read(pid_t pid, const char *name, size_t *size);

#endif
