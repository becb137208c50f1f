// Redirects that lead in a circle: A->B and B->A, or by way of others.
//
// There is a circle where a destination, address and port, comes back to itself by redirects that one socket may be
// under. A redirect that is behind another which is certain to be taken leads nowhere. Not more than one redirect is
// ever followed for a datagram, so what is missed here, of policies too tangled to go through, does no harm.
#include "rule.h"

enum {
	REDIRECTS_AT_MOST = 256, // each is looked through for each datagram
	STEPS_AT_MOST = 1 << 22,
};

struct link {
	const struct redirect *redirect;
	const struct match *match;
	bool between; // others lead to it, and it leads to others
};

struct walk {
	struct link links[REDIRECTS_AT_MOST]; // the strongest first
	unsigned count;
	struct {
		const struct link *link;
		union graft_address at;
	} way[REDIRECTS_AT_MOST]; // those taken so far; what is looked for is whether the first comes again
	unsigned length;
	union graft_address start; // where the first one leads
	unsigned steps;            // so many more are made
};

// To be asked at each step.
static bool give_up(struct walk *walk)
{
	walk->steps -= walk->steps != 0;
	return !walk->steps;
}

// ---- which rules one socket may be under ----------------------------------------------------------------

static bool ports_meet(struct walk *walk, const struct list *a, const struct list *b)
{
	const struct port_range *ours = a->items, *theirs = b->items;
	for (unsigned i = 0; i < a->count; i++)
		for (unsigned j = 0; j < b->count && !give_up(walk); j++)
			if (ours[i].low <= theirs[j].high && theirs[j].low <= ours[i].high)
				return true;
	return !a->count || !b->count;
}

static bool locals_meet(struct walk *walk, const struct list *a, const struct list *b)
{
	const struct graft_prefix *ours = a->items, *theirs = b->items;
	for (unsigned i = 0; i < a->count; i++)
		for (unsigned j = 0; j < b->count && !give_up(walk); j++)
			if (graft_prefix_covers(&ours[i], &theirs[j].address) ||
			        graft_prefix_covers(&theirs[j], &ours[i].address))
				return true;
	return !a->count || !b->count;
}

static bool rules_meet(struct walk *walk, const struct match *a, const struct match *b)
{
	return (a->any_kind || b->any_kind || a->kind == b->kind) && ports_meet(walk, &a->ports, &b->ports) &&
	       locals_meet(walk, &a->locals, &b->locals);
}

static bool is_point(const union graft_address *a, const union graft_address *b)
{
	return graft_address_equal(a, b) && graft_address_port(a) == graft_address_port(b);
}

// A port of 0 in `at` is one that no redirect names.
static bool leaves(const struct redirect *redirect, const union graft_address *at)
{
	uint16_t from = graft_address_port(&redirect->from);
	return graft_address_equal(&redirect->from, at) && (!from || from == graft_address_port(at));
}

static union graft_address sent_on(const struct redirect *redirect, const union graft_address *at)
{
	union graft_address to = redirect->to;
	if (!graft_address_port(&to))
		graft_address_set_port(&to, graft_address_port(at));
	return to;
}

static bool covers(const struct endpoint *peer, const union graft_address *at)
{
	return graft_prefix_covers(&peer->prefix, at) &&
	       (!peer->port || peer->port == graft_address_port(at));
}

// to= covers the destination as it was asked for, or as the redirect has it.
static bool covers_destination(struct walk *walk, const struct link *link, const union graft_address *at)
{
	const struct list *list = &link->match->peers;
	const struct endpoint *peers = list->items;
	union graft_address next = sent_on(link->redirect, at);
	for (unsigned i = 0; i < list->count && !give_up(walk); i++)
		if (covers(&peers[i], at) || covers(&peers[i], &next))
			return true;
	return !list->count;
}

// Whether a socket that all rules of the way are for, sending to `at`, may come under the link's rule; `*certain`: it
// does.
static bool is_under(struct walk *walk, const struct link *link, const union graft_address *at, bool *certain)
{
	const struct match *match = link->match;
	bool same = false, known = match->any_kind;
	if (match->family && match->family != at->any.sa_family)
		return false;
	for (unsigned i = 0; i < walk->length && !give_up(walk); i++) {
		const struct match *other = walk->way[i].link->match;
		same |= match == other;
		known |= !other->any_kind;
		if (match != other && !rules_meet(walk, match, other))
			return false;
	}
	*certain = same || (known && !match->ports.count && !match->locals.count);
	return walk->steps && covers_destination(walk, link, at);
}

// ---- following them -------------------------------------------------------------------------------------

static bool was_at(struct walk *walk, const union graft_address *point)
{
	for (unsigned i = 1; i < walk->length && !give_up(walk); i++)
		if (is_point(&walk->way[i].at, point))
			return true;
	return false;
}

// Whether no stronger link is certain to be taken in place of this one, by what is known of the socket by now.
static bool is_first(struct walk *walk, const struct link *link, const union graft_address *at)
{
	for (const struct link *other = walk->links; other < link && !give_up(walk); other++) {
		bool certain;
		if (leaves(other->redirect, at) && is_under(walk, other, at, &certain) && certain)
			return false;
	}
	return true;
}

// Whether the way, which comes back to its first link at `at`, is one that a socket can go: what a link further on asks
// for may make a stronger one certain that was passed by before.
static bool is_circle(struct walk *walk, const union graft_address *at)
{
	for (unsigned i = 1; i < walk->length && !give_up(walk); i++)
		if (!is_first(walk, walk->way[i].link, &walk->way[i].at))
			return false;
	return is_first(walk, walk->way[0].link, at) && !give_up(walk);
}

static void go(struct walk *walk, const struct link *link, const union graft_address *at)
{
	walk->way[walk->length].link = link;
	walk->way[walk->length++].at = *at;
}

static bool goes_round(struct walk *walk, const union graft_address *at);

// Takes the link at `at`: whether that closes the circle, here or further on.
static bool take(struct walk *walk, const struct link *link, const union graft_address *at)
{
	union graft_address next = sent_on(link->redirect, at);
	if (!link->between || is_point(&next, at))
		return false; // what goes there stays there
	if (link == walk->way[0].link && is_point(&next, &walk->start))
		return is_circle(walk, at);
	if (walk->length == REDIRECTS_AT_MOST || was_at(walk, &next))
		return false;
	go(walk, link, at);
	if (goes_round(walk, &next))
		return true;
	walk->length--;
	return false;
}

// Whether what goes to `at` may come back to the first link of the way; the way is as long as it takes then.
static bool goes_round(struct walk *walk, const union graft_address *at)
{
	bool certain = false;
	for (unsigned i = 0; i < walk->count && !certain && !give_up(walk); i++) {
		const struct link *link = &walk->links[i];
		if (!leaves(link->redirect, at) || !is_under(walk, link, at, &certain)) {
			certain = false;
			continue;
		}
		if (take(walk, link, at))
			return true;
	}
	return false;
}

static void put_redirect(struct text *text, const struct redirect *redirect)
{
	char address[GRAFT_ADDRESS_TEXT];
	text_put(text, "\"");
	text_put(text, graft_address_text(&redirect->from, address));
	text_put(text, "->");
	text_put(text, graft_address_text(&redirect->to, address));
	text_put(text, "\"");
}

static bool fail_loop(struct reader *reader, const struct redirect *first, const struct redirect *last)
{
	reader->where = first->origin;
	struct text *line = fail_line(reader);
	put_redirect(line, first);
	text_put(line, ": expected no loop, but ");
	put_redirect(line, last);
	text_put(line, " (");
	text_put(line, last->origin);
	text_put(line, ") leads back");
	return false;
}

// Whether nothing that is sent to `port` of where the link begins comes back there.
static bool check_port(struct reader *reader, struct walk *walk, const struct link *link, uint16_t port)
{
	union graft_address at = link->redirect->from;
	bool certain;
	graft_address_set_port(&at, port);
	walk->length = 0;
	if (!is_under(walk, link, &at, &certain))
		return true;
	walk->start = sent_on(link->redirect, &at);
	go(walk, link, &at);
	return !goes_round(walk, &walk->start) ||
	       fail_loop(reader, link->redirect, walk->way[walk->length - 1].link->redirect);
}

// A link that takes every port is followed from those that its rule's to= names, too.
static bool check_link(struct reader *reader, struct walk *walk, const struct link *link)
{
	const struct endpoint *peers = link->match->peers.items;
	uint16_t port = graft_address_port(&link->redirect->from);
	if (!link->between)
		return true;
	if (!check_port(reader, walk, link, port))
		return false;
	for (unsigned i = 0; !port && i < link->match->peers.count && !give_up(walk); i++)
		if (peers[i].port && !check_port(reader, walk, link, peers[i].port))
			return false;
	return true;
}

// ---- all of them ----------------------------------------------------------------------------------------

static bool fail_redirect(struct reader *reader, const struct redirect *redirect, const char *expected)
{
	reader->where = redirect->origin;
	struct text *line = fail_line(reader);
	put_redirect(line, redirect);
	text_put(line, expected);
	return false;
}

static bool collect_one(struct reader *reader, struct walk *walk, const struct link *link)
{
	const struct match *match = link->match;
	if (walk->count == REDIRECTS_AT_MOST)
		return fail_redirect(reader, link->redirect, ": expected at most 256 redirects");
	if (!match->any_kind && match->kind == SOCKET_TCP && graft_address_is_multicast(&link->redirect->to))
		return fail_redirect(reader, link->redirect,
		        ": expected no group after \"->\" in a rule for tcp, which connects to none");
	walk->links[walk->count++] = *link;
	return true;
}

static bool collect(struct reader *reader, struct walk *walk, const struct rule *rule)
{
	for (unsigned i = 0; i < rule->setting_count; i++) {
		const struct setting *setting = &rule->settings[i];
		if (setting->key != KEY_REDIRECT)
			continue;
		for (unsigned j = 0; j < setting->value.redirects.count; j++) {
			const struct link link = {&setting->value.redirects.items[j], &rule->match, true};
			if (!collect_one(reader, walk, &link))
				return false;
		}
	}
	return true;
}

static bool is_between(const struct walk *walk, const struct redirect *redirect)
{
	bool follows = false, precedes = false;
	for (unsigned i = 0; i < walk->count && !(follows && precedes); i++) {
		const struct redirect *other = walk->links[i].redirect;
		follows |= walk->links[i].between && graft_address_equal(&other->to, &redirect->from);
		precedes |= walk->links[i].between && graft_address_equal(&other->from, &redirect->to);
	}
	return follows && precedes;
}

// Most redirects lead to no other. They stay in their place all the same, before those that they are stronger than.
static void find_between(struct walk *walk)
{
	bool again = true;
	while (again) {
		again = false;
		for (unsigned i = 0; i < walk->count; i++) {
			if (!walk->links[i].between || is_between(walk, walk->links[i].redirect))
				continue;
			walk->links[i].between = false;
			again = true;
		}
	}
}

bool redirects_check(struct reader *reader)
{
	struct walk walk;
	const struct rule *rules = reader->rules.items;
	walk.count = 0;
	walk.steps = STEPS_AT_MOST;
	for (unsigned i = 0; i < reader->rules.count; i++)
		if (!collect(reader, &walk, &rules[i]))
			return false;
	find_between(&walk);
	for (unsigned i = 0; i < walk.count; i++)
		if (!check_link(reader, &walk, &walk.links[i]))
			return false;
	return true;
}
