// The sockgraft command: what its subcommands share.
#ifndef SOCKGRAFT_COMMAND_H
#define SOCKGRAFT_COMMAND_H

#include <stdbool.h>

#include "subcommands.h"

// Exit statuses of the command's own, apart from 0. Those above 2 are the ones that env(1), nohup(1) and timeout(1) have.
enum {
	EXIT_FINDINGS = 1, // something was found that the user asks to be told so
	EXIT_USAGE = 2,    // options that are wrong; 125 where a program is to be run
	EXIT_REFUSED = 125,
	EXIT_CANNOT_RUN = 126,
	EXIT_NOT_FOUND = 127,
};

struct subcommand {
	const char *name, *arguments, *summary, *help;
	int (*start)(
	        int count, char **arguments); // arguments[0] is the subcommand's name; returns an exit status
};

#define SUBCOMMAND(name, ...) int command_##name(int count, char **arguments);
SUBCOMMANDS(SUBCOMMAND)
#undef SUBCOMMAND

// Prints "sockgraft NAME: ..." as one line on stderr.
__attribute__((format(printf, 1, 2))) void complain(const char *format, ...);

// Writes out what was printed. False: it can't be, now or before, which main tells in the end.
bool flush_output(void);

// Tells how the subcommand is used, on stderr, and returns EXIT_USAGE.
int usage(const char *subcommand);

// If an argument asks for help ("--help" or "-h", before "--"), prints it on stdout: true.
bool wants_help(const char *subcommand, int count, char **arguments);

#endif
