// Interfaces looked up: by name, index, address and pattern, and the one that a route leaves by.
//
// Names are looked up by an ioctl on the socket itself; addresses, patterns and routes by rtnetlink(7) on a
// socket of a moment. Neither getifaddrs nor if_nameindex will do here: they allocate.
#include "sockgraft.h"

#include "kernel.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <string.h>

enum {
	// The kernel fills a dump's messages up to NLMSG_GOODSIZE, 8 KiB at the most.
	REPLY_SIZE = 8192,
};

// ---- rtnetlink ------------------------------------------------------------------------------------------

// What a reply's messages are looked at for, one after the other; false: enough seen.
struct visitor {
	bool (*see)(struct visitor *visitor, const struct nlmsghdr *message);
	const struct graft_interface *interface;
	unsigned *indexes;
	unsigned room, count, last;
};

static void add_index(struct visitor *visitor, int index)
{
	if (visitor->last == (unsigned)index)
		return; // an interface carries several addresses
	visitor->last = (unsigned)index;
	if (visitor->count < visitor->room)
		visitor->indexes[visitor->count] = (unsigned)index;
	visitor->count++;
}

static const struct rtattr *find_attribute(const struct nlmsghdr *message, size_t header, unsigned short type)
{
	size_t at = NLMSG_LENGTH(NLMSG_ALIGN(header));
	while (at + sizeof(struct rtattr) <= message->nlmsg_len) {
		const struct rtattr *attribute = (const void *)((const char *)message + at);
		if (attribute->rta_len < sizeof(*attribute))
			break;
		if (attribute->rta_type == type)
			return attribute;
		at += RTA_ALIGN(attribute->rta_len);
	}
	return NULL;
}

static bool see_link(struct visitor *visitor, const struct nlmsghdr *message)
{
	const struct ifinfomsg *link = NLMSG_DATA(message);
	const struct rtattr *name = find_attribute(message, sizeof(*link), IFLA_IFNAME);
	if (name && link->ifi_flags & IFF_MULTICAST &&
	        graft_pattern_matches(visitor->interface->name, RTA_DATA(name)))
		add_index(visitor, link->ifi_index);
	return true;
}

static bool carries(const struct rtattr *attribute, const union graft_address *address)
{
	if (!attribute)
		return false;
	if (address->any.sa_family == AF_INET)
		return RTA_PAYLOAD(attribute) == 4 && !memcmp(RTA_DATA(attribute), &address->v4.sin_addr, 4);
	return RTA_PAYLOAD(attribute) == 16 && !memcmp(RTA_DATA(attribute), &address->v6.sin6_addr, 16);
}

static bool see_address(struct visitor *visitor, const struct nlmsghdr *message)
{
	const struct ifaddrmsg *header = NLMSG_DATA(message);
	if (header->ifa_family != visitor->interface->address.any.sa_family)
		return true;
	// IFA_LOCAL is the own address of a point-to-point link; IPv6 has it only there.
	const struct rtattr *own = find_attribute(message, sizeof(*header), IFA_LOCAL);
	if (!own)
		own = find_attribute(message, sizeof(*header), IFA_ADDRESS);
	if (carries(own, &visitor->interface->address))
		add_index(visitor, (int)header->ifa_index);
	return true;
}

static bool see_route(struct visitor *visitor, const struct nlmsghdr *message)
{
	const struct rtattr *device = find_attribute(message, sizeof(struct rtmsg), RTA_OIF);
	if (device)
		add_index(visitor, *(const int *)RTA_DATA(device));
	return false;
}

// Lets the visitor see the messages of one datagram. 1: more will come, 0: that was all, or a negative errno.
static int see_reply(struct visitor *visitor, const char *reply, size_t length)
{
	for (size_t at = 0; at + sizeof(struct nlmsghdr) <= length;) {
		const struct nlmsghdr *message = (const void *)(reply + at);
		if (message->nlmsg_len < sizeof(*message) || message->nlmsg_len > length - at)
			return -EBADMSG;
		if (message->nlmsg_type == NLMSG_DONE)
			return 0;
		if (message->nlmsg_type == NLMSG_ERROR)
			return ((const struct nlmsgerr *)NLMSG_DATA(message))->error;
		if (!visitor->see(visitor, message))
			return 0;
		at += NLMSG_ALIGN(message->nlmsg_len);
	}
	return 1;
}

static int receive_reply(int netlink, char *reply, struct visitor *visitor)
{
	ssize_t length = kernel_recv(netlink, reply, REPLY_SIZE, MSG_TRUNC);
	if (length == -EINTR)
		return 1;
	if (length < 0)
		return (int)length;
	if ((size_t)length > REPLY_SIZE)
		return -EMSGSIZE;
	return see_reply(visitor, reply, (size_t)length);
}

static int converse(int netlink, const struct nlmsghdr *request, struct visitor *visitor)
{
	// Not on the stack: that may be a signal handler's small one.
	char *reply = kernel_map(REPLY_SIZE);
	if (!reply)
		return -ENOMEM;
	ssize_t sent = kernel_send(netlink, request, request->nlmsg_len, 0);
	int more = sent < 0 ? (int)sent : 1;
	while (more > 0)
		more = receive_reply(netlink, reply, visitor);
	kernel_unmap(reply, REPLY_SIZE);
	return more;
}

// Sends `request` and shows the visitor all that comes back; the count of indexes found, or a negative errno.
static int ask(const struct nlmsghdr *request, struct visitor *visitor)
{
	int netlink = kernel_socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (netlink < 0)
		return netlink;
	int error = converse(netlink, request, visitor);
	kernel_close(netlink);
	if (error < 0)
		return error;
	return visitor->count ? (int)visitor->count : -ENODEV;
}

static int dump(unsigned short type, unsigned char family, struct visitor *visitor)
{
	struct {
		struct nlmsghdr header;
		struct rtgenmsg family;
	} request = {
	        .header = {.nlmsg_len = NLMSG_LENGTH(sizeof(struct rtgenmsg)),
	                .nlmsg_type = type,
	                .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
	        .family = {family},
	};
	return ask(&request.header, visitor);
}

int graft_interface_name(int fd, unsigned index, char name[GRAFT_INTERFACE_NAME])
{
	return kernel_interface_name(fd, index, name);
}

static int find_one(int index, struct visitor *visitor)
{
	if (index > 0)
		add_index(visitor, index);
	return index < 0 ? index : 1;
}

static int find_index(int fd, unsigned index, struct visitor *visitor)
{
	char name[GRAFT_INTERFACE_NAME];
	int error = kernel_interface_name(fd, index, name);
	return find_one(error ? error : (int)index, visitor);
}

int graft_interface_resolve(int fd, const struct graft_interface *interface, unsigned *indexes, unsigned room)
{
	struct graft_interface plain = *interface;
	struct visitor visitor = {.interface = &plain, .indexes = indexes, .room = room};
	switch (interface->by) {
	case GRAFT_BY_NAME:
		return find_one(kernel_interface_index(fd, interface->name), &visitor);
	case GRAFT_BY_INDEX:
		return find_index(fd, interface->index, &visitor);
	case GRAFT_BY_ADDRESS:
		visitor.see = see_address;
		graft_address_unmap(&plain.address);
		return dump(RTM_GETADDR, (unsigned char)plain.address.any.sa_family, &visitor);
	case GRAFT_BY_PATTERN:
		visitor.see = see_link;
		return dump(RTM_GETLINK, AF_UNSPEC, &visitor);
	}
	return -EINVAL;
}

// What went wrong on the way to the kernel; anything else is its answer that there is no route.
static bool not_asked(int error)
{
	return error == -EMFILE || error == -ENFILE || error == -ENOMEM || error == -ENOBUFS ||
	       error == -EPERM || error == -EACCES;
}

int graft_route_interface(const union graft_address *group)
{
	union graft_address plain = *group;
	graft_address_unmap(&plain);
	bool v4 = plain.any.sa_family == AF_INET;
	if (!v4 && plain.any.sa_family != AF_INET6)
		return -EAFNOSUPPORT;
	if (!v4 && plain.v6.sin6_scope_id)
		return (int)plain.v6.sin6_scope_id;
	const void *bytes = v4 ? (const void *)&plain.v4.sin_addr : (const void *)&plain.v6.sin6_addr;
	unsigned short size = v4 ? sizeof(struct in_addr) : sizeof(struct in6_addr);
	struct {
		struct nlmsghdr header;
		struct rtmsg route;
		struct rtattr attribute;
		char destination[sizeof(struct in6_addr)];
	} request = {
	        .header = {.nlmsg_type = RTM_GETROUTE, .nlmsg_flags = NLM_F_REQUEST},
	        .route = {.rtm_family = (unsigned char)plain.any.sa_family,
	                .rtm_dst_len = (unsigned char)(size * 8)},
	        .attribute = {.rta_len = (unsigned short)RTA_LENGTH(size), .rta_type = RTA_DST},
	};
	memcpy(request.destination, bytes, size);
	request.header.nlmsg_len = (unsigned)(offsetof(__typeof__(request), destination) + size);
	unsigned index = 0;
	struct visitor visitor = {.see = see_route, .indexes = &index, .room = 1};
	int found = ask(&request.header, &visitor);
	if (found < 0)
		return not_asked(found) ? found : -ENODEV;
	return (int)index;
}
