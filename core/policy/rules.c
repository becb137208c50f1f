// The rule language: [MATCH ...:] KEY=VALUE ..., one rule after the other.
#include "rule.h"

#include <string.h>

// ---- a rule in the making -------------------------------------------------------------------------------

void draft_begin(struct draft *draft)
{
	// The settings are written one by one.
	draft->match = (struct match){.any_kind = true};
	draft->foreign = false;
	draft->words_seen = 0;
	draft->setting_count = 0;
	draft->keys_seen = 0;
	draft->lists = (struct lists){0};
}

static struct setting *setting_of(struct draft *draft, enum policy_key key)
{
	for (unsigned i = 0; i < draft->setting_count; i++)
		if (draft->settings[i].key == key)
			return &draft->settings[i];
	draft->settings[draft->setting_count] = (struct setting){0};
	return &draft->settings[draft->setting_count++];
}

static bool is_list(enum policy_key key)
{
	return key == KEY_JOIN || key == KEY_FILTER || key == KEY_REDIRECT;
}

bool draft_set(struct reader *reader, struct draft *draft, const struct assignment *assignment)
{
	uint64_t bit = 1ULL << assignment->key;
	if (draft->keys_seen & bit && !is_list(assignment->key))
		return fail(reader, assignment->whole, "given twice in this rule: expected one value");
	draft->keys_seen |= bit;
	return value_parse(reader, assignment, setting_of(draft, assignment->key), &draft->lists);
}

bool draft_finish(struct reader *reader, const struct draft *draft)
{
	if (draft->foreign || !draft->setting_count)
		return true;
	size_t size = draft->setting_count * sizeof(struct setting);
	struct setting *settings = arena_take(reader->arena, size);
	struct rule *rule = settings ? list_add(&reader->rules, reader->arena, sizeof(*rule)) : NULL;
	if (!rule)
		return fail_memory(reader);
	memcpy(settings, draft->settings, size);
	*rule = (struct rule){draft->match, settings, draft->setting_count};
	return true;
}

// ---- words ----------------------------------------------------------------------------------------------

enum policy_key key_find(struct span word)
{
	for (unsigned key = 0; key < KEY_COUNT; key++)
		if (word.length && *word.start == *policy_key_words[key] &&
		        span_is(word, policy_key_words[key]))
			return (enum policy_key)key;
	return KEY_COUNT;
}

static bool fail_unknown(struct reader *reader, struct span word, struct span name, bool in_match)
{
	struct nearest nearest = {.word = name};
	const char *best = NULL, *match;
	for (unsigned key = 0; key < KEY_COUNT; key++)
		if (nearest_is(&nearest, policy_key_words[key]))
			best = policy_key_words[key];
	for (size_t i = 0; in_match && (match = match_word(i)); i++)
		if (nearest_is(&nearest, match))
			best = match;
	struct text *line = fail_begin(reader, word);
	text_put(line, in_match ? "unknown word: " : "unknown key: ");
	text_put(line, best ? "did you mean \"" : "expected KEY=VALUE, such as ttl=16");
	text_put(line, best ? best : "");
	text_put(line, best ? "\"?" : "");
	return false;
}

static bool fail_without_value(struct reader *reader, struct span word, enum policy_key key)
{
	struct text *line = fail_begin(reader, word);
	text_put(line, "expected \"");
	text_put(line, policy_key_words[key]);
	text_put(line, "=\" and a value without a blank between");
	return false;
}

// ---- the match part -------------------------------------------------------------------------------------

static bool fail_colon(struct reader *reader, struct span last)
{
	return fail(reader, last, "expected a \":\" after the last match word, as in \"udp: ttl=16\"");
}

static bool cut_name(struct span word, struct span *name, struct span *value)
{
	*name = word;
	*value = word;
	return span_cut(value, '=', name);
}

// A last match word whose own colons run into the one that ends the match, as in addr=fe80::.
static bool ends_in_address(struct span word, struct span stripped)
{
	return stripped.length < word.length && stripped.length && word.start[stripped.length - 1] == ':';
}

static bool read_match_word(struct reader *reader, struct draft *draft, struct span word, bool *ended)
{
	struct span stripped = word, name, value;
	*ended = word.start[word.length - 1] == ':';
	stripped.length -= *ended;
	if (!stripped.length)
		return draft->words_seen ||
		       fail(reader, word, "expected match words before the \":\", as in \"udp: ttl=16\"");
	cut_name(stripped, &name, &value);
	if (!match_known(name)) {
		enum policy_key key = key_find(name);
		return key == KEY_COUNT ? fail_unknown(reader, word, name, true)
		                        : fail_without_value(reader, word, key);
	}
	if (ends_in_address(word, stripped))
		return fail(reader, word,
		        "expected brackets or a length where an address ends in \"::\", as in [fe80::] or "
		        "fe80::/10");
	return match_parse(reader, draft, stripped);
}

// Reads the words up to the one with the colon. A word with a key of the policy before its "=" ends it too:
// there is no match part then.
static bool read_match(struct reader *reader, struct draft *draft, struct span *rest, struct span *last)
{
	struct span ahead = *rest, word, name, value;
	bool ended = false;
	*last = (struct span){0};
	while (!ended && span_word(&ahead, &word)) {
		if (cut_name(word, &name, &value) && key_find(name) != KEY_COUNT)
			return !last->length || fail_colon(reader, *last);
		if (!read_match_word(reader, draft, word, &ended))
			return false;
		*last = word;
		*rest = ahead;
	}
	return ended || fail_colon(reader, *last);
}

// ---- the settings ---------------------------------------------------------------------------------------

// A list goes on in the words that follow, up to one with "=".
static struct span take_list(struct span *rest, struct span value)
{
	struct span ahead = *rest, word;
	while (span_word(&ahead, &word) && !span_has(word, '=')) {
		value.length = (size_t)(word.start + word.length - value.start);
		*rest = ahead;
	}
	return value;
}

static bool fail_setting(struct reader *reader, struct span word, struct span name, bool valued)
{
	struct span stripped = name;
	stripped.length -= stripped.length && stripped.start[stripped.length - 1] == ':';
	if (match_known(name) || match_known(stripped))
		return fail(
		        reader, word, "expected KEY=VALUE here: match words stand before the first \":\"");
	if (!valued)
		return fail(reader, word,
		        "expected KEY=VALUE: only the lists of join, filter and redirect go on in another "
		        "word");
	return fail_unknown(reader, word, name, false);
}

static bool read_setting(struct reader *reader, struct draft *draft, struct span word, struct span *rest)
{
	struct assignment assignment = {.whole = word};
	struct span name;
	bool valued = cut_name(word, &name, &assignment.value);
	assignment.key = key_find(name);
	if (assignment.key == KEY_COUNT)
		return fail_setting(reader, word, name, valued);
	if (!valued)
		return fail_without_value(reader, word, assignment.key);
	if (is_list(assignment.key)) {
		assignment.value = take_list(rest, assignment.value);
		assignment.whole.length =
		        (size_t)(assignment.value.start + assignment.value.length - word.start);
	}
	return draft_set(reader, draft, &assignment);
}

static bool read_rule(struct reader *reader, struct span text)
{
	struct draft draft;
	struct span rest = text, last, word;
	size_t mark = reader->arena->used;
	draft_begin(&draft);
	if (!read_match(reader, &draft, &rest, &last))
		return false;
	while (span_word(&rest, &word))
		if (!read_setting(reader, &draft, word, &rest))
			return false;
	if (!draft.setting_count)
		return fail(
		        reader, last, "expected KEY=VALUE after the match, as in \"udp port=5000: ttl=16\"");
	if (draft.foreign)
		reader->arena->used = mark; // nothing of it is kept
	return draft_finish(reader, &draft);
}

// ---- one after the other --------------------------------------------------------------------------------

// Cuts the next rule off, without its comment, and counts the lines that end with it.
static struct span cut_rule(struct span *rest, unsigned *line)
{
	struct span rule = *rest;
	size_t i = 0;
	for (; i < rest->length && rest->start[i] != ';' && rest->start[i] != '\n'; i++) {
		if (rest->start[i] != '#' || (i && !is_blank(rest->start[i - 1])))
			continue;
		struct span comment;
		rule.length = i;
		*rest = span_from(*rest, i);
		if (span_cut(rest, '\n', &comment))
			++*line;
		else
			*rest = span_from(*rest, rest->length);
		return rule;
	}
	rule.length = i;
	if (i < rest->length)
		*line += rest->start[i++] == '\n';
	*rest = span_from(*rest, i);
	return rule;
}

static const char *name_place(
        struct reader *reader, const char *source, enum rule_place place, unsigned number)
{
	char buffer[256];
	struct text text = TEXT_IN(buffer);
	text_put(&text, source);
	text_put(&text, place == RULE_BY_LINE ? ":" : " rule ");
	text_put_number(&text, number);
	return arena_copy(reader->arena, buffer, text.length);
}

bool rules_parse(struct reader *reader, struct span text, const char *source, enum rule_place place)
{
	unsigned line = 1, number = 0;
	while (text.length) {
		unsigned here = line;
		struct span rule = cut_rule(&text, &line), words = rule, word;
		if (!span_word(&words, &word))
			continue;
		number++;
		reader->where = name_place(reader, source, place, place == RULE_BY_LINE ? here : number);
		if (!reader->where) {
			reader->where = source;
			return fail_memory(reader);
		}
		if (!read_rule(reader, rule))
			return false;
	}
	return true;
}
