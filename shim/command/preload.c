// The library goes behind what is there: others come first, as their users have it. It is never there twice: what the
// loader would take for it, from wherever, stays as it is and nothing is added; and where only the loader knows whether
// it would find one, ours takes that one's place.
#include "preload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "library.h"

static const char variable[] = "LD_PRELOAD";

enum entry {
	OTHER, // another library; or a path of ours that leads nowhere, or to one for another kind of program
	OURS,  // the program's loader finds the library by it
	SEARCHED, // the loader would look for it in its directories, or replace something in it
};

static enum entry classify(const char *path, const struct target *target)
{
	const char *slash = strrchr(path, '/');
	if (strcmp(slash ? slash + 1 : path, library_name) != 0)
		return OTHER;
	if (library_suits_by_lib(path, target))
		return OURS;
	if (!slash || (strchr(path, '$') && !strstr(path, "/$LIB/")))
		return SEARCHED;
	return library_suits(path, target) ? OURS : OTHER;
}

// ld.so(8): colons or blanks are between the entries.
static enum entry entry_at(const char *at, size_t length, const struct target *target)
{
	char path[PATH_MAX];
	if (length >= sizeof(path))
		return OTHER;
	memcpy(path, at, length);
	path[length] = '\0';
	return classify(path, target);
}

static bool has_ours(const char *list, const struct target *target)
{
	for (const char *at = list; *at;) {
		size_t length = strcspn(at, ": ");
		if (entry_at(at, length, target) == OURS)
			return true;
		at += length + (at[length] != '\0');
	}
	return false;
}

static void write_list(const char *list, const struct target *target, const char *library, FILE *out)
{
	bool written = false;
	for (const char *at = list; *at;) {
		size_t length = strcspn(at, ": ");
		bool replaced = entry_at(at, length, target) == SEARCHED;
		fprintf(out, "%.*s", (int)(replaced ? strlen(library) : length), replaced ? library : at);
		written |= replaced;
		at += length;
		if (*at)
			fputc(*at++, out);
	}
	if (!written)
		fprintf(out, "%s%s", *list ? ":" : "", library);
}

bool preload(const struct target *target, const char *library)
{
	const char *list = getenv(variable);
	char *made = NULL;
	size_t size;
	if (list && has_ours(list, target))
		return true;
	FILE *out = open_memstream(&made, &size);
	if (!out)
		return false;
	write_list(list ? list : "", target, library, out);
	bool done = !ferror(out);
	done &= !fclose(out) && !setenv(variable, made, true);
	free(made);
	return done;
}
