// Which of the programs that are members are handed what comes: that a group is joined on a socket does not yet mean that
// the socket is one that the kernel gives it to.
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../core/text.h"
#include "doctor.h"
#include "findings.h"
#include "host.h"
#include "processes.h"
#include "sockets.h"

// The later, the nearer the socket was to hear it: of what keeps several things out, the last is told.
enum reason {
	NOTHING_CAME,
	OTHER_PORT,
	OTHER_DEVICE,
	OTHER_ADDRESS,
	OTHER_PEER,
	OTHER_SOURCE,
	HEARS,
};

struct member {
	pid_t pid;
	char name[sizeof((struct process *)NULL)->name];
	struct inet_socket socket;
	enum reason reason;
	const struct joined *joined; // the membership that `reason` is about
	const struct track *track;   // and what came; NULL: it does not depend on that
};

struct look {
	const struct doctor *doctor;
	const struct tracks *received;
	uint64_t *inodes; // of this network namespace's UDP sockets
	size_t inode_count;
	bool *looked_at; // of each of those
	struct member *members;
	unsigned count;
	const struct process *process;
};

static _Noreturn void no_memory(void)
{
	finding(FINDING_ERROR, "no-memory", "there is no memory");
	findings_print();
	exit(EXIT_FAILURE);
}

// ---- one socket -----------------------------------------------------------------------------------------

// A device that others belong to, as a VRF, gives its sockets what comes in by those.
static bool is_master(const char *device)
{
	struct host_interface interface;
	return host_interface(if_nametoindex(device), &interface) && interface.flags & IFF_MASTER;
}

static bool is_peer(const union graft_address *peer, const struct track *track)
{
	union graft_address plain = *peer;
	graft_address_unmap(&plain);
	return graft_address_equal(&plain, &track->source) &&
	       (!track->from_port || graft_address_port(&plain) == track->from_port);
}

// udp(7) has no word of it: a group is given to sockets that are bound to the wildcard or to the group, and to no other.
static bool is_bound_for(const struct inet_socket *of, const union graft_address *group)
{
	union graft_address local = of->facts.local;
	graft_address_unmap(&local);
	return graft_address_is_any(&local) || graft_address_equal(&local, group);
}

static bool admits(const struct joined *joined, const union graft_address *source)
{
	bool listed = false;
	for (unsigned i = 0; i < joined->membership.source_count; i++)
		listed |= graft_address_equal(&joined->sources[i], source);
	return listed == (joined->membership.mode == GRAFT_INCLUDE);
}

static enum reason reason_of(
        const struct inet_socket *of, const struct joined *joined, const struct track *track)
{
	if (track && track->port != graft_address_port(&of->facts.local))
		return OTHER_PORT;
	if (*of->device && strcmp(of->device, joined->interface) != 0 && !is_master(of->device))
		return OTHER_DEVICE;
	if (track && of->facts.to_known && !is_peer(&of->facts.to, track))
		return OTHER_PEER;
	if (!is_bound_for(of, &joined->membership.group))
		return OTHER_ADDRESS;
	if (!track)
		return NOTHING_CAME;
	return admits(joined, &track->source) ? HEARS : OTHER_SOURCE;
}

static void judge(struct member *member, const struct joined *joined, const struct track *track)
{
	enum reason reason = reason_of(&member->socket, joined, track);
	if (member->joined && reason <= member->reason)
		return;
	member->reason = reason;
	member->joined = joined;
	member->track = track;
}

static void judge_by_all(const struct look *look, struct member *member, const struct joined *joined)
{
	uint16_t port = look->doctor->port;
	if (!port || graft_address_port(&member->socket.facts.local) == port)
		judge(member, joined, NULL);
	for (unsigned i = 0; i < look->received->count; i++)
		if (look->received->items[i].index == joined->membership.index)
			judge(member, joined, &look->received->items[i]);
}

static bool is_asked_for(const struct doctor *doctor, const struct joined *joined)
{
	return graft_address_equal(&joined->membership.group, &doctor->membership.group) &&
	       is_listened(doctor, joined->membership.index);
}

// A socket that is bound to no port is a member for others', and one of another kind than UDP hears by other rules.
static bool is_judged(const struct inet_socket *of)
{
	return !strcmp(of->protocol, "udp") && graft_address_port(&of->facts.local);
}

// ---- all of them ----------------------------------------------------------------------------------------

static int by_inode(const void *a, const void *b)
{
	uint64_t one = *(const uint64_t *)a, other = *(const uint64_t *)b;
	return (one > other) - (one < other);
}

static void add_member(struct look *look, const struct inet_socket *of)
{
	struct member *longer = reallocarray(look->members, look->count + 1, sizeof(*longer));
	if (!longer)
		no_memory();
	look->members = longer;
	struct member *member = &longer[look->count++];
	*member = (struct member){.pid = look->process->pid, .socket = *of};
	snprintf(member->name, sizeof(member->name), "%s", look->process->name);
	for (unsigned i = 0; i < of->joined_count && is_judged(of); i++)
		if (is_asked_for(look->doctor, &of->joined[i]))
			judge_by_all(look, member, &of->joined[i]);
}

// A socket of several processes is told of once.
static void see_socket(int fd, uint64_t inode, void *context)
{
	struct look *look = context;
	struct inet_socket of;
	const uint64_t *place = bsearch(&inode, look->inodes, look->inode_count, sizeof(inode), by_inode);
	bool *looked_at = place ? &look->looked_at[place - look->inodes] : NULL;
	if (!looked_at || *looked_at || !socket_look(look->process->pid, fd, inode, &of))
		return;
	*looked_at = !of.refused;
	for (unsigned i = 0; i < of.joined_count; i++)
		if (is_asked_for(look->doctor, &of.joined[i])) {
			add_member(look, &of);
			return;
		}
	socket_forget(&of);
}

static void see_process(const struct process *process, void *context)
{
	struct look *look = context;
	look->process = process;
	process_each_socket(process->pid, see_socket, look);
}

static void look_at_all(struct look *look)
{
	look->inodes = host_udp_inodes(&look->inode_count);
	look->looked_at = calloc(look->inode_count + 1, sizeof(*look->looked_at));
	if (!look->looked_at)
		no_memory();
	if (!look->inode_count)
		return;
	qsort(look->inodes, look->inode_count, sizeof(*look->inodes), by_inode);
	processes_each(see_process, look);
}

// ---- what it comes to -----------------------------------------------------------------------------------

enum { SOURCES_TEXT = 1024, WORDS_TEXT = SOURCES_TEXT + 256 };

static const char *source_words(const struct joined *joined, char words[SOURCES_TEXT])
{
	char address[GRAFT_ADDRESS_TEXT];
	struct text text = {.start = words, .size = SOURCES_TEXT};
	text_put(&text, "");
	for (unsigned i = 0; i < joined->membership.source_count; i++) {
		text_put(&text, i ? "+" : "");
		text_put(&text, graft_address_text(&joined->sources[i], address));
	}
	return words;
}

// "python3 (pid 7, fd 3) is a member of 239.1.1.1 on b0".
static const char *who(const struct member *member, char words[WORDS_TEXT])
{
	char address[GRAFT_ADDRESS_TEXT];
	snprintf(words, WORDS_TEXT, "%s (pid %d, fd %d) is a member of %s on %s", member->name,
	        (int)member->pid, member->socket.fd,
	        graft_address_text(&member->joined->membership.group, address), member->joined->interface);
	return words;
}

static bool is_heard(const struct look *look, pid_t pid)
{
	for (unsigned i = 0; i < look->count; i++)
		if (look->members[i].reason == HEARS && (!pid || look->members[i].pid == pid))
			return true;
	return false;
}

// What a program hears by another socket of its own it needn't hear by this one; and who is a member of other sources than
// those that are asked for is not what is looked for, if somebody else is.
static enum finding_level level_of(const struct look *look, const struct member *member)
{
	bool others = member->reason == OTHER_SOURCE && look->doctor->membership.source_count;
	return is_heard(look, member->pid) || (others && is_heard(look, 0)) ? FINDING_NOTE : FINDING_WARNING;
}

static void tell_heard(const struct member *member)
{
	char words[WORDS_TEXT], local[SOCKET_LOCAL_TEXT], from[GRAFT_ADDRESS_TEXT];
	finding(FINDING_OK, "heard", "%s, bound to %s, and is handed what %s sends", who(member, words),
	        socket_local_text(&member->socket, local), graft_address_text(&member->track->source, from));
}

static const char *join_words(const struct joined *joined, char words[WORDS_TEXT])
{
	char group[GRAFT_ADDRESS_TEXT], sources[SOURCES_TEXT];
	bool named = joined->membership.source_count;
	snprintf(words, WORDS_TEXT, "%s%s%s%s%%%s",
	        named && joined->membership.mode == GRAFT_EXCLUDE ? "!" : "", source_words(joined, sources),
	        named ? "@" : "", graft_address_text(&joined->membership.group, group), joined->interface);
	return words;
}

// To connect a socket that is bound to the wildcard binds it to one address, too.
static void tell_address(const struct member *member, enum finding_level level)
{
	char words[WORDS_TEXT], local[SOCKET_LOCAL_TEXT];
	finding(level, "bound-elsewhere", "%s, and is bound to %s%s", who(member, words),
	        socket_local_text(&member->socket, local),
	        member->socket.facts.to_known ? " and connected" : "");
	finding_means(
	        "what is sent to a group is handed only to sockets that are bound to the wildcard or to the "
	        "group: it hears nothing of it");
	finding_mend("sockgraft run %s--join %s PROGRAM",
	        member->socket.facts.to_known ? "--bind group " : "", join_words(member->joined, words));
}

static void tell_device(const struct member *member, enum finding_level level)
{
	char words[WORDS_TEXT];
	finding(level, "other-device", "%s, and is bound to the device %s", who(member, words),
	        member->socket.device);
	finding_means("what comes in on %s is not handed to it", member->joined->interface);
	finding_mend("sockgraft run --device %s PROGRAM", member->joined->interface);
}

static void tell_peer(const struct member *member, enum finding_level level)
{
	char words[WORDS_TEXT], peer[GRAFT_ADDRESS_TEXT], from[GRAFT_ADDRESS_TEXT];
	union graft_address source = member->track->source, to = member->socket.facts.to;
	graft_address_unmap(&to);
	graft_address_set_port(&source, member->track->from_port);
	if (to.any.sa_family == AF_INET6)
		to.v6.sin6_scope_id = 0;
	finding(level, "other-peer", "%s, and is connected to %s, while %s sends", who(member, words),
	        graft_address_text(&to, peer), graft_address_text(&source, from));
	finding_means("a connected socket is handed only what its peer sends: it hears nothing of it");
	finding_mend("sockgraft run --bind group --join %s --redirect '%s->%s' PROGRAM",
	        join_words(member->joined, words), peer, from);
}

static void tell_source(const struct member *member, enum finding_level level)
{
	const struct joined *joined = member->joined;
	char words[WORDS_TEXT], sources[SOURCES_TEXT], from[GRAFT_ADDRESS_TEXT], group[GRAFT_ADDRESS_TEXT];
	graft_address_text(&member->track->source, from);
	if (joined->membership.mode == GRAFT_EXCLUDE) {
		finding(level, "source-left-out", "%s, and leaves out %s, which sends", who(member, words),
		        from);
		finding_means("it hears nothing of it");
		return;
	}
	finding(level, "source-left-out", "%s from %s alone, and %s sends", who(member, words),
	        source_words(joined, sources), from);
	finding_means("it hears nothing of it");
	finding_mend("sockgraft run --join %s@%s%%%s PROGRAM", from,
	        graft_address_text(&joined->membership.group, group), joined->interface);
}

// There are groups of several ports. So it is wrong only where nobody has the port, and of a port that was asked for it is
// not told where somebody has.
static void tell_port(const struct look *look, const struct member *member)
{
	uint16_t port = member->track->port, own = graft_address_port(&member->socket.facts.local);
	bool taken = host_udp_sockets(member->track->source.any.sa_family, port).count;
	char words[WORDS_TEXT];
	if (taken && look->doctor->port)
		return;
	finding(taken ? FINDING_NOTE : FINDING_WARNING, "bound-port",
	        "%s, and is bound to port %u, while what came is for port %u", who(member, words), own, port);
	finding_means("it hears nothing of it: either the sender or the program has a wrong port");
	finding_mend("sockgraft run --bind %s:%u PROGRAM, or the sender's port %u",
	        member->track->source.any.sa_family == AF_INET ? "0.0.0.0" : "[::]", port, own);
}

static void tell_member(const struct look *look, const struct member *member)
{
	enum finding_level level = level_of(look, member);
	switch (member->joined ? member->reason : NOTHING_CAME) {
	case HEARS:
		tell_heard(member);
		break;
	case OTHER_ADDRESS:
		tell_address(member, level);
		break;
	case OTHER_DEVICE:
		tell_device(member, level);
		break;
	case OTHER_PEER:
		tell_peer(member, level);
		break;
	case OTHER_SOURCE:
		tell_source(member, level);
		break;
	case OTHER_PORT:
		tell_port(look, member);
		break;
	case NOTHING_CAME:
		break;
	}
}

static unsigned count_seen(const struct look *look, unsigned index)
{
	unsigned count = 0;
	for (unsigned i = 0; i < look->count; i++)
		for (unsigned j = 0; j < look->members[i].socket.joined_count; j++) {
			const struct graft_membership *one = &look->members[i].socket.joined[j].membership;
			count += one->index == index &&
			         graft_address_equal(&one->group, &look->doctor->membership.group);
		}
	return count;
}

// The kernel's own sockets have no inode.
static bool is_all_seen(const struct look *look)
{
	for (size_t i = 0; i < look->inode_count; i++)
		if (look->inodes[i] && !look->looked_at[i])
			return false;
	return true;
}

static void tell_unseen(const struct look *look)
{
	char text[GRAFT_ADDRESS_TEXT], name[HOST_NAME_SIZE];
	for (unsigned i = 0; i < look->doctor->index_count && !is_all_seen(look); i++) {
		unsigned index = look->doctor->indexes[i];
		unsigned all = host_members(index, &look->doctor->membership.group),
		         seen = count_seen(look, index);
		if (seen >= all)
			continue;
		finding(FINDING_NOTE, "members-unseen",
		        "of %u socket%s that joined %s on %s, %u can't be looked at", all,
		        all == 1 ? "" : "s", group_words(look->doctor, text),
		        host_interface_name(index, name), all - seen);
		finding_means(
		        "whether the program hears it can't be told: that takes root, or CAP_SYS_PTRACE");
		finding_mend("sudo sockgraft doctor ...");
	}
}

void check_programs(const struct doctor *doctor, const struct tracks *received)
{
	struct look look = {.doctor = doctor, .received = received};
	look_at_all(&look);
	for (unsigned i = 0; i < look.count; i++)
		tell_member(&look, &look.members[i]);
	tell_unseen(&look);
	for (unsigned i = 0; i < look.count; i++)
		socket_forget(&look.members[i].socket);
	free(look.members);
	free(look.inodes);
	free(look.looked_at);
}
