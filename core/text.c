// Text built in a caller's buffer.
#include "text.h"

#include <string.h>

enum { QUOTED_AT_MOST = 60 };

void text_put_bytes(struct text *text, const char *bytes, size_t length)
{
	size_t room = text->size - text->length - 1;
	if (length > room)
		length = room;
	memcpy(text->start + text->length, bytes, length);
	text->length += length;
	text->start[text->length] = '\0';
}

void text_put(struct text *text, const char *string)
{
	size_t length = 0;
	while (string[length])
		length++;
	text_put_bytes(text, string, length);
}

void text_put_number(struct text *text, long long number)
{
	char digits[24];
	size_t at = sizeof(digits);
	unsigned long long rest = number < 0 ? 0ULL - (unsigned long long)number : (unsigned long long)number;
	do {
		digits[--at] = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest);
	if (number < 0)
		digits[--at] = '-';
	text_put_bytes(text, digits + at, sizeof(digits) - at);
}

void text_put_error(struct text *text, int error)
{
	const char *words = NULL;
#ifdef __GLIBC_PREREQ
#	if __GLIBC_PREREQ(2, 32)
	words = strerrordesc_np(error); // strerror translates, which allocates
#	endif
#else
	words = strerror(error); // musl's allocates nothing
#endif
	text_put(text, words ? words : "error ");
	if (!words)
		text_put_number(text, error);
}

static void put_escaped(struct text *text, unsigned char byte)
{
	static const char digit[] = "0123456789abcdef";
	const char escape[] = {'\\', 'x', digit[byte >> 4], digit[byte & 15]};
	if (byte < ' ' || byte > '~' || byte == '"' || byte == '\\')
		text_put_bytes(text, escape, sizeof(escape));
	else
		text_put_bytes(text, (const char *)&byte, 1);
}

void text_put_quoted(struct text *text, const char *bytes, size_t length)
{
	text_put(text, "\"");
	for (size_t i = 0; i < length && i < QUOTED_AT_MOST; i++)
		put_escaped(text, (unsigned char)bytes[i]);
	text_put(text, length > QUOTED_AT_MOST ? "...\"" : "\"");
}
