#include "findings.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "json.h"

struct one {
	enum finding_level level;
	const char *word;
	char *seen, *meaning, *command;
};

static const char level_words[FINDING_LEVELS][8] = {"ok", "note", "warning", "error"};

static struct one *all;
static unsigned count, room, printed;
static unsigned count_of[FINDING_LEVELS];
static bool open; // what belongs to the last finding is taken; it isn't where that was left out
static bool without_ok;

static _Noreturn void no_memory(void)
{
	complain("there is no memory");
	exit(EXIT_REFUSED);
}

__attribute__((format(printf, 1, 0))) static char *text_of(const char *format, va_list list)
{
	char *text;
	if (vasprintf(&text, format, list) < 0)
		no_memory();
	return text;
}

static bool is_there(const char *word, const char *seen)
{
	for (unsigned i = 0; i < count; i++)
		if (!strcmp(all[i].word, word) && !strcmp(all[i].seen, seen))
			return true;
	return false;
}

static void add(const struct one *one)
{
	if (count == room) {
		room = room ? 2 * room : 32;
		all = reallocarray(all, room, sizeof(*all));
		if (!all)
			no_memory();
	}
	all[count++] = *one;
	count_of[one->level]++;
}

void finding(enum finding_level level, const char *word, const char *format, ...)
{
	va_list list;
	va_start(list, format);
	char *seen = text_of(format, list);
	va_end(list);
	open = !(level == FINDING_OK && without_ok) && !is_there(word, seen);
	if (open)
		add(&(struct one){.level = level, .word = word, .seen = seen});
	else
		free(seen);
}

void finding_means(const char *format, ...)
{
	va_list list;
	va_start(list, format);
	if (open)
		all[count - 1].meaning = text_of(format, list);
	va_end(list);
}

void finding_mend(const char *format, ...)
{
	va_list list;
	va_start(list, format);
	if (open)
		all[count - 1].command = text_of(format, list);
	va_end(list);
}

void findings_leave_out_ok(void)
{
	without_ok = true;
}

unsigned findings_count(enum finding_level level)
{
	return count_of[level];
}

void findings_print(void)
{
	for (; printed < count; printed++) {
		const struct one *one = &all[printed];
		printf("%s: %s", level_words[one->level], one->seen);
		if (one->meaning)
			printf(": %s", one->meaning);
		if (one->command)
			printf("; to mend it: %s", one->command);
		putchar('\n');
	}
	flush_output();
}

void findings_json(void)
{
	json_open_array("findings");
	for (unsigned i = 0; i < count; i++) {
		json_open_object(NULL);
		json_text("level", level_words[all[i].level]);
		json_text("word", all[i].word);
		json_text("seen", all[i].seen);
		json_text("means", all[i].meaning);
		json_text("mend", all[i].command);
		json_close_object();
	}
	json_close_array();
}
