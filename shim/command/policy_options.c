#include "policy_options.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../core/policy/reader.h"
#include "command.h"
#include "policy_file.h"

enum { VARIABLE_NAME = 64, ARENA_BASE = 1 << 20, ARENA_PER_BYTE = 160 };

// ---- options to variables -------------------------------------------------------------------------------

static char *rules; // of all -r, one a line
static unsigned verbosity;

static _Noreturn void no_memory(void)
{
	complain("there is no memory");
	exit(EXIT_REFUSED);
}

static void set(const char *variable, const char *value)
{
	if (setenv(variable, value, true))
		no_memory();
}

static void add_rule(const char *rule)
{
	char *longer;
	if (asprintf(&longer, "%s%s%s", rules ? rules : "", rules ? "\n" : "", rule) < 0)
		no_memory();
	free(rules);
	rules = longer;
}

// The variable of "--multicast-ttl", or of "--on-error=fail" as far as the sign; false: nothing has that name.
static bool find_variable(const char *name, size_t length, char variable[VARIABLE_NAME])
{
	if (length + sizeof(POLICY_PREFIX) > VARIABLE_NAME)
		return false;
	snprintf(variable, VARIABLE_NAME, "%s%.*s", POLICY_PREFIX, (int)length, name);
	for (char *at = variable + strlen(POLICY_PREFIX); *at; at++) {
		if (*at == '_' || (*at >= 'A' && *at <= 'Z'))
			return false;
		*at = (char)(*at == '-' ? '_' : *at >= 'a' && *at <= 'z' ? *at + 'A' - 'a' : *at);
	}
	for (unsigned i = 0; i < VARIABLE_COUNT; i++)
		if (!strcmp(variable, policy_variable_names[i]))
			return true;
	for (unsigned key = 0; key < KEY_COUNT; key++)
		if (strlen(policy_key_words[key]) == length && !memcmp(policy_key_words[key], name, length))
			return true;
	return false;
}

// What belongs to the option at arguments[*at]: behind the sign in it, or the next argument.
static const char *value_of(int count, char **arguments, int *at, const char *sign)
{
	if (sign)
		return sign + 1;
	if (*at + 1 < count)
		return arguments[++*at];
	complain("%s: expected a value behind it", arguments[*at]);
	return NULL;
}

static bool is_option(const char *argument, size_t length, const char *brief, const char *full)
{
	return !strcmp(argument, brief) || (strlen(full) == length && !memcmp(argument, full, length));
}

static int set_volume(const char *letters)
{
	for (; *letters == 'v'; letters++)
		verbosity++;
	if (*letters)
		return 0;
	set(policy_variable_names[VARIABLE_LOG], verbosity > 1 ? "debug" : "info");
	return 1;
}

int policy_option(int count, char **arguments, int *at)
{
	char variable[VARIABLE_NAME];
	const char *argument = arguments[*at], *sign = strchr(argument, '='), *value;
	size_t length = sign ? (size_t)(sign - argument) : strlen(argument);
	if (!strcmp(argument, "-q")) {
		set(policy_variable_names[VARIABLE_LOG], "quiet");
		++*at;
		return 1;
	}
	if (argument[0] == '-' && argument[1] == 'v' && set_volume(argument + 1)) {
		++*at;
		return 1;
	}
	bool rule = is_option(argument, length, "-r", "--rule"),
	     file = is_option(argument, length, "-f", "--file");
	if (file)
		snprintf(variable, sizeof(variable), "%s", policy_variable_names[VARIABLE_FILE]);
	else if (!rule && (length < 3 || memcmp(argument, "--", 2) ||
	                          !find_variable(argument + 2, length - 2, variable)))
		return 0;
	value = value_of(count, arguments, at, argument[1] == '-' ? sign : NULL);
	if (!value)
		return -1;
	if (file && !*value)
		return complain("%.*s: expected the path of a file", (int)length, argument), -1;
	if (rule)
		add_rule(value);
	else
		set(variable, value);
	++*at;
	return 1;
}

// "--on-error" of SOCKGRAFT_ON_ERROR.
const char *policy_option_name(unsigned variable, char name[OPTION_NAME])
{
	snprintf(name, OPTION_NAME, "--%s", policy_variable_names[variable] + strlen(POLICY_PREFIX));
	for (char *at = name; *at; at++)
		*at = (char)(*at == '_' ? '-' : *at >= 'A' && *at <= 'Z' ? *at + 'a' - 'A' : *at);
	return name;
}

static void try(struct nearest *nearest, const char *option, char best[OPTION_NAME])
{
	if (nearest_is(nearest, option))
		snprintf(best, OPTION_NAME, "%s", option);
}

void policy_option_unknown(const char *argument, const char *const *own)
{
	char option[OPTION_NAME], best[OPTION_NAME] = "";
	struct nearest nearest = {.word = {argument, strcspn(argument, "=")}};
	bool full = !strncmp(argument, "--", 2); // of a letter nothing is near
	for (; full && *own; own++)
		try(&nearest, *own, best);
	for (unsigned i = 0; full && i < VARIABLE_COUNT; i++)
		try(&nearest, policy_option_name(i, option), best);
	for (unsigned key = 0; full && key < KEY_COUNT; key++) {
		snprintf(option, sizeof(option), "--%s", policy_key_words[key]);
		try(&nearest, option, best);
	}
	complain("%s: no such option, and no key of the policy%s%s%s (sockgraft help keys)", argument,
	        *best ? ": did you mean \"" : "", best, *best ? "\"?" : "");
}

void policy_options_end(void)
{
	const char *name = policy_variable_names[VARIABLE_RULES], *weaker = getenv(name);
	if (!rules)
		return;
	if (weaker)
		add_rule(weaker);
	set(name, rules);
}

// ---- reading it -----------------------------------------------------------------------------------------

static const char *const *program_paths;

static const char *program_path(unsigned number)
{
	return program_paths[number];
}

static size_t text_size(void)
{
	const char *path = getenv(policy_variable_names[VARIABLE_FILE]);
	struct stat status;
	size_t size = 0;
	for (char **variable = environ; *variable; variable++)
		if (!strncmp(*variable, POLICY_PREFIX, strlen(POLICY_PREFIX)))
			size += strlen(*variable);
	if (path && !stat(path, &status) && status.st_size > 0)
		size += (size_t)(status.st_size > POLICY_FILE_AT_MOST ? POLICY_FILE_AT_MOST : status.st_size);
	return size;
}

enum policy_verdict policy_of_environment(
        const char *const *programs, struct policy *policy, struct policy_error *error)
{
	struct arena arena = {.size = ARENA_BASE + text_size() * ARENA_PER_BYTE};
	arena.start = mmap(NULL, arena.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (arena.start == MAP_FAILED)
		no_memory();
	program_paths = programs;
	const struct policy_source source = {environ, program_path, policy_file_read};
	return policy_read(policy, &arena, &source, error);
}
