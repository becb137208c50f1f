// The whole policy: the SOCKGRAFT_... variables, their order of strength, and the file that they name.
#include "rule.h"

#include <string.h>

static const char prefix[] = POLICY_PREFIX;
enum { PREFIX_LENGTH = sizeof(prefix) - 1, NAME_SIZE = 64, PATH_SIZE = 112 };

// ---- names ----------------------------------------------------------------------------------------------

static char upper(char byte)
{
	if (byte == '-')
		return '_';
	return byte >= 'a' && byte <= 'z' ? (char)(byte - 'a' + 'A') : byte;
}

// A key's variable, "SOCKGRAFT_MULTICAST_TTL", in `name`.
static const char *key_variable(enum policy_key key, char name[NAME_SIZE])
{
	struct text text = {.start = name, .size = NAME_SIZE};
	text_put(&text, prefix);
	for (const char *word = policy_key_words[key]; *word; word++) {
		char byte = upper(*word);
		text_put_bytes(&text, &byte, 1);
	}
	return name;
}

static bool names_key(struct span name, const char *word)
{
	size_t i = PREFIX_LENGTH;
	for (; i < name.length && *word; i++, word++)
		if (name.start[i] != upper(*word))
			return false;
	return i == name.length && !*word;
}

// ---- collecting -----------------------------------------------------------------------------------------

// The values found in the environment; NULL: none.
struct values {
	const char *process[VARIABLE_COUNT];
	const char *keys[KEY_COUNT];
	struct span unknown; // the first variable of ours that is none
	bool any;
};

static const char **place_of(struct values *values, struct span name)
{
	for (unsigned i = 0; i < VARIABLE_COUNT; i++)
		if (span_is(name, policy_variable_names[i]))
			return &values->process[i];
	for (unsigned key = 0; key < KEY_COUNT; key++)
		if (names_key(name, policy_key_words[key]))
			return &values->keys[key];
	return NULL;
}

static void collect_one(struct values *values, const char *string)
{
	struct span value = span_of(string), name;
	if (!span_cut(&value, '=', &name))
		return;
	const char **place = place_of(values, name);
	values->any = true;
	if (!place && !values->unknown.start)
		values->unknown = name;
	else if (place && !*place)
		*place = value.start; // of two, getenv finds the first
}

static void collect(struct values *values, char *const *environment)
{
	*values = (struct values){0};
	for (; environment && *environment; environment++)
		if (span_after(*environment, prefix))
			collect_one(values, *environment);
}

static bool fail_unknown(struct reader *reader, struct span name)
{
	struct nearest nearest = {.word = name};
	char variable[NAME_SIZE], best[NAME_SIZE] = "";
	for (unsigned i = 0; i < VARIABLE_COUNT + KEY_COUNT; i++) {
		const char *known = i < VARIABLE_COUNT
		                            ? policy_variable_names[i]
		                            : key_variable((enum policy_key)(i - VARIABLE_COUNT), variable);
		if (nearest_is(&nearest, known))
			memcpy(best, known, strlen(known) + 1);
	}
	reader->where = NULL;
	struct text *line = fail_begin(reader, name);
	text_put(line, "unknown variable: ");
	text_put(line, *best ? "did you mean \"" : "expected one such as SOCKGRAFT_RULES or SOCKGRAFT_JOIN");
	text_put(line, best);
	text_put(line, *best ? "\"?" : "");
	return false;
}

// ---- the variables for the process ----------------------------------------------------------------------

static bool read_rules_variable(struct reader *reader, struct span value)
{
	return rules_parse(reader, value, reader->where, RULE_BY_NUMBER);
}

static bool read_only(struct reader *reader, struct span value)
{
	bool ours = true;
	if (value.length && !programs_match(reader, value, &ours))
		return false;
	reader->left_alone |= !ours;
	return true;
}

static bool read_skip(struct reader *reader, struct span value)
{
	bool ours = false;
	if (value.length && !programs_match(reader, value, &ours))
		return false;
	reader->left_alone |= ours;
	return true;
}

static bool read_inherit(struct reader *reader, struct span value)
{
	reader->policy->inherit = span_is(value, "yes");
	return reader->policy->inherit || span_is(value, "no") || fail(reader, value, "expected yes or no");
}

static bool read_on_error(struct reader *reader, struct span value)
{
	reader->policy->fail = span_is(value, "fail");
	return reader->policy->fail || span_is(value, "warn") || fail(reader, value, "expected warn or fail");
}

static bool read_log(struct reader *reader, struct span value)
{
	static const char words[][8] = {[LOG_QUIET] = "quiet",
	        [LOG_ERROR] = "error",
	        [LOG_WARN] = "warn",
	        [LOG_INFO] = "info",
	        [LOG_DEBUG] = "debug"};
	for (unsigned i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (span_is(value, words[i])) {
			reader->policy->log = (enum log_level)i;
			return true;
		}
	}
	return fail(reader, value, "expected quiet, error, warn, info or debug");
}

static bool read_log_file(struct reader *reader, struct span value)
{
	if (!value.length)
		return fail(reader, value, "expected the path of a file to append to");
	reader->policy->log_file = arena_copy(reader->arena, value.start, value.length);
	return reader->policy->log_file || fail_memory(reader);
}

// ---- the file -------------------------------------------------------------------------------------------

static bool fail_unreadable(struct reader *reader, struct span path, int error)
{
	struct text *line = fail_begin(reader, path);
	text_put(line, "cannot be read: ");
	text_put_error(line, error);
	return false;
}

// The path as it stands in messages: on one line, and of a long one its end, so that two of them fit one message.
static const char *readable_path(struct span path, char buffer[PATH_SIZE])
{
	struct text text = {.start = buffer, .size = PATH_SIZE};
	const size_t most = PATH_SIZE - sizeof("...");
	if (path.length > most) {
		text_put(&text, "...");
		path = span_from(path, path.length - most);
	}
	for (size_t i = 0; i < path.length; i++) {
		bool control = (unsigned char)path.start[i] < ' ' || path.start[i] == 0x7f;
		text_put_bytes(&text, control ? "?" : path.start + i, 1);
	}
	return buffer;
}

static bool read_file(struct reader *reader, struct span path)
{
	char name[PATH_SIZE] = "";
	const char *content = NULL;
	if (!path.length)
		return true;
	long size = reader->source->read_file(path.start, reader->arena, &content);
	if (size < 0)
		return fail_unreadable(reader, path, (int)-size);
	return rules_parse(
	        reader, (struct span){content, (size_t)size}, readable_path(path, name), RULE_BY_LINE);
}

// ---- all of it ------------------------------------------------------------------------------------------

enum turn { FIRST, THEN, LAST };

static bool read_variable(struct reader *reader, enum policy_variable variable, struct span value)
{
	switch (variable) {
#define VARIABLE(id, turn, read, ...)                                                                        \
	case VARIABLE_##id:                                                                                  \
		return read_##read(reader, value);
		POLICY_VARIABLES(VARIABLE)
#undef VARIABLE
	case VARIABLE_COUNT:
		break;
	}
	return false;
}

static bool read_turn(struct reader *reader, const struct values *values, enum turn turn)
{
	static const enum turn turns[] = {
#define VARIABLE(id, turn, ...) [VARIABLE_##id] = turn,
	        POLICY_VARIABLES(VARIABLE)
#undef VARIABLE
	};
	for (unsigned i = 0; i < VARIABLE_COUNT; i++) {
		if (turns[i] != turn || !values->process[i])
			continue;
		reader->where = policy_variable_names[i];
		if (!read_variable(reader, (enum policy_variable)i, span_of(values->process[i])))
			return false;
	}
	return true;
}

// The single variables are one rule that matches every socket.
static bool read_keys(struct reader *reader, const struct values *values)
{
	struct draft draft;
	char name[NAME_SIZE];
	draft_begin(&draft);
	for (unsigned key = 0; key < KEY_COUNT; key++) {
		if (!values->keys[key])
			continue;
		struct span value = span_of(values->keys[key]);
		struct assignment assignment = {(enum policy_key)key, value, value};
		key_variable(assignment.key, name);
		reader->where = arena_copy(reader->arena, name, span_of(name).length);
		if (!reader->where)
			return fail_memory(reader);
		if (!draft_set(reader, &draft, &assignment))
			return false;
	}
	return draft_finish(reader, &draft);
}

static void note_memberships(struct policy *policy, const struct setting *setting, unsigned kinds)
{
	for (unsigned i = 0; i < setting->value.memberships.count; i++)
		if (membership_port(&setting->value.memberships.items[i]))
			policy->asks_local |= kinds & (POLICY_KIND(SOCKET_UDP) | POLICY_KIND(SOCKET_RAW));
}

static void note_setting(struct policy *policy, const struct setting *setting, unsigned kinds)
{
	policy->defaults |= setting->fallback;
	switch (setting->key) {
	case KEY_JOIN:
		policy->joins = true;
		note_memberships(policy, setting, kinds);
		break;
	case KEY_FILTER:
		policy->filters = true;
		note_memberships(policy, setting, kinds);
		break;
	case KEY_REDIRECT:
		policy->redirects |= kinds;
		for (unsigned i = 0; i < setting->value.redirects.count; i++) {
			const struct redirect *redirect = &setting->value.redirects.items[i];
			policy->redirected |= policy_redirect_bit(&redirect->from);
			policy->redirected_to |= policy_redirect_bit(&redirect->to);
		}
		break;
	case KEY_INTERFACE:
		policy->interfaces = true;
		policy->spreads |= setting_is_several(setting);
		break;
	default:
		break;
	}
}

static void note_needs(struct policy *policy)
{
	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct rule *rule = &policy->rules[i];
		unsigned kinds = rule->match.any_kind ? ~0U : POLICY_KIND(rule->match.kind);
		// Which family an AF_INET6 socket belongs to, its addresses tell.
		bool local = rule->match.ports.count || rule->match.locals.count || rule->match.family;
		if (local)
			policy->asks_local |= kinds;
		if (rule->match.peers.count || rule->match.family)
			policy->asks_to |= kinds;
		for (unsigned j = 0; j < rule->setting_count; j++)
			note_setting(policy, &rule->settings[j], kinds);
		for (unsigned j = 0; j < rule->setting_count && local; j++)
			if (rule->settings[j].key == KEY_REDIRECT)
				policy->redirects_ask_local |= kinds;
	}
}

static bool read_all(struct reader *reader, const struct values *values)
{
	if (!read_turn(reader, values, FIRST))
		return false;
	if (reader->left_alone)
		return true;
	if (values->unknown.start)
		return fail_unknown(reader, values->unknown);
	return read_turn(reader, values, THEN) && read_keys(reader, values) &&
	       read_turn(reader, values, LAST) && redirects_check(reader);
}

enum policy_verdict policy_read(struct policy *policy, struct arena *arena,
        const struct policy_source *source, struct policy_error *error)
{
	struct values values;
	struct reader reader = {.policy = policy, .arena = arena, .source = source, .error = error};
	*policy = (struct policy){.inherit = true, .log = LOG_WARN};
	collect(&values, source->environment);
	if (!values.any)
		return POLICY_NONE;
	if (!read_all(&reader, &values))
		return POLICY_ERROR;
	policy->rules = reader.rules.items;
	policy->rule_count = reader.rules.count;
	note_needs(policy);
	return policy->rule_count || !policy->inherit ? POLICY_GOVERNS : POLICY_NONE;
}
