// Text built in a caller's buffer: never allocates, never overflows, safe in a signal handler.
#ifndef SOCKGRAFT_TEXT_H
#define SOCKGRAFT_TEXT_H

#include <stddef.h>

// What does not fit is left out; `start` is always terminated once something was put.
struct text {
	char *start;
	size_t length; // bytes before the terminator
	size_t size;   // of the buffer, terminator included
};

#define TEXT_IN(buffer)                                                                                      \
	(struct text)                                                                                        \
	{                                                                                                    \
		.start = (buffer), .size = sizeof(buffer)                                                    \
	}

void text_put(struct text *text, const char *string);
void text_put_bytes(struct text *text, const char *bytes, size_t length);
void text_put_number(struct text *text, long long number);

// The kernel's words for an errno: "No such device".
void text_put_error(struct text *text, int error);

// `bytes` between double quotes on one line: control bytes, quotes and what is not ASCII as \xNN, and no more
// than the first 60 of them, followed by an ellipsis: an operator's typo is shown whole, a megabyte is not.
void text_put_quoted(struct text *text, const char *bytes, size_t length);

#endif
