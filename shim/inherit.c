// SOCKGRAFT_INHERIT=no. The environment is edited where it lies: nothing is allocated, and the program's own
// pointers into it stay good.
#include "inherit.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

static const char variable[] = "LD_PRELOAD=";

static const char *base_name(const char *path, size_t *length)
{
	for (size_t i = *length; i > 0; i--)
		if (path[i - 1] == '/') {
			*length -= i;
			return path + i;
		}
	return path;
}

// The list may name us by another path ($LIB, a link to the directory): the file's name decides.
static bool is_us(const char *entry, size_t length)
{
	Dl_info us;
	if (!dladdr((void *)leave_children_alone, &us) || !us.dli_fname)
		return false;
	size_t our_length = strlen(us.dli_fname);
	const char *our_name = base_name(us.dli_fname, &our_length), *name = base_name(entry, &length);
	return length == our_length && !memcmp(name, our_name, length);
}

// Takes our entries out of the list, each with the separator (ld.so(8): a colon or a blank) before it, or,
// where it stands first, behind it.
static void take_out(char *list)
{
	char *at = list;
	while (*at) {
		size_t length = strcspn(at, ": ");
		if (!length || !is_us(at, length)) {
			at += length + (at[length] != '\0');
			continue;
		}
		char *from = at > list ? at - 1 : at, *rest = at + length;
		if (from == list && *rest)
			rest++;
		memmove(from, rest, strlen(rest) + 1);
		at = from + (from > list && *from);
	}
}

static void remove_variable(char **at)
{
	do
		at[0] = at[1];
	while (*at++);
}

void leave_children_alone(void)
{
	for (char **at = environ; *at; at++) {
		if (strncmp(*at, variable, sizeof(variable) - 1))
			continue;
		take_out(*at + sizeof(variable) - 1);
		if (!(*at)[sizeof(variable) - 1])
			remove_variable(at);
		return;
	}
}
