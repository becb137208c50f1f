// sockgraft run: checks what can be known before the start, and becomes the program.
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "library.h"
#include "policy_options.h"
#include "preload.h"
#include "target.h"

static int check_policy(const struct target *target, const char *program)
{
	struct policy policy;
	struct policy_error error;
	const char *const paths[] = {program, target->loaded, NULL};
	if (policy_of_environment(paths, &policy, &error) != POLICY_ERROR)
		return 0;
	complain("%s", error.text);
	return EXIT_REFUSED;
}

// Not execvp alone, which hands whatever the kernel doesn't know to the shell, programs for other machines too.
static void execute(const struct target *target, char **arguments)
{
	execv(target->path, arguments);
	if (errno == ENOEXEC && strcmp(target->loaded, target->path) != 0)
		execvp(target->path, arguments);
}

static int become(char **arguments)
{
	char library[PATH_MAX];
	struct target target;
	int status = target_find(*arguments, &target);
	if (!status)
		status = target_inspect(&target);
	if (!status)
		status = library_find(&target, library);
	if (status)
		return complain("%s", target.why), status;
	status = check_policy(&target, *arguments);
	if (status)
		return status;
	policy_paths_absolute();
	if (!preload(&target, library))
		return complain("there is no memory"), EXIT_REFUSED;
	execute(&target, arguments);
	status = errno == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN;
	complain("%s: %s", *arguments, strerror(errno));
	return status;
}

static const char *const own_options[] = {"--rule", "--file", "--help", NULL};

int command_run(int count, char **arguments)
{
	int at = 1, taken = 1;
	while (at < count && arguments[at][0] == '-' && strcmp(arguments[at], "--") && taken > 0) {
		if (!strcmp(arguments[at], "--help") || !strcmp(arguments[at], "-h"))
			return wants_help("run", count, arguments), 0;
		taken = policy_option(count, arguments, &at);
	}
	if (!taken)
		policy_option_unknown(arguments[at], own_options);
	if (taken <= 0)
		return EXIT_REFUSED;
	at += at < count && !strcmp(arguments[at], "--");
	if (at == count)
		return usage("run"), EXIT_REFUSED;
	policy_options_end();
	return become(arguments + at);
}
