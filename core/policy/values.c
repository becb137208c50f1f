// The values of the keys.
#include "parse.h"

static bool fail_value(struct reader *reader, const struct assignment *assignment, const char *expected)
{
	return fail(reader, assignment->whole, expected);
}

// ---- options: numbers, switches, bytes, traffic classes --------------------------------------------------

static bool read_bytes(struct span text, int64_t *number)
{
	unsigned shift = 0;
	if (text.length) {
		char unit = text.start[text.length - 1];
		shift = unit == 'M' ? 20 : unit == 'k' || unit == 'K' ? 10 : 0;
		text.length -= shift != 0;
	}
	uint64_t count;
	return span_number(text, &count) && !__builtin_mul_overflow(count, 1U << shift, number);
}

static bool read_switch(struct span text, int64_t *number)
{
	*number = span_is(text, "on");
	return *number || span_is(text, "off");
}

static bool read_number(struct span text, int64_t *number)
{
	uint64_t any;
	if (!span_number(text, &any) || any > INT64_MAX)
		return false;
	*number = (int64_t)any;
	return true;
}

// A TOS byte or traffic class; a DSCP name stands for its six upper bits.
static bool read_traffic(struct span text, int64_t *number)
{
	int dscp = graft_dscp_parse(text.start, text.length);
	if (dscp < 0)
		return read_number(text, number);
	*number = dscp << 2;
	return true;
}

static void put_range(struct text *line, const struct graft_option_row *row)
{
	text_put_number(line, row->minimum);
	text_put(line, " to ");
	text_put_number(line, row->maximum);
}

static bool fail_option(
        struct reader *reader, const struct assignment *assignment, const struct graft_option_row *row)
{
	struct text *line = fail_begin(reader, assignment->whole);
	switch (row->unit) {
	case GRAFT_UNIT_SWITCH:
		text_put(line, "expected on or off");
		break;
	case GRAFT_UNIT_NUMBER:
		text_put(line, "expected a number from ");
		put_range(line, row);
		break;
	case GRAFT_UNIT_TRAFFIC:
		text_put(line, "expected a number from ");
		put_range(line, row);
		text_put(line, ", or a DSCP name such as ef or af41");
		break;
	case GRAFT_UNIT_GAUGE: // has no key
		break;
	case GRAFT_UNIT_BYTES:
		text_put(line, "expected a number of bytes from ");
		put_range(line, row);
		text_put(line, ", such as 4194304, 4096k or 4M");
		break;
	}
	return false;
}

static bool read_unit(enum graft_option_unit unit, struct span value, int64_t *number)
{
	switch (unit) {
	case GRAFT_UNIT_NUMBER:
		return read_number(value, number);
	case GRAFT_UNIT_TRAFFIC:
		return read_traffic(value, number);
	case GRAFT_UNIT_SWITCH:
		return read_switch(value, number);
	case GRAFT_UNIT_BYTES:
		return read_bytes(value, number);
	case GRAFT_UNIT_GAUGE:
		break;
	}
	return false;
}

bool option_parse(struct reader *reader, const struct assignment *assignment, int64_t *number)
{
	const struct graft_option_row *row = &graft_option_rows[assignment->key];
	if (read_unit(row->unit, assignment->value, number) && *number >= row->minimum &&
	        *number <= row->maximum)
		return true;
	return fail_option(reader, assignment, row);
}

// ---- single values --------------------------------------------------------------------------------------

static bool read_dscp(struct reader *reader, const struct assignment *assignment, struct setting *setting)
{
	int64_t number = graft_dscp_parse(assignment->value.start, assignment->value.length);
	if (number < 0 && (!read_number(assignment->value, &number) || number > 63))
		return fail_value(reader, assignment,
		        "expected a number from 0 to 63, or a DSCP name such as ef or af41");
	setting->value.number = number;
	return true;
}

// Whether a "?" begins an interface behind another: a pattern may, but not where one makes the value a default.
static bool marks_again(struct span value)
{
	struct span before;
	while (span_cut(&value, '+', &before))
		if (value.length && *value.start == '?')
			return true;
	return false;
}

static bool read_interfaces(
        struct reader *reader, const struct assignment *assignment, struct setting *setting)
{
	struct list interfaces = {0};
	if (setting->fallback && marks_again(assignment->value))
		return fail_value(
		        reader, assignment, "expected one \"?\", before the first interface: it is for all");
	if (!assignment->value.length)
		return fail_value(reader, assignment,
		        "expected an interface: its name, index or address, such as eth0");
	if (!interfaces_parse(reader, assignment->whole, assignment->value, &interfaces))
		return false;
	if (interfaces.count > INTERFACES_AT_MOST)
		return fail_value(reader, assignment, "expected at most 32 interfaces");
	setting->value.interfaces.items = interfaces.items;
	setting->value.interfaces.count = interfaces.count;
	return true;
}

static const char bind_form[] =
        "expected auto, any, group, keep or ADDRESS[:PORT], such as 239.1.1.1:5000 or [::]:5000";

static bool read_bind(struct reader *reader, const struct assignment *assignment, struct setting *setting)
{
	static const struct {
		char word[8];
		enum bind_mode mode;
	} rows[] = {{"auto", BIND_AUTO}, {"any", BIND_ANY}, {"group", BIND_GROUP}, {"keep", BIND_KEEP}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (span_is(assignment->value, rows[i].word)) {
			setting->value.bind.mode = rows[i].mode;
			return true;
		}
	}
	struct endpoint endpoint;
	const char *problem = endpoint_parse(assignment->value, ENDPOINT_PORT, bind_form, &endpoint);
	if (problem)
		return fail_value(reader, assignment, problem);
	setting->value.bind.mode = BIND_ADDRESS;
	setting->value.bind.address = endpoint.prefix.address;
	graft_address_set_port(&setting->value.bind.address, endpoint.port);
	return true;
}

static bool read_reuse(struct reader *reader, const struct assignment *assignment, struct setting *setting)
{
	static const struct {
		char word[8];
		int bits;
	} rows[] = {{"addr", REUSE_ADDR}, {"port", REUSE_PORT}, {"both", REUSE_ADDR | REUSE_PORT}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (span_is(assignment->value, rows[i].word)) {
			setting->value.number = rows[i].bits;
			return true;
		}
	}
	return fail_value(reader, assignment, "expected addr, port or both");
}

static bool read_device(struct reader *reader, const struct assignment *assignment, struct setting *setting)
{
	struct span value = assignment->value;
	setting->value.name = arena_copy(reader->arena, value.start, value.length);
	if (!setting->value.name)
		return fail_memory(reader);
	if (!interface_name_valid(value, setting->value.name) || span_has(value, '*') || span_has(value, '?'))
		return fail_value(
		        reader, assignment, "expected an interface's name of 1 to 15 bytes, such as eth0");
	return true;
}

// ---- lists ----------------------------------------------------------------------------------------------

static bool read_memberships(struct reader *reader, const struct assignment *assignment, enum group_form form,
        struct setting *setting, struct list *list)
{
	struct items items = {assignment->value, false};
	struct span item;
	enum item found;
	while ((found = items_next(&items, &item)) == ITEM_FOUND) {
		struct membership *membership = list_add(list, reader->arena, sizeof(*membership));
		if (!membership)
			return fail_memory(reader);
		if (!membership_parse(reader, item, form, membership))
			return false;
		membership->origin = setting->origin;
	}
	setting->value.memberships.items = list->items;
	setting->value.memberships.count = list->count;
	return found == ITEM_END || fail_missing(reader, assignment->whole, membership_form);
}

static bool read_redirects(struct reader *reader, const struct assignment *assignment,
        struct setting *setting, struct list *list)
{
	struct items items = {assignment->value, false};
	struct span item;
	enum item found;
	while ((found = items_next(&items, &item)) == ITEM_FOUND) {
		struct redirect *redirect = list_add(list, reader->arena, sizeof(*redirect));
		if (!redirect)
			return fail_memory(reader);
		if (!redirect_parse(reader, item, redirect))
			return false;
		redirect->origin = setting->origin;
	}
	setting->value.redirects.items = list->items;
	setting->value.redirects.count = list->count;
	return found == ITEM_END || fail_missing(reader, assignment->whole, redirect_form);
}

// ---- any of them ----------------------------------------------------------------------------------------

static bool may_be_default(enum policy_key key)
{
	return key < (enum policy_key)GRAFT_KEYED_OPTIONS || key == KEY_DSCP || key == KEY_INTERFACE ||
	       key == KEY_DEVICE || key == KEY_REUSE;
}

static bool read_one(struct reader *reader, const struct assignment *assignment, struct setting *setting,
        struct lists *lists)
{
	switch (assignment->key) {
	case KEY_JOIN:
		return read_memberships(reader, assignment, GROUP_ONLY, setting, &lists->joins);
	case KEY_FILTER:
		return read_memberships(reader, assignment, GROUP_OR_PREFIX, setting, &lists->filters);
	case KEY_REDIRECT:
		return read_redirects(reader, assignment, setting, &lists->redirects);
	case KEY_INTERFACE:
		return read_interfaces(reader, assignment, setting);
	case KEY_BIND:
		return read_bind(reader, assignment, setting);
	case KEY_DSCP:
		return read_dscp(reader, assignment, setting);
	case KEY_REUSE:
		return read_reuse(reader, assignment, setting);
	case KEY_DEVICE:
		return read_device(reader, assignment, setting);
	default:
		return option_parse(reader, assignment, &setting->value.number);
	}
}

bool value_parse(struct reader *reader, const struct assignment *assignment, struct setting *setting,
        struct lists *lists)
{
	struct assignment found = *assignment;
	setting->key = found.key;
	setting->origin = reader->where;
	if (found.value.length && *found.value.start == '?') {
		if (!may_be_default(found.key))
			return fail_value(reader, assignment,
			        "expected a value without \"?\": this key has no default form");
		setting->fallback = true;
		found.value = span_from(found.value, 1);
	}
	return read_one(reader, &found, setting, lists);
}
