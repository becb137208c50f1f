// Starts env(1) in one of the ways that programs start others, or makes sockets in one of the ways that their
// children do: children HOW [ADDRESS PORT].
#include <err.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { VARIABLES = 512 };

static char *const env[] = {"/usr/bin/env", NULL};

static void by_execv(void)
{
	execv(env[0], env);
	err(1, "execv");
}

// An environment of the program's own: a copy, and one more variable.
static void by_execve(void)
{
	static char *own[VARIABLES + 2];
	size_t count = 0;
	for (; environ[count] && count < VARIABLES; count++)
		own[count] = strdup(environ[count]);
	own[count] = (char[]){"OWN=1"};
	execve(env[0], env, own);
	err(1, "execve");
}

static void wait_for(pid_t child)
{
	int status;
	if (waitpid(child, &status, 0) != child || status)
		errx(1, "the child ended with %#x", (unsigned)status);
}

static void by_posix_spawn(void)
{
	pid_t child;
	if (posix_spawn(&child, env[0], NULL, NULL, env, environ))
		errx(1, "posix_spawn");
	wait_for(child);
}

static void by_vfork(void)
{
	pid_t child = vfork();
	if (!child) {
		execv(env[0], env);
		_exit(1);
	}
	wait_for(child);
}

static void by_system(void)
{
	if (system(env[0]))
		errx(1, "system");
}

static void by_popen(void)
{
	char line[4096];
	FILE *output = popen(env[0], "r");
	while (output && fgets(line, sizeof(line), output))
		fputs(line, stdout);
	if (!output || pclose(output))
		errx(1, "popen");
}

static void by_clearenv(void)
{
	clearenv();
	setenv("OWN", "1", 1);
	by_execv();
}

static const struct {
	const char *name;
	void (*start)(void);
} rows[] = {
        {"execv", by_execv},
        {"execve", by_execve},
        {"posix_spawn", by_posix_spawn},
        {"vfork", by_vfork},
        {"system", by_system},
        {"popen", by_popen},
        {"clearenv", by_clearenv},
};

int main(int count, char **arguments)
{
	for (size_t i = 0; count == 2 && i < sizeof(rows) / sizeof(rows[0]); i++)
		if (!strcmp(rows[i].name, arguments[1])) {
			rows[i].start();
			return 0;
		}
	errx(2, "usage: children HOW");
}
