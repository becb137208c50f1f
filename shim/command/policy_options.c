#include "policy_options.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
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

// Whether the option is a list, and of one whether it was given before: NULL, it is none.
static bool *given_list(const char *option, size_t length)
{
	static const enum policy_key lists[] = {KEY_JOIN, KEY_FILTER, KEY_REDIRECT};
	static bool given[sizeof(lists) / sizeof(lists[0])];
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		if (is_option(option + strlen("--"), length - strlen("--"), "", policy_key_words[lists[i]]))
			return &given[i];
	return NULL;
}

// Of a list each adds to those before it; what the environment has gives way to the first.
static void set_or_add(const char *variable, const char *value, bool *given)
{
	char *longer;
	bool again = given && *given;
	if (given)
		*given = true;
	if (asprintf(&longer, "%s%s%s", again ? getenv(variable) : "", again ? "," : "", value) < 0)
		no_memory();
	set(variable, longer);
	free(longer);
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
		set_or_add(variable, value, file ? NULL : given_list(argument, length));
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
		snprintf(option, sizeof(option), "--%.*s", OPTION_NAME - 3, policy_key_words[key]);
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

// The program's children read the policy anew, wherever they are by then.
static void make_absolute(enum policy_variable variable)
{
	const char *name = policy_variable_names[variable], *path = getenv(name);
	char directory[PATH_MAX], *absolute;
	if (!path || !*path || *path == '/' || !getcwd(directory, sizeof(directory)))
		return;
	if (asprintf(&absolute, "%s/%s", directory, path) < 0)
		no_memory();
	set(name, absolute);
	free(absolute);
}

void policy_paths_absolute(void)
{
	make_absolute(VARIABLE_FILE);
	make_absolute(VARIABLE_LOG_FILE);
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
