// A program's request for a membership: from the bytes to what they say.
#include "requests.h"

#include "memory.h"

#include <string.h>

// How a request is laid out.
enum shape { MREQ, MREQ_SOURCE, MREQ6, GROUP, GROUP_SOURCE, LIST4, LIST };

static const struct row {
	uint8_t level, name, shape, what;
} rows[] = {
        {IPPROTO_IP, IP_ADD_MEMBERSHIP, MREQ, REQUEST_JOIN},
        {IPPROTO_IP, IP_DROP_MEMBERSHIP, MREQ, REQUEST_LEAVE},
        {IPPROTO_IP, IP_ADD_SOURCE_MEMBERSHIP, MREQ_SOURCE, REQUEST_JOIN_SOURCE},
        {IPPROTO_IP, IP_DROP_SOURCE_MEMBERSHIP, MREQ_SOURCE, REQUEST_LEAVE_SOURCE},
        {IPPROTO_IP, IP_BLOCK_SOURCE, MREQ_SOURCE, REQUEST_BLOCK},
        {IPPROTO_IP, IP_UNBLOCK_SOURCE, MREQ_SOURCE, REQUEST_UNBLOCK},
        {IPPROTO_IP, IP_MSFILTER, LIST4, REQUEST_LIST},
        {IPPROTO_IPV6, IPV6_JOIN_GROUP, MREQ6, REQUEST_JOIN},
        {IPPROTO_IPV6, IPV6_LEAVE_GROUP, MREQ6, REQUEST_LEAVE},
#define BOTH(name, shape, what)                                                                              \
	{IPPROTO_IP, name, shape, what},                                                                     \
	{                                                                                                    \
		IPPROTO_IPV6, name, shape, what                                                              \
	}
        BOTH(MCAST_JOIN_GROUP, GROUP, REQUEST_JOIN),
        BOTH(MCAST_LEAVE_GROUP, GROUP, REQUEST_LEAVE),
        BOTH(MCAST_JOIN_SOURCE_GROUP, GROUP_SOURCE, REQUEST_JOIN_SOURCE),
        BOTH(MCAST_LEAVE_SOURCE_GROUP, GROUP_SOURCE, REQUEST_LEAVE_SOURCE),
        BOTH(MCAST_BLOCK_SOURCE, GROUP_SOURCE, REQUEST_BLOCK),
        BOTH(MCAST_UNBLOCK_SOURCE, GROUP_SOURCE, REQUEST_UNBLOCK),
        BOTH(MCAST_MSFILTER, LIST, REQUEST_LIST),
#undef BOTH
};

static const struct row *find(int level, int name)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].level == level && rows[i].name == name)
			return &rows[i];
	return NULL;
}

// ---- addresses ------------------------------------------------------------------------------------------

static union graft_address address4(struct in_addr address)
{
	return (union graft_address){.v4 = {.sin_family = AF_INET, .sin_addr = address}};
}

static union graft_address address6(struct in6_addr address)
{
	return (union graft_address){.v6 = {.sin6_family = AF_INET6, .sin6_addr = address}};
}

// The kernel does not look at port and zone.
static union graft_address address_in(int level, const struct sockaddr_storage *storage)
{
	union graft_address address;
	memcpy(&address, storage, sizeof(address));
	return level == IPPROTO_IP ? address4(address.v4.sin_addr) : address6(address.v6.sin6_addr);
}

static bool is_of(int level, const struct sockaddr_storage *storage)
{
	return storage->ss_family == (level == IPPROTO_IP ? AF_INET : AF_INET6);
}

// An interface's address of 0.0.0.0 is none.
static union graft_address interface_at(struct in_addr address)
{
	return address.s_addr ? address4(address) : (union graft_address){0};
}

// ---- shapes ---------------------------------------------------------------------------------------------

// The beginning of a request, as far as it has to be there.
static bool take(void *into, size_t size, const void *value, socklen_t length)
{
	if (length < size || !readable(value, size))
		return false;
	memcpy(into, value, size);
	return true;
}

// ip(7): ip_mreq, or ip_mreqn, which has the index behind it; the index goes before the address.
static bool read_mreq(const void *value, socklen_t length, struct request *request)
{
	struct ip_mreqn mreq = {0};
	if (!take(&mreq, length < sizeof(mreq) ? sizeof(struct ip_mreq) : sizeof(mreq), value, length))
		return false;
	request->index = (unsigned)mreq.imr_ifindex;
	request->interface = interface_at(mreq.imr_address);
	request->group = address4(mreq.imr_multiaddr);
	return true;
}

static bool read_mreq_source(const void *value, socklen_t length, struct request *request)
{
	struct ip_mreq_source mreq;
	if (length != sizeof(mreq) || !take(&mreq, sizeof(mreq), value, length))
		return false;
	request->interface = interface_at(mreq.imr_interface);
	request->group = address4(mreq.imr_multiaddr);
	request->source = address4(mreq.imr_sourceaddr);
	return true;
}

static bool read_mreq6(const void *value, socklen_t length, struct request *request)
{
	struct ipv6_mreq mreq;
	if (!take(&mreq, sizeof(mreq), value, length))
		return false;
	request->index = mreq.ipv6mr_interface;
	request->group = address6(mreq.ipv6mr_multiaddr);
	return true;
}

static bool read_group(int level, const void *value, socklen_t length, struct request *request)
{
	struct group_req group;
	if (!take(&group, sizeof(group), value, length) || !is_of(level, &group.gr_group))
		return false;
	request->index = group.gr_interface;
	request->group = address_in(level, &group.gr_group);
	return true;
}

// IPv4 takes no longer one.
static bool read_group_source(int level, const void *value, socklen_t length, struct request *request)
{
	struct group_source_req group;
	if ((level == IPPROTO_IP && length != sizeof(group)) || !take(&group, sizeof(group), value, length) ||
	        !is_of(level, &group.gsr_group) || !is_of(level, &group.gsr_source))
		return false;
	request->index = group.gsr_interface;
	request->group = address_in(level, &group.gsr_group);
	request->source = address_in(level, &group.gsr_source);
	return true;
}

static bool is_mode(uint32_t mode)
{
	return mode == GRAFT_INCLUDE || mode == GRAFT_EXCLUDE;
}

// Whether the sources of a list are all there.
static bool reads_sources(
        struct request *request, const void *value, socklen_t length, size_t start, size_t size)
{
	if ((length - start) / size < request->source_count ||
	        !readable(value, start + request->source_count * size))
		return false;
	request->sources = (const char *)value + start;
	return true;
}

static bool read_list4(const void *value, socklen_t length, struct request *request)
{
	struct ip_msfilter list;
	const size_t start = IP_MSFILTER_SIZE(0);
	if (!take(&list, start, value, length) || !is_mode(list.imsf_fmode))
		return false;
	request->interface = interface_at(list.imsf_interface);
	request->group = address4(list.imsf_multiaddr);
	request->exclude = list.imsf_fmode == GRAFT_EXCLUDE;
	request->source_count = list.imsf_numsrc;
	request->compact = true;
	return reads_sources(request, value, length, start, sizeof(struct in_addr));
}

// IPv6 doesn't look at the families.
static bool has_families(int level, const struct request *request, const struct sockaddr_storage *group)
{
	struct sockaddr_storage source;
	bool same = level == IPPROTO_IPV6 || is_of(level, group);
	for (unsigned i = 0; level == IPPROTO_IP && same && i < request->source_count; i++) {
		memcpy(&source, request->sources + i * sizeof(source), sizeof(source));
		same = is_of(level, &source);
	}
	return same;
}

static bool read_list(int level, const void *value, socklen_t length, struct request *request)
{
	struct group_filter list;
	const size_t start = GROUP_FILTER_SIZE(0);
	if (!take(&list, start, value, length) || !is_mode(list.gf_fmode))
		return false;
	request->index = list.gf_interface;
	request->group = address_in(level, &list.gf_group);
	request->exclude = list.gf_fmode == GRAFT_EXCLUDE;
	request->source_count = list.gf_numsrc;
	return reads_sources(request, value, length, start, sizeof(struct sockaddr_storage)) &&
	       has_families(level, request, &list.gf_group);
}

static bool read_shape(const struct row *row, const void *value, socklen_t length, struct request *request)
{
	switch ((enum shape)row->shape) {
	case MREQ:
		return read_mreq(value, length, request);
	case MREQ_SOURCE:
		return read_mreq_source(value, length, request);
	case MREQ6:
		return read_mreq6(value, length, request);
	case GROUP:
		return read_group(row->level, value, length, request);
	case GROUP_SOURCE:
		return read_group_source(row->level, value, length, request);
	case LIST4:
		return read_list4(value, length, request);
	case LIST:
		return read_list(row->level, value, length, request);
	}
	return false;
}

bool request_read(int level, int name, const void *value, socklen_t length, struct request *request)
{
	const struct row *row = find(level, name);
	*request = (struct request){0};
	if (!row || !read_shape(row, value, length, request))
		return false;
	request->what = (enum request_what)row->what;
	return graft_address_is_multicast(&request->group) && !graft_address_is_mapped(&request->group);
}

union graft_address request_source(const struct request *request, unsigned number)
{
	struct sockaddr_storage storage;
	struct in_addr address;
	if (request->compact) {
		memcpy(&address, request->sources + number * sizeof(address), sizeof(address));
		return address4(address);
	}
	memcpy(&storage, request->sources + number * sizeof(storage), sizeof(storage));
	return address_in(request->group.any.sa_family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6, &storage);
}
