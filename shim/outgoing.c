// What becomes of datagrams on their way out.
//
// A socket that was bound to the wildcard in place of the address that the program asked for would send from
// whichever address the route prefers. The kernel has no option for it that leaves the socket able to hear
// groups, so each datagram says its source itself, in a control message (IP_PKTINFO, IPV6_PKTINFO).
//
// Nor has it one that lets a datagram leave by several interfaces: it is sent once by each, which the same message names.
#include "outgoing.h"

#include "../core/address.h"
#include "../core/kernel.h"
#include "../core/text.h"
#include "control.h"
#include "exits.h"
#include "filters.h"
#include "memory.h"
#include "own_options.h"
#include "peers.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

enum {
	BATCH = 64,             // datagrams of one sendmmsg that are passed on at a time
	MESSAGES_AT_MOST = 1024 // as many as the kernel takes (sendmmsg(2))
};

// ---- where it goes --------------------------------------------------------------------------------------

struct destination {
	bool given;             // the message names one that can be read
	bool moved;             // another than the message's is to take its place
	bool group, v4;         // the peer's, where none is given
	unsigned zone;          // that the program named, where what takes the place of its address has none
	union graft_address to; // given
};

// udp(7): an AF_INET6 socket sends to AF_INET addresses too, and the kernel takes an AF_INET one without its family.
static bool reads(
        const struct subject *subject, const struct sockaddr *name, size_t length, union graft_address *to)
{
	if (length < sizeof(to->v4) || length > sizeof(struct sockaddr_storage) ||
	        !readable_again(name, length))
		return false;
	sa_family_t family = family_at(name);
	memset(to, 0, sizeof(*to));
	if (family == AF_INET6 && subject->state & INET6) {
		memcpy(to, name, length < sizeof(to->v6) ? length : sizeof(to->v6));
		return length >= offsetof(struct sockaddr_in6, sin6_scope_id); // RFC 2133
	}
	memcpy(to, name, sizeof(to->v4));
	to->any.sa_family = AF_INET;
	return family == AF_INET || (family == AF_UNSPEC && !(subject->state & INET6));
}

static bool is_group(const union graft_address *to)
{
	return address_is_mapped(to) ? graft_address_is_multicast(to) : address_is_multicast(to);
}

// Of a group in IPv6 that is local to the link the address has a zone, which names the interface as well.
static bool has_zone(const union graft_address *to)
{
	return to->any.sa_family == AF_INET6 && to->v6.sin6_scope_id && graft_address_is_link_local(to);
}

static void find_destination(
        struct subject *subject, const struct msghdr *message, struct destination *destination)
{
	union graft_address *to = &destination->to;
	destination->zone = 0;
	destination->given = message->msg_name && reads(subject, message->msg_name, message->msg_namelen, to);
	unsigned zone = destination->given && has_zone(to) ? to->v6.sin6_scope_id : 0;
	destination->moved =
	        destination->given && peers_may_redirect(subject, to) && peers_redirect_datagram(subject, to);
	if (destination->moved && !has_zone(to))
		destination->zone = zone;
	bool mapped = destination->given && address_is_mapped(to);
	destination->v4 =
	        destination->given ? mapped || to->any.sa_family == AF_INET : !(subject->state & INET6);
	destination->group = destination->given ? is_group(to) : subject->state & PEER_IS_GROUP;
}

// Whether it matters that a datagram goes to the address at `name`.
static bool concerns_address(const struct subject *subject, const struct sockaddr *name, size_t length)
{
	union graft_address to;
	uint64_t state = subject->state;
	if (!(state & HAS_EXITS) && !subject_redirects(subject))
		return false;
	if (!reads(subject, name, length, &to))
		return false;
	if (is_group(&to) && state & HAS_EXITS &&
	        (has_zone(&to) || (state & SPREADS && !exits_are_one(subject->fd, false))))
		return true;
	return peers_may_redirect(subject, &to);
}

bool outgoing_concerns(
        const struct subject *subject, const struct sockaddr *name, size_t length, bool controlled)
{
	uint64_t state = subject->state;
	if (controlled && state & HELD_IN_CONTROL)
		return true;
	if (!name)
		return state & SPREADS && state & PEER_IS_GROUP && !exits_are_one(subject->fd, true);
	return state & SOURCED || concerns_address(subject, name, length);
}

bool outgoing_concerns_many(const struct subject *subject)
{
	return subject->state & (SOURCED | SPREADS | HELD_IN_CONTROL) || subject_redirects(subject);
}

// ---- the interface and the source that it names ----------------------------------------------------------

// What is done to datagrams that are alike.
struct treatment {
	struct exits exits;      // where `interface` counts
	bool everywhere;         // it leaves by each of them
	bool copies;             // it has left by one
	bool addressed;          // `info` takes the place of what the program's control messages say
	struct packet_info info; // without the interface, where it leaves by each
	bool controlled;         // `control` takes the place of the program's messages
	struct control control;
};

static void set_zone(struct destination *destination, unsigned index)
{
	if (!destination->given || destination->v4 || !has_zone(&destination->to) ||
	        destination->to.v6.sin6_scope_id == index)
		return;
	destination->to.v6.sin6_scope_id = index;
	destination->moved = true;
}

// A socket that the policy has bound to a device sends by no other: for IPv4 the kernel would let the message have its way,
// for IPv6 refuse it.
static void place_device(struct subject *subject, struct treatment *treatment)
{
	struct packet_info *info = &treatment->info;
	if (!(subject->state & HELD(HELD_DEVICE)) || !info->index)
		return;
	unsigned device = subject_device(subject->fd);
	if (!device || device == info->index)
		return;
	*info = (struct packet_info){0};
	treatment->addressed = true;
	report_overridden(subject, HELD_DEVICE, true);
}

// The interface that the program names gives way to the policy's, and with it the source that it chose for it; unless that
// is a default.
static void place_interface(
        struct subject *subject, struct destination *destination, struct treatment *treatment)
{
	static const union graft_address none;
	struct packet_info *info = &treatment->info;
	struct exits *exits = &treatment->exits;
	bool is_default = !(subject->state & HELD(HELD_INTERFACE));
	if (!destination->group || (is_default && (!(subject->state & SPREADS) || info->index)))
		return;
	exits_get(subject, destination->given ? &destination->to : &none, exits);
	if (!exits->count)
		return;
	if (!destination->given && exits->list[0].source.any.sa_family == AF_INET6)
		destination->v4 = graft_address_is_mapped(&exits->list[0].source);
	// By one alone it leaves anyway; but a connected socket may have the source of one that there was then.
	treatment->everywhere = subject->state & SPREADS && !(subject->state & CORKED) &&
	                        (exits->count > 1 || (!destination->given && !exits->sourced));
	if (info->index && (treatment->everywhere || exits_number(exits, info->index) < 0)) {
		*info = (struct packet_info){0};
		treatment->addressed = true;
		report_overridden(subject, HELD_INTERFACE, true);
	}
	info->given |= treatment->everywhere;
	treatment->addressed |= treatment->everywhere;
	if (!treatment->everywhere)
		set_zone(destination, exits->list[0].index);
}

// A group of one link that the program sends to on a link of its choice may be one that goes further by now: it leaves by
// that link still, unless the policy has another.
static void place_zone(const struct destination *destination, struct treatment *treatment)
{
	struct packet_info *info = &treatment->info;
	if (!destination->group || !destination->zone || treatment->exits.count || info->index)
		return;
	info->index = destination->zone;
	info->given = treatment->addressed = true;
}

// The program's own message counts; but one that names an interface alone leaves an IPv6 source as it is bound (ipv6(7)),
// while for IPv4 the address in it, even 0.0.0.0, takes its place (ip(7)).
static void place_source(
        const struct subject *subject, const struct destination *destination, struct treatment *treatment)
{
	struct packet_info *info = &treatment->info;
	union graft_address asked;
	bool says = info->given && !treatment->addressed && destination->v4;
	if (!(subject->state & SOURCED) || !destination->given || says || info->source.any.sa_family)
		return;
	filters_asked(subject, &asked);
	if (!asked.any.sa_family ||
	        graft_address_is_mapped(&asked) != (destination->v4 && asked.any.sa_family == AF_INET6))
		return;
	info->source = asked;
	if (!info->index && asked.any.sa_family == AF_INET6 && graft_address_is_link_local(&asked))
		info->index = asked.v6.sin6_scope_id;
	info->given = treatment->addressed = true;
}

static void leave_controls(struct treatment *treatment)
{
	treatment->exits.count = 0;
	treatment->everywhere = treatment->copies = treatment->addressed = treatment->controlled = false;
	treatment->info = (struct packet_info){0};
	treatment->control.mapped = 0;
}

// The peer of an AF_INET6 socket may be a mapped one: then it is packet information of IPv4 that counts.
static void find_version(const struct subject *subject, struct destination *destination)
{
	union graft_address peer = {0};
	socklen_t length = sizeof(peer);
	if (!destination->given && subject->state & INET6 &&
	        !kernel_getpeername(subject->fd, &peer.any, &length))
		destination->v4 = address_is_mapped(&peer);
}

// What is done to `message`; control_end ends it. Control messages that can't be read are left to the kernel.
static void find_treatment(struct subject *subject, const struct msghdr *message,
        struct destination *destination, struct treatment *treatment)
{
	size_t given = message->msg_controllen;
	leave_controls(treatment);
	if (given && (given > CONTROL_AT_MOST || !readable_again(message->msg_control, given)))
		return;
	if (given && control_has_packet_info(message)) {
		find_version(subject, destination);
		treatment->info = control_packet_info(subject, message, destination->v4);
	}
	place_device(subject, treatment);
	place_interface(subject, destination, treatment);
	place_zone(destination, treatment);
	place_source(subject, destination, treatment);
	treatment->controlled = treatment->addressed || (given && subject->state & HELD_IN_CONTROL);
	if (!treatment->controlled ||
	        control_write(subject, message, destination->group, destination->v4,
	                treatment->addressed ? &treatment->info : NULL, &treatment->control))
		return;
	leave_controls(treatment);
	report_once(subject,
	        "sendmsg: no memory for its control messages: the datagram leaves as the program has it");
}

static void apply(struct msghdr *message, struct destination *destination, struct treatment *treatment)
{
	if (destination->moved) {
		message->msg_name = &destination->to;
		message->msg_namelen = graft_address_length(&destination->to);
	}
	if (!treatment->controlled)
		return;
	message->msg_control = treatment->control.length ? treatment->control.bytes : NULL;
	message->msg_controllen = (__typeof__(message->msg_controllen))treatment->control.length;
}

static void take_exit(struct treatment *treatment, unsigned number)
{
	const struct exit *exit = &treatment->exits.list[number];
	struct packet_info info = treatment->info;
	info.index = exit->index;
	if (!info.source.any.sa_family)
		info.source = exit->source;
	control_set_packet_info(&treatment->control, &info);
}

// ---- by each interface ----------------------------------------------------------------------------------

// Of what has left by one, the others have copies that are not the program's: of one call it awaits one timestamp, and one
// completion (MSG_ZEROCOPY).
static message_flags make_copies(
        const struct subject *subject, struct treatment *treatment, message_flags flags)
{
	if (!treatment->copies && subject->state & STAMPED)
		control_leave_no_timestamp(&treatment->control);
	treatment->copies = true;
	return flags & (message_flags)~MSG_ZEROCOPY;
}

// How sending went by each: the program is told what the first that worked returned, or why the first didn't.
struct outcome {
	ssize_t result; // -1 while none has worked
	int kept;       // errno before
	bool failed;    // by some
	int errors[SEND_INTERFACES];
};

static void begin(struct outcome *outcome)
{
	outcome->result = -1;
	outcome->kept = errno;
	outcome->failed = false;
	outcome->errors[0] = 0;
}

static void note(struct outcome *outcome, unsigned number, ssize_t sent)
{
	outcome->errors[number] = sent < 0 ? errno : 0;
	outcome->failed |= sent < 0;
	if (sent >= 0 && outcome->result < 0)
		outcome->result = sent;
}

static void report_exit(struct subject *subject, unsigned index, int error)
{
	char buffer[64], why[EXITS_HINT];
	struct text what = TEXT_IN(buffer);
	text_put(&what, "send on interface ");
	exits_put_name(&what, subject->fd, index);
	const char *hint = exits_hint(subject, -error, why);
	report_refused(subject, buffer, -error,
	        hint ? hint
	             : "the datagram left by the others; is the interface up, with an address and a route to the group?");
}

static SELDOM void report_failed(
        struct subject *subject, const struct exits *exits, const struct outcome *outcome)
{
	for (unsigned i = 0; i < exits->count && outcome->result >= 0; i++)
		if (outcome->errors[i])
			report_exit(subject, exits->list[i].index, outcome->errors[i]);
	exits_failed(subject);
}

static ssize_t conclude(struct subject *subject, const struct exits *exits, const struct outcome *outcome)
{
	if (outcome->failed)
		report_failed(subject, exits, outcome);
	errno = outcome->result < 0 ? outcome->errors[0] : outcome->kept;
	return outcome->result;
}

static ssize_t send_everywhere(struct subject *subject, send_function **behind, struct msghdr *message,
        struct destination *destination, struct treatment *treatment, int flags)
{
	struct outcome outcome;
	begin(&outcome);
	for (unsigned i = 0; i < treatment->exits.count; i++) {
		if (outcome.result >= 0)
			flags = (int)make_copies(subject, treatment, (message_flags)flags);
		take_exit(treatment, i);
		set_zone(destination, treatment->exits.list[i].index);
		apply(message, destination, treatment);
		note(&outcome, i, (*behind)(subject->fd, message, flags));
	}
	return conclude(subject, &treatment->exits, &outcome);
}

// What is put together from several calls can't be taken apart for several interfaces.
void outgoing_corked(struct subject *subject, bool on)
{
	subject->state = (subject->state & ~(uint64_t)CORKED) | (on ? CORKED : 0);
	subject_remember(subject);
	if (on && subject->state & SPREADS)
		report_once(subject,
		        "interface: what the program puts together from several calls (MSG_MORE, UDP_CORK) leaves by the "
		        "first interface");
}

static void look_for_cork(struct subject *subject, int flags)
{
	if (flags & MSG_MORE && subject->state & SPREADS && !(subject->state & CORKED))
		outgoing_corked(subject, true);
}

ssize_t outgoing_send(
        struct subject *subject, send_function **behind, const struct msghdr *message, int flags)
{
	struct treatment treatment;
	struct msghdr into = *message;
	int kept = errno;
	look_for_cork(subject, flags);
	struct destination destination;
	find_destination(subject, message, &destination);
	find_treatment(subject, message, &destination, &treatment);
	errno = kept;
	ssize_t sent;
	if (treatment.everywhere) {
		sent = send_everywhere(subject, behind, &into, &destination, &treatment, flags);
	} else {
		apply(&into, &destination, &treatment);
		sent = (*behind)(subject->fd, &into, flags);
	}
	control_end(&treatment.control);
	return sent;
}

// ---- several datagrams ----------------------------------------------------------------------------------

// Those that go on together: all get the same control messages. They lie on the stack, which may be the small one of a
// signal handler: there is room for as many as the program sends.
struct run {
	struct mmsghdr *messages;
	struct destination *destinations;
	unsigned count, room;
};

static bool alike(const struct destination *a, const struct destination *b)
{
	return a->given == b->given && a->group == b->group && a->v4 == b->v4 && a->zone == b->zone;
}

// The first of `messages`, and those after it that are alike and have no control messages of their own either.
static void collect(struct subject *subject, const struct mmsghdr *messages, unsigned count, struct run *run,
        struct treatment *treatment)
{
	struct destination *first = &run->destinations[0];
	for (run->count = 0; run->count < count && run->count < run->room; run->count++) {
		const struct mmsghdr *message = &messages[run->count];
		struct destination *here = &run->destinations[run->count];
		if (run->count &&
		        (!readable_again(message, sizeof(*message)) || message->msg_hdr.msg_controllen ||
		                messages->msg_hdr.msg_controllen))
			break;
		find_destination(subject, &message->msg_hdr, here);
		if (run->count && !alike(here, first))
			break;
		if (!run->count)
			find_treatment(subject, &message->msg_hdr, here, treatment);
		else if (treatment->exits.count && !treatment->everywhere)
			set_zone(here, treatment->exits.list[0].index);
		here->v4 = first->v4;
		run->messages[run->count] = *message;
		apply(&run->messages[run->count].msg_hdr, here, treatment);
	}
}

// By one interface. Where none has worked so far, the run ends before the datagram that fails, which then begins the next
// run, or is all of this one; where another has sent them, those that fail are left out.
static void send_run_by(struct subject *subject, send_many_function **behind, struct run *run,
        message_flags flags, unsigned number, struct outcome *outcome)
{
	bool first = outcome->result < 0;
	unsigned done = 0;
	while (done < run->count) {
		int sent = (*behind)(subject->fd, run->messages + done, run->count - done, flags);
		if (sent > 0) {
			done += (unsigned)sent;
			continue;
		}
		if (first && done) {
			run->count = done;
			break;
		}
		outcome->errors[number] = errno;
		outcome->failed = true;
		if (first) {
			run->count = 1;
			return;
		}
		done++;
	}
	if (first)
		outcome->result = (ssize_t)run->count;
}

static int send_run_everywhere(struct subject *subject, send_many_function **behind, struct run *run,
        struct treatment *treatment, message_flags flags)
{
	struct outcome outcome;
	begin(&outcome);
	for (unsigned i = 0; i < treatment->exits.count; i++) {
		if (outcome.result >= 0)
			flags = make_copies(subject, treatment, flags);
		take_exit(treatment, i);
		for (unsigned j = 0; j < run->count; j++) {
			set_zone(&run->destinations[j], treatment->exits.list[i].index);
			apply(&run->messages[j].msg_hdr, &run->destinations[j], treatment);
		}
		outcome.errors[i] = 0;
		send_run_by(subject, behind, run, flags, i, &outcome);
	}
	return (int)conclude(subject, &treatment->exits, &outcome);
}

// `*ends`: the call ends here, as the kernel has found that the next one can't be sent. It does not say why.
static int send_run(struct subject *subject, send_many_function **behind, struct mmsghdr *messages,
        unsigned count, message_flags flags, bool *ends)
{
	unsigned room = count < BATCH ? count : BATCH;
	struct mmsghdr copies[room];
	struct destination destinations[room];
	struct run run = {.messages = copies, .destinations = destinations, .room = room};
	struct treatment treatment;
	int kept = errno;
	collect(subject, messages, count, &run, &treatment);
	errno = kept;
	int sent = treatment.everywhere ? send_run_everywhere(subject, behind, &run, &treatment, flags)
	                                : (*behind)(subject->fd, run.messages, run.count, flags);
	*ends = !treatment.everywhere && sent < (int)run.count;
	control_end(&treatment.control);
	for (int i = 0; i < sent; i++)
		messages[i].msg_len = run.messages[i].msg_len;
	return sent;
}

int outgoing_send_many(struct subject *subject, send_many_function **behind, struct mmsghdr *messages,
        unsigned count, message_flags flags)
{
	int kept = errno;
	unsigned done = 0;
	int sent = 1;
	bool ends = false;
	if (count > MESSAGES_AT_MOST)
		count = MESSAGES_AT_MOST;
	look_for_cork(subject, (int)flags);
	while (done < count && sent > 0 && !ends) {
		if (readable_again(&messages[done], sizeof(*messages)))
			sent = send_run(subject, behind, messages + done, count - done, flags, &ends);
		else // the kernel will say so
			sent = (*behind)(subject->fd, messages + done, count - done, flags);
		done += sent > 0 ? (unsigned)sent : 0;
	}
	if (done) // sendmmsg(2): the error shows at the next call
		errno = kept;
	return done ? (int)done : sent;
}
