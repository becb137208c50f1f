// The program's own membership requests: for a group that the policy has joined, and those that name no interface.
//
// For the latter the kernel would ask the route to the group, which knows nothing of IP_MULTICAST_IF (ip(7)). Each is
// made again as the protocol-independent request of RFC 3678 that says the same, with the interface's index.
#include "own_joins.h"

#include "functions.h"
#include "joins.h"
#include "memory.h"
#include "start.h"

#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>

// How a request is laid out.
enum shape { MREQ, MREQ_SOURCE, MREQ6, GROUP, GROUP_SOURCE, LIST4 };

static const struct row {
	int level, name;
	enum shape shape;
	int means; // the protocol-independent request; 0: a list of sources, which is never moved
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
        {IPPROTO_IP, IP_MSFILTER, LIST4, 0},
        {IPPROTO_IP, MCAST_MSFILTER, GROUP, 0},
        {IPPROTO_IPV6, MCAST_MSFILTER, GROUP, 0},
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

// group_filter begins in the same way.
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

// ip_msfilter begins with the group.
static bool read_list4(const void *value, socklen_t length, struct request *request)
{
	struct in_addr group;
	if (length < sizeof(group))
		return false;
	memcpy(&group, value, sizeof(group));
	request->group = storage_of(group);
	return true;
}

// false: the kernel will refuse it.
static bool read_request(const struct row *row, const void *value, socklen_t length, struct request *request)
{
	if (!readable(value,
	            length < sizeof(struct group_source_req) ? length : sizeof(struct group_source_req)))
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
	case LIST4:
		return read_list4(value, length, request);
	}
	return false;
}

static int make(int fd, const struct row *row, const struct request *request, unsigned index)
{
	if (request->has_source) {
		const struct group_source_req group = {
		        .gsr_interface = index, .gsr_group = request->group, .gsr_source = request->source};
		return next.setsockopt(fd, row->level, row->means, &group, sizeof(group));
	}
	const struct group_req group = {.gr_interface = index, .gr_group = request->group};
	return next.setsockopt(fd, row->level, row->means, &group, sizeof(group));
}

// The subject with the facts that rules on it ask for.
static struct subject subject_with_facts(int fd)
{
	struct subject subject = subject_known(fd);
	if (subject_asks_local(&subject))
		subject_find_local(&subject);
	if (subject_asks_to(&subject))
		subject_find_peer(&subject);
	return subject;
}

// Whether the policy has made the socket a member of the group: then the group is its own, and what the program
// says of it changes nothing.
static bool is_policys(const struct subject *subject, const struct request *request)
{
	union graft_address group = {0};
	memcpy(&group, &request->group, sizeof(group));
	bool placed = subject->state & NAMED || subject->facts.kind == SOCKET_RAW;
	return placed && joins_include(subject, &group);
}

// Where the policy may not have got what it wants the program's own join is not lost: the kernel knows whether there
// is one already. Only for a join of any source, which changes nothing of one that is there.
static int join_unless_joined(int fd, const struct row *row, const void *value, socklen_t length)
{
	int kept = errno, result = next.setsockopt(fd, row->level, row->name, value, length);
	if (result && errno == EADDRINUSE) {
		errno = kept;
		return 0;
	}
	return result;
}

// The index of the policy's interface for this socket; 0: it has none, or it isn't there.
static unsigned policy_interface(const struct subject *subject)
{
	struct plan plan;
	unsigned index;
	plan_make(&plan, &policy, &subject->facts);
	const struct setting *setting = plan.values[KEY_INTERFACE];
	if (!setting ||
	        graft_interface_resolve(subject->fd, &setting->value.interfaces.items[0], &index, 1) < 0)
		return 0;
	report_placed(subject, "the program's membership request goes to the interface", setting->origin);
	return index;
}

// Whether there is anything to say about a request at all: no request is even read otherwise.
static bool is_concerned(int fd)
{
	uint64_t state = descriptor_state(fd);
	return state & INET && (policy.interfaces || (policy.joins && state & GOVERNED));
}

bool own_joins_intercept(int fd, int level, int name, const void *value, socklen_t length, int *result)
{
	struct request request = {0};
	const struct row *row = find(level, name);
	if (!row || !is_concerned(fd) || !read_request(row, value, length, &request))
		return false;
	int kept = errno;
	struct subject subject = subject_with_facts(fd);
	bool policys = is_policys(&subject, &request);
	unsigned index = policys || request.interface || !row->means ? 0 : policy_interface(&subject);
	if (policys)
		report_placed(&subject, "the program's request for a group of join changes nothing", NULL);
	errno = kept;
	if (policys && subject.state & (PARTLY | PENDING) && row->means == MCAST_JOIN_GROUP)
		*result = join_unless_joined(fd, row, value, length);
	else if (policys)
		*result = 0;
	else if (index)
		*result = make(fd, row, &request, index);
	return policys || index;
}
