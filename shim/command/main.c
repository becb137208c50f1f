// sockgraft: run, check, show, doctor.
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../../core/policy/policy.h"
#include "command.h"
#include "policy_options.h"

static const struct subcommand subcommands[] = {
#define SUBCOMMAND(name, arguments, summary, help) {#name, arguments, summary, help, command_##name},
        SUBCOMMANDS(SUBCOMMAND)
#undef SUBCOMMAND
};

enum { SUBCOMMAND_COUNT = sizeof(subcommands) / sizeof(*subcommands) };

static const struct subcommand *current; // the one that runs

static const struct subcommand *find(const char *name)
{
	for (unsigned i = 0; i < SUBCOMMAND_COUNT; i++)
		if (!strcmp(subcommands[i].name, name))
			return &subcommands[i];
	return NULL;
}

// The error that kept something from being written to stdout, as far as it is known.
static int write_error;

bool flush_output(void)
{
	if (fflush(stdout) && !write_error)
		write_error = errno;
	return !ferror(stdout);
}

void complain(const char *format, ...)
{
	va_list list;
	va_start(list, format);
	flush_output();
	fprintf(stderr, "sockgraft%s%s: ", current ? " " : "", current ? current->name : "");
	vfprintf(stderr, format, list);
	fputc('\n', stderr);
	va_end(list);
}

// ---- help -----------------------------------------------------------------------------------------------

int usage(const char *name)
{
	fprintf(stderr, "usage: sockgraft %s %s\n", name, find(name)->arguments);
	return EXIT_USAGE;
}

static int print_help(const struct subcommand *subcommand)
{
	printf("usage: sockgraft %s %s\n\n%s: %s.\n\n%s", subcommand->name, subcommand->arguments,
	        subcommand->name, subcommand->summary, subcommand->help);
	return 0;
}

bool wants_help(const char *name, int count, char **arguments)
{
	for (int i = 1; i < count && strcmp(arguments[i], "--"); i++)
		if (!strcmp(arguments[i], "--help") || !strcmp(arguments[i], "-h"))
			return print_help(find(name)), true;
	return false;
}

static int print_overview(void)
{
	puts("usage: sockgraft SUBCOMMAND [ARGUMENT]...\n\nGrafts multicast onto programs that were never written for it.\n");
	for (unsigned i = 0; i < SUBCOMMAND_COUNT; i++)
		printf("  %-8s  %s\n", subcommands[i].name, subcommands[i].summary);
	puts("\nsockgraft SUBCOMMAND --help tells more, and so do sockgraft(1) and sockgraft(7);\n"
	     "sockgraft help keys has the policy's keys.");
	return 0;
}

static void print_key(const char *option, const struct policy_help *help)
{
	printf("  --%-18s  %s\n      %s\n", option, help->value, help->text);
}

static int print_keys(void)
{
	char name[OPTION_NAME];
	for (unsigned key = KEY_JOIN; key < KEY_COUNT; key++)
		print_key(policy_key_words[key], &policy_key_help[key]);
	for (unsigned key = 0; key < KEY_JOIN; key++)
		print_key(policy_key_words[key], &policy_key_help[key]);
	for (unsigned i = 0; i < VARIABLE_COUNT; i++)
		print_key(policy_option_name(i, name) + strlen("--"), &policy_variable_help[i]);
	return 0;
}

static int help(int count, char **arguments)
{
	const char *of = count > 1 ? arguments[1] : "";
	const struct subcommand *subcommand = find(of);
	if (count > 2) {
		complain("help: expected one subcommand, or keys");
		return EXIT_USAGE;
	}
	if (!strcmp(of, "keys"))
		return print_keys();
	if (*of && !subcommand) {
		complain("help: %s: no such subcommand", of);
		return EXIT_USAGE;
	}
	return subcommand ? print_help(subcommand) : print_overview();
}

static int short_usage(void)
{
	fputs("usage: sockgraft ", stderr);
	for (unsigned i = 0; i < SUBCOMMAND_COUNT; i++)
		fprintf(stderr, "%s%s", i ? "|" : "", subcommands[i].name);
	fputs(" [ARGUMENT]...   (sockgraft --help)\n", stderr);
	return EXIT_USAGE;
}

// ---- end ------------------------------------------------------------------------------------------------

// Whoever asked for what is printed has to know that it isn't all there; unless it was he who stopped reading.
static int finish(int status)
{
	bool written = flush_output();
	if (written && close(STDOUT_FILENO) &&
	        errno != EBADF) { // nothing was printed, if that is no descriptor
		written = false;
		write_error = errno;
	}
	if (written || write_error == EPIPE)
		return status;
	complain("stdout: %s", write_error ? strerror(write_error) : "not all could be written");
	bool refuses = current && (current->start == command_run || current->start == command_check);
	return refuses ? EXIT_REFUSED : EXIT_FINDINGS;
}

// ---- start ----------------------------------------------------------------------------------------------

static int start(int count, char **arguments)
{
	const char *name = count > 1 ? arguments[1] : "";
	if (!strcmp(name, "help") || !strcmp(name, "--help") || !strcmp(name, "-h"))
		return help(count - 1, arguments + 1);
	if (!strcmp(name, "--version"))
		return printf("sockgraft %s\n", SOCKGRAFT_VERSION), 0;
	const struct subcommand *subcommand = find(name);
	if (!subcommand) {
		if (*name)
			complain("%s: no such subcommand", name);
		return short_usage();
	}
	current = subcommand;
	return subcommand->start(count - 1, arguments + 1);
}

int main(int count, char **arguments)
{
	return finish(start(count, arguments));
}
