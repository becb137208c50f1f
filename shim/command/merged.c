// By the same rules as the shim's (merge.c).
#include "merged.h"

#include <stdlib.h>
#include <string.h>

#include "../../core/text.h"
#include "../merge.h"
#include "command.h"
#include "policy_checks.h"

// ---- which ----------------------------------------------------------------------------------------------

static bool same_group(const struct resolved *a, const struct resolved *b)
{
	return a->index == b->index && graft_address_equal(&a->membership->group, &b->membership->group);
}

static bool said_before(const struct resolution *resolution, const struct resolved *one)
{
	for (const struct resolved *other = resolution->items; other < one; other++)
		if (same_group(one, other) && share_socket(one, other) && share_socket(other, one))
			return true;
	return false;
}

// All that is on a socket with this one.
static void collect(const struct resolution *resolution, const struct resolved *one, struct joins *joins)
{
	joins->count = 0;
	for (unsigned i = 0; i < resolution->count && joins->count < JOINS_AT_MOST; i++) {
		const struct resolved *other = &resolution->items[i];
		if (other == one || (other->index && share_socket(one, other)))
			joins->list[joins->count++] =
			        (struct join){.membership = other->membership, .index = other->index};
	}
}

// ---- sources --------------------------------------------------------------------------------------------

struct sources {
	union graft_address *list;
	unsigned count;
};

static void add(struct sources *sources, const union graft_address *source)
{
	for (unsigned i = 0; i < sources->count; i++)
		if (graft_address_equal(&sources->list[i], source))
			return;
	union graft_address *longer = reallocarray(sources->list, sources->count + 1, sizeof(*sources->list));
	if (!longer) {
		complain("there is no memory");
		exit(EXIT_REFUSED);
	}
	longer[sources->count++] = *source;
	sources->list = longer;
}

static void find_sources(
        const struct joins *joins, const struct join *join, struct merged *merged, struct sources *sources)
{
	const struct membership *open = merge_open(joins, join);
	merged->exclude = open;
	for (unsigned i = 0; open && open->exclude && i < open->source_count; i++)
		if (!merge_admits(joins, join, &open->sources[i]))
			add(sources, &open->sources[i]);
	for (unsigned i = 0; i < joins->count && !open; i++)
		for (unsigned j = 0;
		        merge_together(&joins->list[i], join) && j < joins->list[i].membership->source_count;
		        j++)
			add(sources, &joins->list[i].membership->sources[j]);
}

// ---- origins --------------------------------------------------------------------------------------------

static bool is_earlier(const struct joins *joins, const struct join *join, unsigned number)
{
	for (unsigned i = 0; i < number; i++)
		if (merge_together(&joins->list[i], join) &&
		        !strcmp(joins->list[i].membership->origin, joins->list[number].membership->origin))
			return true;
	return false;
}

static void put_origins(const struct joins *joins, const struct join *join, struct merged *merged)
{
	struct text text = TEXT_IN(merged->origins);
	for (unsigned i = 0; i < joins->count; i++) {
		if (!merge_together(&joins->list[i], join) || is_earlier(joins, join, i))
			continue;
		text_put(&text, text.length ? ", " : "");
		text_put(&text, joins->list[i].membership->origin);
	}
}

// ---- one ------------------------------------------------------------------------------------------------

static bool is_by_route(const struct resolution *resolution, const struct resolved *one)
{
	bool by_route = one->by_route;
	for (unsigned i = 0; i < resolution->count; i++)
		if (same_group(one, &resolution->items[i]) && share_socket(one, &resolution->items[i]))
			by_route &= resolution->items[i].by_route;
	return by_route;
}

bool merged_make(const struct resolution *resolution, unsigned which, struct merged *merged)
{
	static struct joins joins;
	const struct resolved *one = &resolution->items[which];
	const struct join join = {.membership = one->membership, .index = one->index};
	struct sources sources = {0};
	bool alone = one->setting->key != KEY_JOIN || !one->index;
	if (!alone && said_before(resolution, one))
		return false;
	*merged = (struct merged){.resolved = one, .by_route = one->by_route};
	joins.count = 1;
	if (alone)
		joins.list[0] = join;
	else
		collect(resolution, one, &joins);
	if (!alone)
		merged->by_route = is_by_route(resolution, one);
	find_sources(&joins, &join, merged, &sources);
	put_origins(&joins, &join, merged);
	merged->sources = sources.list;
	merged->source_count = sources.count;
	return true;
}

void merged_forget(struct merged *merged)
{
	free(merged->sources);
}
