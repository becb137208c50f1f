// Several memberships of one group on one interface.
//
// Together they make one membership of the kernel's: in exclude mode if one of them is open to sources that it does
// not name, in include mode otherwise.
//
// For IPv6 that goes for the group on all interfaces: the kernel finds a socket's membership by the group
// alone (inet6_mc_check), so a datagram may be held against the sources of another interface. Each interface
// therefore gets the sources of all, and our filter tells them apart.
#include "merge.h"

static bool same_group(const struct join *a, const struct join *b)
{
	return graft_address_equal(&a->membership->group, &b->membership->group);
}

bool merge_together(const struct join *a, const struct join *b)
{
	return (a->index == b->index || a->membership->group.any.sa_family == AF_INET6) && same_group(a, b);
}

bool merge_is_open(const struct membership *membership)
{
	return membership->exclude || !membership->source_count;
}

static bool names(const struct membership *membership, const union graft_address *source)
{
	for (unsigned i = 0; i < membership->source_count; i++)
		if (graft_address_equal(&membership->sources[i], source))
			return true;
	return false;
}

static bool admits(const struct membership *membership, const union graft_address *source)
{
	return merge_is_open(membership) != names(membership, source);
}

bool merge_admits(const struct joins *joins, const struct join *join, const union graft_address *source)
{
	for (unsigned i = 0; i < joins->count; i++)
		if (merge_together(&joins->list[i], join) && admits(joins->list[i].membership, source))
			return true;
	return false;
}

bool merge_is_first(const struct joins *joins, unsigned which)
{
	for (unsigned i = 0; i < which; i++)
		if (joins->list[i].index == joins->list[which].index &&
		        same_group(&joins->list[i], &joins->list[which]))
			return false;
	return true;
}

const struct membership *merge_open(const struct joins *joins, const struct join *join)
{
	for (unsigned i = 0; i < joins->count; i++)
		if (merge_together(&joins->list[i], join) && merge_is_open(joins->list[i].membership))
			return joins->list[i].membership;
	return NULL;
}
