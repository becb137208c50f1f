// sockgraft check: a policy as it is understood, what it comes to on this host, and what is wrong with that.
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "findings.h"
#include "host_checks.h"
#include "json.h"
#include "library.h"
#include "merged.h"
#include "policy_checks.h"
#include "policy_options.h"
#include "policy_words.h"
#include "target.h"

struct wanted {
	bool strict, json;
	const char *program; // NULL: none is given
};

// ---- findings -------------------------------------------------------------------------------------------

static void check_membership(const struct resolved *resolved)
{
	const struct membership *membership = resolved->membership;
	struct host_interface interface;
	check_range(membership);
	if (!resolved->index || !host_interface(resolved->index, &interface))
		return;
	check_link(&interface);
	for (unsigned i = 0; i < membership->source_count && !membership->exclude; i++)
		check_source(&interface, &membership->sources[i]);
	if (membership->source_count)
		check_version(&interface, membership->group.any.sa_family, true);
}

static void check_names(const struct resolution *resolution)
{
	struct host_interface interface;
	for (unsigned i = 0; i < resolution->name_count; i++)
		for (unsigned j = 0; j < resolution->names[i].count; j++)
			if (host_interface(resolution->names[i].indexes[j], &interface))
				check_link(&interface);
}

static void check_verdict(enum policy_verdict verdict, const struct policy *policy, const char *program)
{
	const char *only = getenv(policy_variable_names[VARIABLE_ONLY]),
	           *skip = getenv(policy_variable_names[VARIABLE_SKIP]);
	if (policy->rule_count)
		return;
	if (verdict == POLICY_NONE && ((only && *only) || (skip && *skip))) {
		finding(FINDING_WARNING, "left-alone", "%s or %s leaves %s alone, or no rule is for it",
		        policy_variable_names[VARIABLE_ONLY], policy_variable_names[VARIABLE_SKIP],
		        program ? program : "a program that is not named");
		finding_mend("%s", program ? "add its file name to the one, or take it out of the other"
		                           : "sockgraft check ... PROGRAM, which tells for that one");
		finding_means("it runs as if there were no policy");
		return;
	}
	finding(FINDING_WARNING, "no-rules", "there is no rule for %s",
	        program ? program : "a program that is not named");
	finding_means("it runs as if there were no policy");
	finding_mend("sockgraft help keys, which tells what rules can say");
}

static void check_all(const struct policy *policy, const struct resolution *resolution)
{
	check_names(resolution);
	for (unsigned i = 0; i < resolution->count; i++)
		check_membership(&resolution->items[i]);
	check_counts(resolution);
	check_rules(policy);
}

// ---- as text --------------------------------------------------------------------------------------------

static void print_rules(const struct policy *policy)
{
	puts(policy->rule_count ? "rules, the strongest first:" : "rules: none");
	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct rule *rule = &policy->rules[i];
		printf("  %s\n", match_words(&rule->match));
		for (unsigned j = 0; j < rule->setting_count; j++)
			printf("    %s=%s  (%s)\n", policy_key_words[rule->settings[j].key],
			        setting_words(&rule->settings[j]), rule->settings[j].origin);
	}
}

static void print_names(const struct resolution *resolution)
{
	char text[GRAFT_INTERFACE_TEXT], name[HOST_NAME_SIZE];
	if (resolution->name_count)
		puts("interfaces:");
	for (unsigned i = 0; i < resolution->name_count; i++) {
		const struct named_interface *named = &resolution->names[i];
		printf("  %s:%s", graft_interface_text(named->named, text), named->count ? "" : " none");
		for (unsigned j = 0; j < named->count; j++)
			printf(" %s", host_interface_name(named->indexes[j], name));
		putchar('\n');
	}
}

static const char *group_text(const struct membership *membership, char buffer[GRAFT_ADDRESS_TEXT])
{
	struct membership bare = {.group = membership->group, .group_bits = membership->group_bits};
	struct text text = {.start = buffer, .size = GRAFT_ADDRESS_TEXT};
	membership_text(&bare, &text);
	return buffer;
}

static const char *place_of(const struct resolved *resolved, char name[HOST_NAME_SIZE])
{
	if (resolved->index)
		return host_interface_name(resolved->index, name);
	return resolved->setting->key == KEY_FILTER ? "the program's interface" : "no interface";
}

static void print_membership(const struct merged *merged)
{
	const struct resolved *resolved = merged->resolved;
	char text[GRAFT_ADDRESS_TEXT], name[HOST_NAME_SIZE];
	printf("  %s%s on %s%s", resolved->setting->key == KEY_FILTER ? "where the program joins it, " : "",
	        group_text(resolved->membership, text), place_of(resolved, name),
	        merged->by_route && resolved->index ? ", which the route picks" : "");
	if (merged->source_count)
		printf(", %s", merged->exclude ? "exclude" : "include");
	else
		fputs(", any source", stdout);
	for (unsigned i = 0; i < merged->source_count; i++)
		printf(" %s", graft_address_text(&merged->sources[i], text));
	printf("  (%s)\n", merged->origins);
}

static void each_merged(const struct resolution *resolution, void (*tell)(const struct merged *merged))
{
	struct merged merged;
	for (unsigned i = 0; i < resolution->count; i++) {
		if (!merged_make(resolution, i, &merged))
			continue;
		tell(&merged);
		merged_forget(&merged);
	}
}

static void print_text(const struct policy *policy, const struct resolution *resolution)
{
	print_rules(policy);
	print_names(resolution);
	if (resolution->count)
		puts("memberships:");
	each_merged(resolution, print_membership);
	findings_print();
}

// ---- as JSON --------------------------------------------------------------------------------------------

static void json_rules(const struct policy *policy)
{
	json_open_array("rules");
	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct rule *rule = &policy->rules[i];
		json_open_object(NULL);
		json_text("covers", match_words(&rule->match));
		json_open_array("settings");
		for (unsigned j = 0; j < rule->setting_count; j++) {
			json_open_object(NULL);
			json_text("key", policy_key_words[rule->settings[j].key]);
			json_text("value", setting_words(&rule->settings[j]));
			json_text("origin", rule->settings[j].origin);
			json_close_object();
		}
		json_close_array();
		json_close_object();
	}
	json_close_array();
}

static void json_names(const struct resolution *resolution)
{
	char text[GRAFT_INTERFACE_TEXT], name[HOST_NAME_SIZE];
	json_open_array("interfaces");
	for (unsigned i = 0; i < resolution->name_count; i++) {
		const struct named_interface *named = &resolution->names[i];
		json_open_object(NULL);
		json_text("named", graft_interface_text(named->named, text));
		json_text("origin", named->origin);
		json_open_array("found");
		for (unsigned j = 0; j < named->count; j++) {
			json_open_object(NULL);
			json_number("index", named->indexes[j]);
			json_text("name", host_interface_name(named->indexes[j], name));
			json_close_object();
		}
		json_close_array();
		json_close_object();
	}
	json_close_array();
}

static void json_membership(const struct merged *merged)
{
	const struct resolved *resolved = merged->resolved;
	char text[GRAFT_ADDRESS_TEXT], name[HOST_NAME_SIZE];
	json_open_object(NULL);
	json_text("key", policy_key_words[resolved->setting->key]);
	json_text("group", group_text(resolved->membership, text));
	json_text("interface", resolved->index ? host_interface_name(resolved->index, name) : NULL);
	json_boolean("by_route", merged->by_route);
	json_text("mode", merged->exclude ? "exclude" : "include");
	json_open_array("sources");
	for (unsigned i = 0; i < merged->source_count; i++)
		json_text(NULL, graft_address_text(&merged->sources[i], text));
	json_close_array();
	json_text("origin", merged->origins);
	json_close_object();
}

static void print_json(const struct policy *policy, const struct resolution *resolution)
{
	json_open_object(NULL);
	json_rules(policy);
	json_names(resolution);
	json_open_array("memberships");
	each_merged(resolution, json_membership);
	json_close_array();
	findings_json();
	json_close_object();
	json_end();
}

// ---- start ----------------------------------------------------------------------------------------------

// Whether run would start the program; `target` has what the rules are asked for.
static int inspect(const char *program, struct target *target)
{
	char library[PATH_MAX];
	int status = target_find(program, target);
	if (!status)
		status = target_inspect(target);
	if (!status)
		status = library_find(target, library);
	if (status)
		complain("%s", target->why);
	return status ? EXIT_REFUSED : 0;
}

static int check(const struct wanted *wanted)
{
	static struct target target;
	struct policy policy;
	struct policy_error error;
	static struct resolution resolution; // lives as long as the process
	if (wanted->program && inspect(wanted->program, &target))
		return EXIT_REFUSED;
	const char *const paths[] = {wanted->program, target.loaded, NULL};
	enum policy_verdict verdict = policy_of_environment(paths, &policy, &error);
	if (verdict == POLICY_ERROR)
		return complain("%s", error.text), EXIT_REFUSED;
	findings_leave_out_ok();
	check_verdict(verdict, &policy, wanted->program);
	resolve(&policy, &resolution);
	check_all(&policy, &resolution);
	(wanted->json ? print_json : print_text)(&policy, &resolution);
	return wanted->strict && findings_count(FINDING_WARNING) ? EXIT_FINDINGS : 0;
}

static int take_option(int count, char **arguments, int *at, struct wanted *wanted)
{
	bool strict = !strcmp(arguments[*at], "--strict"), json = !strcmp(arguments[*at], "--json");
	wanted->strict |= strict;
	wanted->json |= json;
	if (!strict && !json)
		return policy_option(count, arguments, at);
	++*at;
	return 1;
}

static const char *const own_options[] = {"--rule", "--file", "--strict", "--json", "--help", NULL};

int command_check(int count, char **arguments)
{
	struct wanted wanted = {0};
	int at = 1, taken = 1;
	while (at < count && arguments[at][0] == '-' && strcmp(arguments[at], "--") && taken > 0) {
		if (!strcmp(arguments[at], "--help") || !strcmp(arguments[at], "-h"))
			return wants_help("check", count, arguments), 0;
		taken = take_option(count, arguments, &at, &wanted);
	}
	if (!taken)
		policy_option_unknown(arguments[at], own_options);
	if (taken <= 0)
		return EXIT_REFUSED;
	at += at < count && !strcmp(arguments[at], "--");
	wanted.program = at < count ? arguments[at] : NULL;
	policy_options_end();
	return check(&wanted);
}
