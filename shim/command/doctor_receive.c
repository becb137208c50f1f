// sockgraft doctor --receive: the numbered datagrams of --send, and what became of them by each path.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"
#include "findings.h"
#include "host.h"
#include "json.h"
#include "numbered.h"

enum {
	PATHS_AT_MOST = 64,
	LINGER_MS = 300, // after the last of one path, for what is late by another
};

// From one run of a sender, by one source address and one interface of ours.
struct path {
	union graft_address source;
	uint64_t sender;
	unsigned index;
	uint32_t total, received, duplicates, late, highest; // highest: one more than the last number so far
	unsigned hops_least, hops_most;
	int64_t delay_least,
	        delay_most; // nanoseconds; by two clocks, so that only their difference says something
	bool ended;
	unsigned char *seen; // a bit for each number
};

static struct path paths[PATHS_AT_MOST];
static unsigned path_count;

// ---- counting -------------------------------------------------------------------------------------------

static struct path *path_of(
        const struct numbered *numbered, const union graft_address *from, const struct graft_control *control)
{
	for (unsigned i = 0; i < path_count; i++)
		if (paths[i].sender == numbered->sender && paths[i].index == control->index &&
		        graft_address_equal(&paths[i].source, from))
			return &paths[i];
	if (path_count == PATHS_AT_MOST)
		return NULL;
	struct path path = {.source = *from,
	        .sender = numbered->sender,
	        .index = control->index,
	        .total = numbered->total,
	        .hops_least = control->hops,
	        .hops_most = control->hops,
	        .delay_least = INT64_MAX,
	        .delay_most = INT64_MIN,
	        .seen = calloc(numbered->total / 8 + 1, 1)};
	graft_address_set_port(&path.source, 0);
	if (path.source.any.sa_family == AF_INET6)
		path.source.v6.sin6_scope_id = 0;
	if (!path.seen)
		return NULL;
	paths[path_count] = path;
	return &paths[path_count++];
}

static void count_number(struct path *path, uint32_t number)
{
	unsigned char bit = (unsigned char)(1U << number % 8), *byte = &path->seen[number / 8];
	if (*byte & bit) {
		path->duplicates++;
		return;
	}
	*byte |= bit;
	path->received++;
	path->late += number + 1 < path->highest;
	path->highest = number + 1 > path->highest ? number + 1 : path->highest;
}

static void count_datagram(
        struct path *path, const struct numbered *numbered, const struct graft_control *control)
{
	int64_t delay = control->time - numbered->time;
	path->hops_least = control->hops < path->hops_least ? control->hops : path->hops_least;
	path->hops_most = control->hops > path->hops_most ? control->hops : path->hops_most;
	path->delay_least = delay < path->delay_least ? delay : path->delay_least;
	path->delay_most = delay > path->delay_most ? delay : path->delay_most;
	count_number(path, numbered->sequence);
}

// Whether every sender that was heard has sent its last.
static bool all_ended(void)
{
	for (unsigned i = 0; i < path_count; i++) {
		bool ended = false;
		for (unsigned j = 0; j < path_count; j++)
			ended |= paths[j].ended && paths[j].sender == paths[i].sender;
		if (!ended)
			return false;
	}
	return path_count;
}

// One datagram: true, it was the last of a path.
static bool take(const unsigned char *bytes, size_t length, const union graft_address *from,
        const struct graft_control *control)
{
	struct numbered numbered;
	if (!numbered_read(bytes, length, &numbered) || !numbered.total ||
	        numbered.total > DOCTOR_COUNT_AT_MOST)
		return false;
	struct path *path = path_of(&numbered, from, control);
	if (!path)
		return false;
	if (!numbered.last && numbered.sequence < path->total)
		count_datagram(path, &numbered, control);
	bool first = numbered.last && !path->ended;
	path->ended |= numbered.last;
	return first;
}

// Until all have come, the time is over, or there is an interrupt: true, it was that.
static bool receive_all(int fd, const struct doctor *doctor, uint32_t *drops)
{
	unsigned char bytes[NUMBERED_SIZE];
	union graft_address from;
	struct graft_control control;
	const int fds[] = {fd, open_interrupt()};
	bool interrupted = false;
	int64_t deadline = now() + doctor->time;
	while (wait_readable(fds, 2, deadline) && !(interrupted = is_interrupted(fds[1]))) {
		ssize_t length = graft_receive(fd, bytes, sizeof(bytes), &from, &control, MSG_DONTWAIT);
		if (length < 0)
			continue;
		*drops = control.with & GRAFT_WITH_DROPS ? control.drops : *drops;
		if (take(bytes, (size_t)length, &from, &control) && all_ended())
			deadline = now() + LINGER_MS * (SECOND / 1000);
	}
	close_interrupt(fds[1]);
	return interrupted;
}

// What had not been sent by then is not lost: as far as is known, that is what comes after the highest number.
static void end_here(void)
{
	for (unsigned i = 0; i < path_count; i++)
		if (!paths[i].ended && paths[i].highest)
			paths[i].total = paths[i].highest;
}

// ---- what became of them --------------------------------------------------------------------------------

static void tell_path(const struct path *path)
{
	char text[GRAFT_ADDRESS_TEXT], name[HOST_NAME_SIZE], hops[32];
	uint32_t lost = path->total - path->received;
	if (path->hops_least == path->hops_most)
		snprintf(hops, sizeof(hops), "%u", path->hops_least);
	else
		snprintf(hops, sizeof(hops), "%u to %u", path->hops_least, path->hops_most);
	double jitter = path->received ? (double)(path->delay_most - path->delay_least) / (SECOND / 1000) : 0;
	finding(lost ? FINDING_ERROR : FINDING_OK, "path",
	        "from %s by %s: %u of %u datagrams arrived, %u lost, %u late, %u twice, TTL %s, delay within %.3f ms",
	        graft_address_text(&path->source, text), host_interface_name(path->index, name),
	        path->received, path->total, lost, path->late, path->duplicates, hops, jitter);
	if (!path->ended)
		finding_means("the sender's last one did not come in this time");
	else if (lost)
		finding_means("they were lost on the way, or for a full buffer here");
	if (lost)
		finding_mend(
		        "ip -s link show %s; sockgraft doctor --send --interval 0.1 ..., for a slower sender",
		        name);
}

static void tell_same(const struct path *path, const struct path *other)
{
	char text[GRAFT_ADDRESS_TEXT], name[HOST_NAME_SIZE], other_name[HOST_NAME_SIZE];
	if (path->sender != other->sender || path->index == other->index)
		return; // one host may send from several sources
	finding(FINDING_NOTE, "two-paths", "what %s sends comes in by %s and by %s",
	        graft_address_text(&path->source, text), host_interface_name(path->index, name),
	        host_interface_name(other->index, other_name));
	finding_means("a program that is a member on both hears it twice");
}

static void tell_nothing(const struct doctor *doctor, int64_t time)
{
	char text[GRAFT_ADDRESS_TEXT];
	finding(FINDING_ERROR, "nothing-arrived", "nothing for %s port %u arrived within %.1f s",
	        group_words(doctor, text), doctor->port, (double)time / SECOND);
	finding_means(
	        "the sender is silent, its TTL is too small, something on the way does not forward the group, or "
	        "this host drops it");
	finding_mend("sockgraft doctor --port %u %s, while it is sent", doctor->port, doctor->target);
}

static void tell_all(const struct doctor *doctor, uint32_t drops, int64_t time)
{
	for (unsigned i = 0; i < path_count; i++)
		tell_path(&paths[i]);
	for (unsigned i = 0; i < path_count; i++)
		for (unsigned j = i + 1; j < path_count; j++)
			tell_same(&paths[i], &paths[j]);
	if (drops) {
		finding(FINDING_WARNING, "socket-drops", "%u datagrams were dropped for a full buffer",
		        drops);
		finding_means("they arrived, and were not read fast enough");
		finding_mend("sysctl -w net.core.rmem_default=4194304");
	}
	if (!path_count)
		tell_nothing(doctor, time);
}

void path_receive(const struct doctor *doctor)
{
	if (!doctor->index_count)
		return;
	int fd = open_member(doctor, SOCK_DGRAM, doctor->port,
	        GRAFT_WITH_HOPS | GRAFT_WITH_INTERFACE | GRAFT_WITH_TIME | GRAFT_WITH_DROPS);
	if (fd < 0 && fd != -EADDRNOTAVAIL) {
		finding(FINDING_ERROR, "no-socket", "UDP port %u can't be bound: %s", doctor->port,
		        strerror(-fd));
		finding_means("another program has it for itself");
		finding_mend("sockgraft doctor --port OTHER ..., on both hosts");
	}
	if (fd < 0)
		return;
	uint32_t drops = 0;
	int64_t start = now(), time = doctor->time;
	if (receive_all(fd, doctor, &drops)) {
		end_here();
		time = now() - start;
	}
	close(fd);
	tell_all(doctor, drops, time);
}

void paths_json(void)
{
	char text[GRAFT_ADDRESS_TEXT], name[HOST_NAME_SIZE];
	json_open_array("paths");
	for (unsigned i = 0; i < path_count; i++) {
		const struct path *path = &paths[i];
		json_open_object(NULL);
		json_text("source", graft_address_text(&path->source, text));
		json_text("interface", host_interface_name(path->index, name));
		json_number("sent", path->total);
		json_number("received", path->received);
		json_number("lost", path->total - path->received);
		json_number("late", path->late);
		json_number("twice", path->duplicates);
		json_number("hops_least", path->hops_least);
		json_number("hops_most", path->hops_most);
		if (path->received)
			json_number("delay_within_ns", path->delay_most - path->delay_least);
		else
			json_null("delay_within_ns");
		json_boolean("ended", path->ended);
		json_close_object();
	}
	json_close_array();
}
