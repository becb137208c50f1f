// Interfaces as a policy names them: by name, index, address or pattern.
#include "parse.h"

#include <errno.h>

static const char interface_form[] =
        "expected an interface: a name of 1 to 15 bytes such as eth0, an index, or an address";

// The comma separates things here.
bool interface_name_valid(struct span name, const char *copy)
{
	return !span_has(name, ',') && !span_has(name, '\0') && graft_interface_name_valid(copy);
}

static bool fail_address(struct reader *reader, struct span text)
{
	struct endpoint endpoint;
	const char *problem = endpoint_parse(text, 0,
	        "expected an interface's address, such as 192.0.2.7 or fe80::7 (a port stands before \"%\")",
	        &endpoint);
	return fail(
	        reader, text, problem ? problem : "expected the unicast address that the interface carries");
}

static bool fail_interface(struct reader *reader, struct span text, enum graft_interface_by by)
{
	switch (by) {
	case GRAFT_BY_INDEX:
		return fail(reader, text, "expected an interface's index from 1 to 2147483647");
	case GRAFT_BY_ADDRESS:
		return fail_address(reader, text);
	default:
		return fail(reader, text, interface_form);
	}
}

static bool read_any(struct reader *reader, struct span text, struct graft_interface *interface)
{
	const char *copy = arena_copy(reader->arena, text.start, text.length);
	if (!copy)
		return fail_memory(reader);
	int error = graft_interface_parse(copy, interface);
	if ((interface->name && !interface_name_valid(text, copy)) ||
	        graft_address_is_mapped(&interface->address))
		error = -EINVAL;
	return !error || fail_interface(reader, text, interface->by);
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
