// Who on this host is a member of a group: "joined", as far as the kernel's tables tell.
#include <stdio.h>

#include "doctor.h"
#include "findings.h"
#include "host.h"

// Where else it is joined: the first of those.
static const struct host_interface *elsewhere(const struct doctor *doctor, const union graft_address *group)
{
	unsigned count;
	const struct host_interface *all = host_interfaces(&count);
	for (unsigned i = 0; i < count; i++)
		if (!is_listened(doctor, all[i].index) && host_members(all[i].index, group))
			return &all[i];
	return NULL;
}

static void nobody(const struct doctor *doctor, const union graft_address *group, const char *name)
{
	char text[GRAFT_ADDRESS_TEXT];
	const struct host_interface *other = elsewhere(doctor, group);
	group_words(doctor, text);
	if (other)
		finding(FINDING_WARNING, "joined-elsewhere", "%s is joined on %s, and not on %s", text,
		        other->name, name);
	else
		finding(FINDING_WARNING, "not-joined", "no program on this host is a member of %s on %s",
		        text, name);
	finding_means("what comes in on %s for the group reaches nobody", name);
	finding_mend("sockgraft run --join %s%s%%%s PROGRAM",
	        doctor->membership.source_count ? "SOURCE@" : "", text, name);
}

static void tell_sources(const struct doctor *doctor, unsigned index, const char *name)
{
	struct host_filter filters[64];
	char group[GRAFT_ADDRESS_TEXT], source[GRAFT_ADDRESS_TEXT];
	unsigned count = host_filters(index, &doctor->membership.group, filters, 64);
	for (unsigned i = 0; i < count; i++)
		finding(FINDING_NOTE, "source-filter",
		        "sockets on %s that admit %s to %s: %u; that leave it out: %u", name,
		        graft_address_text(&filters[i].source, source), group_words(doctor, group),
		        filters[i].include, filters[i].exclude);
}

// A member that names sources, and none of them the one that is asked for; one of any source has no line in the table.
static void check_admitted(const struct doctor *doctor, unsigned index, const char *name, unsigned members)
{
	struct host_filter filters[64];
	char text[GRAFT_ADDRESS_TEXT];
	const struct membership *membership = &doctor->membership;
	unsigned count = host_filters(index, &membership->group, filters, 64), most = 0;
	for (unsigned i = 0; i < count; i++)
		most = filters[i].include > most ? filters[i].include : most;
	for (unsigned i = 0; i < membership->source_count && !membership->exclude && most >= members; i++) {
		unsigned j = 0;
		while (j < count && (!filters[j].include || !graft_address_equal(&filters[j].source,
		                                                    &membership->sources[i])))
			j++;
		if (j < count)
			continue;
		finding(FINDING_WARNING, "source-not-admitted", "no member on %s admits the source %s", name,
		        graft_address_text(&membership->sources[i], text));
		finding_means("what it sends reaches nobody");
		finding_mend("sockgraft run --join %s@%s%%%s PROGRAM", text,
		        group_words(doctor, (char[GRAFT_ADDRESS_TEXT]){0}), name);
	}
}

void check_members(const struct doctor *doctor)
{
	union graft_address group = doctor->membership.group;
	char text[GRAFT_ADDRESS_TEXT], name[HOST_NAME_SIZE];
	for (unsigned i = 0; i < doctor->index_count; i++) {
		unsigned index = doctor->indexes[i], members = host_members(index, &group);
		host_interface_name(index, name);
		if (!members) {
			nobody(doctor, &group, name);
			continue;
		}
		finding(FINDING_OK, "joined", "%s is joined on %s, by %u socket%s", group_words(doctor, text),
		        name, members, members == 1 ? "" : "s");
		tell_sources(doctor, index, name);
		check_admitted(doctor, index, name, members);
	}
}
