// Pieces of text that somebody else holds, and cutting them up. Nothing here is terminated by a zero byte.
#ifndef SOCKGRAFT_SPAN_H
#define SOCKGRAFT_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct span {
	const char *start;
	size_t length;
};

struct span span_of(const char *string);

// What follows `prefix` in the string; NULL: it doesn't begin so.
const char *span_after(const char *string, const char *prefix);

bool span_is(struct span span, const char *word);
bool span_has(struct span span, char byte);

// Without its first `offset` bytes.
static inline struct span span_from(struct span span, size_t offset)
{
	return (struct span){span.start + offset, span.length - offset};
}

// What stands before the first `byte`, which goes too; `rest` keeps what follows. False, and nothing happens,
// when there is none.
bool span_cut(struct span *rest, char byte, struct span *before);

// The next word between blanks (the white space of the C locale); false at the end.
bool span_word(struct span *rest, struct span *word);

static inline bool is_blank(char byte)
{
	return byte == ' ' || (byte >= '\t' && byte <= '\r'); // \t \n \v \f \r
}

bool is_digit(char byte);

// A number in any base of C, without a sign: the whole span. False also when it is past 64 bits.
bool span_number(struct span span, uint64_t *number);

// The items of a list, separated by blanks or by commas with or without blanks around them.
struct items {
	struct span rest;
	bool complete; // no comma waits for its item
};

enum item { ITEM_END, ITEM_FOUND, ITEM_MISSING };
enum item items_next(struct items *items, struct span *item);

#endif
