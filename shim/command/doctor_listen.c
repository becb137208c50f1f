// Listening for a while: what comes in at the interfaces for the group, what of it reaches a socket, and who asks for
// memberships.
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"
#include "findings.h"
#include "host_checks.h"
#include "packets.h"

enum { SEEN_LATELY = 256, AT_ONCE = 256 };

struct listening {
	const struct doctor *doctor;
	int packets, raw, udp;                                // descriptors, or a negative errno
	struct tracks arrived, other_port, received, queries; // at interfaces, for another port, at a socket
	unsigned duplicates;
	struct {
		uint64_t hash;
		unsigned index;
	} lately[SEEN_LATELY];
	unsigned next;
	struct host_interface before[INDEXES_AT_MOST];
	long long errors, no_buffer; // of /proc/net/snmp
	struct host_sockets sockets;
};

// ---- counting -------------------------------------------------------------------------------------------

static void track(struct tracks *tracks, const struct track *seen)
{
	struct track *place = tracks->items, *end = place + tracks->count;
	tracks->total++;
	while (place < end && (place->index != seen->index || place->port != seen->port ||
	                              !graft_address_equal(&place->source, &seen->source)))
		place++;
	if (place == end && tracks->count == TRACKS_AT_MOST)
		return;
	if (place == end) {
		tracks->count++;
		*place = *seen;
		place->count = 0;
	}
	if (place->from_port != seen->from_port)
		place->from_port = 0;
	place->count++;
	place->hops_least = seen->hops_least < place->hops_least ? seen->hops_least : place->hops_least;
	place->hops_most = seen->hops_most > place->hops_most ? seen->hops_most : place->hops_most;
}

static struct track track_of(const struct packet *packet, uint16_t port)
{
	return (struct track){.source = packet->source,
	        .index = packet->index,
	        .port = port,
	        .from_port = packet->from_port,
	        .hops_least = packet->hops,
	        .hops_most = packet->hops};
}

// FNV-1a.
static uint64_t hash_of(const struct packet *packet)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	for (size_t i = 0; i < packet->length; i++)
		hash = (hash ^ packet->payload[i]) * UINT64_C(0x100000001b3);
	return hash;
}

static void note_duplicate(struct listening *listening, const struct packet *packet)
{
	uint64_t hash = hash_of(packet);
	for (unsigned i = 0; i < SEEN_LATELY; i++)
		if (listening->lately[i].hash == hash && listening->lately[i].index &&
		        listening->lately[i].index != packet->index) {
			listening->duplicates++;
			break;
		}
	listening->lately[listening->next].hash = hash;
	listening->lately[listening->next].index = packet->index;
	listening->next = (listening->next + 1) % SEEN_LATELY;
}

static bool is_for(const struct doctor *doctor, const struct packet *packet)
{
	return doctor->target && packet->udp &&
	       graft_address_equal(&packet->destination, &doctor->membership.group);
}

static void take_packets(struct listening *listening)
{
	unsigned char bytes[PACKET_SIZE];
	struct packet packet;
	uint16_t port = listening->doctor->port;
	for (unsigned i = 0; i < AT_ONCE && packets_next(listening->packets, bytes, &packet); i++) {
		struct track seen = track_of(&packet, packet.port);
		if (packet.querier) {
			seen.port = (uint16_t)packet.querier;
			track(&listening->queries, &seen);
		}
		if (!is_for(listening->doctor, &packet))
			continue;
		note_duplicate(listening, &packet);
		bool other = port && packet.port && packet.port != port;
		track(other ? &listening->other_port : &listening->arrived, &seen);
	}
}

static bool is_admitted(const struct membership *membership, const union graft_address *source)
{
	bool listed = false;
	for (unsigned i = 0; i < membership->source_count; i++)
		listed |= graft_address_equal(&membership->sources[i], source);
	return !membership->source_count || listed != membership->exclude;
}

// A raw IPv6 socket is given a group from any source and any interface, and one for UDP from any interface, once somebody on
// this host is a member there.
static bool is_meant(const struct doctor *doctor, const struct packet *packet)
{
	return is_listened(doctor, packet->index) && is_admitted(&doctor->membership, &packet->source);
}

// A raw socket gives the IPv4 header too, and of IPv6 what follows the header.
static void take_received(struct listening *listening, int fd, bool raw)
{
	unsigned char bytes[PACKET_SIZE];
	union graft_address from;
	struct graft_control control;
	uint16_t port = listening->doctor->port;
	for (unsigned i = 0; i < AT_ONCE; i++) {
		ssize_t length = graft_receive(fd, bytes, sizeof(bytes), &from, &control, MSG_DONTWAIT);
		if (length < 0)
			return;
		if (!graft_address_equal(&control.destination, &listening->doctor->membership.group))
			continue;
		struct packet packet = {.udp = true};
		if (raw && from.any.sa_family == AF_INET)
			packet_parse(bytes, (size_t)length, &packet);
		else if (raw)
			packet_ports(bytes, (size_t)length, &packet);
		else
			packet.from_port = graft_address_port(&from);
		if (raw && port && packet.port != port)
			continue;
		packet.source = from;
		graft_address_set_port(&packet.source, 0);
		if (from.any.sa_family == AF_INET6)
			packet.source.v6.sin6_scope_id = 0; // the interface is told beside it
		packet.index = control.index;
		packet.hops = control.hops;
		if (!is_meant(listening->doctor, &packet))
			continue;
		struct track seen = track_of(&packet, raw ? packet.port : port);
		track(&listening->received, &seen);
	}
}

// ---- sockets --------------------------------------------------------------------------------------------

static void open_sockets(struct listening *listening)
{
	const struct doctor *doctor = listening->doctor;
	listening->packets = packets_open();
	listening->raw = listening->udp = -ENOTCONN;
	if (!doctor->target || !doctor->index_count)
		return;
	const unsigned with = GRAFT_WITH_HOPS | GRAFT_WITH_INTERFACE;
	listening->raw = open_member(doctor, SOCK_RAW, 0, with);
	// What it was refused to join it would be refused again.
	if (listening->raw < 0 && listening->raw != -EADDRNOTAVAIL && doctor->port)
		listening->udp = open_member(doctor, SOCK_DGRAM, doctor->port, with);
}

static void close_sockets(const struct listening *listening)
{
	const int fds[] = {listening->packets, listening->raw, listening->udp};
	for (unsigned i = 0; i < 3; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

static void wait_for_all(struct listening *listening)
{
	int fds[3];
	unsigned count = 0;
	int64_t deadline = now() + listening->doctor->time;
	const int all[] = {listening->packets, listening->raw, listening->udp};
	for (unsigned i = 0; i < 3; i++)
		if (all[i] >= 0)
			fds[count++] = all[i];
	while (wait_readable(fds, count, deadline)) {
		if (listening->packets >= 0)
			take_packets(listening);
		if (listening->raw >= 0)
			take_received(listening, listening->raw, true);
		if (listening->udp >= 0)
			take_received(listening, listening->udp, false);
	}
}

// ---- what it comes to -----------------------------------------------------------------------------------

static void tell_queriers(const struct listening *listening)
{
	char text[GRAFT_ADDRESS_TEXT], name[HOST_NAME_SIZE];
	if (listening->packets < 0) {
		finding(FINDING_NOTE, "packets-unseen", "what comes in at the interfaces can't be seen: %s",
		        strerror(-listening->packets));
		finding_means("that needs root, or CAP_NET_RAW");
		finding_mend("sudo sockgraft doctor ...");
		return;
	}
	for (unsigned i = 0; i < listening->queries.count; i++) {
		const struct track *query = &listening->queries.items[i];
		finding(FINDING_OK, "querier", "%s asks for memberships on %s, by %s version %u",
		        graft_address_text(&query->source, text), host_interface_name(query->index, name),
		        query->source.any.sa_family == AF_INET ? "IGMP" : "MLD", query->port);
	}
	if (listening->queries.count)
		return;
	finding(FINDING_NOTE, "no-querier", "no query for memberships was heard within %.1f s",
	        (double)listening->doctor->time / SECOND);
	finding_means(
	        "queriers ask every 125 s as a rule; without any, switches that snoop stop forwarding after a "
	        "while");
	finding_mend("sockgraft doctor --time 130, which waits for one");
}

static void tell_counters(const struct listening *listening)
{
	const struct doctor *doctor = listening->doctor;
	for (unsigned i = 0; i < doctor->index_count; i++) {
		const struct host_interface *before = &listening->before[i];
		struct host_interface after;
		if (!host_interface(doctor->indexes[i], &after))
			continue;
		uint32_t received = after.received - before->received,
		         dropped = after.receive_dropped - before->receive_dropped,
		         errors = after.receive_errors - before->receive_errors;
		uint32_t multicast = after.received_multicast - before->received_multicast;
		finding(FINDING_OK, "counted", "%s has counted %u packets within %.1f s", after.name,
		        received, (double)doctor->time / SECOND);
		if (multicast) // not every driver counts it
			finding_means("%u of them multicast", multicast);
		if (!dropped && !errors)
			continue;
		finding(FINDING_NOTE, "interface-drops",
		        "%s has dropped %u packets in that time, and had %u errors", after.name, dropped,
		        errors);
		finding_means("its driver had no room, or nobody wanted the protocol");
		finding_mend("ethtool -S %s, ip -s -s link show %s", after.name, after.name);
	}
}

static void tell_drops(const struct listening *listening)
{
	const struct doctor *doctor = listening->doctor;
	int family = doctor->target ? doctor->membership.group.any.sa_family : AF_INET;
	long long no_buffer = host_counter(family, "RcvbufErrors") - listening->no_buffer,
	          errors = host_counter(family, "InErrors") - listening->errors;
	struct host_sockets sockets = {0, 0};
	if (doctor->port)
		sockets = host_udp_sockets(family, doctor->port);
	if (doctor->port && !sockets.count) {
		finding(FINDING_WARNING, "no-socket", "no socket on this host is bound to UDP port %u",
		        doctor->port);
		finding_means("the program does not run, or has another port");
		finding_mend("ss -uanp, which lists them");
	}
	if (sockets.drops) {
		bool now_too = sockets.drops > listening->sockets.drops;
		finding(now_too ? FINDING_WARNING : FINDING_NOTE, "socket-drops",
		        "the sockets on UDP port %u have dropped %llu datagrams so far, %llu of them just now",
		        doctor->port, sockets.drops, sockets.drops - listening->sockets.drops);
		finding_means("their buffer was full: the program reads too slowly");
		finding_mend("sockgraft run --rcvbuf 4M PROGRAM, or sysctl -w net.core.rmem_max=4194304");
	} else if (sockets.count) {
		finding(FINDING_OK, "socket-drops", "the sockets on UDP port %u have dropped nothing",
		        doctor->port);
	}
	if (no_buffer > 0 || errors > 0) {
		finding(FINDING_NOTE, "udp-errors",
		        "%lld UDP datagrams were dropped for a full buffer, %lld in error, on this host just now",
		        no_buffer, errors);
		finding_means("some program reads too slowly, or checksums are wrong");
		finding_mend("ss -uanm, which tells the drops (d) of each socket");
	}
}

static void tell_received(const struct listening *listening, const char *group)
{
	const struct tracks *received = &listening->received;
	char text[GRAFT_ADDRESS_TEXT], name[HOST_NAME_SIZE];
	for (unsigned i = 0; i < received->count; i++) {
		const struct track *one = &received->items[i];
		finding(FINDING_OK, "received",
		        "%u datagrams from %s for %s port %u reached doctor's own socket by %s, TTL %u",
		        one->count, graft_address_text(&one->source, text), group, one->port,
		        host_interface_name(one->index, name), one->hops_least);
		if (one->hops_least > 1 || graft_address_is_link_local(&listening->doctor->membership.group))
			continue;
		finding(FINDING_NOTE, "last-hop", "what %s sends to %s arrives with TTL %u",
		        graft_address_text(&one->source, text), group, one->hops_least);
		finding_means("it passes no router more");
		finding_mend("sockgraft run --multicast-ttl 16 SENDER, on that host");
	}
}

// What the membership is not meant to hear is wrong only where nothing else came.
static void tell_other_source(const struct listening *listening, const struct track *one, const char *group)
{
	char text[GRAFT_ADDRESS_TEXT], name[HOST_NAME_SIZE];
	finding(listening->received.total ? FINDING_NOTE : FINDING_ERROR, "other-source",
	        "%u datagrams from %s for %s came in on %s, and that is no source of the membership",
	        one->count, graft_address_text(&one->source, text), group,
	        host_interface_name(one->index, name));
	finding_means("the kernel hands them to nobody who is such a member");
	finding_mend("sockgraft run --join %s@%s%%%s PROGRAM", text, group, name);
}

// Whether what comes can be seen to reach a socket at all.
static bool is_listening(const struct listening *listening)
{
	return listening->raw >= 0 || listening->udp >= 0;
}

static void tell_not_delivered(const struct track *one, const char *group)
{
	char text[GRAFT_ADDRESS_TEXT], name[HOST_NAME_SIZE], setting[SETTING_TEXT];
	struct host_interface interface;
	host_interface_name(one->index, name);
	bool passes = !host_interface(one->index, &interface) || check_source(&interface, &one->source);
	finding(FINDING_ERROR, "not-delivered",
	        "%u datagrams from %s for %s came in on %s, and none reached a socket", one->count,
	        graft_address_text(&one->source, text), group, name);
	finding_means(passes ? "a firewall of this host drops them, as far as can be told"
	                     : "rp_filter drops them, see above");
	if (one->source.any.sa_family == AF_INET)
		finding_mend("nft list ruleset, iptables -S and sysctl %s show it",
		        setting_name("ipv4", name, "rp_filter", setting));
	else
		finding_mend("nft list ruleset and ip6tables -S show it");
}

static void tell_not_followed(const struct track *one, const char *group)
{
	char text[GRAFT_ADDRESS_TEXT], name[HOST_NAME_SIZE];
	finding(FINDING_OK, "arrived", "%u datagrams from %s for %s port %u came in on %s", one->count,
	        graft_address_text(&one->source, text), group, one->port,
	        host_interface_name(one->index, name));
	finding_means("no socket of doctor's own was there to receive them");
}

static void tell_lost(const struct listening *listening, const struct track *one, const char *group)
{
	char text[GRAFT_ADDRESS_TEXT], name[HOST_NAME_SIZE];
	host_interface_name(one->index, name);
	graft_address_text(&one->source, text);
	if (!is_listened(listening->doctor, one->index)) {
		finding(FINDING_ERROR, "other-interface",
		        "%u datagrams from %s for %s came in on %s, where it is not to be joined", one->count,
		        text, group, name);
		finding_means("the interface is another one than was thought");
		finding_mend("sockgraft run --join %s%%%s PROGRAM", group, name);
		return;
	}
	if (!is_admitted(&listening->doctor->membership, &one->source)) {
		tell_other_source(listening, one, group);
		return;
	}
	if (is_listening(listening))
		tell_not_delivered(one, group);
	else
		tell_not_followed(one, group);
}

static bool is_received(const struct listening *listening, const struct track *one)
{
	for (unsigned i = 0; i < listening->received.count; i++)
		if (graft_address_equal(&listening->received.items[i].source, &one->source) &&
		        listening->received.items[i].index == one->index)
			return true;
	return false;
}

static void tell_other_ports(const struct listening *listening, const char *group)
{
	char text[GRAFT_ADDRESS_TEXT];
	for (unsigned i = 0; i < listening->other_port.count && !listening->received.total; i++) {
		const struct track *one = &listening->other_port.items[i];
		finding(FINDING_ERROR, "other-port",
		        "%u datagrams from %s for %s came for port %u, and none for port %u", one->count,
		        graft_address_text(&one->source, text), group, one->port, listening->doctor->port);
		finding_means("the sender has another port");
		finding_mend("sockgraft doctor --port %u ..., and that port for the program", one->port);
	}
}

static void tell_arrivals(const struct listening *listening)
{
	const struct doctor *doctor = listening->doctor;
	char text[GRAFT_ADDRESS_TEXT];
	const char *group = group_words(doctor, text);
	tell_received(listening, group);
	tell_other_ports(listening, group);
	for (unsigned i = 0; i < listening->arrived.count; i++)
		if (!is_received(listening, &listening->arrived.items[i]) &&
		        (is_listened(doctor, listening->arrived.items[i].index) ||
		                !listening->received.total))
			tell_lost(listening, &listening->arrived.items[i], group);
	if (listening->duplicates) {
		finding(FINDING_WARNING, "duplicates", "%u datagrams for %s came in on two interfaces",
		        listening->duplicates, group);
		finding_means("a socket that is a member on both hears them twice");
		finding_mend("sockgraft run --join %s%%INTERFACE PROGRAM, with one of them", group);
	}
	if (listening->arrived.total || listening->other_port.total || listening->received.total)
		return;
	if (listening->packets < 0 && !is_listening(listening))
		return;
	finding(FINDING_ERROR, "nothing-arrived", "nothing for %s came in within %.1f s", group,
	        (double)doctor->time / SECOND);
	finding_means(
	        "the sender is silent, its TTL is too small, or a switch or router on the way does not forward the group");
	finding_mend(
	        "sockgraft doctor --receive %s here, and sockgraft doctor --send %s on the sender's host",
	        doctor->target, group);
}

static void tell_unseen(const struct listening *listening)
{
	int error = listening->raw;
	if (is_listening(listening) || !listening->doctor->index_count)
		return;
	if (listening->doctor->port && error != -EADDRNOTAVAIL)
		error = listening->udp;
	if (error == -EADDRNOTAVAIL)
		return; // which was told
	finding(FINDING_NOTE, "socket-unseen", "what reaches a socket can't be seen: %s", strerror(-error));
	finding_means(error == -EADDRINUSE ? "a program has the port for itself; root can listen beside it"
	                                   : "without --port that needs root, or CAP_NET_RAW");
	if (error == -EADDRINUSE)
		finding_mend("sudo sockgraft doctor ...");
	else
		finding_mend("sockgraft doctor --port PORT %s", listening->doctor->target);
}

void listen_for_all(const struct doctor *doctor)
{
	static struct listening listening;
	int family = doctor->target ? doctor->membership.group.any.sa_family : AF_INET;
	listening.doctor = doctor;
	for (unsigned i = 0; i < doctor->index_count; i++)
		host_interface(doctor->indexes[i], &listening.before[i]);
	listening.errors = host_counter(family, "InErrors");
	listening.no_buffer = host_counter(family, "RcvbufErrors");
	if (doctor->port)
		listening.sockets = host_udp_sockets(family, doctor->port);
	open_sockets(&listening);
	wait_for_all(&listening);
	tell_queriers(&listening);
	tell_counters(&listening);
	// Its own socket is not among those of the program.
	close_sockets(&listening);
	tell_drops(&listening);
	if (!doctor->target)
		return;
	tell_unseen(&listening);
	tell_arrivals(&listening);
	check_programs(doctor, &listening.received);
}
