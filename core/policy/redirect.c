// Redirects: FROM->TO, and that none leads back to where another began.
#include "rule.h"

// Each is held against each, and looked through for each datagram.
enum { REDIRECTS_AT_MOST = 256 };

const char redirect_form[] = "expected FROM->TO, each ADDRESS[:PORT], such as 192.0.2.9:5000->239.1.1.1:5000";

// ---- reading --------------------------------------------------------------------------------------------

static const char *problem_of(const struct endpoint *from, const struct endpoint *to)
{
	const union graft_address *a = &from->prefix.address, *b = &to->prefix.address;
	if (a->any.sa_family != b->any.sa_family)
		return "expected both sides of \"->\" to be IPv4, or both IPv6";
	if (graft_address_is_any(a) || graft_address_is_any(b))
		return "expected addresses that something can be sent to";
	if (graft_address_equal(a, b) && (from->port == to->port || !to->port))
		return "expected another address or port after \"->\" than before";
	return NULL;
}

bool redirect_parse(struct reader *reader, struct span item, struct redirect *redirect)
{
	struct span from, to = item;
	do {
		if (!span_cut(&to, '>', &from))
			return fail(reader, item, redirect_form);
	} while (!from.length || from.start[from.length - 1] != '-');
	from = (struct span){item.start, (size_t)(to.start - item.start) - 2};
	struct endpoint a, b;
	const char *problem = endpoint_parse(from, ENDPOINT_PORT, redirect_form, &a);
	if (!problem)
		problem = endpoint_parse(to, ENDPOINT_PORT, redirect_form, &b);
	if (!problem)
		problem = problem_of(&a, &b);
	if (problem)
		return fail(reader, item, problem);
	redirect->from = a.prefix.address;
	redirect->to = b.prefix.address;
	graft_address_set_port(&redirect->from, a.port);
	graft_address_set_port(&redirect->to, b.port);
	return true;
}

// ---- loops ----------------------------------------------------------------------------------------------

struct link {
	const struct redirect *redirect;
	const struct match *match;
};

struct chain {
	struct link links[REDIRECTS_AT_MOST];
	unsigned count;
};

// Whether one socket may be one that both ask for.
static bool may_meet(const struct match *a, const struct match *b)
{
	const struct port_range *ours = a->ports.items, *theirs = b->ports.items;
	bool kinds = a->any_kind || b->any_kind || a->kind == b->kind;
	bool families = !a->family || !b->family || a->family == b->family;
	bool ports = !a->ports.count || !b->ports.count;
	for (unsigned i = 0; !ports && i < a->ports.count; i++)
		for (unsigned j = 0; j < b->ports.count; j++)
			ports |= ours[i].low <= theirs[j].high && theirs[j].low <= ours[i].high;
	return kinds && families && ports;
}

// The redirect that what goes to `at` would come to next, or NULL.
static const struct link *next_link(
        const struct chain *chain, const struct match *match, const union graft_address *at)
{
	for (unsigned i = 0; i < chain->count; i++) {
		const struct redirect *redirect = chain->links[i].redirect;
		uint16_t port = graft_address_port(at), from = graft_address_port(&redirect->from);
		if (graft_address_equal(&redirect->from, at) && (!port || !from || port == from) &&
		        may_meet(match, chain->links[i].match))
			return &chain->links[i];
	}
	return NULL;
}

static void follow(const struct redirect *redirect, union graft_address *at)
{
	uint16_t port = graft_address_port(at);
	if (graft_address_port(&redirect->from))
		port = graft_address_port(&redirect->from);
	if (graft_address_port(&redirect->to))
		port = graft_address_port(&redirect->to);
	*at = redirect->to;
	graft_address_set_port(at, port);
}

static void put_redirect(struct text *text, const struct redirect *redirect)
{
	char address[GRAFT_ADDRESS_TEXT];
	text_put(text, graft_address_text(&redirect->from, address));
	text_put(text, "->");
	text_put(text, graft_address_text(&redirect->to, address));
}

static bool fail_loop(struct reader *reader, const struct redirect *first, const struct redirect *last)
{
	char words[2 * GRAFT_ADDRESS_TEXT + 4];
	struct text text = TEXT_IN(words);
	put_redirect(&text, first);
	reader->where = first->origin;
	struct text *line = fail_begin(reader, (struct span){words, text.length});
	text_put(line, "expected no loop, but \"");
	put_redirect(line, last);
	text_put(line, "\" (");
	text_put(line, last->origin);
	text_put(line, ") leads back");
	return false;
}

// Whether what `link` sends on comes back to it.
static bool check_link(struct reader *reader, const struct chain *chain, const struct link *link)
{
	const struct link *last = link, *next;
	union graft_address at = link->redirect->from;
	for (unsigned steps = 0; steps < chain->count; steps++) {
		follow(last->redirect, &at);
		next = next_link(chain, link->match, &at);
		if (!next)
			return true;
		if (next == link)
			return fail_loop(reader, link->redirect, last->redirect);
		last = next;
	}
	return true; // one of the others goes round; that is told of it
}

static bool collect(struct reader *reader, const struct rule *rule, struct chain *chain)
{
	for (unsigned i = 0; i < rule->setting_count; i++) {
		const struct setting *setting = &rule->settings[i];
		for (unsigned j = 0; setting->key == KEY_REDIRECT && j < setting->value.redirects.count;
		        j++) {
			const struct redirect *redirect = &setting->value.redirects.items[j];
			if (chain->count == REDIRECTS_AT_MOST) {
				char words[2 * GRAFT_ADDRESS_TEXT + 4];
				struct text text = TEXT_IN(words);
				put_redirect(&text, redirect);
				reader->where = redirect->origin;
				return fail(reader, (struct span){words, text.length},
				        "expected at most 256 redirects");
			}
			chain->links[chain->count++] = (struct link){redirect, &rule->match};
		}
	}
	return true;
}

bool redirects_check(struct reader *reader)
{
	struct chain chain;
	const struct rule *rules = reader->rules.items;
	chain.count = 0;
	for (unsigned i = 0; i < reader->rules.count; i++)
		if (!collect(reader, &rules[i], &chain))
			return false;
	for (unsigned i = 0; i < chain.count; i++)
		if (!check_link(reader, &chain, &chain.links[i]))
			return false;
	return true;
}
