// Cutting text into words, items and numbers, alike in every locale.
//
// Bytes are looked at one by one: a policy is short, and read at every start of a program, where each function of
// libc's would first have to be looked up.
#include "span.h"

struct span span_of(const char *string)
{
	struct span span = {string, 0};
	while (string[span.length])
		span.length++;
	return span;
}

const char *span_after(const char *string, const char *prefix)
{
	while (*prefix && *string == *prefix)
		string++, prefix++;
	return *prefix ? NULL : string;
}

bool span_is(struct span span, const char *word)
{
	for (size_t i = 0; i < span.length; i++)
		if (!word[i] || word[i] != span.start[i])
			return false;
	return !word[span.length];
}

bool span_has(struct span span, char byte)
{
	for (size_t i = 0; i < span.length; i++)
		if (span.start[i] == byte)
			return true;
	return false;
}

bool span_cut(struct span *rest, char byte, struct span *before)
{
	for (size_t i = 0; i < rest->length; i++) {
		if (rest->start[i] != byte)
			continue;
		*before = (struct span){rest->start, i};
		*rest = span_from(*rest, i + 1);
		return true;
	}
	return false;
}

bool is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

static struct span skip_blanks(struct span span)
{
	while (span.length && is_blank(*span.start))
		span = span_from(span, 1);
	return span;
}

bool span_word(struct span *rest, struct span *word)
{
	*rest = skip_blanks(*rest);
	*word = (struct span){rest->start, 0};
	while (word->length < rest->length && !is_blank(rest->start[word->length]))
		word->length++;
	*rest = span_from(*rest, word->length);
	return word->length;
}

static unsigned digit_value(char byte)
{
	if (is_digit(byte))
		return (unsigned)(byte - '0');
	if (byte >= 'a' && byte <= 'f')
		return (unsigned)(byte - 'a') + 10;
	if (byte >= 'A' && byte <= 'F')
		return (unsigned)(byte - 'A') + 10;
	return 16;
}

bool span_number(struct span span, uint64_t *number)
{
	unsigned base = 10;
	if (span.length > 1 && span.start[0] == '0') {
		base = span.start[1] == 'x' || span.start[1] == 'X' ? 16 : 8;
		span = span_from(span, base == 16 ? 2 : 1);
	}
	*number = 0;
	for (size_t i = 0; i < span.length; i++) {
		unsigned digit = digit_value(span.start[i]);
		if (digit >= base || __builtin_mul_overflow(*number, base, number) ||
		        __builtin_add_overflow(*number, digit, number))
			return false;
	}
	return span.length;
}

enum item items_next(struct items *items, struct span *item)
{
	struct span rest = skip_blanks(items->rest);
	if (!rest.length)
		return items->complete ? ITEM_END : ITEM_MISSING;
	*item = (struct span){rest.start, 0};
	while (item->length < rest.length && !is_blank(rest.start[item->length]) &&
	        rest.start[item->length] != ',')
		item->length++;
	if (!item->length)
		return ITEM_MISSING;
	rest = skip_blanks(span_from(rest, item->length));
	items->complete = !rest.length || *rest.start != ',';
	items->rest = items->complete ? rest : span_from(rest, 1);
	return ITEM_FOUND;
}
