#include "resolved.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "findings.h"
#include "host_checks.h"

static void *longer(void *items, unsigned count, size_t size)
{
	void *more = reallocarray(items, count + 1, size);
	if (!more) {
		complain("there is no memory");
		exit(EXIT_REFUSED);
	}
	memset((char *)more + count * size, 0, size);
	return more;
}

// ---- interfaces -----------------------------------------------------------------------------------------

unsigned resolve_interface(const struct graft_interface *interface, unsigned *indexes, unsigned room)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return 0;
	int count = graft_interface_resolve(fd, interface, indexes, room);
	close(fd);
	return count < 0 ? 0 : (unsigned)count < room ? (unsigned)count : room;
}

void check_found(const struct graft_interface *interface, unsigned count)
{
	char text[GRAFT_INTERFACE_TEXT];
	static const char *const form[] = {[GRAFT_BY_NAME] = "there is no interface %s",
	        [GRAFT_BY_INDEX] = "there is no interface with the index %s",
	        [GRAFT_BY_ADDRESS] = "no interface has the address %s",
	        [GRAFT_BY_PATTERN] = "no interface that can multicast matches %s"};
	if (count)
		return;
	graft_interface_text(interface, text);
	finding(FINDING_WARNING, "interface-missing", form[interface->by], text);
	finding_means("nothing is joined or sent there until it appears");
	finding_mend("name one that ip -brief address lists");
}

static const struct named_interface *name(
        struct resolution *resolution, const struct graft_interface *interface, const char *origin)
{
	char text[GRAFT_INTERFACE_TEXT], other[GRAFT_INTERFACE_TEXT];
	graft_interface_text(interface, text);
	for (unsigned i = 0; i < resolution->name_count; i++)
		if (!strcmp(text, graft_interface_text(resolution->names[i].named, other)))
			return &resolution->names[i];
	resolution->names = longer(resolution->names, resolution->name_count, sizeof(*resolution->names));
	struct named_interface *place = &resolution->names[resolution->name_count++];
	place->named = interface;
	place->origin = origin;
	place->count = resolve_interface(interface, place->indexes, INDEXES_AT_MOST);
	check_found(interface, place->count);
	return place;
}

// ---- memberships ----------------------------------------------------------------------------------------

static void add(struct resolution *resolution, const struct resolved *resolved)
{
	struct resolved *items = resolution->items;
	for (unsigned i = 0; i < resolution->count && resolved->index; i++)
		if (items[i].membership == resolved->membership && items[i].index == resolved->index)
			return; // named twice, as by eth0+eth*
	resolution->items = longer(items, resolution->count, sizeof(*items));
	resolution->items[resolution->count++] = *resolved;
}

static void resolve_membership(
        struct resolution *resolution, const struct setting *setting, const struct resolved *partly)
{
	const struct membership *membership = partly->membership;
	struct resolved resolved = *partly;
	if (!membership->interface_count) {
		// A filter leaves the program its own choice.
		resolved.by_route = setting->key == KEY_JOIN;
		resolved.index = resolved.by_route ? check_route(&membership->group) : 0;
		add(resolution, &resolved);
	}
	for (unsigned i = 0; i < membership->interface_count; i++) {
		const struct named_interface *named =
		        name(resolution, &membership->interfaces[i], membership->origin);
		for (unsigned j = 0; j < named->count; j++) {
			resolved.index = named->indexes[j];
			add(resolution, &resolved);
		}
	}
}

static void resolve_setting(
        struct resolution *resolution, const struct rule *rule, const struct setting *setting)
{
	if (setting->key == KEY_JOIN || setting->key == KEY_FILTER)
		for (unsigned i = 0; i < setting->value.memberships.count; i++)
			resolve_membership(resolution, setting,
			        &(struct resolved){.rule = rule,
			                .setting = setting,
			                .membership = &setting->value.memberships.items[i]});
	if (setting->key == KEY_INTERFACE)
		for (unsigned i = 0; i < setting->value.interfaces.count; i++)
			name(resolution, &setting->value.interfaces.items[i], setting->origin);
	if (setting->key == KEY_DEVICE) {
		struct graft_interface *device = longer(NULL, 0, sizeof(*device));
		*device = (struct graft_interface){.by = GRAFT_BY_NAME, .name = setting->value.name};
		name(resolution, device, setting->origin);
	}
}

void resolve(const struct policy *policy, struct resolution *resolution)
{
	*resolution = (struct resolution){0};
	for (size_t i = 0; i < policy->rule_count; i++)
		for (unsigned j = 0; j < policy->rules[i].setting_count; j++)
			resolve_setting(resolution, &policy->rules[i], &policy->rules[i].settings[j]);
}
