// A socket of another process is copied (pidfd_getfd(2)) for as long as it takes to ask it; nothing is ever set on it.
#include "sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/sock_diag.h>
#include <linux/sockios.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../filter_tags.h"
#include "processes.h"

#ifndef IPPROTO_MPTCP
#	define IPPROTO_MPTCP 262
#endif
#ifndef SO_MEMINFO
#	define SO_MEMINFO 55
#endif

enum { MEMBERSHIPS_FIRST = 32 }; // room that most sockets find enough

// ---- kinds ----------------------------------------------------------------------------------------------

static void set_kind(struct inet_socket *of, int type, int protocol)
{
	const char *name = NULL;
	of->facts.kind = SOCKET_RAW;
	if (type == SOCK_STREAM) {
		of->facts.kind =
		        protocol == IPPROTO_TCP || protocol == IPPROTO_MPTCP ? SOCKET_TCP : SOCKET_OTHER;
		name = protocol == IPPROTO_TCP ? "tcp" : protocol == IPPROTO_MPTCP ? "mptcp" : "stream";
	} else if (type == SOCK_DGRAM) {
		bool udp = protocol == IPPROTO_UDP || protocol == IPPROTO_UDPLITE;
		of->facts.kind = udp ? SOCKET_UDP : SOCKET_RAW;
		name = protocol == IPPROTO_UDP ? "udp" : udp ? "udplite" : "icmp";
	} else if (type != SOCK_RAW) {
		of->facts.kind = SOCKET_OTHER;
		name = "other";
	}
	if (name)
		snprintf(of->protocol, sizeof(of->protocol), "%s", name);
	else
		snprintf(of->protocol, sizeof(of->protocol), "raw:%d", protocol);
}

bool socket_is_message(const struct inet_socket *of)
{
	return of->facts.kind == SOCKET_UDP || of->facts.kind == SOCKET_RAW;
}

// The kernel has a raw socket's protocol where others have their port.
static void set_local(struct inet_socket *of, const union graft_address *local)
{
	of->facts.local = *local;
	if (of->protocol[0] == 'r')
		graft_address_set_port(&of->facts.local, 0);
	of->facts.local_known =
	        graft_address_port(&of->facts.local) || !graft_address_is_any(&of->facts.local);
}

// ---- asking ---------------------------------------------------------------------------------------------

static int int_option(int copy, int name)
{
	int value = -1;
	socklen_t length = sizeof(value);
	return getsockopt(copy, SOL_SOCKET, name, &value, &length) ? -1 : value;
}

// How the shim bound it is told by its filter (filters.c).
static void ask_filter(int copy, struct inet_socket *of)
{
	struct graft_filter_identity identity;
	unsigned inner;
	struct sock_filter *code = calloc(GRAFT_FILTER_ROOM, sizeof(*code));
	int length = code ? graft_bpf_read(copy, code, GRAFT_FILTER_ROOM) : 0;
	if (length > 0 && graft_filter_identify(code, (unsigned)length, &identity, &inner) &&
	        identity.tag & TAG_CLOSED && graft_address_is_any(&of->facts.local))
		of->wanted = identity.address;
	free(code);
}

static void ask_names(int copy, struct inet_socket *of)
{
	union graft_address name = {0};
	socklen_t length = sizeof(name);
	if (!getsockname(copy, &name.any, &length))
		set_local(of, &name);
	length = sizeof(of->facts.to);
	of->facts.to_known = !getpeername(copy, &of->facts.to.any, &length);
	length = sizeof(of->device);
	if (getsockopt(copy, SOL_SOCKET, SO_BINDTODEVICE, of->device, &length))
		*of->device = '\0';
	of->device[sizeof(of->device) - 1] = '\0';
	ask_filter(copy, of);
}

static int64_t side_option(int copy, enum graft_option option, enum graft_side side)
{
	int64_t value;
	return graft_side_get(copy, option, side, &value) ? -1 : value;
}

// Of an AF_INET socket the kernel tells an address, and none where the interface was set by its index. A device to which
// the socket is bound is the only one that it can be.
static void ask_outgoing(int copy, struct inet_socket *of)
{
	unsigned index = 0;
	if (!graft_multicast_interface_get(copy, &index) && index)
		graft_interface_name(copy, index, of->outgoing);
	of->outgoing_known = index || *of->device || of->facts.family == AF_INET6;
}

static void ask_options(int copy, struct inet_socket *of)
{
	uint32_t drops;
	int64_t only = 0;
	bool six = of->facts.family == AF_INET6, message = socket_is_message(of);
	if (six && graft_get(copy, GRAFT_V6ONLY, &only))
		only = 1;
	of->has_side[GRAFT_IPV4] = !six || (!only && of->facts.kind != SOCKET_RAW);
	of->has_side[GRAFT_IPV6] = six;
	for (enum graft_side side = GRAFT_IPV4; side <= GRAFT_IPV6; side++) {
		if (!of->has_side[side])
			continue;
		of->unicast_hops[side] = side_option(copy, GRAFT_UNICAST_HOPS, side);
		of->traffic_class[side] = side_option(copy, GRAFT_CLASS, side);
		if (message)
			of->multicast_hops[side] = side_option(copy, GRAFT_MULTICAST_HOPS, side);
	}
	if (message)
		ask_outgoing(copy, of);
	if (message && !graft_drops(copy, &drops))
		of->drops = drops;
}

// ---- memberships ----------------------------------------------------------------------------------------

static bool ask_sources(int copy, struct joined *joined)
{
	struct graft_membership *membership = &joined->membership;
	unsigned room = membership->source_count;
	joined->sources = room ? calloc(room, sizeof(*joined->sources)) : NULL;
	if (room && !joined->sources)
		return false;
	int count = graft_sources_get(
	        copy, membership->index, &membership->group, &membership->mode, joined->sources, room);
	if (count >= 0)
		membership->source_count = (unsigned)count < room ? (unsigned)count : room;
	return count >= 0; // otherwise it has left meanwhile
}

static bool same_file(int fd, const char *path)
{
	struct stat one, other;
	return !fstat(fd, &one) && !stat(path, &other) && one.st_dev == other.st_dev &&
	       one.st_ino == other.st_ino;
}

// A process may have a socket of another network namespace than its own, whose /proc/PID/net doesn't know it then. Goes
// there, and returns the way back; -1: there is no need, or we may not.
static int enter_namespace(int copy, pid_t pid)
{
	char own[32];
	int back = -1, space = ioctl(copy, SIOCGSKNS); // Linux 4.10, and CAP_NET_ADMIN
	if (space < 0)
		return -1;
	snprintf(own, sizeof(own), "/proc/%d/ns/net", (int)pid);
	if (!same_file(space, own))
		back = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	if (back >= 0 && setns(space, CLONE_NEWNET)) {
		close(back);
		back = -1;
	}
	close(space);
	return back;
}

static void leave_namespace(int back)
{
	if (setns(back, CLONE_NEWNET))
		abort(); // what we could enter we can leave
	close(back);
}

// `pid` as graft_memberships has it.
static struct graft_membership *list_memberships(int copy, pid_t pid, int *count)
{
	struct graft_membership *list = NULL;
	int room = MEMBERSHIPS_FIRST;
	while (true) { // until all have room
		free(list);
		list = room > 0 ? calloc((size_t)room, sizeof(*list)) : NULL;
		*count = list ? graft_memberships(copy, pid, list, (unsigned)room) : 0;
		if (*count <= room)
			return list;
		room = *count;
	}
}

static struct graft_membership *find_memberships(int copy, pid_t pid, int *count)
{
	int back = enter_namespace(copy, pid);
	struct graft_membership *list = list_memberships(copy, back < 0 ? pid : 0, count);
	if (back >= 0)
		leave_namespace(back);
	return list;
}

// To ask a socket for each group of the host takes long where there are many. A membership is charged to the socket's
// option memory (sock_kmalloc in the kernel): where there is none of that, there is no membership either.
static bool has_option_memory(int copy)
{
	uint32_t info[SK_MEMINFO_VARS] = {0};
	socklen_t length = sizeof(info);
	return getsockopt(copy, SOL_SOCKET, SO_MEMINFO, info, &length) || info[SK_MEMINFO_OPTMEM];
}

static void ask_memberships(int copy, pid_t pid, struct inet_socket *of)
{
	int count;
	if (!has_option_memory(copy))
		return;
	struct graft_membership *list = find_memberships(copy, pid, &count);
	of->joined = count > 0 ? calloc((size_t)count, sizeof(*of->joined)) : NULL;
	for (int i = 0; of->joined && i < count; i++) {
		struct joined *joined = &of->joined[of->joined_count];
		joined->membership = list[i];
		if (!ask_sources(copy, joined)) {
			free(joined->sources);
			continue;
		}
		if (graft_interface_name(copy, list[i].index, joined->interface))
			snprintf(joined->interface, sizeof(joined->interface), "%u", list[i].index);
		of->joined_count++;
	}
	free(list);
}

static bool ask(int copy, pid_t pid, struct inet_socket *of)
{
	of->facts.family = int_option(copy, SO_DOMAIN);
	if (of->facts.family != AF_INET && of->facts.family != AF_INET6)
		return false;
	set_kind(of, int_option(copy, SO_TYPE), int_option(copy, SO_PROTOCOL));
	ask_names(copy, of);
	ask_options(copy, of);
	ask_memberships(copy, pid, of);
	return true;
}

// ---- what /proc has -------------------------------------------------------------------------------------

// "00000000:1388", "00000000000000000000000001000000:1388": words of 32 bits as this machine has them.
static bool read_name(const char *text, int family, union graft_address *name)
{
	unsigned port, words[4] = {0}, count = family == AF_INET6 ? 4 : 1;
	*name = (union graft_address){.any.sa_family = (sa_family_t)family};
	for (unsigned i = 0; i < count; i++, text += 8)
		if (sscanf(text, "%8x", &words[i]) != 1)
			return false;
	if (sscanf(text, ":%x", &port) != 1)
		return false;
	if (family == AF_INET6)
		memcpy(&name->v6.sin6_addr, words, sizeof(words));
	else
		memcpy(&name->v4.sin_addr, words, sizeof(*words));
	graft_address_set_port(name, (uint16_t)port);
	return true;
}

// Of a file of /proc/PID/net.
struct listing {
	const char *file;
	int family, type, protocol;
};

static bool read_line(const char *line, const struct listing *listing, struct inet_socket *of)
{
	char local[48], peer[48];
	uint64_t inode;
	unsigned drops;
	int got = sscanf(line, " %*d: %47s %47s %*x %*x:%*x %*x:%*x %*x %*u %*u %" SCNu64 " %*d %*s %u",
	        local, peer, &inode, &drops);
	union graft_address name, to;
	if (got < 3 || inode != of->inode || !read_name(local, listing->family, &name) ||
	        !read_name(peer, listing->family, &to))
		return false;
	of->facts.family = listing->family;
	set_kind(
	        of, listing->type, listing->type == SOCK_RAW ? graft_address_port(&name) : listing->protocol);
	set_local(of, &name);
	of->facts.to_known = !graft_address_is_any(&to);
	of->facts.to = to;
	of->has_side[GRAFT_IPV6] = listing->family == AF_INET6;
	of->has_side[GRAFT_IPV4] =
	        listing->family == AF_INET || of->facts.kind != SOCKET_RAW; // as far as is known
	if (got == 4 && socket_is_message(of))
		of->drops = drops;
	return true;
}

static bool find_in(pid_t pid, const struct listing *listing, struct inet_socket *of)
{
	char path[32], line[512];
	bool found = false;
	snprintf(path, sizeof(path), "net/%s", listing->file);
	FILE *file = process_open(pid, path);
	while (file && !found && fgets(line, sizeof(line), file))
		found = read_line(line, listing, of);
	if (file)
		fclose(file);
	return found;
}

static bool find_listed(pid_t pid, struct inet_socket *of)
{
	static const struct listing listings[] = {
	        {"udp", AF_INET, SOCK_DGRAM, IPPROTO_UDP},
	        {"udp6", AF_INET6, SOCK_DGRAM, IPPROTO_UDP},
	        {"udplite", AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE},
	        {"udplite6", AF_INET6, SOCK_DGRAM, IPPROTO_UDPLITE},
	        {"raw", AF_INET, SOCK_RAW, 0},
	        {"raw6", AF_INET6, SOCK_RAW, 0},
	        {"icmp", AF_INET, SOCK_DGRAM, IPPROTO_ICMP},
	        {"icmp6", AF_INET6, SOCK_DGRAM, IPPROTO_ICMPV6},
	        {"tcp", AF_INET, SOCK_STREAM, IPPROTO_TCP},
	        {"tcp6", AF_INET6, SOCK_STREAM, IPPROTO_TCP},
	};
	for (size_t i = 0; i < sizeof(listings) / sizeof(*listings); i++)
		if (find_in(pid, &listings[i], of))
			return true;
	return false;
}

// ---- one socket -----------------------------------------------------------------------------------------

bool socket_look(pid_t pid, int fd, uint64_t inode, struct inet_socket *found)
{
	*found = (struct inet_socket){.fd = fd,
	        .inode = inode,
	        .unicast_hops = {-1, -1},
	        .multicast_hops = {-1, -1},
	        .traffic_class = {-1, -1},
	        .drops = -1};
	int copy = graft_descriptor_copy(pid, fd);
	if (copy == -EBADF || copy == -ESRCH)
		return false;
	found->refused = copy < 0 ? -copy : 0;
	if (copy < 0)
		return find_listed(pid, found);
	bool is = ask(copy, pid, found);
	close(copy);
	return is;
}

void socket_forget(struct inet_socket *found)
{
	for (unsigned i = 0; i < found->joined_count; i++)
		free(found->joined[i].sources);
	free(found->joined);
	found->joined = NULL;
	found->joined_count = 0;
}

const char *socket_local_text(const struct inet_socket *of, char buffer[SOCKET_LOCAL_TEXT])
{
	union graft_address local = of->facts.local;
	bool raw = of->facts.kind == SOCKET_RAW;
	*buffer = '\0';
	if (!of->facts.local_known && !*of->device && !(raw && local.any.sa_family))
		return buffer;
	if (local.any.sa_family == AF_INET6 && *of->device)
		local.v6.sin6_scope_id = 0;
	graft_address_text(&local, buffer);
	if (*of->device) {
		size_t length = strlen(buffer);
		snprintf(buffer + length, SOCKET_LOCAL_TEXT - length, "%%%s", of->device);
	}
	return buffer;
}
