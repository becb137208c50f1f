// Prints the rows of the interposed functions: --names, what the library exports; --man, the manual's list.
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
	printf(".It Fn %s Pq Em ", name);
	for (; *duty; duty++)
		putchar(tolower(*duty));
	printf("\n%c%s.\n", toupper(*why), why + 1);
}

static void open_list(void)
{
	puts(".Bl -tag -width \"epoll_pwait() (waits)\" -compact");
}

static void print_man(void)
{
#define LOGIC(result, name, parameters, arguments, duty, why) print_row(#name, #duty, why);
#define SETTLES(result, name, parameters, arguments, duty, flags)                                            \
	print_row(#name, #duty, "adopts a socket that was not seen before; tries again what waits");
#define ALIAS(alias, name) printf(".It Fn %s\nAnother name of\n.Fn %s .\n", #alias, #name);
	open_list();
	SHIM_FUNCTIONS_OF_LIBC(LOGIC, SETTLES, LOGIC, ALIAS)
	SHIM_FUNCTIONS_OF_VFORK(LOGIC, SETTLES, LOGIC, ALIAS)
	SHIM_FUNCTIONS_OF_GLIBC(LOGIC, SETTLES, LOGIC, ALIAS)
	puts(".El\n.Pp\nIn the 32-bit library, for programs that are built with a 64-bit\n.Vt time_t :");
	open_list();
	SHIM_FUNCTIONS_OF_TIME64(LOGIC, SETTLES, LOGIC, ALIAS)
	puts(".El");
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
