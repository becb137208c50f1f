// A program that is to be run: where it is, and whether a preload can reach it.
#ifndef SOCKGRAFT_TARGET_H
#define SOCKGRAFT_TARGET_H

#include <limits.h>
#include <stdbool.h>

struct target {
	char path[PATH_MAX]; // what exec is to be given
	char loaded
	        [PATH_MAX]; // the ELF file that the loader comes for: the program, or a script's interpreter
	char interpreter[PATH_MAX]; // the loader that it asks for
	unsigned char
	        elf_class; // ELFCLASS32, ELFCLASS64; 0: nothing was found out, as for what may not be read
	unsigned short machine;   // EM_...
	char why[PATH_MAX + 256]; // why it can't be run so, and what to do
};

// Finds the program as execvp(3) does, which passes over scripts whose interpreter is missing: 0, or EXIT_NOT_FOUND or
// EXIT_CANNOT_RUN and `why`.
int target_find(const char *program, struct target *target);

// Looks into it, and into what it is a script for: 0, or EXIT_CANNOT_RUN and `why`; EXIT_NOT_FOUND, if an
// interpreter is missing, as env(1) has it.
int target_inspect(struct target *target);

#endif
