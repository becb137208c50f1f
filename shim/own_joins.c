// The program's own membership requests that name no interface.
//
// The kernel would ask the route to the group, which knows nothing of IP_MULTICAST_IF (ip(7)). Each request
// is made again as the protocol-independent one of RFC 3678 that says the same, with the interface's index.
#include "own_joins.h"

#include "functions.h"
#include "start.h"
#include "subject.h"

#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>

// How a request is laid out.
enum shape { MREQ, MREQ_SOURCE, MREQ6, GROUP, GROUP_SOURCE };

static const struct row {
	int level, name;
	enum shape shape;
	int means; // the protocol-independent request
} rows[] = {
        {IPPROTO_IP, IP_ADD_MEMBERSHIP, MREQ, MCAST_JOIN_GROUP},
        {IPPROTO_IP, IP_DROP_MEMBERSHIP, MREQ, MCAST_LEAVE_GROUP},
        {IPPROTO_IP, IP_ADD_SOURCE_MEMBERSHIP, MREQ_SOURCE, MCAST_JOIN_SOURCE_GROUP},
        {IPPROTO_IP, IP_DROP_SOURCE_MEMBERSHIP, MREQ_SOURCE, MCAST_LEAVE_SOURCE_GROUP},
        {IPPROTO_IP, IP_BLOCK_SOURCE, MREQ_SOURCE, MCAST_BLOCK_SOURCE},
        {IPPROTO_IP, IP_UNBLOCK_SOURCE, MREQ_SOURCE, MCAST_UNBLOCK_SOURCE},
        {IPPROTO_IPV6, IPV6_JOIN_GROUP, MREQ6, MCAST_JOIN_GROUP},
        {IPPROTO_IPV6, IPV6_LEAVE_GROUP, MREQ6, MCAST_LEAVE_GROUP},
        {IPPROTO_IP, MCAST_JOIN_GROUP, GROUP, MCAST_JOIN_GROUP},
        {IPPROTO_IP, MCAST_LEAVE_GROUP, GROUP, MCAST_LEAVE_GROUP},
        {IPPROTO_IPV6, MCAST_JOIN_GROUP, GROUP, MCAST_JOIN_GROUP},
        {IPPROTO_IPV6, MCAST_LEAVE_GROUP, GROUP, MCAST_LEAVE_GROUP},
        {IPPROTO_IP, MCAST_JOIN_SOURCE_GROUP, GROUP_SOURCE, MCAST_JOIN_SOURCE_GROUP},
        {IPPROTO_IP, MCAST_LEAVE_SOURCE_GROUP, GROUP_SOURCE, MCAST_LEAVE_SOURCE_GROUP},
        {IPPROTO_IP, MCAST_BLOCK_SOURCE, GROUP_SOURCE, MCAST_BLOCK_SOURCE},
        {IPPROTO_IP, MCAST_UNBLOCK_SOURCE, GROUP_SOURCE, MCAST_UNBLOCK_SOURCE},
        {IPPROTO_IPV6, MCAST_JOIN_SOURCE_GROUP, GROUP_SOURCE, MCAST_JOIN_SOURCE_GROUP},
        {IPPROTO_IPV6, MCAST_LEAVE_SOURCE_GROUP, GROUP_SOURCE, MCAST_LEAVE_SOURCE_GROUP},
        {IPPROTO_IPV6, MCAST_BLOCK_SOURCE, GROUP_SOURCE, MCAST_BLOCK_SOURCE},
        {IPPROTO_IPV6, MCAST_UNBLOCK_SOURCE, GROUP_SOURCE, MCAST_UNBLOCK_SOURCE},
};

static const struct row *find(int level, int name)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].level == level && rows[i].name == name)
			return &rows[i];
	return NULL;
}

// A request, however it was laid out.
struct request {
	unsigned interface;
	struct sockaddr_storage group, source;
	bool has_source;
};

static struct sockaddr_storage storage_of(struct in_addr address)
{
	struct sockaddr_storage storage = {0};
	const struct sockaddr_in inner = {.sin_family = AF_INET, .sin_addr = address};
	memcpy(&storage, &inner, sizeof(inner));
	return storage;
}

static struct sockaddr_storage storage_of6(struct in6_addr address)
{
	struct sockaddr_storage storage = {0};
	const struct sockaddr_in6 inner = {.sin6_family = AF_INET6, .sin6_addr = address};
	memcpy(&storage, &inner, sizeof(inner));
	return storage;
}

// ip(7): ip_mreq, or ip_mreqn, which has the index behind it. The interface's address stands for none if it
// is 0.0.0.0; anything else is the program's own choice.
static bool read_mreq(const void *value, socklen_t length, struct request *request)
{
	struct ip_mreqn mreq = {0};
	if (length < sizeof(struct ip_mreq))
		return false;
	memcpy(&mreq, value, length < sizeof(mreq) ? sizeof(struct ip_mreq) : sizeof(mreq));
	request->interface = mreq.imr_address.s_addr ? 1 : (unsigned)mreq.imr_ifindex;
	request->group = storage_of(mreq.imr_multiaddr);
	return true;
}

static bool read_mreq_source(const void *value, socklen_t length, struct request *request)
{
	struct ip_mreq_source mreq;
	if (length != sizeof(mreq))
		return false;
	memcpy(&mreq, value, sizeof(mreq));
	request->interface = mreq.imr_interface.s_addr != 0;
	request->group = storage_of(mreq.imr_multiaddr);
	request->source = storage_of(mreq.imr_sourceaddr);
	request->has_source = true;
	return true;
}

static bool read_mreq6(const void *value, socklen_t length, struct request *request)
{
	struct ipv6_mreq mreq;
	if (length < sizeof(mreq))
		return false;
	memcpy(&mreq, value, sizeof(mreq));
	request->interface = mreq.ipv6mr_interface;
	request->group = storage_of6(mreq.ipv6mr_multiaddr);
	return true;
}

static bool read_group(const void *value, socklen_t length, struct request *request)
{
	struct group_req group;
	if (length < sizeof(group))
		return false;
	memcpy(&group, value, sizeof(group));
	request->interface = group.gr_interface;
	request->group = group.gr_group;
	return true;
}

static bool read_group_source(const void *value, socklen_t length, struct request *request)
{
	struct group_source_req group;
	if (length != sizeof(group))
		return false;
	memcpy(&group, value, sizeof(group));
	request->interface = group.gsr_interface;
	request->group = group.gsr_group;
	request->source = group.gsr_source;
	request->has_source = true;
	return true;
}

// false: the kernel will refuse it.
static bool read_request(const struct row *row, const void *value, socklen_t length, struct request *request)
{
	if (!value)
		return false;
	switch (row->shape) {
	case MREQ:
		return read_mreq(value, length, request);
	case MREQ_SOURCE:
		return read_mreq_source(value, length, request);
	case MREQ6:
		return read_mreq6(value, length, request);
	case GROUP:
		return read_group(value, length, request);
	case GROUP_SOURCE:
		return read_group_source(value, length, request);
	}
	return false;
}

static int make(int fd, const struct row *row, const struct request *request, unsigned index)
{
	if (request->has_source) {
		const struct group_source_req group = {
		        .gsr_interface = index, .gsr_group = request->group, .gsr_source = request->source};
		return next_setsockopt(fd, row->level, row->means, &group, sizeof(group));
	}
	const struct group_req group = {.gr_interface = index, .gr_group = request->group};
	return next_setsockopt(fd, row->level, row->means, &group, sizeof(group));
}

// The index of the policy's interface for this socket; 0: it has none, or it isn't there.
static unsigned policy_interface(int fd)
{
	struct subject subject = subject_known(fd);
	struct plan plan;
	unsigned index;
	if (!policy.interfaces || !(subject.state & INET))
		return 0;
	if (policy.asks_local)
		subject_find_local(&subject);
	if (policy.asks_to)
		subject_find_peer(&subject);
	plan_make(&plan, &policy, &subject.facts);
	const struct setting *setting = plan.values[KEY_INTERFACE];
	if (!setting || graft_interface_resolve(fd, &setting->value.interface, &index, 1) < 0)
		return 0;
	report_placed(&subject, "the program's membership request goes to the interface", setting->origin);
	return index;
}

bool own_joins_intercept(int fd, int level, int name, const void *value, socklen_t length, int *result)
{
	struct request request = {0};
	const struct row *row = find(level, name);
	if (!row || !read_request(row, value, length, &request) || request.interface)
		return false;
	int kept = errno;
	unsigned index = policy_interface(fd);
	errno = kept;
	if (!index)
		return false;
	*result = make(fd, row, &request, index);
	return true;
}
