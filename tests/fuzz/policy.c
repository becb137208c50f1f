// Feeds bytes to the policy's parsers: as rules, as a file, and as the value or the name of each variable.
// The first byte selects. What is read must lie in the arena, and what is refused must be told in one
// printable line.
#include "../../core/policy/policy.h"
#include "../../core/text.h"
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_SIZE = 4 << 20 };

static const char *file_content;
static size_t file_size;

static long read_file(const char *path, struct arena *arena, const char **content)
{
	(void)path;
	(void)arena;
	*content = file_content; // of its exact size, so that a byte too far is seen
	return (long)file_size;
}

static void check_error(const struct policy_error *error)
{
	check(*error->text, "an error without text");
	for (const char *at = error->text; *at; at++)
		check((unsigned char)*at >= ' ' && *at != 0x7f, "an error that is not one line");
}

// What is shown as asked for leads where it came from.
static void plan_redirected(const struct policy *policy, const struct facts *facts)
{
	const union graft_address *to = &facts->to;
	union graft_address there = *to, back = *to;
	const char *origin = NULL;
	bool group = graft_address_is_multicast(to);
	if (plan_redirect(policy, facts, &there, &origin))
		check(origin && there.any.sa_family == to->any.sa_family, "a redirect to the other family");
	if (!plan_redirect_back(policy, facts, group, &back))
		return;
	check(back.any.sa_family == to->any.sa_family, "a way back to the other family");
	check(plan_redirect(policy, facts, &back, NULL) && graft_address_equal(&back, to) &&
	                graft_address_port(&back) == graft_address_port(to),
	        "a way back to what leads elsewhere");
}

// What the program itself joins and sends to.
static void plan_rewritten(const struct policy *policy, const struct facts *facts)
{
	struct plan_cursor cursor = {0};
	const struct membership *filter;
	while ((filter = plan_next_filter(policy, facts, &facts->to, &cursor)))
		check(filter->origin, "a filter without a place");
	plan_redirected(policy, facts);
}

// Every fact that rules ask for, with a few values that rules of the corpus match.
static void plan_sockets(const struct policy *policy)
{
	static const char *const addresses[] = {"239.1.1.1", "10.0.0.5", "ff15::1", "::ffff:10.0.0.5", "::"};
	for (size_t i = 0; i < sizeof(addresses) / sizeof(*addresses); i++) {
		struct facts facts = {
		        .kind = (enum socket_kind)(i % 4), .local_known = true, .to_known = i & 1};
		graft_address_parse(addresses[i], strlen(addresses[i]), &facts.local);
		facts.family = facts.local.any.sa_family;
		graft_address_set_port(&facts.local, 5000);
		facts.to = facts.local;
		struct plan plan;
		struct plan_cursor cursor = {0};
		const struct membership *membership;
		plan_make(&plan, policy, &facts);
		while ((membership = plan_next_join(policy, &facts, &cursor))) {
			char buffer[256];
			struct text text = TEXT_IN(buffer);
			membership_text(membership, &text);
			check(membership->origin && text.length, "a membership without a place or text");
		}
		plan_rewritten(policy, &facts);
	}
}

static const char *program;

static const char *program_name(unsigned number)
{
	return number ? NULL : program;
}

static void read_policy(char *variable, const char *name)
{
	program = name;
	static char memory[ARENA_SIZE];
	// A small arena now and then, to run out of it everywhere.
	size_t room = file_size % 7 == 3 ? file_size * 5 % 3000 : sizeof(memory);
	struct arena arena = {.start = memory, .size = room};
	struct policy policy;
	struct policy_error error = {""};
	char *environment[] = {variable, NULL};
	struct policy_source source = {environment, program_name, read_file};
	enum policy_verdict verdict = policy_read(&policy, &arena, &source, &error);
	check(arena.used <= arena.size, "more taken than there is");
	if (verdict == POLICY_ERROR)
		check_error(&error);
	else
		plan_sockets(&policy);
}

// The name of the variable that byte `selector` stands for: those of the process, the keys, or part of the
// data.
static const char *select_name(unsigned selector, char name[64])
{
	selector %= VARIABLE_COUNT + KEY_COUNT + 1;
	if (selector < VARIABLE_COUNT)
		return policy_variable_names[selector];
	if (selector == VARIABLE_COUNT + KEY_COUNT)
		return "SOCKGRAFT_";
	snprintf(name, 64, "SOCKGRAFT_%s", policy_key_words[selector - VARIABLE_COUNT]);
	for (char *at = name; *at; at++)
		*at = (char)(*at == '-' ? '_' : *at >= 'a' && *at <= 'z' ? *at - 'a' + 'A' : *at);
	return name;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char buffer[64];
	if (!size)
		return 0;
	const char *name = select_name(*data, buffer);
	bool unnamed = !strcmp(name, "SOCKGRAFT_");
	file_content = (const char *)data + 1;
	file_size = size - 1;
	// Of its exact size on the heap, so that a byte too far is seen.
	size_t length = strlen(name) + !unnamed + file_size;
	char *variable = malloc(length + 1);
	if (!variable)
		return 0;
	snprintf(variable, length + 1, "%s%s", name, unnamed ? "" : "=");
	memcpy(variable + length - file_size, file_content, file_size);
	variable[length] = '\0';
	if (!strcmp(name, "SOCKGRAFT_FILE")) {
		char path[] = "SOCKGRAFT_FILE=/policy";
		read_policy(path, "program");
	} else {
		read_policy(variable, "program");
	}
	free(variable);
	return 0;
}
