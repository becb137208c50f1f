// Memberships: [!][SOURCES@]GROUP[:PORT][%INTERFACES], read and written.
#include "parse.h"

#include <arpa/inet.h>

// More than any kernel takes (net.ipv4.igmp_max_msf is 10, net.ipv6.mld_max_msf 64), and few enough to
// compare each with each.
enum { SOURCES_AT_MOST = 256 };

const char membership_form[] =
        "expected a membership, [SOURCES@]GROUP[:PORT][%INTERFACES], such as 10.0.0.5@232.7.8.9%eth0";

static const char no_group[] = "expected a multicast group, in 224.0.0.0/4 or ff00::/8";

// ---- the group ------------------------------------------------------------------------------------------

static bool is_group(const struct graft_prefix *prefix)
{
	unsigned least = prefix->address.any.sa_family == AF_INET ? 4 : 8;
	return graft_address_is_multicast(&prefix->address) && prefix->length >= least;
}

// The port of one that stands for any group lies where both families have it.
uint16_t membership_port(const struct membership *membership)
{
	return ntohs(membership->group.v4.sin_port);
}

// "*" for any group, of either family; `rest` is what follows it.
static bool read_any_group(
        struct reader *reader, struct span item, struct span rest, struct membership *membership)
{
	uint16_t port = 0;
	if (rest.length && *rest.start != ':')
		return fail(reader, item, "expected nothing but a port after \"*\", as in *:5000");
	if (rest.length && !port_parse(span_from(rest, 1), &port))
		return fail(reader, item, bad_port);
	membership->group.v4.sin_port = htons(port);
	return true;
}

static bool read_group(struct reader *reader, struct span item, struct span text, enum group_form form,
        struct membership *membership)
{
	if (form == GROUP_OR_PREFIX && text.length && *text.start == '*')
		return read_any_group(reader, item, span_from(text, 1), membership);
	struct endpoint endpoint;
	unsigned allowed = form == GROUP_OR_PREFIX ? ENDPOINT_PORT | ENDPOINT_PREFIX : ENDPOINT_PORT;
	const char *problem = endpoint_parse(text, allowed, membership_form, &endpoint);
	if (!problem && !is_group(&endpoint.prefix))
		problem = no_group;
	if (problem)
		return fail(reader, item, problem);
	membership->group = endpoint.prefix.address;
	membership->group_bits = endpoint.prefix.length;
	graft_address_set_port(&membership->group, endpoint.port);
	return true;
}

// ---- the sources ----------------------------------------------------------------------------------------

static bool is_broadcast(const union graft_address *address)
{
	return address->any.sa_family == AF_INET && address->v4.sin_addr.s_addr == INADDR_BROADCAST;
}

static const char *source_problem(
        const union graft_address *source, const union graft_address *group, const struct list *sources)
{
	const union graft_address *first = sources->items;
	if (graft_address_is_multicast(source) || graft_address_is_any(source) || is_broadcast(source))
		return "expected a source: a unicast address";
	if (group->any.sa_family == AF_UNSPEC)
		return !sources->count || first->any.sa_family == source->any.sa_family
		               ? NULL
		               : "expected sources of one family before \"@*\", and an entry for each family";
	if (group->any.sa_family == source->any.sa_family)
		return NULL;
	return group->any.sa_family == AF_INET ? "expected an IPv4 source, as the group is IPv4"
	                                       : "expected an IPv6 source, as the group is IPv6";
}

static bool listed(const struct list *sources, const union graft_address *source)
{
	const union graft_address *items = sources->items;
	for (unsigned i = 0; i < sources->count; i++)
		if (graft_address_equal(&items[i], source))
			return true;
	return false;
}

static bool read_source(struct reader *reader, struct span item, struct span text,
        const union graft_address *group, struct list *sources)
{
	struct endpoint endpoint;
	const union graft_address *source = &endpoint.prefix.address;
	const char *problem =
	        endpoint_parse(text, 0, "expected a source: a unicast address such as 10.0.0.5", &endpoint);
	if (!problem)
		problem = source_problem(source, group, sources);
	if (!problem && sources->count == SOURCES_AT_MOST)
		problem = "expected at most 256 sources of one group";
	if (problem)
		return fail(reader, text.length ? text : item, problem);
	if (listed(sources, source))
		return true;
	union graft_address *place = list_add(sources, reader->arena, sizeof(*place));
	if (!place)
		return fail_memory(reader);
	*place = *source;
	return true;
}

static bool read_sources(
        struct reader *reader, struct span item, struct span text, struct membership *membership)
{
	struct list sources = {0};
	struct span one;
	bool more;
	do {
		more = span_cut(&text, '+', &one);
		if (!read_source(reader, item, more ? one : text, &membership->group, &sources))
			return false;
	} while (more);
	membership->sources = sources.items;
	membership->source_count = sources.count;
	return true;
}

// ---- the whole ------------------------------------------------------------------------------------------

static bool fail_link_local(struct reader *reader, struct span item, const struct membership *membership)
{
	char group[GRAFT_ADDRESS_TEXT];
	graft_address_text(&membership->group, group);
	struct text *line = fail_begin(reader, item);
	text_put(line, "expected an interface, as the group is link-local: ");
	text_put(line, group);
	text_put(line, "%eth0, or ");
	text_put(line, group);
	text_put(line, "%* for all interfaces");
	return false;
}

// What of a membership's text is which part; a part that is not there has no start.
struct parts {
	struct span sources, group, interfaces;
};

static struct parts cut(struct span item)
{
	struct parts parts = {.group = item};
	struct span before, after = item;
	if (span_cut(&after, '%', &before)) {
		parts.group = before;
		parts.interfaces = after;
	}
	if (span_cut(&parts.group, '@', &before))
		parts.sources = before;
	return parts;
}

bool membership_parse(
        struct reader *reader, struct span text, enum group_form form, struct membership *membership)
{
	*membership = (struct membership){.exclude = text.length && *text.start == '!'};
	struct parts parts = cut(membership->exclude ? span_from(text, 1) : text);
	struct list interfaces = {0};
	if (membership->exclude && !parts.sources.start)
		return fail(reader, text, "expected sources after \"!\", as in !10.0.0.66@239.1.1.1");
	if (!read_group(reader, text, parts.group, form, membership))
		return false;
	if (parts.sources.start && !read_sources(reader, text, parts.sources, membership))
		return false;
	if (parts.interfaces.start && !interfaces_parse(reader, text, parts.interfaces, &interfaces))
		return false;
	membership->interfaces = interfaces.items;
	membership->interface_count = interfaces.count;
	if (form == GROUP_ONLY && !interfaces.count && graft_address_is_link_local(&membership->group))
		return fail_link_local(reader, text, membership);
	return true;
}

static void put_port(struct text *text, uint16_t port)
{
	if (!port)
		return;
	text_put(text, ":");
	text_put_number(text, port);
}

static void put_group(const struct membership *membership, struct text *text)
{
	char address[GRAFT_ADDRESS_TEXT];
	union graft_address group = membership->group;
	uint16_t port = membership_port(membership);
	bool v6 = group.any.sa_family == AF_INET6, brackets = v6 && port;
	graft_address_set_port(&group, 0);
	text_put(text, brackets ? "[" : "");
	text_put(text, group.any.sa_family == AF_UNSPEC ? "*" : graft_address_text(&group, address));
	if (group.any.sa_family != AF_UNSPEC && membership->group_bits < (v6 ? 128 : 32)) {
		text_put(text, "/");
		text_put_number(text, membership->group_bits);
	}
	text_put(text, brackets ? "]" : "");
	put_port(text, port);
}

void membership_text(const struct membership *membership, struct text *text)
{
	char address[GRAFT_ADDRESS_TEXT];
	text_put(text, membership->exclude ? "!" : "");
	for (unsigned i = 0; i < membership->source_count; i++) {
		text_put(text, i ? "+" : "");
		text_put(text, graft_address_text(&membership->sources[i], address));
	}
	text_put(text, membership->source_count ? "@" : "");
	put_group(membership, text);
	for (unsigned i = 0; i < membership->interface_count; i++) {
		text_put(text, i ? "+" : "%");
		text_put(text, graft_interface_text(&membership->interfaces[i], address));
	}
}
