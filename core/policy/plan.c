// From a socket's facts to what holds for it.
#include "rule.h"

void plan_make(struct plan *plan, const struct policy *policy, const struct facts *facts)
{
	*plan = (struct plan){0};
	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct rule *rule = &policy->rules[i];
		if (!match_holds(&rule->match, facts))
			continue;
		for (unsigned j = 0; j < rule->setting_count; j++) {
			const struct setting **value = &plan->values[rule->settings[j].key];
			if (!*value)
				*value = &rule->settings[j];
		}
	}
}

// ---- lists ----------------------------------------------------------------------------------------------

// The setting of `key` at the cursor or behind it, in a rule that holds, or NULL.
static const struct setting *next_setting(const struct policy *policy, const struct facts *facts,
        enum policy_key key, struct plan_cursor *cursor)
{
	for (; cursor->rule < policy->rule_count; cursor->rule++, cursor->setting = 0) {
		const struct rule *rule = &policy->rules[cursor->rule];
		bool entered = cursor->setting || cursor->item;
		for (; cursor->setting < rule->setting_count; cursor->setting++, cursor->item = 0) {
			if (rule->settings[cursor->setting].key != key)
				continue;
			if (!entered && !match_holds(&rule->match, facts))
				break;
			return &rule->settings[cursor->setting];
		}
	}
	return NULL;
}

static bool port_fits(const struct membership *membership, const struct facts *facts)
{
	uint16_t port = membership_port(membership);
	return !port || (facts->local_known && graft_address_port(&facts->local) == port);
}

// The next membership of a list key that fits the local port.
static const struct membership *next_membership(const struct policy *policy, const struct facts *facts,
        enum policy_key key, struct plan_cursor *cursor)
{
	const struct setting *setting;
	while ((setting = next_setting(policy, facts, key, cursor))) {
		while (cursor->item < setting->value.memberships.count) {
			const struct membership *membership =
			        &setting->value.memberships.items[cursor->item++];
			if (port_fits(membership, facts))
				return membership;
		}
		cursor->setting++;
		cursor->item = 0;
	}
	return NULL;
}

const struct membership *plan_next_join(
        const struct policy *policy, const struct facts *facts, struct plan_cursor *cursor)
{
	return next_membership(policy, facts, KEY_JOIN, cursor);
}

static bool has_group(const struct setting *setting, const union graft_address *group)
{
	for (unsigned i = 0; i < setting->value.memberships.count; i++)
		if (graft_address_equal(&setting->value.memberships.items[i].group, group))
			return true;
	return false;
}

bool policy_joins_group(const struct policy *policy, const union graft_address *group)
{
	for (size_t i = 0; i < policy->rule_count; i++)
		for (unsigned j = 0; j < policy->rules[i].setting_count; j++) {
			const struct setting *setting = &policy->rules[i].settings[j];
			if (setting->key == KEY_JOIN && has_group(setting, group))
				return true;
		}
	return false;
}

// ---- filters --------------------------------------------------------------------------------------------

static bool covers(const struct membership *filter, const union graft_address *group)
{
	const struct graft_prefix prefix = {filter->group, filter->group_bits};
	bool any = filter->group.any.sa_family == AF_UNSPEC && graft_address_is_multicast(group);
	return any || graft_prefix_covers(&prefix, group);
}

// Whether both are for the same groups and port. 232.0.0.0/8 is 232.1.1.1/8 too.
static bool written_alike(const struct membership *a, const struct membership *b)
{
	const struct graft_prefix prefix = {a->group, a->group_bits};
	return a->group_bits == b->group_bits && graft_prefix_covers(&prefix, &b->group) &&
	       membership_port(a) == membership_port(b);
}

// Sources of one family are nothing for a group of the other, which "*" may stand for.
static bool sources_fit(const struct membership *filter, const union graft_address *group)
{
	return !filter->source_count || filter->sources->any.sa_family == group->any.sa_family;
}

static const struct membership *next_covering(const struct policy *policy, const struct facts *facts,
        const union graft_address *group, struct plan_cursor *cursor)
{
	const struct membership *filter;
	while ((filter = next_membership(policy, facts, KEY_FILTER, cursor)))
		if (covers(filter, group) && sources_fit(filter, group))
			return filter;
	return NULL;
}

const struct membership *plan_next_filter(const struct policy *policy, const struct facts *facts,
        const union graft_address *group, struct plan_cursor *cursor)
{
	struct plan_cursor start = {0};
	const struct membership *first = next_covering(policy, facts, group, &start), *filter = NULL;
	while (first && (filter = next_covering(policy, facts, group, cursor)))
		if (written_alike(filter, first))
			break;
	return filter;
}

// ---- redirects ------------------------------------------------------------------------------------------

// `to` in place of an address: a mapped address stays mapped, and what is of one link stays on it.
static void take_place(union graft_address *address, const union graft_address *to, uint16_t port)
{
	union graft_address before = *address;
	*address = *to;
	graft_address_set_port(address, port);
	if (graft_address_is_mapped(&before))
		graft_address_map(address);
	else if (graft_address_is_link_local(address) && address->any.sa_family == AF_INET6)
		address->v6.sin6_scope_id = before.v6.sin6_scope_id;
	if (before.any.sa_family == AF_INET6)
		address->v6.sin6_flowinfo = before.v6.sin6_flowinfo;
}

static bool port_is(const union graft_address *address, uint16_t port)
{
	return !graft_address_port(address) || graft_address_port(address) == port;
}

// A rule has one setting of each key.
static unsigned redirects_of(const struct rule *rule, const struct redirect **items)
{
	*items = NULL;
	for (unsigned i = 0; i < rule->setting_count; i++) {
		if (rule->settings[i].key != KEY_REDIRECT)
			continue;
		*items = rule->settings[i].value.redirects.items;
		return rule->settings[i].value.redirects.count;
	}
	return 0;
}

// A group is joined without a port, often before the socket has one.
static bool port_unknown(enum socket_kind kind, const union graft_address *plain)
{
	return kind == SOCKET_UDP && !graft_address_port(plain) && graft_address_is_multicast(plain);
}

static bool takes(const struct redirect *redirect, enum socket_kind kind, const union graft_address *plain)
{
	if (!graft_address_equal(&redirect->from, plain))
		return false;
	// There is no connection to a group.
	if (kind == SOCKET_TCP && graft_address_is_multicast(&redirect->to))
		return false;
	return port_unknown(kind, plain) || port_is(&redirect->from, graft_address_port(plain));
}

// A raw socket has no ports: IPv6 reads a protocol there (ipv6(7)).
static uint16_t port_in_place(const struct redirect *redirect, enum socket_kind kind, uint16_t asked)
{
	uint16_t to = graft_address_port(&redirect->to);
	bool unknown = kind == SOCKET_RAW || (!asked && graft_address_port(&redirect->from));
	return to && !unknown ? to : asked;
}

// A rule that asks for the destination asks for the one that is looked up, and where the redirect has it, not for the
// socket's last.
static bool holds_for(const struct match *match, const struct facts *facts, const struct redirect *redirect,
        const union graft_address *plain)
{
	struct facts asked = *facts;
	asked.to = *plain;
	asked.to_known = true;
	asked.real_to = redirect->to;
	graft_address_set_port(
	        &asked.real_to, port_in_place(redirect, facts->kind, graft_address_port(plain)));
	return match_holds(match, &asked);
}

// The first redirect that takes an address without its mapping, or NULL.
static const struct redirect *find_redirect(
        const struct policy *policy, const struct facts *facts, const union graft_address *plain)
{
	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct rule *rule = &policy->rules[i];
		const struct redirect *items;
		unsigned count = redirects_of(rule, &items);
		for (unsigned j = 0; j < count; j++)
			if (takes(&items[j], facts->kind, plain) &&
			        holds_for(&rule->match, facts, &items[j], plain))
				return &items[j];
	}
	return NULL;
}

bool plan_redirect(const struct policy *policy, const struct facts *facts, union graft_address *address,
        const char **origin)
{
	union graft_address plain = *address;
	graft_address_unmap(&plain);
	const struct redirect *redirect = find_redirect(policy, facts, &plain);
	if (!redirect)
		return false;
	take_place(address, &redirect->to, port_in_place(redirect, facts->kind, graft_address_port(&plain)));
	if (origin)
		*origin = redirect->origin;
	return true;
}

// Whether what is asked of `redirect` may be at the real `plain`, and then the address that was asked for.
typedef bool way_back(const struct redirect *redirect, const struct facts *facts,
        const union graft_address *plain, union graft_address *asked);

static bool leads_to(const struct redirect *redirect, const struct facts *facts,
        const union graft_address *plain, union graft_address *asked)
{
	uint16_t from = graft_address_port(&redirect->from), to = graft_address_port(&redirect->to);
	uint16_t real = graft_address_port(plain), port = to ? to : from;
	bool unknown = facts->kind == SOCKET_RAW || port_unknown(facts->kind, plain);
	if (!graft_address_equal(&redirect->to, plain) || (port && port != real && !unknown))
		return false;
	*asked = redirect->from;
	graft_address_set_port(asked, from && !unknown ? from : real);
	return true;
}

// A group is asked for at the socket's own port.
static bool leads_to_group(const struct redirect *redirect, const struct facts *facts,
        const union graft_address *plain, union graft_address *asked)
{
	*asked = redirect->from;
	graft_address_set_port(asked, facts->local_known ? graft_address_port(&facts->local) : 0);
	return graft_address_equal(&redirect->to, plain) && graft_address_is_multicast(asked);
}

static const struct redirect *find_back(const struct policy *policy, const struct facts *facts,
        way_back *leads, const union graft_address *plain, union graft_address *asked)
{
	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct redirect *items;
		unsigned count = redirects_of(&policy->rules[i], &items);
		for (unsigned j = 0; j < count; j++)
			// A stronger redirect may send what was asked for elsewhere.
			if (leads(&items[j], facts, plain, asked) &&
			        find_redirect(policy, facts, asked) == &items[j])
				return &items[j];
	}
	return NULL;
}

bool plan_redirect_back(
        const struct policy *policy, const struct facts *facts, bool group, union graft_address *address)
{
	union graft_address plain = *address, asked;
	graft_address_unmap(&plain);
	if (graft_address_is_multicast(&plain) != group ||
	        !find_back(policy, facts, leads_to, &plain, &asked))
		return false;
	take_place(address, &asked, graft_address_port(&asked));
	return true;
}

bool plan_redirect_group_back(
        const struct policy *policy, const struct facts *facts, union graft_address *address, bool *any_port)
{
	union graft_address plain = *address, asked;
	graft_address_unmap(&plain);
	const struct redirect *redirect = find_back(policy, facts, leads_to_group, &plain, &asked);
	if (!redirect)
		return false;
	*any_port = !graft_address_port(&redirect->from);
	take_place(address, &asked, graft_address_port(address));
	return true;
}
