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

static bool port_fits(const struct membership *membership, const struct facts *facts)
{
	uint16_t port = graft_address_port(&membership->group);
	return !port || (facts->local_known && graft_address_port(&facts->local) == port);
}

// The next membership of one setting that fits, from the cursor's item on.
static const struct membership *next_item(
        const struct setting *setting, const struct facts *facts, struct join_cursor *cursor)
{
	while (setting->key == KEY_JOIN && cursor->item < setting->value.join.count) {
		const struct membership *membership = &setting->value.join.items[cursor->item++];
		if (port_fits(membership, facts))
			return membership;
	}
	return NULL;
}

const struct membership *plan_next_join(
        const struct policy *policy, const struct facts *facts, struct join_cursor *cursor)
{
	for (; cursor->rule < policy->rule_count; cursor->rule++, cursor->setting = 0) {
		const struct rule *rule = &policy->rules[cursor->rule];
		if (!cursor->setting && !cursor->item && !match_holds(&rule->match, facts))
			continue;
		for (; cursor->setting < rule->setting_count; cursor->setting++, cursor->item = 0) {
			const struct membership *found =
			        next_item(&rule->settings[cursor->setting], facts, cursor);
			if (found)
				return found;
		}
	}
	return NULL;
}
