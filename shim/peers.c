// The peer that the program asked for, in the place of the one that `redirect` gave it.
//
// What a single host answers is told as coming from the address that the program sent to. Which one that was is kept
// with the descriptor, the last one where there are several; that there was one, with the socket (answers.c). Whatever
// else has come from a redirected address, or is known of a socket made elsewhere, follows from the policy. So does the
// group that a datagram came by.
#include "peers.h"

#include "../core/address.h"
#include "../core/kernel.h"
#include "../core/text.h"
#include "answers.h"
#include "control.h"
#include "log.h"
#include "start.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

static void find_facts(struct subject *subject)
{
	if (policy.redirects_ask_local & POLICY_KIND(subject->facts.kind) && !subject->facts.local_known)
		subject_find_local(subject);
}

// "redirect 10.0.0.9:5000->239.1.1.1:5000", once for a descriptor: it may be so for each datagram.
static void report_redirect(const struct subject *subject, const union graft_address *asked,
        const union graft_address *real, const char *origin)
{
	char address[GRAFT_ADDRESS_TEXT], buffer[2 * GRAFT_ADDRESS_TEXT + 16];
	struct text what = TEXT_IN(buffer);
	if (!log_wanted(LOG_INFO))
		return;
	text_put(&what, "redirect ");
	text_put(&what, graft_address_text(asked, address));
	text_put(&what, "->");
	text_put(&what, graft_address_text(real, address));
	if (log_first(LOG_INFO, subject->fd, buffer))
		report_placed(subject, buffer, origin);
}

static bool find_redirect(struct subject *subject, union graft_address *address, const char **origin)
{
	if (!subject_redirects(subject) || !(policy.redirected & policy_redirect_bit(address)))
		return false;
	find_facts(subject);
	struct facts facts = subject->facts;
	facts.to = *address;
	facts.to_known = true;
	return plan_redirect(&policy, &facts, address, origin);
}

bool peers_redirect(struct subject *subject, union graft_address *address)
{
	const union graft_address asked = *address;
	const char *origin;
	if (!find_redirect(subject, address, &origin))
		return false;
	report_redirect(subject, &asked, address, origin);
	return true;
}

void peers_find_real(struct subject *subject)
{
	union graft_address real = subject->facts.to;
	bool redirected = peers_redirect(subject, &real);
	subject->facts.real_to = redirected ? real : (union graft_address){0};
}

bool peers_redirect_back(struct subject *subject, bool group, union graft_address *address)
{
	if (!subject_redirects(subject))
		return false;
	find_facts(subject);
	return plan_redirect_back(&policy, &subject->facts, group, address);
}

static bool same(const union graft_address *a, const union graft_address *b)
{
	return graft_address_equal(a, b) && graft_address_port(a) == graft_address_port(b);
}

void peers_name(struct subject *subject, union graft_address *address)
{
	const struct descriptor_peer *kept = descriptor_peer(subject->state);
	if (kept && same(&kept->real, address))
		*address = kept->asked;
	else
		peers_redirect_back(subject, graft_address_is_multicast(address), address);
}

// How much of an address says who it is; the rest is the zone, or nothing.
static socklen_t least_of(socklen_t length)
{
	return length == sizeof(struct sockaddr_in6) ? offsetof(struct sockaddr_in6, sin6_scope_id)
	                                             : offsetof(struct sockaddr_in, sin_zero);
}

static void keep(struct subject *subject, uint64_t bits)
{
	if ((subject->state & (PEER_BITS | ANSWERED)) == bits)
		return;
	subject->state = (subject->state & ~(PEER_BITS | ANSWERED)) | bits;
	subject_remember(subject);
}

// A group, and all hosts of the link, don't answer: who sends to them goes on with the sender's own address.
static bool is_single(const union graft_address *address)
{
	union graft_address plain = *address;
	address_unmap(&plain);
	return !address_is_multicast(&plain) &&
	       (plain.any.sa_family != AF_INET || plain.v4.sin_addr.s_addr != htonl(INADDR_BROADCAST));
}

// Whether the socket has sent to a peer in another's place: by this descriptor, or, where one of those has sent this, by
// another.
static bool is_answered(struct subject *subject, const union graft_address *sender)
{
	union graft_address asked = *sender;
	if (subject->state & ANSWERED)
		return true;
	if (!(policy.redirected_to & policy_redirect_bit(sender)) || !answers_expected(subject->fd) ||
	        !peers_redirect_back(subject, false, &asked))
		return false;
	keep(subject, (subject->state & PEER_BITS) | ANSWERED);
	return true;
}

void peers_show(int fd, struct sockaddr *address, socklen_t room, socklen_t length)
{
	struct subject subject;
	union graft_address real = {0};
	int kept = errno;
	subject_recall(&subject, fd);
	if (!subject_redirects(&subject) || length > sizeof(real) || length < sizeof(real.v4))
		return;
	if (room > length)
		room = length;
	if (room < least_of(length))
		return; // the program has no room to see who it is
	memcpy(&real, address, room);
	if (graft_address_length(&real) == length && is_answered(&subject, &real)) {
		peers_name(&subject, &real);
		if (is_single(&real))
			memcpy(address, &real, room);
	}
	errno = kept;
}

// A program that hears several groups by one socket, or binds to the wildcard, tells by this what is for it. A socket's
// port is asked for only if a redirect is for one.
static bool show_group(union graft_address *group, void *context)
{
	struct subject *subject = context;
	union graft_address asked = *group;
	bool any_port, found;
	if (!graft_address_is_multicast(group))
		return false;
	find_facts(subject);
	found = plan_redirect_group_back(&policy, &subject->facts, &asked, &any_port);
	if (found && !any_port && !subject->facts.local_known) {
		subject_find_local(subject);
		asked = *group;
		found = plan_redirect_group_back(&policy, &subject->facts, &asked, &any_port);
	}
	if (found)
		*group = asked;
	return found;
}

void peers_show_groups(int fd, const struct msghdr *message)
{
	struct subject subject;
	int kept = errno;
	subject_recall(&subject, fd);
	if (!message->msg_control || !subject_redirects(&subject))
		return;
	control_each_destination(message, show_group, &subject);
	errno = kept;
}

// An answer may come from a single host. A group has the place as long as no other needs it.
static void expect(struct subject *subject, const struct descriptor_peer *peer)
{
	bool answers = is_single(&peer->real), before = subject->state & ANSWERED;
	if (!answers && descriptor_peer(subject->state))
		return;
	keep(subject, descriptor_peer_bits(peer) | (answers ? ANSWERED : 0));
	if (answers && !before)
		answers_note(subject->fd, true);
}

// The program sends to a peer of `redirect` by its own name. What it is connected to keeps the name that it has.
static void expect_none(struct subject *subject, const union graft_address *address)
{
	union graft_address asked = *address, peer;
	if (!(subject->state & ANSWERED) || !peers_redirect_back(subject, false, &asked) ||
	        !kernel_getpeername(subject->fd, &peer.any, &(socklen_t){sizeof(peer)}))
		return;
	keep(subject, 0);
	answers_note(subject->fd, false);
}

// An IP header of the program's own says the destination, whatever the call says (raw(7)).
static bool has_own_header(const struct subject *subject)
{
	int on = 0;
	socklen_t length = sizeof(on);
	bool v6 = subject->state & INET6;
	return subject->facts.kind == SOCKET_RAW &&
	       !kernel_getsockopt(subject->fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_HDRINCL : IP_HDRINCL,
	               &on, &length) &&
	       on;
}

bool peers_redirect_datagram(struct subject *subject, union graft_address *address)
{
	const struct descriptor_peer *kept = descriptor_peer(subject->state);
	if (!peers_may_redirect(subject, address))
		return false;
	if (kept && descriptor_same_address(&kept->asked, address)) {
		*address = kept->real;
		return true;
	}
	struct descriptor_peer peer = {.asked = *address};
	if (has_own_header(subject))
		return false;
	if (!peers_redirect(subject, address)) {
		expect_none(subject, address);
		return false;
	}
	peer.real = *address;
	expect(subject, &peer);
	return true;
}

void peers_named(struct subject *subject)
{
	const struct descriptor_peer *kept = descriptor_peer(subject->state);
	if (!kept || !(policy.redirects_ask_local & POLICY_KIND(subject->facts.kind)))
		return;
	union graft_address there = kept->asked;
	if (!find_redirect(subject, &there, NULL) || !same(&there, &kept->real))
		subject->state &= ~(uint64_t)PEER_BITS;
}

void peers_connected(
        struct subject *subject, const union graft_address *asked, const union graft_address *real)
{
	bool group = graft_address_is_multicast(real), elsewhere = !same(asked, real);
	subject->state &= ~(uint64_t)(PEER_BITS | ANSWERED | PEER_IS_GROUP);
	if (group)
		subject->state |= PEER_IS_GROUP;
	if (elsewhere)
		subject->state |= descriptor_peer_bits(&(struct descriptor_peer){*asked, *real}) |
		                  (group ? 0 : ANSWERED);
}
