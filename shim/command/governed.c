// The policy of another process, read as the shim read it in there (start.c).
#include "governed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../core/text.h"
#include "policy_file.h"

enum {
	ARENA_FIRST = 1 << 18, // bytes, and four times as many where they don't do
	ARENA_LAST = 1 << 28,
	PAGESZ = 6, // of getauxval(3)
	SECURE = 23,
	EXECFN = 31,
	VECTOR_TYPES = 128, // there are fewer
};

// ---- its program ----------------------------------------------------------------------------------------

static char started_as[PATH_MAX];
static const struct process *current; // whose policy is read

// The number of `size` bytes at `at`.
static uint64_t word(const char *at, size_t size)
{
	uint64_t number64;
	uint32_t number32;
	memcpy(&number32, at, sizeof(number32));
	if (size == sizeof(number32))
		return number32;
	memcpy(&number64, at, sizeof(number64));
	return number64;
}

// An entry of the auxiliary vector; 0: it has none, or makes no sense with words of this size.
static uint64_t find_entry(const char *vector, size_t length, size_t size, uint64_t wanted)
{
	uint64_t found = 0;
	for (size_t at = 0; at + 2 * size <= length; at += 2 * size) {
		uint64_t type = word(vector + at, size);
		if (!type)
			return found;
		if (type >= VECTOR_TYPES)
			return 0;
		if (type == wanted)
			found = word(vector + at + size, size);
	}
	return 0;
}

// What the kernel told the process at its start, which may be one of 32 bits: every vector has the size of a page.
static uint64_t vector_entry(pid_t pid, uint64_t wanted)
{
	size_t length = 0;
	char *vector = process_read(pid, "auxv", &length);
	if (!vector)
		return 0;
	bool wide = find_entry(vector, length, sizeof(uint64_t), PAGESZ);
	uint64_t found = find_entry(vector, length, wide ? sizeof(uint64_t) : sizeof(uint32_t), wanted);
	free(vector);
	return found;
}

// As the kernel was told to execute it: a script's own name. From the process's memory, which is only read.
static bool read_execfn(pid_t pid, char name[PATH_MAX])
{
	char path[32];
	uint64_t at = vector_entry(pid, EXECFN);
	snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
	int fd = at ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	ssize_t got = fd < 0 ? -1 : pread(fd, name, PATH_MAX - 1, (off_t)at);
	if (fd >= 0)
		close(fd);
	if (got > 0)
		name[got] = '\0';
	return got > 0;
}

static void find_start(pid_t pid)
{
	size_t size;
	if (read_execfn(pid, started_as))
		return;
	char *arguments = process_read(pid, "cmdline", &size);
	snprintf(started_as, sizeof(started_as), "%s", arguments ? arguments : "");
	free(arguments);
}

static const char *program_path(unsigned number)
{
	if (number == 0)
		find_start(current->pid);
	return number == 0 ? started_as : number == 1 ? current->executable : NULL;
}

// ---- its environment and files --------------------------------------------------------------------------

// As seen from its root and its directory.
static long read_file(const char *path, struct arena *arena, const char **content)
{
	char seen[PATH_MAX];
	if (snprintf(seen, sizeof(seen), "/proc/%d/%s%s", (int)current->pid, *path == '/' ? "root" : "cwd/",
	            path) >= PATH_MAX)
		return -ENAMETOOLONG;
	return policy_file_read(seen, arena, content);
}

// Those of the variables that are ours, NULL at the end; to be freed.
static char **list_variables(char *bytes, size_t size)
{
	size_t count = 0;
	char **list = calloc(size / sizeof(POLICY_PREFIX) + 1, sizeof(*list));
	for (char *at = bytes; list && at < bytes + size; at += strlen(at) + 1)
		if (!strncmp(at, POLICY_PREFIX, strlen(POLICY_PREFIX)))
			list[count++] = at;
	return list;
}

// ---- reading it -----------------------------------------------------------------------------------------

static enum policy_verdict try_to_read(
        struct governed *governed, char *const *variables, size_t size, struct policy_error *error)
{
	const struct policy_source source = {variables, program_path, read_file};
	governed->arena = (struct arena){.size = size};
	governed->arena.start =
	        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (governed->arena.start == MAP_FAILED) {
		governed->arena = (struct arena){0};
		snprintf(error->text, sizeof(error->text), "there is no memory");
		return POLICY_ERROR;
	}
	return policy_read(&governed->policy, &governed->arena, &source, error);
}

static void read_policy(struct governed *governed, char *const *variables)
{
	struct policy_error error;
	size_t size = ARENA_FIRST;
	enum policy_verdict verdict = try_to_read(governed, variables, size, &error);
	while (governed->arena.exhausted && size < ARENA_LAST) {
		governed_forget(governed);
		verdict = try_to_read(governed, variables, size *= 4, &error);
	}
	governed->state = verdict == POLICY_ERROR  ? GOVERNED_OPAQUE
	                  : verdict == POLICY_NONE ? GOVERNED_IDLE
	                                           : GOVERNED;
	if (verdict == POLICY_ERROR)
		snprintf(governed->why, sizeof(governed->why), "%s", error.text);
}

// Whether the library is one of the files in its memory; -1: that may not be read.
static int has_library(pid_t pid)
{
	char line[PATH_MAX + 128];
	int found = 0;
	FILE *map = process_open(pid, "maps");
	if (!map)
		return -1;
	while (!found && fgets(line, sizeof(line), map)) {
		const char *slash = strrchr(line, '/');
		found = slash && !strncmp(slash, "/libsockgraft.so", 16) && strchr("\n .", slash[16]);
	}
	if (ferror(map))
		found = -1;
	fclose(map);
	return found;
}

void governed_read(const struct process *process, struct governed *governed)
{
	size_t size;
	*governed = (struct governed){.state = GOVERNED_UNKNOWN};
	int library = has_library(process->pid);
	if (library >= 0)
		governed->state = library ? GOVERNED_OPAQUE : GOVERNED_NOT;
	if (library <= 0)
		return;
	if (vector_entry(process->pid, SECURE)) { // it doesn't listen to its environment
		governed->state = GOVERNED_IDLE;
		return;
	}
	char *environment = process_read(process->pid, "environ", &size);
	char **variables = environment ? list_variables(environment, size) : NULL;
	current = process;
	if (variables)
		read_policy(governed, variables);
	else
		snprintf(governed->why, sizeof(governed->why), "%s", strerror(errno));
	free(variables);
	free(environment);
}

void governed_forget(struct governed *governed)
{
	if (governed->arena.start)
		munmap(governed->arena.start, governed->arena.size);
	governed->arena = (struct arena){0};
}

// ---- facts ----------------------------------------------------------------------------------------------

// What the kernel has, as the program asked for it.
static struct facts facts_of(const struct governed *governed, const struct inet_socket *of)
{
	const struct policy *policy = &governed->policy;
	struct facts facts = of->facts;
	uint16_t port = graft_address_port(&facts.local);
	if (facts.to_known) {
		facts.real_to = facts.to;
		if (!plan_redirect_back(policy, &facts, graft_address_is_multicast(&facts.to), &facts.to))
			facts.real_to = (union graft_address){0};
	}
	if (of->wanted.any.sa_family) {
		facts.local = of->wanted;
		graft_address_set_port(&facts.local, port);
	} else if (facts.local_known && graft_address_is_multicast(&facts.local))
		plan_redirect_back(policy, &facts, true, &facts.local);
	return facts;
}

// ---- reasons --------------------------------------------------------------------------------------------

struct reasons {
	struct reason *list;
	unsigned count;
};

static void add(struct reasons *reasons, const char *key, const char *origin)
{
	if (!origin || reasons->count == REASONS_AT_MOST)
		return;
	for (unsigned i = 0; i < reasons->count; i++)
		if (!strcmp(reasons->list[i].key, key) && !strcmp(reasons->list[i].origin, origin))
			return;
	reasons->list[reasons->count++] = (struct reason){key, origin};
}

// An address leads to an interface in the process's own network namespace alone: it counts as the one.
static bool names_interface(const struct membership *membership, const struct joined *joined)
{
	for (unsigned i = 0; i < membership->interface_count; i++) {
		const struct graft_interface *interface = &membership->interfaces[i];
		if (interface->by == GRAFT_BY_ADDRESS ||
		        (interface->by == GRAFT_BY_INDEX && interface->index == joined->membership.index) ||
		        (interface->by == GRAFT_BY_NAME && !strcmp(interface->name, joined->interface)) ||
		        (interface->by == GRAFT_BY_PATTERN &&
		                graft_pattern_matches(interface->name, joined->interface)))
			return true;
	}
	return !membership->interface_count;
}

static void add_joins(struct reasons *reasons, const struct policy *policy, const struct facts *facts,
        const struct joined *joined)
{
	struct plan_cursor cursor = {0};
	const struct membership *membership;
	while ((membership = plan_next_join(policy, facts, &cursor)))
		if (graft_address_equal(&membership->group, &joined->membership.group) &&
		        names_interface(membership, joined))
			add(reasons, policy_key_words[KEY_JOIN], membership->origin);
}

// Of what the program joined by itself.
static void add_changes(struct reasons *reasons, const struct policy *policy, const struct facts *facts,
        const struct joined *joined)
{
	struct plan_cursor cursor = {0};
	const struct membership *filter;
	const char *origin = NULL;
	union graft_address group = joined->membership.group;
	graft_address_set_port(&group, graft_address_port(&facts->local));
	union graft_address asked = group, there;
	if (plan_redirect_back(policy, facts, true, &asked)) {
		there = asked;
		plan_redirect(policy, facts, &there, &origin);
		add(reasons, policy_key_words[KEY_REDIRECT], origin);
	}
	while ((filter = plan_next_filter(policy, facts, &group, &cursor)))
		if (names_interface(filter, joined))
			add(reasons, policy_key_words[KEY_FILTER], filter->origin);
}

static void add_peer(struct reasons *reasons, const struct policy *policy, const struct facts *facts)
{
	const char *origin = NULL;
	union graft_address there = facts->to;
	if (facts->to_known && plan_redirect(policy, facts, &there, &origin))
		add(reasons, policy_key_words[KEY_REDIRECT], origin);
}

static bool is_for(const struct inet_socket *of, enum policy_key key)
{
	if ((unsigned)key >= GRAFT_KEYED_OPTIONS)
		return key != KEY_INTERFACE || socket_is_message(of);
	const struct graft_option_row *row = &graft_option_rows[key];
	bool sided = row->column[GRAFT_IPV4].level == SOL_SOCKET;
	for (enum graft_side side = GRAFT_IPV4; side <= GRAFT_IPV6; side++)
		sided |= row->column[side].name && of->has_side[side];
	return sided && (row->kinds != GRAFT_KIND_MESSAGE || socket_is_message(of));
}

static void add_settings(struct reasons *reasons, const struct policy *policy, const struct facts *facts,
        const struct inet_socket *of)
{
	struct plan plan;
	plan_make(&plan, policy, facts);
	for (enum policy_key key = 0; key < KEY_COUNT; key++)
		if (plan.values[key] && key != KEY_JOIN && key != KEY_FILTER && key != KEY_REDIRECT &&
		        is_for(of, key))
			add(reasons, policy_key_words[key], plan.values[key]->origin);
}

unsigned governed_reasons(const struct governed *governed, const struct inet_socket *of,
        const struct joined *joined, struct reason list[REASONS_AT_MOST])
{
	struct reasons reasons = {list, 0};
	if (governed->state != GOVERNED)
		return 0;
	const struct facts facts = facts_of(governed, of);
	if (joined)
		add_joins(&reasons, &governed->policy, &facts, joined);
	if (joined && !reasons.count)
		add_changes(&reasons, &governed->policy, &facts, joined);
	add_peer(&reasons, &governed->policy, &facts);
	add_settings(&reasons, &governed->policy, &facts, of);
	return reasons.count;
}

// ---- the outgoing interface -----------------------------------------------------------------------------

const char *governed_outgoing(
        const struct governed *governed, const struct inet_socket *of, char *buffer, size_t size)
{
	struct plan plan;
	char name[GRAFT_INTERFACE_TEXT];
	struct text text = {.start = buffer, .size = size};
	*buffer = '\0';
	if (governed->state != GOVERNED || !socket_is_message(of))
		return buffer;
	const struct facts facts = facts_of(governed, of);
	plan_make(&plan, &governed->policy, &facts);
	const struct setting *setting = plan.values[KEY_INTERFACE];
	for (unsigned i = 0; setting && i < setting->value.interfaces.count; i++) {
		text_put(&text, i ? "+" : "");
		text_put(&text, graft_interface_text(&setting->value.interfaces.items[i], name));
	}
	return buffer;
}
