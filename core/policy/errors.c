// The one line that says what is wrong with a policy, and where.
#include "reader.h"

struct text *fail_line(struct reader *reader)
{
	reader->line = (struct text)TEXT_IN(reader->error->text);
	if (reader->where) {
		text_put(&reader->line, reader->where);
		text_put(&reader->line, ": ");
	}
	return &reader->line;
}

struct text *fail_begin(struct reader *reader, struct span offending)
{
	struct text *line = fail_line(reader);
	text_put_quoted(line, offending.start, offending.length);
	text_put(line, ": ");
	return line;
}

bool fail(struct reader *reader, struct span offending, const char *expected)
{
	text_put(fail_begin(reader, offending), expected);
	return false;
}

bool fail_memory(struct reader *reader)
{
	text_put(fail_line(reader), "the policy is too large");
	return false;
}

bool fail_missing(struct reader *reader, struct span list, const char *expected)
{
	return fail(reader, list,
	        span_has(list, ',')
	                ? "expected no empty item in the list: one comma between two items, none at its ends"
	                : expected);
}
