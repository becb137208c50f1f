// Interfaces as they are written: by name, index, address or pattern.
#include "sockgraft.h"

#include "text.h"

#include <errno.h>
#include <string.h>

bool graft_pattern_matches(const char *pattern, const char *name)
{
	const char *star = NULL, *retry = NULL;
	while (*name) {
		if (*pattern == '*') {
			star = pattern++;
			retry = name;
		} else if (*pattern == '?' || *pattern == *name) {
			pattern++;
			name++;
		} else if (star) {
			pattern = star + 1;
			name = ++retry;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

// ---- text to interface ----------------------------------------------------------------------------------

static int parse_index(const char *text, struct graft_interface *interface)
{
	uint64_t index = 0;
	for (const char *at = text; *at && index <= INT32_MAX; at++)
		index = 10 * index + (uint64_t)(*at - '0');
	if (!index || index > INT32_MAX)
		return -EINVAL;
	interface->index = (unsigned)index;
	return 0;
}

static int parse_address(const char *text, struct graft_interface *interface)
{
	size_t length = strlen(text);
	bool bracketed = length > 1 && text[0] == '[' && text[length - 1] == ']';
	int error = graft_address_parse(text + bracketed, length - 2 * bracketed, &interface->address);
	if (error)
		return error;
	if (bracketed && interface->address.any.sa_family != AF_INET6)
		return -EINVAL;
	bool unicast = !graft_address_is_multicast(&interface->address) &&
	               !graft_address_is_any(&interface->address);
	return unicast ? 0 : -EINVAL;
}

// As the kernel has it (dev_valid_name in net/core/dev.c), and without control bytes.
bool graft_interface_name_valid(const char *name)
{
	if (!*name || strlen(name) >= GRAFT_INTERFACE_NAME || !strcmp(name, ".") || !strcmp(name, ".."))
		return false;
	for (const char *at = name; *at; at++) {
		unsigned char byte = (unsigned char)*at;
		if (byte <= ' ' || byte == 0x7f || byte == 0xa0 || byte == '/' || byte == ':')
			return false;
	}
	return true;
}

static enum graft_interface_by written_by(const char *text)
{
	size_t length = strlen(text), digits = strspn(text, "0123456789");
	if (length && digits == length)
		return GRAFT_BY_INDEX;
	// A colon is never part of a name, and digits and dots alone are an address or a slip in one.
	if (strpbrk(text, ":[") || (length && strspn(text, "0123456789.") == length))
		return GRAFT_BY_ADDRESS;
	return strpbrk(text, "*?") ? GRAFT_BY_PATTERN : GRAFT_BY_NAME;
}

int graft_interface_parse(const char *text, struct graft_interface *interface)
{
	*interface = (struct graft_interface){.by = written_by(text)};
	switch (interface->by) {
	case GRAFT_BY_INDEX:
		return parse_index(text, interface);
	case GRAFT_BY_ADDRESS:
		return parse_address(text, interface);
	case GRAFT_BY_NAME:
	case GRAFT_BY_PATTERN:
		interface->name = text;
		return graft_interface_name_valid(text) ? 0 : -EINVAL;
	}
	return -EINVAL;
}

// ---- interface to text ----------------------------------------------------------------------------------

const char *graft_interface_text(const struct graft_interface *interface, char buffer[GRAFT_INTERFACE_TEXT])
{
	struct text text = {.start = buffer, .size = GRAFT_INTERFACE_TEXT};
	switch (interface->by) {
	case GRAFT_BY_NAME:
	case GRAFT_BY_PATTERN:
		text_put(&text, interface->name);
		break;
	case GRAFT_BY_INDEX:
		text_put_number(&text, interface->index);
		break;
	case GRAFT_BY_ADDRESS:
		return graft_address_text(&interface->address, buffer);
	}
	return buffer;
}
