// The match words: which sockets a rule is for.
#include "rule.h"

#include <string.h>

// ---- reading --------------------------------------------------------------------------------------------

// Calls `read` for each item of a comma list; `expected` is for a list without items.
static bool each_item(struct reader *reader, struct match *match, struct span list,
        const char *(*read)(struct reader *, struct match *, struct span), const char *expected)
{
	struct items items = {list, false};
	struct span item;
	enum item found;
	while ((found = items_next(&items, &item)) == ITEM_FOUND) {
		const char *problem = read(reader, match, item);
		if (problem)
			return problem[0] ? fail(reader, item, problem) : fail_memory(reader);
	}
	return found == ITEM_END || fail_missing(reader, list, expected);
}

static const char no_memory[] = "";

static const char port_form[] = "expected ports from 1 to 65535, such as 5000, 5000-5009 or 5000,6000";
static const char local_form[] = "expected addresses or prefixes, such as 192.0.2.7, 10.0.0.0/8 or fe80::/10";
static const char peer_form[] =
        "expected addresses or prefixes with or without a port, such as 239.0.0.0/8:5000 or [ff15::/16]:5000";

static const char *read_ports(struct reader *reader, struct match *match, struct span item)
{
	struct port_range range;
	struct span low = item, high = item;
	span_cut(&high, '-', &low); // without one, both are the item
	if (!port_parse(low, &range.low) || !port_parse(high, &range.high))
		return port_form;
	if (range.low > range.high)
		return "expected the lower port first, such as 5000-5009";
	struct port_range *place = list_add(&match->ports, reader->arena, sizeof(*place));
	if (!place)
		return no_memory;
	*place = range;
	return NULL;
}

static const char *read_local(struct reader *reader, struct match *match, struct span item)
{
	struct endpoint endpoint;
	const char *problem = endpoint_parse(item, ENDPOINT_PREFIX, local_form, &endpoint);
	if (problem)
		return problem;
	struct graft_prefix *place = list_add(&match->locals, reader->arena, sizeof(*place));
	if (!place)
		return no_memory;
	*place = endpoint.prefix;
	return NULL;
}

static const char *read_peer(struct reader *reader, struct match *match, struct span item)
{
	struct endpoint endpoint;
	const char *problem = endpoint_parse(item, ENDPOINT_PREFIX | ENDPOINT_PORT, peer_form, &endpoint);
	if (problem)
		return problem;
	struct endpoint *place = list_add(&match->peers, reader->arena, sizeof(*place));
	if (!place)
		return no_memory;
	*place = endpoint;
	return NULL;
}

// ---- the words ------------------------------------------------------------------------------------------

// Words of one class exclude each other.
enum match_class { MATCH_KIND, MATCH_FAMILY, MATCH_PORT, MATCH_LOCAL, MATCH_PEER, MATCH_PROGRAM };

static const struct match_row {
	char word[8]; // with "=" where a value follows
	enum match_class class;
	int value; // of MATCH_KIND and MATCH_FAMILY
} match_rows[] = {
        {"udp", MATCH_KIND, SOCKET_UDP},
        {"tcp", MATCH_KIND, SOCKET_TCP},
        {"raw", MATCH_KIND, SOCKET_RAW},
        {"ipv4", MATCH_FAMILY, AF_INET},
        {"ipv6", MATCH_FAMILY, AF_INET6},
        {"port=", MATCH_PORT, 0},
        {"addr=", MATCH_LOCAL, 0},
        {"to=", MATCH_PEER, 0},
        {"exe=", MATCH_PROGRAM, 0},
};

enum { MATCH_ROWS = sizeof(match_rows) / sizeof(*match_rows) };

const char *match_word(size_t number)
{
	return number < MATCH_ROWS ? match_rows[number].word : NULL;
}

static bool takes_value(const struct match_row *row)
{
	return row->class > MATCH_FAMILY;
}

static bool is_named(const struct match_row *row, struct span name)
{
	size_t i = 0;
	while (i < name.length && row->word[i] && row->word[i] == name.start[i])
		i++;
	return i == name.length && row->word[i] == (takes_value(row) ? '=' : '\0');
}

static const struct match_row *find(struct span name)
{
	for (size_t i = 0; i < MATCH_ROWS; i++)
		if (is_named(&match_rows[i], name))
			return &match_rows[i];
	return NULL;
}

bool match_known(struct span name)
{
	return find(name);
}

static const char *form_of(enum match_class class)
{
	switch (class) {
	case MATCH_PORT:
		return port_form;
	case MATCH_LOCAL:
		return local_form;
	case MATCH_PEER:
		return peer_form;
	default:
		return "expected program file names, such as exe=vlc or exe=*-receiver";
	}
}

static bool read_value(
        struct reader *reader, struct draft *draft, const struct match_row *row, struct span value)
{
	bool ours = false;
	switch (row->class) {
	case MATCH_KIND:
		draft->match.any_kind = false;
		draft->match.kind = (enum socket_kind)row->value;
		return true;
	case MATCH_FAMILY:
		draft->match.family = row->value;
		return true;
	case MATCH_PORT:
		return each_item(reader, &draft->match, value, read_ports, port_form);
	case MATCH_LOCAL:
		return each_item(reader, &draft->match, value, read_local, local_form);
	case MATCH_PEER:
		return each_item(reader, &draft->match, value, read_peer, peer_form);
	case MATCH_PROGRAM:
		if (!programs_match(reader, value, &ours))
			return false;
		draft->foreign = !ours;
	}
	return true;
}

static bool fail_twice(struct reader *reader, struct span word, enum match_class class)
{
	if (class == MATCH_KIND)
		return fail(reader, word, "expected only one of udp, tcp and raw in a rule");
	if (class == MATCH_FAMILY)
		return fail(reader, word, "expected only one of ipv4 and ipv6 in a rule");
	return fail(reader, word, "given twice in this rule: expected one list, separated by commas");
}

bool match_parse(struct reader *reader, struct draft *draft, struct span word)
{
	struct span name = word, value = word;
	bool valued = span_cut(&value, '=', &name);
	const struct match_row *row = find(name);
	if ((!valued || !value.length) && takes_value(row))
		return fail(reader, word, form_of(row->class));
	if (valued && !takes_value(row))
		return fail(reader, word, "expected this word alone, without \"=\"");
	if (draft->words_seen & 1U << row->class)
		return fail_twice(reader, word, row->class);
	draft->words_seen |= 1U << row->class;
	return read_value(reader, draft, row, value);
}

// ---- matching -------------------------------------------------------------------------------------------

static union graft_address unmapped(const union graft_address *address)
{
	union graft_address inner = *address;
	graft_address_unmap(&inner);
	return inner;
}

// An AF_INET6 socket is an IPv4 one once an address of it is known to be mapped.
static int family_of(const struct facts *facts)
{
	if (facts->family != AF_INET6)
		return facts->family;
	if (facts->local_known && unmapped(&facts->local).any.sa_family == AF_INET)
		return AF_INET;
	if (facts->to_known && unmapped(&facts->to).any.sa_family == AF_INET)
		return AF_INET;
	return AF_INET6;
}

static bool port_holds(const struct list *ports, const struct facts *facts)
{
	const struct port_range *items = ports->items;
	uint16_t port = facts->local_known ? graft_address_port(&facts->local) : 0;
	for (unsigned i = 0; i < ports->count; i++)
		if (port >= items[i].low && port <= items[i].high)
			return true;
	return !ports->count;
}

static bool local_holds(const struct list *locals, const struct facts *facts)
{
	const struct graft_prefix *items = locals->items;
	union graft_address local = unmapped(&facts->local);
	for (unsigned i = 0; facts->local_known && i < locals->count; i++)
		if (graft_prefix_covers(&items[i], &local))
			return true;
	return !locals->count;
}

static bool is_covered(const struct endpoint *endpoint, const union graft_address *address)
{
	union graft_address plain = unmapped(address);
	return graft_prefix_covers(&endpoint->prefix, &plain) &&
	       (!endpoint->port || endpoint->port == graft_address_port(&plain));
}

// A destination is the one that the program asked for, and the one that `redirect` has in its place.
static bool peer_holds(const struct list *peers, const struct facts *facts)
{
	const struct endpoint *items = peers->items;
	for (unsigned i = 0; facts->to_known && i < peers->count; i++)
		if (is_covered(&items[i], &facts->to) || is_covered(&items[i], &facts->real_to))
			return true;
	return !peers->count;
}

bool match_holds(const struct match *match, const struct facts *facts)
{
	return (match->any_kind || match->kind == facts->kind) &&
	       (!match->family || match->family == family_of(facts)) && port_holds(&match->ports, facts) &&
	       local_holds(&match->locals, facts) && peer_holds(&match->peers, facts);
}
