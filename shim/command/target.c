// What a preload can't reach: programs that the dynamic loader has no part in, that don't go to the kernel by libc, or
// that start with more rights than whoever starts them (ld.so(8), "Secure-execution mode").
#include "target.h"

#include <ctype.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "command.h"

enum {
	SCRIPTS_DEEP = 5, // as the kernel follows them
	SCRIPT_LINE = 256,
	NAME_SHOWN = 4 * SCRIPT_LINE,
	NOTES_AT_MOST = 4096,
};

// ---- finding it -----------------------------------------------------------------------------------------

static int refuse(struct target *target, int status, const char *path, const char *why)
{
	snprintf(target->why, sizeof(target->why), "%s: %s", path, why);
	return status;
}

// As exec would see it: 0, or an errno.
static int executable(const char *path)
{
	struct stat status;
	if (stat(path, &status))
		return errno;
	if (S_ISDIR(status.st_mode))
		return EISDIR;
	return !S_ISREG(status.st_mode) || faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) ? EACCES : 0;
}

// What exec opens may be anything by the time.
static int open_file(const char *path)
{
	return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

// What stands behind a script's "#!", from the interpreter's name on; NULL: it is no script.
static char *read_script(int fd, char line[SCRIPT_LINE])
{
	ssize_t got = pread(fd, line, SCRIPT_LINE - 1, 0);
	if (got < 2 || line[0] != '#' || line[1] != '!')
		return NULL;
	line[got] = '\0';
	line[strcspn(line, "\n")] = '\0';
	return line + 2 + strspn(line + 2, " \t");
}

// Cuts the interpreter's name off; what is behind it.
static char *cut_name(char *words)
{
	size_t length = strcspn(words, " \t");
	char *behind = words + length + (words[length] != '\0');
	words[length] = '\0';
	return behind;
}

// As `executable`, and so are the interpreters that it takes.
static int runnable(const char *path, unsigned depth)
{
	char line[SCRIPT_LINE], *interpreter = NULL;
	int error = executable(path), fd = error || depth == SCRIPTS_DEEP ? -1 : open_file(path);
	if (fd < 0)
		return error;
	interpreter = read_script(fd, line);
	close(fd);
	if (!interpreter || !*interpreter)
		return 0;
	cut_name(interpreter);
	return runnable(interpreter, depth + 1);
}

// The first that can be run in PATH; of others the error is kept, as execvp does. If there are but scripts whose
// interpreter is missing, the first of these. Returns an errno.
static int search_path(const char *program, char path[PATH_MAX])
{
	const char *at = getenv("PATH");
	char script[PATH_MAX] = "";
	int error = ENOENT;
	for (at = at ? at : "/bin:/usr/bin"; at; at = *at ? at + 1 : NULL) {
		size_t length = strcspn(at, ":");
		int written =
		        snprintf(path, PATH_MAX, "%.*s%s%s", (int)length, at, length ? "/" : "./", program);
		int found = written < PATH_MAX ? runnable(path, 0) : ENAMETOOLONG;
		if (!found)
			return 0;
		error = found == EACCES || found == EISDIR ? EACCES : error;
		if (found == ENOENT && !*script && !executable(path))
			memcpy(script, path, sizeof(script));
		at += length;
	}
	if (error != ENOENT || !*script)
		return error;
	memcpy(path, script, sizeof(script));
	return 0;
}

int target_find(const char *program, struct target *target)
{
	bool searched = !strchr(program, '/');
	if (!*program || strlen(program) >= PATH_MAX)
		return refuse(target, EXIT_NOT_FOUND, program, "no such program");
	strcpy(target->path, program); // NOLINT(clang-analyzer-security.insecureAPI.strcpy): it fits
	int error = searched ? search_path(program, target->path) : executable(program);
	if (error == ENOENT || error == ENOTDIR)
		return refuse(target, EXIT_NOT_FOUND, program,
		        searched ? "no such program in PATH" : strerror(error));
	return error ? refuse(target, EXIT_CANNOT_RUN, program, strerror(error)) : 0;
}

// ---- more rights ----------------------------------------------------------------------------------------

static bool rights_count(const char *path)
{
	struct statvfs filesystem;
	return !prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) && !statvfs(path, &filesystem) &&
	       !(filesystem.f_flag & ST_NOSUID);
}

static const char *more_rights(const char *path)
{
	struct stat status;
	if (stat(path, &status) || !rights_count(path))
		return NULL;
	if (status.st_mode & S_ISUID && status.st_uid != getuid())
		return "it is setuid, and the loader keeps preloaded libraries out of it: run a copy of it that is not, by a "
		       "user who may do what it does";
	if ((status.st_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP) && status.st_gid != getgid())
		return "it is setgid, and the loader keeps preloaded libraries out of it: run a copy of it that is not, in a "
		       "group that may do what it does";
	if (getuid() && getxattr(path, "security.capability", NULL, 0) > 0)
		return "it has capabilities of its own, and the loader keeps preloaded libraries out of it: run a copy of it "
		       "without, and give them to the process, as setpriv --ambient-caps does";
	return NULL;
}

// ---- ELF ------------------------------------------------------------------------------------------------

// What counts of a file's headers, of either class.
struct elf {
	int fd;
	unsigned char class;
	uint16_t machine;
	uint64_t table;
	unsigned entry_size, entries;
};

struct segment {
	uint32_t type;
	uint64_t offset, size;
};

static bool native_order(unsigned char data)
{
	const uint16_t one = 1;
	return data == (*(const unsigned char *)&one ? ELFDATA2LSB : ELFDATA2MSB);
}

static bool read_at(int fd, void *bytes, size_t size, uint64_t offset)
{
	return pread(fd, bytes, size, (off_t)offset) == (ssize_t)size;
}

static bool read_header(int fd, struct elf *elf)
{
	union {
		unsigned char ident[EI_NIDENT];
		Elf32_Ehdr of32;
		Elf64_Ehdr of64;
	} header;
	if (!read_at(fd, &header, sizeof(header.of32), 0) || memcmp(header.ident, ELFMAG, SELFMAG))
		return false;
	*elf = (struct elf){.fd = fd, .class = header.ident[EI_CLASS], .machine = header.of32.e_machine};
	if (!native_order(header.ident[EI_DATA]))
		elf->machine = (uint16_t)(elf->machine >> 8 | elf->machine << 8);
	else if (elf->class == ELFCLASS32) {
		elf->table = header.of32.e_phoff;
		elf->entry_size = header.of32.e_phentsize;
		elf->entries = header.of32.e_phnum;
	} else if (read_at(fd, &header, sizeof(header.of64), 0)) {
		elf->table = header.of64.e_phoff;
		elf->entry_size = header.of64.e_phentsize;
		elf->entries = header.of64.e_phnum;
	}
	return true;
}

static bool read_segment(const struct elf *elf, unsigned number, struct segment *segment)
{
	uint64_t offset = elf->table + (uint64_t)number * elf->entry_size;
	if (elf->class == ELFCLASS32) {
		Elf32_Phdr header;
		if (!read_at(elf->fd, &header, sizeof(header), offset))
			return false;
		*segment = (struct segment){header.p_type, header.p_offset, header.p_filesz};
	} else {
		Elf64_Phdr header;
		if (!read_at(elf->fd, &header, sizeof(header), offset))
			return false;
		*segment = (struct segment){header.p_type, header.p_offset, header.p_filesz};
	}
	return true;
}

// Go's linker puts a note into each program, which strip(1) leaves there: "Go", with the build's ID.
static bool has_go_note(const struct elf *elf, const struct segment *segment)
{
	char notes[NOTES_AT_MOST];
	size_t size = segment->size < sizeof(notes) ? (size_t)segment->size : sizeof(notes);
	Elf64_Nhdr note; // of both classes alike
	if (!read_at(elf->fd, notes, size, segment->offset))
		return false;
	for (size_t at = 0; at + sizeof(note) <= size;) {
		memcpy(&note, notes + at, sizeof(note));
		size_t name = at + sizeof(note), description = name + ((note.n_namesz + 3UL) & ~3UL);
		if (note.n_namesz == 4 && name + 4 <= size && !memcmp(notes + name, "Go\0", 4))
			return true;
		at = description + ((note.n_descsz + 3UL) & ~3UL);
		if (at < name)
			break;
	}
	return false;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

// The loader itself, which has a program to load behind it: ld.so(8).
static bool is_loader(const char *path)
{
	char real[PATH_MAX];
	const char *name = base_name(realpath(path, real) ? real : path);
	return !strncmp(name, "ld-", 3) || !strncmp(name, "ld.so", 5) ||
	       !strncmp(base_name(path), "ld-", 3) || !strncmp(base_name(path), "ld.so", 5) ||
	       !strcmp(name, "libc.so");
}

static int inspect_elf(struct target *target, const char *path, const struct elf *elf)
{
	struct segment segment;
	bool go = false;
	*target->interpreter = '\0';
	for (unsigned i = 0; i < elf->entries && read_segment(elf, i, &segment); i++) {
		if (segment.type == PT_NOTE)
			go |= has_go_note(elf, &segment);
		if (segment.type == PT_INTERP && segment.size < sizeof(target->interpreter) &&
		        read_at(elf->fd, target->interpreter, (size_t)segment.size, segment.offset))
			target->interpreter[segment.size] = '\0';
	}
	snprintf(target->loaded, sizeof(target->loaded), "%s", path);
	target->elf_class = elf->class;
	target->machine = elf->machine;
	if (go)
		return refuse(target, EXIT_CANNOT_RUN, path,
		        "it is a Go program, which makes its system calls itself: a preloaded library doesn't see them");
	if (elf->entries && !*target->interpreter && !is_loader(path))
		return refuse(target, EXIT_CANNOT_RUN, path,
		        "it is statically linked, and nothing can be preloaded: it takes a build that is dynamically linked");
	return 0;
}

// ---- scripts --------------------------------------------------------------------------------------------

static int inspect_file(struct target *target, const char *path, unsigned depth);

// The program that env is to start: the first word that is neither an option nor an assignment.
static char *program_of_env(char *words)
{
	for (char *word = strtok(words, " \t"); word; word = strtok(NULL, " \t"))
		if (*word != '-' && !strchr(word, '='))
			return word;
	return NULL;
}

// What a terminal doesn't show is written as in C.
static const char *shown(const char *name, char buffer[NAME_SHOWN])
{
	size_t length = 0;
	for (; *name && length + 5 < NAME_SHOWN; name++) {
		if (*name == '\r')
			length += (size_t)sprintf(buffer + length, "\\r");
		else if ((unsigned char)*name < ' ' || *name == 0x7f)
			length += (size_t)sprintf(buffer + length, "\\%03o", *name);
		else
			buffer[length++] = *name;
	}
	buffer[length] = '\0';
	return buffer;
}

static int refuse_interpreter(struct target *target, const char *script, const char *interpreter, int error)
{
	char name[NAME_SHOWN], why[NAME_SHOWN + 128];
	bool missing = error == ENOENT || error == ENOTDIR, dos = strchr(interpreter, '\r');
	snprintf(why, sizeof(why), "its interpreter \"%s\" %s%s%s", shown(interpreter, name),
	        missing ? "is missing" : "can't be run: ", missing ? "" : strerror(error),
	        dos ? ": the script has DOS line ends, and the carriage return counts as part of the name"
	            : "");
	return refuse(target, missing ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN, script, why);
}

static int inspect_script(struct target *target, const char *script, char *interpreter, unsigned depth)
{
	struct target found;
	char *words = cut_name(interpreter);
	int error = executable(interpreter);
	if (error)
		return refuse_interpreter(target, script, interpreter, error);
	int status = inspect_file(target, interpreter, depth + 1);
	if (status || strcmp(base_name(interpreter), "env"))
		return status;
	const char *program = program_of_env(words);
	if (!program || target_find(program, &found))
		return 0; // env will say so
	return inspect_file(target, found.path, depth + 1);
}

// A file without a "#!" that the kernel doesn't know is the shell's.
static int inspect_text(struct target *target, const char *path, int fd, unsigned depth)
{
	char line[SCRIPT_LINE];
	char *interpreter = read_script(fd, line);
	if (!interpreter || !*interpreter)
		return inspect_file(target, "/bin/sh", depth + 1);
	return inspect_script(target, path, interpreter, depth);
}

// Of a script the kernel takes no more rights, only of the program that it ends up with.
static int inspect_program(struct target *target, const char *path, const struct elf *elf)
{
	const char *rights = more_rights(path);
	if (rights)
		return refuse(target, EXIT_CANNOT_RUN, path, rights);
	return elf ? inspect_elf(target, path, elf) : 0;
}

static int inspect_file(struct target *target, const char *path, unsigned depth)
{
	struct elf elf;
	if (depth == SCRIPTS_DEEP)
		return 0;
	int fd = open_file(path);
	if (fd < 0)
		return inspect_program(target, path, NULL); // what may be executed may still not be read
	int status = read_header(fd, &elf) ? inspect_program(target, path, &elf)
	                                   : inspect_text(target, path, fd, depth);
	close(fd);
	return status;
}

int target_inspect(struct target *target)
{
	target->elf_class = 0;
	return inspect_file(target, target->path, 0);
}
