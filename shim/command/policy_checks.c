#include "policy_checks.h"

#include <stdlib.h>
#include <string.h>

#include "findings.h"
#include "host_checks.h"
#include "policy_words.h"

// ---- matches --------------------------------------------------------------------------------------------

static bool ports_cover(const struct list *wide, const struct list *narrow)
{
	const struct port_range *outer = wide->items, *inner = narrow->items;
	for (unsigned i = 0; i < narrow->count && wide->count; i++) {
		unsigned j = 0;
		while (j < wide->count && (outer[j].low > inner[i].low || outer[j].high < inner[i].high))
			j++;
		if (j == wide->count)
			return false;
	}
	return !wide->count || narrow->count;
}

static bool prefix_covers(const struct graft_prefix *wide, const struct graft_prefix *narrow)
{
	return wide->length <= narrow->length && graft_prefix_covers(wide, &narrow->address);
}

static bool locals_cover(const struct list *wide, const struct list *narrow)
{
	const struct graft_prefix *outer = wide->items, *inner = narrow->items;
	for (unsigned i = 0; i < narrow->count && wide->count; i++) {
		unsigned j = 0;
		while (j < wide->count && !prefix_covers(&outer[j], &inner[i]))
			j++;
		if (j == wide->count)
			return false;
	}
	return !wide->count || narrow->count;
}

static bool peers_cover(const struct list *wide, const struct list *narrow)
{
	const struct endpoint *outer = wide->items, *inner = narrow->items;
	for (unsigned i = 0; i < narrow->count && wide->count; i++) {
		unsigned j = 0;
		while (j < wide->count && (!prefix_covers(&outer[j].prefix, &inner[i].prefix) ||
		                                  (outer[j].port && outer[j].port != inner[i].port)))
			j++;
		if (j == wide->count)
			return false;
	}
	return !wide->count || narrow->count;
}

bool match_covers(const struct match *wide, const struct match *narrow)
{
	return (wide->any_kind || (!narrow->any_kind && wide->kind == narrow->kind)) &&
	       (!wide->family || wide->family == narrow->family) &&
	       ports_cover(&wide->ports, &narrow->ports) && locals_cover(&wide->locals, &narrow->locals) &&
	       peers_cover(&wide->peers, &narrow->peers);
}

// Whether sockets of one are sockets of the other too, as far as one is within the other.
static bool belong_together(const struct rule *a, const struct rule *b)
{
	return match_covers(&a->match, &b->match) || match_covers(&b->match, &a->match);
}

// ---- rules that never apply -----------------------------------------------------------------------------

static const struct setting *setting_of(const struct rule *rule, unsigned key)
{
	for (unsigned i = 0; i < rule->setting_count; i++)
		if (rule->settings[i].key == key)
			return &rule->settings[i];
	return NULL;
}

static bool adds_up(unsigned key)
{
	return key == KEY_JOIN || key == KEY_FILTER || key == KEY_REDIRECT;
}

// The setting of a stronger rule for all sockets of this one, which leaves this one's without effect.
static const struct setting *stronger(const struct policy *policy, const struct rule *rule, unsigned key)
{
	for (const struct rule *other = policy->rules; other < rule && !adds_up(key); other++) {
		const struct setting *setting = setting_of(other, key);
		if (setting && match_covers(&other->match, &rule->match))
			return setting;
	}
	return NULL;
}

static bool in_rules_variable(const char *origin)
{
	const char *name = policy_variable_names[VARIABLE_RULES];
	return !strncmp(origin, name, strlen(name));
}

// How much of an origin names a list of rules, in which the order counts: "SOCKGRAFT_RULES rule 2", "/etc/legacyd.rules:7";
// 0: it is a key's variable.
static size_t list_length(const char *origin)
{
	const char *number = strrchr(origin, in_rules_variable(origin) ? ' ' : ':');
	return number ? (size_t)(number - origin) : 0;
}

// SOCKGRAFT_RULES are stronger than the keys' variables, and those than a file, whatever the order.
static void mend_order(const char *weaker, const char *first)
{
	const char *rules = policy_variable_names[VARIABLE_RULES];
	size_t length = list_length(weaker);
	if (length && length == list_length(first) && !memcmp(weaker, first, length))
		finding_mend("put it before %s, or leave it out", first);
	else if (in_rules_variable(first))
		finding_mend("say it in %s (--rule), before %s, or leave it out", rules, first);
	else
		finding_mend("say it in %s (--rule), which is stronger than %s, or leave one of the two out",
		        rules, first);
}

static void check_applies(const struct policy *policy, const struct rule *rule)
{
	const struct setting *first = NULL;
	for (unsigned i = 0; i < rule->setting_count; i++) {
		const struct setting *setting = stronger(policy, rule, rule->settings[i].key);
		if (!setting)
			return;
		first = first ? first : setting;
	}
	if (!first)
		return;
	finding(FINDING_WARNING, "rule-never-applies", "%s can never apply", rule->settings->origin);
	finding_means(
	        "%s covers its sockets and sets the same keys, and the first value counts", first->origin);
	mend_order(rule->settings->origin, first->origin);
}

// ---- scopes ---------------------------------------------------------------------------------------------

enum scope { SCOPE_LINK, SCOPE_LOCAL, SCOPE_WIDER };

// RFC 5771 and 2365, RFC 4291 2.7: how far a group goes.
static enum scope scope_of(const union graft_address *group)
{
	if (graft_address_is_link_local(group))
		return SCOPE_LINK;
	if (group->any.sa_family == AF_INET)
		return ntohl(group->v4.sin_addr.s_addr) >> 16 == 0xefff ? SCOPE_LOCAL : SCOPE_WIDER;
	return (group->v6.sin6_addr.s6_addr[1] & 0xf) < 5 ? SCOPE_LOCAL : SCOPE_WIDER;
}

static void check_scope(const struct setting *hops, const union graft_address *group)
{
	union graft_address bare = *group;
	char text[GRAFT_ADDRESS_TEXT];
	int family = hops->key == KEY_MULTICAST_TTL ? AF_INET : AF_INET6;
	if (bare.any.sa_family != family || !graft_address_is_multicast(group) ||
	        scope_of(group) == SCOPE_LINK)
		return;
	graft_address_set_port(&bare, 0);
	finding(scope_of(group) == SCOPE_LOCAL ? FINDING_NOTE : FINDING_WARNING, "ttl-scope",
	        "%s is 1 (%s), and the scope of %s is wider than the link", policy_key_words[hops->key],
	        hops->origin, graft_address_text(&bare, text));
	finding_means("what is sent there passes no router");
	finding_mend("%s=16", policy_key_words[hops->key]);
}

static void check_scopes_of(const struct setting *hops, const struct rule *rule)
{
	const struct endpoint *peers = rule->match.peers.items;
	for (unsigned i = 0; i < rule->match.peers.count; i++)
		check_scope(hops, &peers[i].prefix.address);
	for (unsigned i = 0; i < rule->setting_count; i++) {
		const struct setting *setting = &rule->settings[i];
		if (setting->key == KEY_JOIN)
			for (unsigned j = 0; j < setting->value.memberships.count; j++)
				check_scope(hops, &setting->value.memberships.items[j].group);
		if (setting->key == KEY_REDIRECT)
			for (unsigned j = 0; j < setting->value.redirects.count; j++)
				check_scope(hops, &setting->value.redirects.items[j].to);
	}
}

static void check_reach(const struct policy *policy, const struct rule *rule, unsigned key)
{
	const struct setting *hops = setting_of(rule, key);
	if (!hops || hops->value.number > 1 || stronger(policy, rule, key))
		return;
	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct rule *other = &policy->rules[i];
		const struct setting *loop = setting_of(other, KEY_MULTICAST_LOOP);
		if (!belong_together(rule, other))
			continue;
		if (hops->value.number == 1)
			check_scopes_of(hops, other);
		if (hops->value.number || !loop || loop->value.number ||
		        stronger(policy, other, KEY_MULTICAST_LOOP))
			continue;
		finding(FINDING_WARNING, "reaches-nobody", "%s is 0 (%s) and multicast-loop is off (%s)",
		        policy_key_words[key], hops->origin, loop->origin);
		finding_means("multicast that is sent so reaches nobody, not even on this host");
		finding_mend("%s=1, or multicast-loop=on", policy_key_words[key]);
	}
}

void check_rules(const struct policy *policy)
{
	for (size_t i = 0; i < policy->rule_count; i++) {
		check_applies(policy, &policy->rules[i]);
		check_reach(policy, &policy->rules[i], KEY_MULTICAST_TTL);
		check_reach(policy, &policy->rules[i], KEY_MULTICAST_HOPLIMIT);
	}
}

// ---- memberships ----------------------------------------------------------------------------------------

// RFC 4607: 232.0.0.0/8, and ff3x::/32.
static bool is_source_specific(const struct membership *membership)
{
	const union graft_address *group = &membership->group;
	if (group->any.sa_family == AF_INET)
		return membership->group_bits >= 8 && ntohl(group->v4.sin_addr.s_addr) >> 24 == 232;
	const unsigned char *bytes = group->v6.sin6_addr.s6_addr;
	return group->any.sa_family == AF_INET6 && membership->group_bits >= 32 && bytes[0] == 0xff &&
	       bytes[1] >> 4 == 3 && !bytes[2] && !bytes[3];
}

void check_range(const struct membership *membership)
{
	union graft_address bare = membership->group;
	char text[GRAFT_ADDRESS_TEXT];
	if (!is_source_specific(membership) || (membership->source_count && !membership->exclude))
		return;
	graft_address_set_port(&bare, 0);
	graft_address_text(&bare, text);
	if (membership->exclude) {
		finding(FINDING_WARNING, "ssm-exclude",
		        "%s is a group of source-specific multicast, and sources are left out (%s)", text,
		        membership->origin);
		finding_means(
		        "routers pass over such a membership (RFC 4607, 6): nothing comes from behind them");
	} else {
		finding(FINDING_WARNING, "ssm-any-source",
		        "%s is a group of source-specific multicast, and no source is given (%s)", text,
		        membership->origin);
		finding_means("only what is sent on the same link may arrive");
	}
	finding_mend("name the senders: SOURCE@%s", text);
}

bool share_socket(const struct resolved *a, const struct resolved *b)
{
	uint16_t port = membership_port(b->membership);
	return a->setting->key == KEY_JOIN && b->setting->key == KEY_JOIN &&
	       a->membership->group.any.sa_family == b->membership->group.any.sa_family &&
	       match_covers(&b->rule->match, &a->rule->match) &&
	       (!port || port == membership_port(a->membership));
}

static bool same_group(const struct resolved *a, const struct resolved *b)
{
	return a->index == b->index && graft_address_equal(&a->membership->group, &b->membership->group);
}

// Those of the same group and interface stand together.
static int by_group(const void *one, const void *other)
{
	const struct resolved *a = one, *b = other;
	const union graft_address *group = &a->membership->group, *second = &b->membership->group;
	bool v4 = group->any.sa_family == AF_INET;
	if (group->any.sa_family != second->any.sa_family)
		return group->any.sa_family < second->any.sa_family ? -1 : 1;
	if (a->index != b->index)
		return a->index < b->index ? -1 : 1;
	return v4 ? memcmp(&group->v4.sin_addr, &second->v4.sin_addr, sizeof(struct in_addr))
	          : memcmp(&group->v6.sin6_addr, &second->v6.sin6_addr, sizeof(struct in6_addr));
}

static unsigned groups_with(const struct resolved *sorted, unsigned count, const struct resolved *one)
{
	const struct resolved *last = NULL;
	unsigned groups = 0;
	for (unsigned i = 0; i < count; i++) {
		if (!share_socket(one, &sorted[i]))
			continue;
		groups += !last || !same_group(last, &sorted[i]);
		last = &sorted[i];
	}
	return groups;
}

static unsigned sources_with(const struct resolution *resolution, const struct resolved *one)
{
	unsigned sources = 0;
	for (unsigned i = 0; i < resolution->count; i++) {
		const struct resolved *other = &resolution->items[i];
		if (same_group(one, other) && share_socket(one, other))
			sources += other->membership->source_count;
	}
	// A filter stands for itself.
	return sources > one->membership->source_count ? sources : one->membership->source_count;
}

// Those of one rule with one port are on the same sockets; they stand together in the list.
static bool like_before(const struct resolved *one, const struct resolved *before)
{
	return one->setting == before->setting &&
	       membership_port(one->membership) == membership_port(before->membership) &&
	       one->membership->group.any.sa_family == before->membership->group.any.sa_family;
}

void check_counts(const struct resolution *resolution)
{
	unsigned most = 0, count = resolution->count;
	struct resolved *sorted = calloc(count + 1, sizeof(*sorted));
	if (!sorted)
		return;
	if (count)
		memcpy(sorted, resolution->items, count * sizeof(*sorted));
	qsort(sorted, count, sizeof(*sorted), by_group);
	for (unsigned i = 0; i < count; i++) {
		const struct resolved *one = &resolution->items[i];
		check_source_count(&one->membership->group, sources_with(resolution, one));
		if (one->membership->group.any.sa_family != AF_INET || (i && like_before(one, one - 1)))
			continue;
		unsigned groups = groups_with(sorted, count, one);
		most = groups > most ? groups : most;
	}
	free(sorted);
	check_membership_count(most);
}
