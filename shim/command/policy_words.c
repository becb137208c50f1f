#include "policy_words.h"

enum { WORDS_SIZE = 1 << 20 }; // what doesn't fit is left out

static char buffer[WORDS_SIZE];

static void put_address(struct text *words, const union graft_address *address)
{
	char text[GRAFT_ADDRESS_TEXT];
	text_put(words, graft_address_text(address, text));
}

// ---- which sockets --------------------------------------------------------------------------------------

static void put_prefix(struct text *words, const struct graft_prefix *prefix)
{
	put_address(words, &prefix->address);
	if (prefix->length == (prefix->address.any.sa_family == AF_INET ? 32U : 128U))
		return;
	text_put(words, "/");
	text_put_number(words, prefix->length);
}

// What goes before the item of that number, of so many.
static const char *joint(unsigned number, unsigned count)
{
	return !number ? "" : number + 1 == count ? " or " : ", ";
}

static void put_ports(struct text *words, const struct list *ports)
{
	const struct port_range *items = ports->items;
	text_put(words, ports->count ? " bound to port " : "");
	for (unsigned i = 0; i < ports->count; i++) {
		text_put(words, joint(i, ports->count));
		text_put_number(words, items[i].low);
		if (items[i].high == items[i].low)
			continue;
		text_put(words, "-");
		text_put_number(words, items[i].high);
	}
}

static void put_locals(struct text *words, const struct match *match)
{
	const struct graft_prefix *items = match->locals.items;
	if (match->locals.count)
		text_put(words, match->ports.count ? " at the address " : " bound to the address ");
	for (unsigned i = 0; i < match->locals.count; i++) {
		text_put(words, joint(i, match->locals.count));
		put_prefix(words, &items[i]);
	}
}

static void put_peers(struct text *words, const struct list *peers)
{
	const struct endpoint *items = peers->items;
	text_put(words, peers->count ? " that send to " : "");
	for (unsigned i = 0; i < peers->count; i++) {
		text_put(words, joint(i, peers->count));
		put_prefix(words, &items[i].prefix);
		if (!items[i].port)
			continue;
		text_put(words, " port ");
		text_put_number(words, items[i].port);
	}
}

const char *match_words(const struct match *match)
{
	static const char *const kinds[] = {"other ", "UDP ", "TCP ", "raw "};
	struct text words = TEXT_IN(buffer);
	bool every = match->any_kind && !match->family && !match->ports.count && !match->locals.count &&
	             !match->peers.count;
	if (every)
		return "every socket";
	text_put(&words, match->family == AF_INET ? "IPv4 " : match->family ? "IPv6 " : "");
	text_put(&words, match->any_kind ? "" : kinds[match->kind]);
	text_put(&words, "sockets");
	put_ports(&words, &match->ports);
	put_locals(&words, match);
	put_peers(&words, &match->peers);
	return buffer;
}

// ---- settings -------------------------------------------------------------------------------------------

static void put_bind(struct text *words, const struct setting *setting)
{
	static const char *const modes[] = {"auto", "any", "group", "keep"};
	if (setting->value.bind.mode == BIND_ADDRESS)
		put_address(words, &setting->value.bind.address);
	else
		text_put(words, modes[setting->value.bind.mode]);
}

static void put_memberships(struct text *words, const struct setting *setting)
{
	for (unsigned i = 0; i < setting->value.memberships.count; i++) {
		text_put(words, i ? "," : "");
		membership_text(&setting->value.memberships.items[i], words);
	}
}

static void put_redirects(struct text *words, const struct setting *setting)
{
	const struct redirect *items = setting->value.redirects.items;
	for (unsigned i = 0; i < setting->value.redirects.count; i++) {
		text_put(words, i ? "," : "");
		put_address(words, &items[i].from);
		text_put(words, "->");
		put_address(words, &items[i].to);
	}
}

static void put_interfaces(struct text *words, const struct setting *setting)
{
	char text[GRAFT_INTERFACE_TEXT];
	for (unsigned i = 0; i < setting->value.interfaces.count; i++) {
		text_put(words, i ? "+" : "");
		text_put(words, graft_interface_text(&setting->value.interfaces.items[i], text));
	}
}

static void put_number(struct text *words, const struct setting *setting)
{
	static const char *const reuses[] = {"", "addr", "port", "both"};
	int64_t number = setting->value.number;
	const char *name = setting->key == KEY_DSCP ? graft_dscp_name((unsigned)number) : NULL;
	if (setting->key == KEY_REUSE)
		name = reuses[number & (REUSE_ADDR | REUSE_PORT)];
	else if (setting->key < KEY_JOIN && graft_option_rows[setting->key].unit == GRAFT_UNIT_SWITCH)
		name = number ? "on" : "off";
	if (name)
		text_put(words, name);
	else
		text_put_number(words, number);
}

const char *setting_words(const struct setting *setting)
{
	struct text words = TEXT_IN(buffer);
	text_put(&words, setting->fallback ? "?" : "");
	switch (setting->key) {
	case KEY_JOIN:
	case KEY_FILTER:
		put_memberships(&words, setting);
		break;
	case KEY_REDIRECT:
		put_redirects(&words, setting);
		break;
	case KEY_INTERFACE:
		put_interfaces(&words, setting);
		break;
	case KEY_BIND:
		put_bind(&words, setting);
		break;
	case KEY_DEVICE:
		text_put(&words, setting->value.name);
		break;
	default:
		put_number(&words, setting);
	}
	return buffer;
}
