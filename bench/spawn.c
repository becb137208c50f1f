// Times starts of one program under several environments, in turn and each round in another order.
//
//	spawn ROUNDS PROGRAM [NAME=VALUE]... [-- [NAME=VALUE]...]...
//
// Prints a line per round: for each environment the nanoseconds from before fork to after wait.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { AT_MOST = 64 };

static char **environments[AT_MOST];
static int environment_count;

// Cuts the arguments into lists that end with NULL, as exec wants them.
static void cut(char **words)
{
	environments[environment_count++] = words;
	for (; *words; words++) {
		if (strcmp(*words, "--"))
			continue;
		*words = NULL;
		if (environment_count < AT_MOST)
			environments[environment_count++] = words + 1;
	}
}

static long nanoseconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000 + now.tv_nsec;
}

static long time_start(const char *program, char **environment)
{
	char *const arguments[] = {(char *)program, NULL};
	int status;
	long begin = nanoseconds();
	pid_t child = vfork();
	if (!child) {
		execve(program, arguments, environment);
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, 0) != child || status) {
		fprintf(stderr, "spawn: %s failed\n", program);
		exit(1);
	}
	return nanoseconds() - begin;
}

static void shuffle(int *order, int count)
{
	for (int i = count - 1; i > 0; i--) {
		int other = rand() % (i + 1), kept = order[i];
		order[i] = order[other];
		order[other] = kept;
	}
}

int main(int count, char **arguments)
{
	int order[AT_MOST] = {0};
	long times[AT_MOST] = {0};
	if (count < 3) {
		fputs("usage: spawn ROUNDS PROGRAM [NAME=VALUE]... [-- [NAME=VALUE]...]...\n", stderr);
		return 2;
	}
	cut(arguments + 3);
	for (int i = 0; i < environment_count; i++)
		order[i] = i;
	for (int round = atoi(arguments[1]); round > 0; round--) {
		shuffle(order, environment_count);
		for (int i = 0; i < environment_count; i++)
			times[order[i]] = time_start(arguments[2], environments[order[i]]);
		for (int i = 0; i < environment_count; i++)
			printf("%ld%c", times[i], i + 1 < environment_count ? ' ' : '\n');
	}
	return 0;
}
