// sockgraft doctor --send: numbered datagrams to the group, by each interface.
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "doctor.h"
#include "findings.h"
#include "host.h"
#include "numbered.h"

enum { LAST_TIMES = 4 };

struct sending {
	const struct doctor *doctor;
	int fd;
	struct numbered next;
	unsigned sent, refused;
};

static int64_t date(void)
{
	struct timespec time;
	clock_gettime(CLOCK_REALTIME, &time);
	return (int64_t)time.tv_sec * SECOND + time.tv_nsec;
}

static int open_sender(const struct doctor *doctor)
{
	int family = doctor->membership.group.any.sa_family;
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0), error;
	if (fd < 0)
		return -errno;
	error = graft_set(fd, GRAFT_MULTICAST_HOPS, doctor->hops);
	if (!error)
		return fd;
	close(fd);
	return error;
}

static void refused(struct sending *sending, unsigned index, int error)
{
	char text[GRAFT_ADDRESS_TEXT], name[HOST_NAME_SIZE];
	if (sending->refused++)
		return;
	finding(FINDING_ERROR, "send-refused", "the kernel refuses to send to %s by %s: %s",
	        group_words(sending->doctor, text), host_interface_name(index, name), strerror(-error));
	if (error == -EPERM) {
		finding_means("a firewall on this host drops it");
		finding_mend("nft list ruleset and %s -S OUTPUT show it",
		        sending->doctor->membership.group.any.sa_family == AF_INET ? "iptables"
		                                                                   : "ip6tables");
		return;
	}
	if (error == -ENETUNREACH || error == -EINVAL || error == -EADDRNOTAVAIL)
		finding_means(
		        "the interface is down or has no address of the family, or the source is no address of "
		        "this host");
	finding_mend("ip address show dev %s", name);
}

static unsigned source_count(const struct doctor *doctor)
{
	return doctor->membership.exclude ? 0 : doctor->membership.source_count;
}

// From this source; NULL: from the one that the kernel picks.
static void send_by_all(
        struct sending *sending, const unsigned char bytes[NUMBERED_SIZE], const union graft_address *source)
{
	const struct doctor *doctor = sending->doctor;
	struct graft_control control = {.with = GRAFT_WITH_INTERFACE};
	if (source) {
		control.with |= GRAFT_WITH_SOURCE;
		control.source = *source;
	}
	for (unsigned i = 0; i < doctor->index_count; i++) {
		control.index = doctor->indexes[i];
		union graft_address to = group_address(doctor, doctor->port, control.index);
		ssize_t length = graft_send(sending->fd, bytes, NUMBERED_SIZE, &to, &control, 0);
		if (length < 0)
			refused(sending, control.index, (int)length);
		else if (!sending->next.last)
			sending->sent++;
	}
}

static void send_one(struct sending *sending)
{
	const struct doctor *doctor = sending->doctor;
	unsigned char bytes[NUMBERED_SIZE];
	unsigned count = source_count(doctor);
	sending->next.time = date();
	numbered_write(&sending->next, bytes);
	for (unsigned i = 0; i < count; i++)
		send_by_all(sending, bytes, &doctor->membership.sources[i]);
	if (!count)
		send_by_all(sending, bytes, NULL);
}

static void pause_for(int64_t interval)
{
	struct timespec time = {.tv_sec = (time_t)(interval / SECOND), .tv_nsec = (long)(interval % SECOND)};
	while (nanosleep(&time, &time) && errno == EINTR)
		;
}

static void send_all(struct sending *sending)
{
	const struct doctor *doctor = sending->doctor;
	for (unsigned i = 0; i < doctor->count + LAST_TIMES; i++) {
		if (i)
			pause_for(doctor->interval);
		sending->next.last = i >= doctor->count;
		sending->next.sequence = i < doctor->count ? i : doctor->count;
		send_one(sending);
	}
}

static void tell_sent(const struct sending *sending)
{
	const struct doctor *doctor = sending->doctor;
	unsigned sources = source_count(doctor);
	char text[GRAFT_ADDRESS_TEXT], from[32] = "";
	if (sources > 1)
		snprintf(from, sizeof(from), ", from %u sources", sources);
	finding(FINDING_OK, "sent", "%u datagrams were sent to %s port %u with TTL %u, by %u interface%s%s",
	        sending->sent, group_words(doctor, text), doctor->port, doctor->hops, doctor->index_count,
	        doctor->index_count == 1 ? "" : "s", from);
}

void path_send(const struct doctor *doctor)
{
	struct sending sending = {.doctor = doctor, .next = {.total = doctor->count}};
	if (!doctor->index_count)
		return;
	sending.fd = open_sender(doctor);
	if (sending.fd < 0) {
		finding(FINDING_ERROR, "send-refused", "there is no socket to send by: %s",
		        strerror(-sending.fd));
		return;
	}
	if (getrandom(&sending.next.sender, sizeof(sending.next.sender), 0) < 0)
		sending.next.sender = (uint64_t)date();
	send_all(&sending);
	close(sending.fd);
	if (sending.sent)
		tell_sent(&sending);
}
