// Prints the rows of the interposed functions: --names, what the library exports; --man, the manual's table.
#include "../../shim/functions.h"

#include <ctype.h>
#include <err.h>
#include <stdio.h>
#include <string.h>

static void print_names(void)
{
#define ROW(result, name, ...) puts(#name);
#define ALIAS(alias, name)     puts(#alias);
	SHIM_FUNCTIONS(ROW, ROW, ROW, ALIAS)
#undef ROW
#undef ALIAS
}

static void print_row(const char *name, const char *duty, const char *why)
{
	printf(".It Fn %s Ta ", name);
	for (; *duty; duty++)
		putchar(tolower(*duty));
	printf(" Ta %s\n", why);
}

static void print_man(void)
{
#define LOGIC(result, name, parameters, arguments, duty, why) print_row(#name, #duty, why);
#define SETTLES(result, name, parameters, arguments, duty, flags)                                            \
	print_row(#name, #duty, "adopts a socket that was not seen before; tries again what waits");
#define ALIAS(alias, name) printf(".It Fn %s Ta Ta another name of %s\n", #alias, #name);
	SHIM_FUNCTIONS_OF_LIBC(LOGIC, SETTLES, LOGIC, ALIAS)
	SHIM_FUNCTIONS_OF_VFORK(LOGIC, SETTLES, LOGIC, ALIAS)
	SHIM_FUNCTIONS_OF_GLIBC(LOGIC, SETTLES, LOGIC, ALIAS)
	puts(".It Em 32-bit library Ta Ta");
	SHIM_FUNCTIONS_OF_TIME64(LOGIC, SETTLES, LOGIC, ALIAS)
#undef LOGIC
#undef SETTLES
#undef ALIAS
}

int main(int count, char **arguments)
{
	if (count == 2 && !strcmp(arguments[1], "--names"))
		print_names();
	else if (count == 2 && !strcmp(arguments[1], "--man"))
		print_man();
	else
		errx(2, "usage: functions_print --names | --man");
	return 0;
}
