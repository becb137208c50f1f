// Redirects: FROM->TO.
#include "parse.h"

const char redirect_form[] = "expected FROM->TO, each ADDRESS[:PORT], such as 192.0.2.9:5000->239.1.1.1:5000";

static const char *problem_of(const struct endpoint *from, const struct endpoint *to)
{
	const union graft_address *a = &from->prefix.address, *b = &to->prefix.address;
	if (a->any.sa_family != b->any.sa_family)
		return "expected both sides of \"->\" to be IPv4, or both IPv6";
	if (graft_address_is_any(a) || graft_address_is_any(b))
		return "expected addresses that something can be sent to";
	if (graft_address_equal(a, b) && (from->port == to->port || !to->port))
		return "expected another address or port after \"->\" than before";
	return NULL;
}

bool redirect_parse(struct reader *reader, struct span item, struct redirect *redirect)
{
	struct span from, to = item;
	do {
		if (!span_cut(&to, '>', &from))
			return fail(reader, item, redirect_form);
	} while (!from.length || from.start[from.length - 1] != '-');
	from = (struct span){item.start, (size_t)(to.start - item.start) - 2};
	struct endpoint a, b;
	const char *problem = endpoint_parse(from, ENDPOINT_PORT, redirect_form, &a);
	if (!problem)
		problem = endpoint_parse(to, ENDPOINT_PORT, redirect_form, &b);
	if (!problem)
		problem = problem_of(&a, &b);
	if (problem)
		return fail(reader, item, problem);
	redirect->from = a.prefix.address;
	redirect->to = b.prefix.address;
	graft_address_set_port(&redirect->from, a.port);
	graft_address_set_port(&redirect->to, b.port);
	return true;
}
