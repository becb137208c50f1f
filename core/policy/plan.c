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
		if (!cursor->setting && !cursor->item && !match_holds(&rule->match, facts))
			continue;
		for (; cursor->setting < rule->setting_count; cursor->setting++, cursor->item = 0)
			if (rule->settings[cursor->setting].key == key)
				return &rule->settings[cursor->setting];
	}
	return NULL;
}

static bool port_fits(const struct membership *membership, const struct facts *facts)
{
	uint16_t port = graft_address_port(&membership->group);
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

// ---- filters --------------------------------------------------------------------------------------------

static bool covers(const struct membership *filter, const union graft_address *group)
{
	const struct graft_prefix prefix = {filter->group, filter->group_bits};
	return filter->group.any.sa_family == AF_UNSPEC || graft_prefix_covers(&prefix, group);
}

static bool written_alike(const struct membership *a, const struct membership *b)
{
	return a->group_bits == b->group_bits && a->group.any.sa_family == b->group.any.sa_family &&
	       graft_address_equal(&a->group, &b->group) &&
	       graft_address_port(&a->group) == graft_address_port(&b->group);
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

// `to` in place of an address: a port that it leaves open stays, a mapped address stays mapped, and what is of one link
// stays on it.
static void take_place(union graft_address *address, const union graft_address *to, uint16_t port)
{
	union graft_address before = *address;
	*address = *to;
	graft_address_set_port(address, port);
	if (graft_address_is_mapped(&before))
		graft_address_map(address);
	else if (graft_address_is_link_local(address) && address->any.sa_family == AF_INET6)
		address->v6.sin6_scope_id = before.v6.sin6_scope_id;
}

static bool port_is(const union graft_address *address, uint16_t port)
{
	return !graft_address_port(address) || graft_address_port(address) == port;
}

bool plan_redirect(const struct policy *policy, const struct facts *facts, union graft_address *address,
        const char **origin)
{
	struct plan_cursor cursor = {0};
	const struct setting *setting;
	union graft_address plain = *address;
	uint16_t port = graft_address_port(address);
	graft_address_unmap(&plain);
	for (; (setting = next_setting(policy, facts, KEY_REDIRECT, &cursor)); cursor.setting++) {
		for (unsigned i = 0; i < setting->value.redirects.count; i++) {
			const struct redirect *redirect = &setting->value.redirects.items[i];
			if (!graft_address_equal(&redirect->from, &plain) || !port_is(&redirect->from, port))
				continue;
			uint16_t to = graft_address_port(&redirect->to);
			take_place(address, &redirect->to, to ? to : port);
			if (origin)
				*origin = redirect->origin;
			return true;
		}
	}
	return false;
}

// Whether `redirect` leads to `address`, and then the port that was asked for.
static bool leads_to(const struct redirect *redirect, const union graft_address *address, uint16_t *port)
{
	uint16_t asked = graft_address_port(&redirect->from), real = graft_address_port(address);
	if (!graft_address_equal(&redirect->to, address) || !port_is(&redirect->to, real))
		return false;
	if (!graft_address_port(&redirect->to) && asked && asked != real)
		return false;
	*port = asked ? asked : real;
	return true;
}

// A rule that asks for the destination asks for the one that is being looked for.
static bool holds_for(
        const struct match *match, const struct facts *facts, const union graft_address *to, uint16_t port)
{
	struct facts asked = *facts;
	asked.to = *to;
	asked.to_known = true;
	graft_address_set_port(&asked.to, port);
	return match_holds(match, &asked);
}

static bool find_back(const struct rule *rule, const struct setting *setting, const struct facts *facts,
        const union graft_address *plain, union graft_address *address)
{
	for (unsigned i = 0; i < setting->value.redirects.count; i++) {
		const struct redirect *redirect = &setting->value.redirects.items[i];
		uint16_t port;
		if (leads_to(redirect, plain, &port) &&
		        holds_for(&rule->match, facts, &redirect->from, port)) {
			take_place(address, &redirect->from, port);
			return true;
		}
	}
	return false;
}

bool plan_redirect_back(
        const struct policy *policy, const struct facts *facts, bool group, union graft_address *address)
{
	union graft_address plain = *address;
	graft_address_unmap(&plain);
	if (graft_address_is_multicast(&plain) != group)
		return false;
	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct rule *rule = &policy->rules[i];
		for (unsigned j = 0; j < rule->setting_count; j++)
			if (rule->settings[j].key == KEY_REDIRECT &&
			        find_back(rule, &rule->settings[j], facts, &plain, address))
				return true;
	}
	return false;
}
