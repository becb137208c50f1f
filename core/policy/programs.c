// Patterns of program names.
#include "reader.h"

#include <string.h>

static const char pattern_form[] =
        "expected program file names without their directory, such as vlc or *-receiver";

static const char *base_name(const char *path)
{
	const char *name = path;
	for (; *path; path++)
		if (*path == '/')
			name = path + 1;
	return name;
}

static bool one_matches(const struct reader *reader, const char *pattern)
{
	const char *name;
	for (unsigned i = 0; reader->source->program && (name = reader->source->program(i)); i++)
		if (graft_pattern_matches(pattern, base_name(name)))
			return true;
	return false;
}

bool programs_match(struct reader *reader, struct span patterns, bool *matches)
{
	struct items items = {patterns, false};
	struct span item;
	enum item found;
	*matches = false;
	while ((found = items_next(&items, &item)) == ITEM_FOUND) {
		if (span_has(item, '/') || span_has(item, '\0'))
			return fail(reader, item, pattern_form);
		size_t mark = reader->arena->used;
		const char *pattern = arena_copy(reader->arena, item.start, item.length);
		if (!pattern)
			return fail_memory(reader);
		*matches |= one_matches(reader, pattern);
		reader->arena->used = mark;
	}
	return found == ITEM_END || fail_missing(reader, patterns, pattern_form);
}
