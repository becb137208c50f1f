// Getting a socket into the state that the policy wants.
#include "settle.h"

#include "exits.h"
#include "filters.h"
#include "functions.h"
#include "joins.h"
#include "own_joins.h"
#include "own_options.h"
#include "peers.h"
#include "pending.h"
#include "place.h"
#include "start.h"

#include <errno.h>

// ---- adoption -------------------------------------------------------------------------------------------

void warn_connected(const struct subject *subject)
{
	const union graft_address local = subject_local(subject);
	if (joins_wanted(subject, joins_sides(subject, &local)))
		report_once(subject,
		        "connect: the program connected the socket: it hears its peer alone, and not the "
		        "groups of join; a rule with port= spares sockets that are not meant");
}

// Whether it is really bound to the one address that it says.
static bool is_bound_to_one(const struct subject *subject)
{
	const union graft_address *local = &subject->facts.local;
	return subject->facts.local_known && !(subject->state & WIDENED) && !graft_address_is_any(local) &&
	       !graft_address_is_multicast(local);
}

// A socket that was bound before we saw it can't be bound again.
static void warn_if_deaf(struct subject *subject)
{
	if (!is_bound_to_one(subject))
		return;
	report_refused(subject, "join", -EADDRNOTAVAIL,
	        "the socket came bound to one address, so it can't hear groups: have it bound to the wildcard "
	        "(for systemd, ListenDatagram= with the port alone)");
}

static int adopt_joins(struct subject *subject)
{
	const union graft_address local = subject_local(subject);
	bool live = subject->facts.kind == SOCKET_RAW || subject->facts.local_known;
	if (!live || !joins_wanted(subject, joins_sides(subject, &local)))
		return 0;
	if (subject->facts.to_known)
		warn_connected(subject);
	warn_if_deaf(subject);
	return joins_place_live(subject);
}

// Whether it matters whether a socket for datagrams is connected.
static bool asks_peer(void)
{
	return policy.joins || policy.interfaces || policy.redirects;
}

// The peer that it is connected to, and whether it sends from an address that somebody bound it to.
static void look_at_names(struct subject *subject)
{
	if (subject_asks_to(subject) || (asks_peer() && subject_is_message(subject)))
		subject_find_peer(subject);
	if (subject->facts.to_known)
		peers_connected(subject, &subject->facts.to, &subject->facts.real_to);
	else if (is_bound_to_one(subject))
		subject->state |= OWN_SOURCE;
	subject->state |=
	        (subject->facts.local_known ? NAMED : 0) | (subject->facts.to_known ? ADDRESSED : 0);
}

static int adopt(struct subject *subject)
{
	struct plan plan;
	if (subject_is_message(subject))
		filters_adopt(subject);
	subject_find_local(subject);
	look_at_names(subject);
	report_decision(subject, "adopted: made before the shim saw it");
	plan_make(&plan, &policy, &subject->facts);
	own_options_adopt(subject, &plan);
	int error = place_values(subject, NULL, &plan);
	return error ? error : adopt_joins(subject);
}

static bool is_inherited_or_new(uint64_t state)
{
	return !state || state & INHERITED;
}

// What was joined through another descriptor, by the policy, is the policy's here too.
static __attribute__((noinline)) void look_at_joins(struct subject *subject)
{
	const union graft_address local = subject_local(subject);
	struct joins joins;
	if (joins_find(subject, joins_sides(subject, &local), &joins))
		return;
	joins_name_routes(&joins);
	for (unsigned i = 0; i < joins.count; i++)
		if (joins_has(subject->fd, &joins.list[i]))
			subject->state |= GOVERNED;
}

// A socket without a name, as far as this descriptor knows, may have been named through another: a copy, or that
// of another process.
static void look_again(struct subject *subject)
{
	subject_find_local(subject);
	if (!subject->facts.local_known)
		return;
	if (filters_adopt(subject)) { // another time
		subject->facts.local_known = false;
		return;
	}
	subject_find_local(subject);
	look_at_names(subject);
	if (policy.joins && !(subject->state & GOVERNED))
		look_at_joins(subject);
	if (subject->state & HAS_EXITS)
		exits_renew(subject);
	subject_remember(subject);
}

bool settle_subject(int fd, struct subject *subject, int *error)
{
	*error = 0;
	*subject = subject_known(fd);
	if ((subject->state & (SHARED | NAMED)) == SHARED)
		look_again(subject);
	if (!is_inherited_or_new(subject->state))
		return subject->state & INET;
	uint64_t state = state_of_descriptor(fd);
	if (!state) // no such descriptor: what gets its number later is somebody else
		return false;
	descriptor_replace(fd, subject->state, state);
	if (!(state & INET))
		return false;
	*subject = subject_known(fd);
	*error = adopt(subject);
	if (!*error)
		subject_remember(subject);
	return !*error;
}

void settle_shared(int fd)
{
	int kept = errno, error;
	struct subject subject;
	if (descriptor_has(fd, SHARED))
		settle_subject(fd, &subject, &error);
	errno = kept;
}

void settle_unnamed(int fd)
{
	int kept = errno;
	struct subject subject = subject_known(fd);
	if (!(subject.state & NAMED) && subject.state & INET && subject_is_message(&subject))
		look_again(&subject);
	errno = kept;
}

// ---- before a call --------------------------------------------------------------------------------------

int settle(int fd, int flags)
{
	int kept = errno, error;
	struct subject subject;
	if (settle_subject(fd, &subject, &error) && subject.state & PENDING) {
		error = pending_try(&subject);
		if (!error && pending_wait(&subject, flags))
			return -1; // EINTR
	}
	return call_result(error, kept);
}

// ---- the first datagram ---------------------------------------------------------------------------------

static int settle_name(struct subject *subject)
{
	if (subject->state & NAMED || subject->facts.kind != SOCKET_UDP)
		return 0;
	return joins_place_live(subject);
}

int settle_destination(struct subject *subject, const struct sockaddr *to, socklen_t length)
{
	struct plan before, now;
	int error = 0;
	if (subject->state & NAMED)
		subject_find_local(subject);
	else if (subject_is_message(subject))
		look_again(subject);
	plan_make(&before, &policy, &subject->facts);
	bool addressed = subject->state & ADDRESSED;
	if (!to) // to the peer of a connect that we didn't see
		subject->state |= ADDRESSED;
	if (!addressed && subject_reads(subject, to, length, &subject->facts.to)) {
		peers_find_real(subject);
		subject->facts.to_known = true;
		subject->state |= ADDRESSED;
		plan_make(&now, &policy, &subject->facts);
		error = place_values(subject, &before, &now);
	}
	if (!error)
		error = settle_name(subject);
	return error;
}

void settle_autobound(struct subject *subject, bool connected)
{
	struct plan before, now;
	bool asks = subject_asks_local(subject);
	// A connect gives the socket an address of its own, though it had a port.
	if (subject->state & NAMED && !(connected && asks))
		return;
	plan_make(&before, &policy, &subject->facts);
	if (asks)
		subject_find_local(subject);
	subject->state |= NAMED;
	if (subject->facts.local_known) {
		peers_named(subject);
		plan_make(&now, &policy, &subject->facts);
		place_values(subject, &before, &now);
		if (!connected)
			joins_place_live(subject);
	}
	own_joins_settle(subject);
}

void settle_refused(struct subject *subject)
{
	if (subject->state & NAMED || !subject_is_message(subject))
		return;
	subject_find_local(subject);
	if (!subject->facts.local_known)
		return;
	settle_autobound(subject, false);
	subject_remember(subject);
}
