// Runs the cases of all rows of shim/functions.h, or of the functions named: same LIBRARY [FUNCTION...]. The functions
// are those that a program would reach; or LIBRARY's, if it isn't "-": what the sanitizers put before them looks at
// arguments itself, and ends the program where they are bad.
#include "../../shim/functions.h"

#include "same.h"

#include <dlfcn.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROW(result, name, ...)     CASES(name);
#define SECOND_NAME(name, of_what) CASES(name);
SHIM_FUNCTIONS(ROW, ROW, ROW, SECOND_NAME)
#undef ROW
#undef SECOND_NAME

#define ROW(result, name, ...)     {#name, cases_##name},
#define SECOND_NAME(name, of_what) {#name, cases_##name},
static const struct {
	const char *name;
	void (*cases)(void);
} functions[] = {SHIM_FUNCTIONS(ROW, ROW, ROW, SECOND_NAME)};

static bool is_wanted(const char *name, int count, char **arguments)
{
	for (int i = 2; i < count; i++)
		if (!strcmp(arguments[i], name))
			return true;
	return count == 2;
}

static void *find_library(const char *path)
{
	void *library = dlopen(path, RTLD_LAZY | RTLD_NOLOAD);
	if (!library)
		errx(2, "%s is not loaded", path);
	return library;
}

// A socket that is there all the time: a membership that waits for its interface waits on it.
static void sit_by(void)
{
	made_at(AF_INET, SOCK_DGRAM, 4999);
}

int main(int count, char **arguments)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	setenv("LIBC_FATAL_STDERR_", "1", 1); // else what _FORTIFY_SOURCE says goes to the terminal
	if (count < 2)
		errx(2, "usage: same LIBRARY|- [FUNCTION...]");
	void *library = strcmp(arguments[1], "-") ? find_library(arguments[1]) : RTLD_DEFAULT;
	sit_by();
	for (size_t i = 0; i < COUNT(functions); i++) {
		if (!is_wanted(functions[i].name, count, arguments))
			continue;
		// By its exported name, as the program that was compiled with other options calls it.
		under_test = dlsym(library, functions[i].name);
		if (under_test)
			function_run(functions[i].name, functions[i].cases);
		else
			printf("%s: not in this libc\n", functions[i].name);
	}
	return 0;
}
