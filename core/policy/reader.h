// What goes along while a policy is read: where the reader is, and the one line that says what is wrong
// there.
#ifndef SOCKGRAFT_READER_H
#define SOCKGRAFT_READER_H

#include "../text.h"
#include "policy.h"
#include "span.h"

struct reader {
	struct policy *policy;
	struct arena *arena;
	const struct policy_source *source;
	struct policy_error *error;
	const char *where; // "SOCKGRAFT_RULES rule 2"
	struct list rules; // of struct rule
	bool left_alone;   // ONLY or SKIP says so
	struct text line;  // the error's
};

// Each writes the error line, and returns false so that a parser can end with it.
bool fail(struct reader *reader, struct span offending, const char *expected);
bool fail_memory(struct reader *reader);

// The line up to what is wrong, and up to what was expected instead, for the caller to go on.
struct text *fail_line(struct reader *reader);
struct text *fail_begin(struct reader *reader, struct span offending);

// A list's item is missing: the list is empty (`expected` says of what), or a comma stands without one.
bool fail_missing(struct reader *reader, struct span list, const char *expected);

// Whether one of the program's names matches one of the patterns in the list.
bool programs_match(struct reader *reader, struct span patterns, bool *matches);

// ---- the nearest known word -----------------------------------------------------------------------------

struct nearest {
	struct span word;
	unsigned distance;
	bool found;
};

// Whether `candidate` is nearer to the word than all before it (by inserted, left out, changed and swapped
// bytes). A word that is too long for a typo is near to nothing.
bool nearest_is(struct nearest *nearest, const char *candidate);

#endif
