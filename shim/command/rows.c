#include "rows.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../../core/text.h"
#include "json.h"

const struct table_column row_columns[ROW_COLUMNS] = {
        {"PROCESS", false},
        {"PID", true},
        {"FD", true},
        {"PROTO", false},
        {"LOCAL", false},
        {"GROUP", false},
        {"IF", false},
        {"MODE", false},
        {"SOURCES", false},
        {"TTL", false},
        {"DSCP", false},
        {"OUT", false},
        {"DROPS", true},
        {"RULE", false},
};

enum { SIDE_TEXT = 32, ORIGINS_TEXT = 512 };

static const char *mode_name(const struct joined *joined)
{
	return joined->membership.mode == GRAFT_INCLUDE ? "include" : "exclude";
}

// Without port and zone, which the row has elsewhere.
static const char *plain_text(const union graft_address *address, char buffer[GRAFT_ADDRESS_TEXT])
{
	union graft_address plain = *address;
	graft_address_set_port(&plain, 0);
	if (plain.any.sa_family == AF_INET6)
		plain.v6.sin6_scope_id = 0;
	return graft_address_text(&plain, buffer);
}

// The multicast interface that the kernel tells; an IPv4 one that was set by its index it doesn't, and where there are
// several, only the policy knows them.
static const char *outgoing(const struct row *row, char *buffer, size_t size)
{
	governed_outgoing(row->governed, row->socket, buffer, size);
	if (*row->socket->outgoing && !strchr(buffer, '+'))
		return row->socket->outgoing;
	return buffer;
}

// Whether it is known that there is none, where there is none to be shown. What is not for datagrams has none.
static bool outgoing_known(const struct inet_socket *of)
{
	return of->outgoing_known || (!of->refused && !socket_is_message(of));
}

// ---- in a table -----------------------------------------------------------------------------------------

static void add_number(struct table *table, enum table_style style, int64_t number)
{
	char text[24];
	snprintf(text, sizeof(text), "%" PRId64, number);
	table_add(table, style, text);
}

// What is said of each side: once where they say the same; "-" where there is nothing.
static void add_sides(struct table *table, const struct row *row,
        void (*say)(const struct inet_socket *of, enum graft_side side, char text[SIDE_TEXT]))
{
	char sides[2][SIDE_TEXT] = {"", ""}, text[2 * SIDE_TEXT + 1];
	for (enum graft_side side = GRAFT_IPV4; side <= GRAFT_IPV6; side++)
		if (row->socket->has_side[side])
			say(row->socket, side, sides[side]);
	bool both = *sides[0] && *sides[1] && strcmp(sides[0], sides[1]) != 0;
	snprintf(text, sizeof(text), "%s%s%s", *sides[0] ? sides[0] : sides[1], both ? "," : "",
	        both ? sides[1] : "");
	table_add(table, TABLE_PLAIN, row->socket->refused ? "?" : *text ? text : "-");
}

static void say_hops(const struct inet_socket *of, enum graft_side side, char text[SIDE_TEXT])
{
	int64_t unicast = of->unicast_hops[side], multicast = of->multicast_hops[side];
	if (multicast >= 0)
		snprintf(text, SIDE_TEXT, "%" PRId64 "/%" PRId64, unicast, multicast);
	else if (unicast >= 0)
		snprintf(text, SIDE_TEXT, "%" PRId64, unicast);
}

static void say_dscp(const struct inet_socket *of, enum graft_side side, char text[SIDE_TEXT])
{
	int64_t class = of->traffic_class[side];
	const char *name = class < 0 ? "" : graft_dscp_name((unsigned)class >> 2);
	if (name)
		snprintf(text, SIDE_TEXT, "%s", name);
	else
		snprintf(text, SIDE_TEXT, "%" PRId64, class >> 2);
}

static void add_socket(struct table *table, const struct row *row)
{
	char local[SOCKET_LOCAL_TEXT];
	table_add(table, TABLE_PLAIN, row->process->name);
	add_number(table, TABLE_PLAIN, row->process->pid);
	add_number(table, TABLE_PLAIN, row->socket->fd);
	table_add(table, TABLE_PLAIN, row->socket->protocol);
	table_add(table, TABLE_PLAIN, *socket_local_text(row->socket, local) ? local : "-");
}

static void add_sources(struct table *table, const struct joined *joined)
{
	char all[1024], one[GRAFT_ADDRESS_TEXT];
	struct text text = TEXT_IN(all);
	text_put(&text, joined->membership.source_count ? "" : "-");
	for (unsigned i = 0; i < joined->membership.source_count; i++) {
		text_put(&text, i ? "+" : "");
		text_put(&text, plain_text(&joined->sources[i], one));
	}
	table_add(table, TABLE_PLAIN, all);
}

static void add_membership(struct table *table, const struct row *row)
{
	char group[GRAFT_ADDRESS_TEXT];
	if (!row->joined) {
		for (int i = 0; i < 4; i++)
			table_add(table, TABLE_PLAIN, row->socket->refused ? "?" : "-");
		return;
	}
	table_add(table, TABLE_STRONG, plain_text(&row->joined->membership.group, group));
	table_add(table, TABLE_PLAIN, row->joined->interface);
	table_add(table, TABLE_PLAIN, mode_name(row->joined));
	add_sources(table, row->joined);
}

static void add_drops(struct table *table, int64_t drops)
{
	if (drops < 0)
		table_add(table, TABLE_PLAIN, "-");
	else
		add_number(table, drops ? TABLE_BAD : TABLE_PLAIN, drops);
}

// Each origin once.
static void put_origins(struct text *text, const struct reason *reasons, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		unsigned earlier = 0;
		while (earlier < i && strcmp(reasons[earlier].origin, reasons[i].origin) != 0)
			earlier++;
		if (earlier < i)
			continue;
		text_put(text, i ? ", " : "");
		text_put(text, reasons[i].origin);
	}
}

static void add_rule(struct table *table, const struct row *row)
{
	static const char *const words[] = {[GOVERNED_UNKNOWN] = "?",
	        [GOVERNED_NOT] = "-",
	        [GOVERNED_IDLE] = "no policy",
	        [GOVERNED_OPAQUE] = "?",
	        [GOVERNED] = "no rule"};
	char origins[ORIGINS_TEXT];
	struct reason reasons[REASONS_AT_MOST];
	struct text text = TEXT_IN(origins);
	unsigned count = governed_reasons(row->governed, row->socket, row->joined, reasons);
	put_origins(&text, reasons, count);
	table_add(table, count ? TABLE_GOOD : TABLE_FAINT, count ? origins : words[row->governed->state]);
}

void row_to_table(const struct row *row, struct table *table)
{
	char interfaces[ORIGINS_TEXT];
	add_socket(table, row);
	add_membership(table, row);
	add_sides(table, row, say_hops);
	add_sides(table, row, say_dscp);
	const char *out = outgoing(row, interfaces, sizeof(interfaces));
	table_add(table, TABLE_PLAIN, *out ? out : outgoing_known(row->socket) ? "-" : "?");
	add_drops(table, row->socket->drops);
	add_rule(table, row);
}

// ---- as JSON --------------------------------------------------------------------------------------------

static void number_or_null(const char *key, int64_t number)
{
	if (number < 0)
		json_null(key);
	else
		json_number(key, number);
}

static void json_membership(const struct joined *joined)
{
	char address[GRAFT_ADDRESS_TEXT];
	json_text("group", joined ? plain_text(&joined->membership.group, address) : NULL);
	json_text("interface", joined ? joined->interface : NULL);
	json_text("mode", joined ? mode_name(joined) : NULL);
	json_open_array("sources");
	for (unsigned i = 0; joined && i < joined->membership.source_count; i++)
		json_text(NULL, plain_text(&joined->sources[i], address));
	json_close_array();
}

static void json_options(const struct inet_socket *of)
{
	number_or_null("ttl", of->unicast_hops[GRAFT_IPV4]);
	number_or_null("multicast_ttl", of->multicast_hops[GRAFT_IPV4]);
	number_or_null("hop_limit", of->unicast_hops[GRAFT_IPV6]);
	number_or_null("multicast_hop_limit", of->multicast_hops[GRAFT_IPV6]);
	number_or_null("tos", of->traffic_class[GRAFT_IPV4]);
	number_or_null("traffic_class", of->traffic_class[GRAFT_IPV6]);
	enum graft_side side = of->traffic_class[GRAFT_IPV6] >= 0 ? GRAFT_IPV6 : GRAFT_IPV4;
	number_or_null("dscp", of->traffic_class[side] < 0 ? -1 : of->traffic_class[side] >> 2);
}

static void json_governed(const struct row *row)
{
	struct reason reasons[REASONS_AT_MOST];
	unsigned count = governed_reasons(row->governed, row->socket, row->joined, reasons);
	if (row->governed->state == GOVERNED_UNKNOWN)
		json_null("shim");
	else
		json_boolean("shim", row->governed->state != GOVERNED_NOT);
	json_open_array("rules");
	for (unsigned i = 0; i < count; i++) {
		json_open_object(NULL);
		json_text("key", reasons[i].key);
		json_text("origin", reasons[i].origin);
		json_close_object();
	}
	json_close_array();
	if (row->governed->state == GOVERNED_OPAQUE)
		json_text("policy_error", row->governed->why);
}

void row_to_json(const struct row *row)
{
	char text[ORIGINS_TEXT];
	const struct inet_socket *of = row->socket;
	json_open_object(NULL);
	json_text("process", row->process->name);
	json_number("pid", row->process->pid);
	json_number("fd", of->fd);
	json_text("protocol", of->protocol);
	json_text("family", of->facts.family == AF_INET6 ? "ipv6" : "ipv4");
	json_text("local", *socket_local_text(of, text) ? text : NULL);
	json_boolean("memberships_known", !of->refused);
	json_membership(row->joined);
	json_options(of);
	const char *out = outgoing(row, text, sizeof(text));
	json_text("multicast_interface", *out ? out : NULL);
	json_boolean("multicast_interface_known", *out || outgoing_known(of));
	number_or_null("drops", of->drops);
	json_governed(row);
	json_close_object();
}
