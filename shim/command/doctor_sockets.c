// The sockets of sockgraft doctor: members of the group, and waiting on them.
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "doctor.h"
#include "findings.h"
#include "host.h"

int64_t now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * SECOND + time.tv_nsec;
}

bool wait_readable(const int *fds, unsigned count, int64_t deadline)
{
	struct pollfd polled[4];
	for (unsigned i = 0; i < count; i++)
		polled[i] = (struct pollfd){.fd = fds[i], .events = POLLIN};
	for (;;) {
		int64_t left = deadline - now();
		if (left <= 0)
			return false;
		if (poll(polled, count, (int)((left + SECOND / 1000 - 1) / (SECOND / 1000))) > 0)
			return true;
	}
}

// ---- an end that the user wants -------------------------------------------------------------------------

static sigset_t ending(void)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	return set;
}

// A descriptor is seen by poll however busy the others are, and no signal is lost on the way there.
int open_interrupt(void)
{
	sigset_t set = ending();
	int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd >= 0)
		sigprocmask(SIG_BLOCK, &set, NULL);
	return fd;
}

bool is_interrupted(int interrupt)
{
	struct signalfd_siginfo signal;
	return interrupt >= 0 && read(interrupt, &signal, sizeof(signal)) > 0;
}

void close_interrupt(int interrupt)
{
	sigset_t set = ending();
	if (interrupt < 0)
		return;
	close(interrupt);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

// ---- addresses ------------------------------------------------------------------------------------------

union graft_address group_address(const struct doctor *doctor, uint16_t port, unsigned index)
{
	union graft_address address = doctor->membership.group;
	graft_address_set_port(&address, port);
	if (address.any.sa_family == AF_INET6 && graft_address_is_link_local(&address))
		address.v6.sin6_scope_id = index;
	return address;
}

bool is_listened(const struct doctor *doctor, unsigned index)
{
	for (unsigned i = 0; i < doctor->index_count; i++)
		if (doctor->indexes[i] == index)
			return true;
	return false;
}

const char *group_words(const struct doctor *doctor, char text[GRAFT_ADDRESS_TEXT])
{
	union graft_address bare = doctor->membership.group;
	graft_address_set_port(&bare, 0);
	return graft_address_text(&bare, text);
}

// ---- joining --------------------------------------------------------------------------------------------

static int join_one(int fd, const struct membership *membership, unsigned index)
{
	union graft_address group = membership->group;
	graft_address_set_port(&group, 0);
	int error = 0;
	if (!membership->source_count || membership->exclude)
		error = graft_join(fd, index, &group);
	for (unsigned i = 0; i < membership->source_count && !error; i++)
		error = (membership->exclude ? graft_block_source : graft_join_source)(
		        fd, index, &group, &membership->sources[i]);
	return error;
}

static bool join_all(int fd, const struct doctor *doctor)
{
	char text[GRAFT_ADDRESS_TEXT], name[HOST_NAME_SIZE];
	bool joined = doctor->index_count;
	for (unsigned i = 0; i < doctor->index_count; i++) {
		int error = join_one(fd, &doctor->membership, doctor->indexes[i]);
		if (!error)
			continue;
		joined = false;
		finding(FINDING_ERROR, "join-refused", "the kernel refuses to join %s on %s: %s",
		        group_words(doctor, text), host_interface_name(doctor->indexes[i], name),
		        strerror(-error));
		finding_means("a program is refused it too");
		if (error == -ENOBUFS)
			finding_mend("sysctl -w net.ipv4.igmp_max_memberships=100 net.ipv4.igmp_max_msf=100 "
			             "net.core.optmem_max=131072");
	}
	return joined;
}

// Bound to a link-local group, an IPv6 socket is bound to its interface too: for several it has to be any address.
static union graft_address bound_address(const struct doctor *doctor, uint16_t port)
{
	union graft_address address = group_address(doctor, port, doctor->indexes[0]);
	if (doctor->index_count > 1 && address.any.sa_family == AF_INET6 && address.v6.sin6_scope_id) {
		address.v6.sin6_addr = in6addr_any;
		address.v6.sin6_scope_id = 0;
	}
	return address;
}

int open_member(const struct doctor *doctor, int type, uint16_t port, unsigned with)
{
	union graft_address address = bound_address(doctor, port);
	int fd = socket(address.any.sa_family, type | SOCK_CLOEXEC, IPPROTO_UDP), error;
	if (fd < 0)
		return -errno;
	error = graft_set(fd, GRAFT_REUSE_ADDRESS, 1);
	if (!error)
		error = graft_set(fd, GRAFT_MULTICAST_ALL, 0);
	if (!error)
		error = graft_control_set(fd, with, true);
	if (!error && bind(fd, &address.any, graft_address_length(&address)))
		error = -errno;
	if (!error && join_all(fd, doctor))
		return fd;
	close(fd);
	return error ? error : -EADDRNOTAVAIL;
}
