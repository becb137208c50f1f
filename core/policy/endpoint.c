// Addresses with a prefix length or a port.
#include "parse.h"

const char bad_port[] = "expected a port from 1 to 65535 after the colon";
static const char needs_brackets[] =
        "expected brackets around an IPv6 address that a port follows, as in [ff15::1]:5000";

bool port_parse(struct span text, uint16_t *port)
{
	uint64_t number;
	if (!span_number(text, &number) || !number || number > 65535)
		return false;
	*port = (uint16_t)number;
	return true;
}

// What of an endpoint's text is which part; a part that is not there has no start.
struct pieces {
	struct span address, length, port;
	bool bracketed;
};

static const char *cut_brackets(struct span text, struct pieces *pieces)
{
	struct span rest = span_from(text, 1), inside;
	if (!span_cut(&rest, ']', &inside))
		return "expected \"]\" after the address, as in [ff15::1]:5000";
	pieces->bracketed = true;
	pieces->address = inside;
	if (span_cut(&pieces->address, '/', &inside)) {
		pieces->length = pieces->address;
		pieces->address = inside;
	}
	if (rest.length && *rest.start == '/' && !pieces->length.start) {
		rest = span_from(rest, 1);
		struct span length = rest;
		bool ported = span_cut(&rest, ':', &length);
		pieces->length = length;
		if (ported)
			pieces->port = rest;
		return NULL;
	}
	if (rest.length && *rest.start == ':')
		pieces->port = span_from(rest, 1);
	else if (rest.length)
		return "expected nothing but a port after the bracket, as in [ff15::1]:5000";
	return NULL;
}

static const char *cut_bare(struct span text, struct pieces *pieces)
{
	struct span before, after = text;
	pieces->address = text;
	if (span_cut(&after, '/', &before)) {
		pieces->address = before;
		pieces->length = after;
	}
	after = pieces->address;
	if (span_cut(&after, ':', &before)) {
		if (span_has(pieces->length, ':'))
			return needs_brackets;
		if (span_has(after, ':') || pieces->length.start)
			return NULL; // an IPv6 address without a port, or no address
		pieces->address = before;
		pieces->port = after;
	} else if (span_cut(&pieces->length, ':', &before)) {
		pieces->port = pieces->length;
		pieces->length = before;
	}
	return NULL;
}

static const char *read_length(struct span text, struct graft_prefix *prefix)
{
	bool v4 = prefix->address.any.sa_family == AF_INET;
	uint64_t most = v4 ? 32 : 128, number = most;
	if (text.start && (!span_number(text, &number) || number > most))
		return v4 ? "expected a prefix length from 0 to 32 after the slash"
		          : "expected a prefix length from 0 to 128 after the slash";
	prefix->length = (unsigned)number;
	return NULL;
}

static const char *refuse_parts(const struct pieces *pieces, unsigned allowed)
{
	if (pieces->length.start && !(allowed & ENDPOINT_PREFIX))
		return "expected an address without a prefix length";
	if (pieces->port.start && !(allowed & ENDPOINT_PORT))
		return "expected an address without a port";
	return NULL;
}

const char *endpoint_parse(
        struct span text, unsigned allowed, const char *otherwise, struct endpoint *endpoint)
{
	*endpoint = (struct endpoint){0};
	struct pieces pieces = {0};
	bool bracket = text.length && *text.start == '[';
	const char *problem = bracket ? cut_brackets(text, &pieces) : cut_bare(text, &pieces);
	if (problem)
		return problem;
	union graft_address *address = &endpoint->prefix.address;
	if (graft_address_parse(pieces.address.start, pieces.address.length, address))
		return otherwise;
	if (pieces.bracketed && address->any.sa_family != AF_INET6)
		return "expected brackets around IPv6 addresses only";
	// Facts are compared as IPv4, so that one way of writing is enough.
	if (graft_address_is_mapped(address))
		return "expected the IPv4 address itself, without \"::ffff:\"";
	problem = refuse_parts(&pieces, allowed);
	if (!problem)
		problem = read_length(pieces.length, &endpoint->prefix);
	if (!problem && pieces.port.start && !port_parse(pieces.port, &endpoint->port))
		problem = bad_port;
	return problem;
}
