#include "json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static bool separate; // something stands before what is written next

static void put_escaped(unsigned char byte)
{
	if (byte == '"' || byte == '\\')
		printf("\\%c", byte);
	else
		printf("\\u%04x", byte);
}

// Bytes of a character in UTF-8 at `text`; 0: it is none.
static size_t utf8_length(const unsigned char *text)
{
	size_t length = *text < 0x80                    ? 1
	                : *text >= 0xc2 && *text < 0xe0 ? 2
	                : *text >= 0xe0 && *text < 0xf0 ? 3
	                : *text >= 0xf0 && *text < 0xf5 ? 4
	                                                : 0;
	for (size_t i = 1; i < length; i++)
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	if ((*text == 0xe0 && text[1] < 0xa0) || (*text == 0xed && text[1] >= 0xa0) ||
	        (*text == 0xf0 && text[1] < 0x90) || (*text == 0xf4 && text[1] >= 0x90))
		return 0;
	return length;
}

static void put_string(const char *text)
{
	const unsigned char *at = (const unsigned char *)text;
	putchar('"');
	while (*at) {
		size_t length = utf8_length(at);
		if (!length || *at < ' ' || *at == 0x7f || *at == '"' || *at == '\\') {
			put_escaped(*at++);
			continue;
		}
		fwrite(at, 1, length, stdout);
		at += length;
	}
	putchar('"');
}

static void begin(const char *key)
{
	if (separate)
		putchar(',');
	separate = true;
	if (!key)
		return;
	put_string(key);
	putchar(':');
}

void json_open_object(const char *key)
{
	begin(key);
	putchar('{');
	separate = false;
}

void json_close_object(void)
{
	putchar('}');
	separate = true;
}

void json_open_array(const char *key)
{
	begin(key);
	putchar('[');
	separate = false;
}

void json_close_array(void)
{
	putchar(']');
	separate = true;
}

void json_text(const char *key, const char *text)
{
	if (!text) {
		json_null(key);
		return;
	}
	begin(key);
	put_string(text);
}

void json_number(const char *key, int64_t number)
{
	begin(key);
	printf("%" PRId64, number);
}

void json_boolean(const char *key, bool value)
{
	begin(key);
	fputs(value ? "true" : "false", stdout);
}

void json_null(const char *key)
{
	begin(key);
	fputs("null", stdout);
}

void json_end(void)
{
	putchar('\n');
	separate = false;
}
