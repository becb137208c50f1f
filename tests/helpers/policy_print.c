// Prints a policy as sockgraft understands it, or the line that says what is wrong with it (exit status 125).
//
//   policy_print [PROGRAM...]                               the policy of its own environment, a rule a line
//   policy_print --origins [PROGRAM...]                     with where each setting stands, a setting a line
//   policy_print --append NAME=VALUE [PROGRAM...]           with one more variable at the environment's end
//   policy_print --needs [PROGRAM...]                       what the policy asks about and does
//   policy_print --plan KIND FAMILY LOCAL TO [PROGRAM...]   what holds for a socket; "-" for what isn't known.
//                                                           TO may be ASKED->REAL. "back": what TO was asked for as
//   policy_print --table                                    the README's tables of keys and variables
//   policy_print --man                                      those of sockgraft(7)
//   policy_print --cramped [PROGRAM...]                     whether every arena that is too small is told as such
//   policy_print --bytes                                    for each key, the bytes that are a value by themselves
//   policy_print --rows [PROGRAM...]                        for each row on stdin (rows.h), what it would print, and
//                                                           a line "=> STATUS"
//   policy_print --large SIZE [PROGRAM...]                  for each template of a large file on stdin (rows.h), the
//                                                           error if any, and a line "=> STATUS"
#include "../../core/policy/rule.h"
#include "rows.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

enum { ARENA_SIZE = 64 << 20, TEXT_SIZE = 1 << 20 };

static char text_buffer[TEXT_SIZE];

static const char *string_of(const struct membership *membership)
{
	struct text text = TEXT_IN(text_buffer);
	membership_text(membership, &text);
	return text_buffer;
}

static long read_file(const char *path, struct arena *arena, const char **content)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	size_t room = 4 << 20, size = 0;
	char *buffer = arena_take(arena, room);
	ssize_t got = buffer ? 1 : -1;
	while (got > 0 && size < room) {
		got = read(fd, buffer + size, room - size);
		size += got > 0 ? (size_t)got : 0;
	}
	int error = got < 0 ? errno : 0;
	close(fd);
	*content = buffer;
	return error ? -error : (long)size;
}

// ---- settings -------------------------------------------------------------------------------------------

static void print_address(const union graft_address *address)
{
	char buffer[GRAFT_ADDRESS_TEXT];
	printf("%s", graft_address_text(address, buffer));
}

static void print_interface(const struct graft_interface *interface)
{
	static const char *const by[] = {"name ", "index ", "address ", "pattern "};
	printf("%s", by[interface->by]);
	if (interface->by == GRAFT_BY_INDEX)
		printf("%u", interface->index);
	else if (interface->by == GRAFT_BY_ADDRESS)
		print_address(&interface->address);
	else
		printf("%s", interface->name);
}

static void print_bind(const struct setting *setting)
{
	static const char *const modes[] = {"auto", "any", "group", "keep"};
	if (setting->value.bind.mode == BIND_ADDRESS)
		print_address(&setting->value.bind.address);
	else
		printf("%s", modes[setting->value.bind.mode]);
}

static void print_memberships(const struct setting *setting)
{
	for (unsigned i = 0; i < setting->value.memberships.count; i++)
		printf("%s%s", i ? "," : "", string_of(&setting->value.memberships.items[i]));
}

static void print_redirects(const struct setting *setting)
{
	for (unsigned i = 0; i < setting->value.redirects.count; i++) {
		printf("%s", i ? "," : "");
		print_address(&setting->value.redirects.items[i].from);
		printf("->");
		print_address(&setting->value.redirects.items[i].to);
	}
}

static void print_interfaces(const struct setting *setting)
{
	for (unsigned i = 0; i < setting->value.interfaces.count; i++) {
		printf("%s", i ? "+" : "");
		print_interface(&setting->value.interfaces.items[i]);
	}
}

static void print_setting(const struct setting *setting)
{
	printf("%s=%s", policy_key_words[setting->key], setting->fallback ? "?" : "");
	switch (setting->key) {
	case KEY_JOIN:
	case KEY_FILTER:
		print_memberships(setting);
		break;
	case KEY_REDIRECT:
		print_redirects(setting);
		break;
	case KEY_INTERFACE:
		print_interfaces(setting);
		break;
	case KEY_BIND:
		print_bind(setting);
		break;
	case KEY_DEVICE:
		printf("%s", setting->value.name);
		break;
	default:
		printf("%lld", (long long)setting->value.number);
	}
}

// ---- rules ----------------------------------------------------------------------------------------------

static void print_prefix(const struct graft_prefix *prefix)
{
	print_address(&prefix->address);
	printf("/%u", prefix->length);
}

static void print_kind(const struct match *match)
{
	static const char *const kinds[] = {" other", " udp", " tcp", " raw"};
	if (!match->any_kind)
		printf("%s", kinds[match->kind]);
	if (match->family)
		printf("%s", match->family == AF_INET ? " ipv4" : " ipv6");
}

static void print_ports(const struct list *ports)
{
	const struct port_range *items = ports->items;
	for (unsigned i = 0; i < ports->count; i++) {
		printf("%s%u", i ? "," : " port=", items[i].low);
		if (items[i].high != items[i].low)
			printf("-%u", items[i].high);
	}
}

static void print_match(const struct match *match)
{
	const struct graft_prefix *locals = match->locals.items;
	const struct endpoint *peers = match->peers.items;
	print_kind(match);
	print_ports(&match->ports);
	for (unsigned i = 0; i < match->locals.count; i++) {
		printf("%s", i ? "," : " addr=");
		print_prefix(&locals[i]);
	}
	for (unsigned i = 0; i < match->peers.count; i++) {
		printf("%s", i ? "," : " to=");
		print_prefix(&peers[i].prefix);
		if (peers[i].port)
			printf(" port %u", peers[i].port);
	}
}

static void print_rule(const struct rule *rule)
{
	printf("rule");
	print_match(&rule->match);
	printf(":");
	for (unsigned i = 0; i < rule->setting_count; i++) {
		printf(" ");
		print_setting(&rule->settings[i]);
	}
	puts("");
}

static void print_origins(const struct rule *rule)
{
	for (unsigned i = 0; i < rule->setting_count; i++) {
		printf("%s: ", rule->settings[i].origin);
		print_setting(&rule->settings[i]);
		puts("");
	}
}

static void print_rules(const struct policy *policy, bool origins)
{
	for (size_t i = 0; i < policy->rule_count; i++)
		(origins ? print_origins : print_rule)(&policy->rules[i]);
}

static void print_process(const struct policy *policy)
{
	static const char *const levels[] = {"quiet", "error", "warn", "info", "debug"};
	if (!policy->inherit)
		puts("inherit=no");
	if (policy->fail)
		puts("on_error=fail");
	if (policy->log != LOG_WARN)
		printf("log=%s\n", levels[policy->log]);
	if (policy->log_file)
		printf("log_file=%s\n", policy->log_file);
}

static void print_needs(const struct policy *policy)
{
	printf("%s%s%s%s%s%s%s%s%s\n", policy->asks_local ? "local " : "", policy->asks_to ? "to " : "",
	        policy->joins ? "joins " : "", policy->filters ? "filters " : "",
	        policy->redirects ? "redirects " : "", policy->interfaces ? "interfaces " : "",
	        policy->spreads ? "spreads " : "", policy->redirects_ask_local ? "redirect-local " : "",
	        policy->defaults ? "defaults " : "");
}

// ---- plans ----------------------------------------------------------------------------------------------

static int usage(void)
{
	fputs("usage: policy_print [--origins | --cramped | --append NAME=VALUE | --needs | --plan KIND "
	      "FAMILY LOCAL TO] "
	      "[PROGRAM...]\n"
	      "       policy_print --table | --man | --bytes\n"
	      "       policy_print --rows | --large SIZE [PROGRAM...]\n",
	        stderr);
	return 2;
}

// ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT; mapped ones too, which a policy never holds.
static bool read_fact(const char *text, union graft_address *address)
{
	char copy[80];
	unsigned port = 0;
	size_t length = strlen(text);
	const char *colon = strrchr(text, ':');
	if (colon && (strchr(text, '[') || strchr(text, ':') == colon)) {
		port = (unsigned)atoi(colon + 1);
		length = (size_t)(colon - text);
	}
	if (*text == '[') {
		text++;
		length -= 2;
	}
	snprintf(copy, sizeof(copy), "%.*s", (int)length, text);
	if (graft_address_parse(copy, strlen(copy), address))
		return false;
	graft_address_set_port(address, (uint16_t)port);
	return true;
}

// ASKED, or ASKED->REAL where a redirect has sent it elsewhere.
static bool read_destination(char *text, struct facts *facts)
{
	char *real = strstr(text, "->");
	if (real) {
		*real = '\0';
		real += 2;
	}
	return read_fact(text, &facts->to) && (!real || read_fact(real, &facts->real_to));
}

static bool read_facts(char **arguments, struct facts *facts)
{
	static const char *const kinds[] = {"other", "udp", "tcp", "raw"};
	*facts = (struct facts){.family = strcmp(arguments[1], "ipv6") ? AF_INET : AF_INET6};
	while (strcmp(arguments[0], kinds[facts->kind]))
		if (++facts->kind > SOCKET_RAW)
			return false;
	facts->local_known = strcmp(arguments[2], "-");
	facts->to_known = strcmp(arguments[3], "-");
	return (!facts->local_known || read_fact(arguments[2], &facts->local)) &&
	       (!facts->to_known || read_destination(arguments[3], facts));
}

// What the policy makes of the program's own join of the group that it sends to, and of the destination.
static void print_rewritten(const struct policy *policy, const struct facts *facts)
{
	struct plan_cursor cursor = {0};
	const struct membership *filter;
	union graft_address to = facts->to;
	const char *origin;
	if (!facts->to_known)
		return;
	while ((filter = plan_next_filter(policy, facts, &facts->to, &cursor)))
		printf("filter %s (%s)\n", string_of(filter), filter->origin);
	if (plan_redirect(policy, facts, &to, &origin)) {
		printf("redirect ");
		print_address(&to);
		printf(" (%s)\n", origin);
	}
	to = facts->to;
	if (plan_redirect_back(policy, facts, graft_address_is_multicast(&to), &to)) {
		printf("back ");
		print_address(&to);
		puts("");
	}
}

static void print_plan(const struct policy *policy, const struct facts *facts)
{
	struct plan plan;
	plan_make(&plan, policy, facts);
	for (unsigned key = 0; key < KEY_COUNT; key++) {
		if (!plan.values[key] || key == KEY_JOIN || key == KEY_FILTER || key == KEY_REDIRECT)
			continue;
		print_setting(plan.values[key]);
		puts("");
	}
	struct plan_cursor cursor = {0};
	const struct membership *membership;
	while ((membership = plan_next_join(policy, facts, &cursor)))
		printf("join %s (%s)\n", string_of(membership), membership->origin);
	print_rewritten(policy, facts);
}

// ---- tables ---------------------------------------------------------------------------------------------

static void print_table_row(const char *name, struct policy_help help)
{
	printf("| `%s` | %s | %s |\n", name, help.value, help.text);
}

static void print_man_row(const char *name, struct policy_help help)
{
	bool variable = !strncmp(name, POLICY_PREFIX, strlen(POLICY_PREFIX));
	printf(".It %s %s\n.Pq %s\n%s.\n", variable ? "Ev" : "Cm", name, help.value, help.text);
}

static void print_keys(void (*print_row)(const char *name, struct policy_help help))
{
	for (unsigned i = KEY_JOIN; i < KEY_COUNT; i++)
		print_row(policy_key_words[i], policy_key_help[i]);
	for (unsigned i = 0; i < KEY_JOIN; i++)
		print_row(policy_key_words[i], policy_key_help[i]);
}

static void print_variables(void (*print_row)(const char *name, struct policy_help help))
{
	for (unsigned i = 0; i < VARIABLE_COUNT; i++)
		print_row(policy_variable_names[i], policy_variable_help[i]);
}

static int print_tables(void)
{
	puts("| key | value | what it does |\n|---|---|---|");
	print_keys(print_table_row);
	puts("\n| variable | value | what it does |\n|---|---|---|");
	print_variables(print_table_row);
	return 0;
}

static int print_man(void)
{
	puts(".Bl -tag -width Ds");
	print_keys(print_man_row);
	puts(".El\n.Bl -tag -width Ds");
	print_variables(print_man_row);
	puts(".El");
	return 0;
}

// ---- reading --------------------------------------------------------------------------------------------

static char *const *program_names;

static const char *program_name(unsigned number)
{
	return program_names[number];
}

static int load_into(size_t size, struct policy *policy, char *const *environment, char *const *programs,
        struct policy_error *error)
{
	static char *memory;
	if (!memory)
		memory = malloc(ARENA_SIZE);
	struct arena arena = {.start = memory, .size = size};
	program_names = programs;
	struct policy_source source = {environment, program_name, read_file};
	return policy_read(policy, &arena, &source, error);
}

static int load(
        struct policy *policy, char *const *environment, char *const *programs, struct policy_error *error)
{
	return load_into(ARENA_SIZE, policy, environment, programs, error);
}

// Reads the policy in arenas from nothing up to the first that holds it.
static int print_cramped(char *const *programs)
{
	struct policy policy;
	struct policy_error error;
	for (size_t size = 0; size < ARENA_SIZE; size++) {
		if (load_into(size, &policy, environ, programs, &error) != POLICY_ERROR)
			return printf("%s\n", size ? "told" : "needs no memory"), 0;
		if (!strstr(error.text, "the policy is too large"))
			break;
	}
	return fprintf(stderr, "%s\n", error.text), 1;
}

// Whether one byte is a value of `variable`; -1 when the error is not one printable line that says what to
// do.
static int takes_byte(const char *variable, int byte)
{
	char string[96];
	char *environment[] = {string, NULL}, *programs[] = {NULL};
	struct policy policy;
	struct policy_error error = {""};
	snprintf(string, sizeof(string), "%s=%c", variable, byte);
	if (load(&policy, environment, programs, &error) != POLICY_ERROR)
		return 1;
	bool told = !strncmp(error.text, variable, strlen(variable)) && strstr(error.text, ": expected ");
	for (const char *at = error.text; *at; at++)
		told &= *at >= ' ' && *at <= '~';
	if (!told)
		fprintf(stderr, "byte %d: %s\n", byte, error.text);
	return told ? 0 : -1;
}

// The bytes that `variable` takes, as ranges in one line.
static int print_bytes_of(const char *variable)
{
	int first = 0, status = 0;
	printf("%s", variable);
	for (int byte = 1; byte <= 256; byte++) {
		int takes = byte < 256 ? takes_byte(variable, byte) : 0;
		status |= takes < 0;
		if (takes > 0 && !first)
			first = byte;
		if (takes > 0 || !first)
			continue;
		printf(" %02x-%02x", first, byte - 1);
		first = 0;
	}
	puts("");
	return status;
}

static int print_bytes(void)
{
	int status = 0;
	for (unsigned key = 0; key < KEY_COUNT; key++) {
		char name[64];
		snprintf(name, sizeof(name), "SOCKGRAFT_%.19s", policy_key_words[key]);
		for (char *at = name; *at; at++)
			*at = (char)(*at == '-' ? '_' : *at >= 'a' && *at <= 'z' ? *at - 32 : *at);
		status |= print_bytes_of(name);
	}
	for (unsigned i = 0; i < VARIABLE_COUNT; i++)
		if (i != VARIABLE_RULES && i != VARIABLE_FILE)
			status |= print_bytes_of(policy_variable_names[i]);
	return status;
}

// The environment with one more string at its end, even if that name is there already.
static char **appended(char *string)
{
	size_t count = 0;
	while (environ[count])
		count++;
	char **longer = calloc(count + 2, sizeof(*longer));
	if (!longer)
		abort();
	memcpy(longer, environ, count * sizeof(*longer));
	longer[count] = string;
	environ = longer; // lives as long as the program
	return longer;
}

static int print_policy(const char *mode, const struct facts *facts, char **environment, char **programs)
{
	struct policy policy;
	struct policy_error error;
	int verdict = load(&policy, environment, programs, &error);
	if (verdict == POLICY_ERROR) {
		fprintf(stderr, "%s\n", error.text);
		return 125;
	}
	if (!strcmp(mode, "--plan")) {
		print_plan(&policy, facts);
	} else if (!strcmp(mode, "--needs")) {
		print_needs(&policy);
	} else {
		if (verdict == POLICY_NONE)
			puts("none");
		print_process(&policy);
		print_rules(&policy, !strcmp(mode, "--origins"));
	}
	return 0;
}

// ---- many policies --------------------------------------------------------------------------------------

// Calls `one` with each line of stdin, and says what it returned.
static int for_each_line(int (*one)(char *line, void *context), void *context)
{
	static char line[TEXT_SIZE];
	dup2(STDOUT_FILENO, STDERR_FILENO);
	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		int status = one(line, context);
		printf("=> %d\n", status);
		fflush(stdout);
	}
	return ferror(stdin) ? 1 : 0;
}

static int print_row(char *row, void *programs)
{
	char *environment[ROW_VARIABLES];
	const struct facts none = {0};
	if (!row_environment(row, environment))
		return 2;
	return print_policy("", &none, environment, programs);
}

struct large {
	size_t size;
	char **programs;
};

// The policy itself, which is as large, is not printed. It takes at most ten seconds of a processor's time, or the
// program ends.
static int read_large(char *template, void *context)
{
	static char names_file[] = "SOCKGRAFT_FILE=policy";
	const struct large *large = context;
	const struct itimerval limit = {.it_value.tv_sec = 10}, none = {0};
	char *environment[] = {names_file, NULL};
	struct policy policy;
	struct policy_error error;
	if (!write_large_file(template, large->size))
		return 2;
	setitimer(ITIMER_PROF, &limit, NULL);
	int verdict = load(&policy, environment, large->programs, &error);
	setitimer(ITIMER_PROF, &none, NULL);
	if (verdict != POLICY_ERROR)
		return 0;
	puts(error.text);
	return 125;
}

int main(int count, char **arguments)
{
	const char *mode = count > 1 && !strncmp(arguments[1], "--", 2) ? arguments[1] : "";
	struct facts facts = {0};
	if (!strcmp(mode, "--table"))
		return print_tables();
	if (!strcmp(mode, "--man"))
		return print_man();
	if (!strcmp(mode, "--bytes"))
		return print_bytes();
	if (!strcmp(mode, "--cramped"))
		return print_cramped(arguments + 2);
	if (!strcmp(mode, "--rows"))
		return for_each_line(print_row, arguments + 2);
	if (!strcmp(mode, "--large"))
		return count < 3 ? usage()
		                 : for_each_line(read_large,
		                           &(struct large){strtoul(arguments[2], NULL, 0), arguments + 3});
	if (!strcmp(mode, "--plan"))
		return count < 6 || !read_facts(arguments + 2, &facts)
		               ? usage()
		               : print_policy(mode, &facts, environ, arguments + 6);
	if (!strcmp(mode, "--append"))
		return count < 3 ? usage()
		                 : print_policy(mode, &facts, appended(arguments[2]), arguments + 3);
	return print_policy(mode, &facts, environ, arguments + (*mode ? 2 : 1));
}
