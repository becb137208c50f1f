// The library stands beside the command, as it is built, or under the prefix that the command was installed to. There
// may be one for each kind of program: the one is taken that is of the program's class, machine and libc.
#include "library.h"

#include <elf.h>
#include <fcntl.h>
#include <glob.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "command.h"

const char library_name[] = "libsockgraft.so";

// ---- what it is for -------------------------------------------------------------------------------------

static bool is_musl(const char *interpreter)
{
	return strstr(interpreter, "/ld-musl-") != NULL;
}

// A library says by the name of the libc that it needs which one that is: "libc.so" is musl's.
static bool needs_musl(int fd)
{
	char bytes[1 << 16];
	ssize_t size = pread(fd, bytes, sizeof(bytes), 0);
	return size > 0 && memmem(bytes, (size_t)size, "\0libc.so\0", 9);
}

bool library_suits(const char *path, const struct target *target)
{
	unsigned char header[20];
	uint16_t machine;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	bool suited = !target->elf_class; // which we can't know
	if (!suited && pread(fd, header, sizeof(header), 0) == sizeof(header) &&
	        !memcmp(header, ELFMAG, SELFMAG)) {
		memcpy(&machine, header + 18, sizeof(machine));
		suited = header[EI_CLASS] == target->elf_class && machine == target->machine &&
		         needs_musl(fd) == is_musl(target->interpreter);
	}
	close(fd);
	return suited;
}

// ---- where it is ----------------------------------------------------------------------------------------

// The directory that the command is in, without a slash at its end.
static bool own_directory(char directory[PATH_MAX])
{
	ssize_t length = readlink("/proc/self/exe", directory, PATH_MAX - 1);
	if (length <= 0)
		return false;
	directory[length] = '\0';
	*strrchr(directory, '/') = '\0';
	return true;
}

static bool suits_at(
        const char *directory, const char *within, const struct target *target, char path[PATH_MAX])
{
	return snprintf(path, PATH_MAX, "%s/%s%s", directory, within, library_name) < PATH_MAX &&
	       library_suits(path, target);
}

static bool beside(const char *directory, const struct target *target, char path[PATH_MAX])
{
	static const char *const places[] = {"", "32/", "musl/"};
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++)
		if (suits_at(directory, places[i], target, path))
			return true;
	return false;
}

// $LIB of this command's own loader: "lib/x86_64-linux-gnu", "lib64"; "": musl's has none.
static const char native_lib[] = LOADER_LIB;
enum { NATIVE_CLASS = sizeof(void *) == sizeof(uint64_t) ? ELFCLASS64 : ELFCLASS32 };

// Directories of a prefix that loaders take for $LIB.
static const char *const lib_places[] = {"lib", "lib64", "lib32", "libx32", "lib/*-linux-*"};

static bool found_in(const char *prefix, const char *place, const struct target *target, char path[PATH_MAX])
{
	char pattern[PATH_MAX];
	glob_t found;
	bool suited = false;
	if (snprintf(pattern, sizeof(pattern), "%s/%s/%s", prefix, place, library_name) >= PATH_MAX ||
	        glob(pattern, 0, NULL, &found))
		return false;
	for (size_t i = 0; i < found.gl_pathc && !suited; i++) {
		suited = library_suits(found.gl_pathv[i], target);
		snprintf(path, PATH_MAX, "%s", found.gl_pathv[i]);
	}
	globfree(&found);
	return suited;
}

// With $LIB each of glibc's loaders finds its own, so that children of the other word size have theirs: where the library
// stands in a directory of the kind that they have on this system.
static void generalize(const char *prefix, const struct target *target, char path[PATH_MAX])
{
	const char *within = path + strlen(prefix) + 1, *end = strrchr(within, '/');
	bool by_triplet = memchr(native_lib, '/', sizeof(native_lib)),
	     has_triplet = memchr(within, '/', (size_t)(end - within));
	if (*native_lib && target->elf_class && !is_musl(target->interpreter) && by_triplet == has_triplet)
		snprintf(path + strlen(prefix), PATH_MAX - strlen(prefix), "/$LIB/%s", library_name);
}

static bool installed(const char *prefix, const struct target *target, char path[PATH_MAX])
{
	for (size_t i = 0; i < sizeof(lib_places) / sizeof(*lib_places); i++)
		if (found_in(prefix, lib_places[i], target, path)) {
			generalize(prefix, target, path);
			return true;
		}
	return false;
}

bool library_suits_by_lib(const char *path, const struct target *target)
{
	char prefix[PATH_MAX], found[PATH_MAX];
	const char *lib = strstr(path, "/$LIB/");
	size_t length = lib ? (size_t)(lib - path) : sizeof(prefix);
	if (length >= sizeof(prefix) || is_musl(target->interpreter) ||
	        strcmp(lib + strlen("/$LIB/"), library_name) != 0)
		return false;
	memcpy(prefix, path, length);
	prefix[length] = '\0';
	if (*native_lib && target->elf_class == NATIVE_CLASS)
		return found_in(prefix, native_lib, target, found);
	for (size_t i = 0; i < sizeof(lib_places) / sizeof(*lib_places); i++)
		if (found_in(prefix, lib_places[i], target, found))
			return true;
	return false;
}

// ---- for a program --------------------------------------------------------------------------------------

static const char *kind_name(const struct target *target)
{
	switch (target->machine) {
	case EM_X86_64:
		return target->elf_class == ELFCLASS32 ? "x32" : "x86-64";
	case EM_386:
		return "i386";
	case EM_AARCH64:
		return "aarch64";
	case EM_ARM:
		return "arm";
	case EM_RISCV:
		return "riscv";
	case EM_PPC64:
		return "ppc64";
	case EM_S390:
		return "s390x";
	default:
		return "another architecture";
	}
}

static int refuse(struct target *target, const char *directory)
{
	const char *hint = target->machine == EM_386 ? ": make ARCH=32 install" : ", built for it";
	snprintf(target->why, sizeof(target->why),
	        "%.512s: it is a program for %s%s, and there is no %s for those beside %.512s or under its prefix: install it%s",
	        target->loaded, kind_name(target), is_musl(target->interpreter) ? " with musl" : "",
	        library_name, directory, hint);
	return EXIT_CANNOT_RUN;
}

int library_find(struct target *target, char preload[PATH_MAX])
{
	char directory[PATH_MAX], prefix[PATH_MAX];
	if (!own_directory(directory))
		return refuse(target, "the command");
	snprintf(prefix, sizeof(prefix), "%s", directory);
	*strrchr(prefix, '/') = '\0';
	if (!beside(directory, target, preload) && !installed(prefix, target, preload))
		return refuse(target, directory);
	if (!strpbrk(preload, ": \t\n"))
		return 0;
	snprintf(target->why, sizeof(target->why),
	        "%.512s: a path with a blank or a colon can't be in LD_PRELOAD: install "
	        "sockgraft to another one",
	        preload);
	return EXIT_CANNOT_RUN;
}
