// Interfaces as a policy names them: by name, index, address or pattern.
#include "parse.h"

static const char interface_form[] =
        "expected an interface: a name of 1 to 15 bytes such as eth0, an index, or an address";

// As the kernel has it (dev_valid_name in net/core/dev.c), without control bytes, and without the comma,
// which separates things here.
bool interface_name_valid(struct span name)
{
	if (!name.length || name.length >= IF_NAMESIZE || span_is(name, ".") || span_is(name, ".."))
		return false;
	for (size_t i = 0; i < name.length; i++) {
		unsigned char byte = (unsigned char)name.start[i];
		if (byte <= ' ' || byte == 0x7f || byte == 0xa0 || byte == '/' || byte == ':' || byte == ',')
			return false;
	}
	return true;
}

static bool only_of(struct span text, bool dots)
{
	for (size_t i = 0; i < text.length; i++)
		if (!is_digit(text.start[i]) && !(dots && text.start[i] == '.'))
			return false;
	return text.length;
}

static bool read_index(struct reader *reader, struct span text, struct graft_interface *interface)
{
	uint64_t index = 0;
	for (size_t i = 0; i < text.length && index <= INT32_MAX; i++)
		index = 10 * index + (uint64_t)(text.start[i] - '0');
	if (!index || index > INT32_MAX)
		return fail(reader, text, "expected an interface's index from 1 to 2147483647");
	interface->by = GRAFT_BY_INDEX;
	interface->index = (unsigned)index;
	return true;
}

static bool read_address(struct reader *reader, struct span text, struct graft_interface *interface)
{
	struct endpoint endpoint;
	const char *problem = endpoint_parse(text, 0,
	        "expected an interface's address, such as 192.0.2.7 or fe80::7 (a port stands before \"%\")",
	        &endpoint);
	if (problem)
		return fail(reader, text, problem);
	interface->by = GRAFT_BY_ADDRESS;
	interface->address = endpoint.prefix.address;
	if (graft_address_is_multicast(&interface->address) || graft_address_is_any(&interface->address))
		return fail(reader, text, "expected the unicast address that the interface carries");
	return true;
}

static bool read_name(struct reader *reader, struct span text, struct graft_interface *interface)
{
	bool pattern = span_has(text, '*') || span_has(text, '?');
	if (!interface_name_valid(text))
		return fail(reader, text, interface_form);
	interface->by = pattern ? GRAFT_BY_PATTERN : GRAFT_BY_NAME;
	interface->name = arena_copy(reader->arena, text.start, text.length);
	return interface->name || fail_memory(reader);
}

static bool read_any(struct reader *reader, struct span text, struct graft_interface *interface)
{
	if (only_of(text, false))
		return read_index(reader, text, interface);
	// A colon is never part of a name, and digits and dots alone are an address or a slip in one.
	if (span_has(text, ':') || span_has(text, '[') || only_of(text, true))
		return read_address(reader, text, interface);
	return read_name(reader, text, interface);
}

bool interfaces_parse(struct reader *reader, struct span whole, struct span text, struct list *interfaces)
{
	struct span one;
	bool more;
	do {
		more = span_cut(&text, '+', &one);
		if (!more)
			one = text;
		if (!one.length)
			return fail(reader, whole, interface_form);
		struct graft_interface *interface = list_add(interfaces, reader->arena, sizeof(*interface));
		if (!interface)
			return fail_memory(reader);
		if (!read_any(reader, one, interface))
			return false;
	} while (more);
	return true;
}
