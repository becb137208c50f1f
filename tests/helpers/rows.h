// Policies as the tests write them down, a line each: variables, or a file, in rows; and files that are large.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROW_VARIABLES = 32 };

// The file that SOCKGRAFT_FILE names in a row with FILE=...
static const char row_file[] = "policy";

static char unescaped(const char **at)
{
	static const char letters[] = "nrtfv\\", bytes[] = "\n\r\t\f\v\\";
	const char *letter = strchr(letters, **at);
	if (**at && letter) {
		++*at;
		return bytes[letter - letters];
	}
	if (**at != 'x')
		return '\\';
	char digits[3] = {0}, *end;
	memcpy(digits, *at + 1, strnlen(*at + 1, 2));
	char byte = (char)strtoul(digits, &end, 16);
	*at += 1 + (end - digits);
	return byte;
}

// `text` with its \n, \x.. and the like made bytes, in place; a zero byte is behind it. Returns its length.
static size_t unescape(char *text)
{
	char *to = text;
	for (const char *at = text; *at;) {
		char byte = *at++;
		*to++ = byte == '\\' ? unescaped(&at) : byte;
	}
	*to = '\0';
	return (size_t)(to - text);
}

static bool write_row_file(const char *content, size_t length)
{
	FILE *file = fopen(row_file, "w");
	return file && fwrite(content, 1, length, file) == length && !fclose(file);
}

// Makes an environment of a row, "NAME=VALUE && NAME=VALUE ...", which it takes to pieces; FILE=TEXT stands for
// SOCKGRAFT_FILE and a file with that text. False: too many of them, or no such file can be written.
static bool row_environment(char *row, char *environment[ROW_VARIABLES])
{
	static char names_file[] = "SOCKGRAFT_FILE=policy";
	unsigned count = 0;
	for (char *next; row; row = next) {
		next = strstr(row, " && ");
		if (next) {
			*next = '\0';
			next += strlen(" && ");
		}
		if (count == ROW_VARIABLES - 1)
			return false;
		size_t length = unescape(row);
		bool file = !strncmp(row, "FILE=", 5);
		environment[count++] = file ? names_file : row;
		if (file && !write_row_file(row + 5, length - 5))
			return false;
	}
	environment[count] = NULL;
	return true;
}

static void write_repeated(FILE *file, const char *unit, size_t length, size_t size)
{
	char many[4096];
	size_t room = 0, left = length ? size / length * length : 0;
	while (length && room + length <= sizeof(many)) {
		memcpy(many + room, unit, length);
		room += length;
	}
	for (size_t part; room && left; left -= part) {
		part = left < room ? left : room;
		fwrite(many, 1, part, file);
	}
}

// Writes the file `policy`: `template`, which it takes to pieces, with `size` bytes of what stands in each pair of
// braces.
static bool write_large_file(char *template, size_t size)
{
	FILE *file = fopen(row_file, "w");
	for (char *open = strchr(template, '{'); file && open; open = strchr(template, '{')) {
		char *close = strchr(open, '}');
		if (!close)
			break;
		*open = *close = '\0';
		fwrite(template, 1, unescape(template), file);
		size_t length = unescape(open + 1);
		write_repeated(file, open + 1, length, size);
		template = close + 1;
	}
	if (file)
		fwrite(template, 1, unescape(template), file);
	return file && !ferror(file) && !fclose(file);
}
