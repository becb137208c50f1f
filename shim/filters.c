// Our packet filter on a socket, alone or in front of one that the program attached.
//
// Nothing of it is kept in this process: the kernel gives an attached filter back, and ours says in itself
// which address the program asked for and where the program's own filter begins.
#include "filters.h"

#include "../core/kernel.h"
#include "filter_tags.h"
#include "functions.h"
#include "memory.h"

#include <errno.h>

// Instructions: a few groups. It lies on the stack, which may be the small one of a signal handler.
enum { SMALL_FILTER = 64 };

// Where the kernel does all by itself there is none. It does not when the socket was bound wider than asked;
// when it joins an IPv6 group, because IPv6 delivers a group that the socket joined from any interface of the
// host; and when sources shall be left out, which takes two calls between which a live socket hears them, and
// of which the kernel takes no more than net.ipv4.igmp_max_msf.
bool filters_needed(const struct subject *subject, const struct opening *opening, const struct joins *joins)
{
	if (opening->closed || subject->state & FILTERED)
		return true;
	for (unsigned i = 0; i < joins->count; i++) {
		const struct membership *membership = joins->list[i].membership;
		if (membership->group.any.sa_family == AF_INET6 || membership->exclude)
			return true;
	}
	return false;
}

// Room for the filter that is there and for the one that takes its place.
struct workshop {
	struct sock_filter present[GRAFT_FILTER_ROOM], next[GRAFT_FILTER_ROOM];
};

static struct workshop *workshop_open(void)
{
	return kernel_map(sizeof(struct workshop));
}

static void workshop_close(struct workshop *workshop)
{
	kernel_unmap(workshop, sizeof(*workshop));
}

// What is attached.
struct reading {
	int length; // in the workshop's `present`; 0: nothing, or a negative errno
	bool ours;
	struct graft_filter_identity identity; // of ours
	unsigned inner;                        // where the program's begins; `length`: it has none
};

static struct reading read_into(int fd, struct sock_filter *code, unsigned room)
{
	struct reading reading = {.length = graft_bpf_read(fd, code, room)};
	reading.ours = reading.length > 0 && graft_filter_identify(code, (unsigned)reading.length,
	                                             &reading.identity, &reading.inner);
	return reading;
}

static struct reading read_present(int fd, struct workshop *workshop)
{
	return read_into(fd, workshop->present, GRAFT_FILTER_ROOM);
}

// What a filter says of itself; one that is small, as most are, without memory of its own.
static struct reading read_what_is_said(int fd)
{
	struct sock_filter small[SMALL_FILTER];
	struct reading reading = read_into(fd, small, SMALL_FILTER);
	if (reading.length != -EINVAL) // longer than that
		return reading;
	struct workshop *workshop = workshop_open();
	if (!workshop)
		return (struct reading){.length = -ENOMEM};
	reading = read_present(fd, workshop);
	workshop_close(workshop);
	return reading;
}

static unsigned inner_length(const struct reading *reading)
{
	return reading->length > 0 ? (unsigned)reading->length - reading->inner : 0;
}

static bool is_joined(const struct joins *joins, const union graft_address *address)
{
	for (unsigned i = 0; i < joins->count; i++)
		if (graft_address_equal(&joins->list[i].membership->group, address))
			return true;
	return false;
}

static void write_blocks(
        struct graft_filter *filter, const struct opening *opening, const struct joins *joins)
{
	if (opening->closed && opening->asked.any.sa_family && !is_joined(joins, &opening->asked))
		graft_filter_admit_address(filter, &opening->asked);
	for (unsigned i = 0; i < joins->count; i++) {
		const struct membership *membership = joins->list[i].membership;
		graft_filter_admit_group(filter, &membership->group, joins->list[i].index,
		        membership->exclude, membership->sources, membership->source_count);
	}
	for (unsigned i = 0; i < joins->count && !opening->closed; i++)
		graft_filter_refuse_group(filter, &joins->list[i].membership->group);
}

// What the filter is to let in, in `code`, with the program's own behind it.
static int write_filter(struct graft_filter *filter, int family, const struct opening *opening,
        const struct joins *joins, const struct sock_filter *inner, unsigned length)
{
	const struct graft_filter_identity identity = {
	        opening->asked, (opening->closed ? TAG_CLOSED : 0) | (opening->sourced ? TAG_SOURCED : 0)};
	graft_filter_begin(filter, filter->code, filter->room, family, &identity);
	write_blocks(filter, opening, joins);
	return graft_filter_end(filter, !opening->closed, inner, length);
}

static int attach_large(
        const struct subject *subject, const struct opening *opening, const struct joins *joins)
{
	struct workshop *workshop = workshop_open();
	if (!workshop)
		return -ENOMEM;
	struct reading reading = read_present(subject->fd, workshop);
	struct graft_filter filter = {.code = workshop->next, .room = GRAFT_FILTER_ROOM};
	unsigned length = inner_length(&reading);
	int error = reading.length < 0 ? reading.length
	                               : write_filter(&filter, subject->facts.family, opening, joins,
	                                         length ? workshop->present + reading.inner : NULL, length);
	if (!error)
		error = graft_bpf_attach(subject->fd, filter.code, filter.length);
	workshop_close(workshop);
	return error;
}

// The usual case, without memory of its own: nothing is attached yet, and ours is small.
static int attach_small(
        const struct subject *subject, const struct opening *opening, const struct joins *joins)
{
	struct sock_filter code[SMALL_FILTER];
	struct graft_filter filter = {.code = code, .room = SMALL_FILTER};
	int error = write_filter(&filter, subject->facts.family, opening, joins, NULL, 0);
	return error ? error : graft_bpf_attach(subject->fd, filter.code, filter.length);
}

static int attach(const struct subject *subject, const struct opening *opening, const struct joins *joins)
{
	int error = -E2BIG;
	if (!(subject->state & (FILTERED | OWN_FILTER)))
		error = attach_small(subject, opening, joins);
	return error == -E2BIG ? attach_large(subject, opening, joins) : error;
}

static int report_filter(const struct subject *subject, int error)
{
	const char *advice = "net.core.optmem_max may be too small for it";
	if (error == -E2BIG)
		advice =
		        "the kernel takes 4096 instructions, about a hundred IPv6 groups: the last ones are left out";
	if (error == -EACCES)
		advice = "the program has an eBPF filter on the socket, which ours cannot be joined to";
	return report_refused(subject, "packet filter", error, advice);
}

int filters_place(struct subject *subject, const struct opening *opening, struct joins *joins)
{
	int error = attach(subject, opening, joins);
	int fails = error ? report_filter(subject, error) : 0;
	if (fails)
		return fails;
	while (error == -E2BIG && joins->count) { // all that fit
		joins->count -= joins->count / 16 + 1;
		error = attach(subject, opening, joins);
	}
	if (!error)
		subject->state |= FILTERED;
	return error;
}

void filters_detach(struct subject *subject)
{
	struct workshop *workshop = subject->state & OWN_FILTER ? workshop_open() : NULL;
	struct reading reading = {0};
	if (workshop)
		reading = read_present(subject->fd, workshop);
	struct graft_filter own = {.length = inner_length(&reading)};
	if (own.length) {
		own.code = workshop->present + reading.inner;
		graft_bpf_attach(subject->fd, own.code, own.length);
	} else {
		graft_bpf_detach(subject->fd);
	}
	if (workshop)
		workshop_close(workshop);
	subject->state &= ~(uint64_t)FILTERED;
}

int filters_adopt(struct subject *subject)
{
	struct reading reading = read_what_is_said(subject->fd);
	if (reading.length < 0 && reading.length != -EACCES) // that is an eBPF one
		return reading.length;
	if (reading.length)
		subject->state |= OWN_FILTER;
	if (!reading.ours)
		return 0;
	subject->state |= FILTERED;
	if (!inner_length(&reading))
		subject->state &= ~(uint64_t)OWN_FILTER;
	if (reading.identity.tag & TAG_CLOSED)
		subject->state |= WIDENED | descriptor_ask(&reading.identity.address);
	if (reading.identity.tag & TAG_SOURCED)
		subject->state |= SOURCED;
	return 0;
}

void filters_asked(const struct subject *subject, union graft_address *asked)
{
	*asked = (union graft_address){0};
	if (descriptor_asked(subject->state, asked))
		return;
	struct reading reading = read_what_is_said(subject->fd);
	if (reading.ours)
		*asked = reading.identity.address;
}

// ---- the program's own filter ---------------------------------------------------------------------------

// Puts `inner` behind our part of the filter on `fd`; NULL takes the program's away, -ENOENT if there is
// none.
static int replace_inner(int fd, const struct sock_filter *inner, unsigned length)
{
	struct workshop *workshop = workshop_open();
	if (!workshop)
		return -ENOMEM;
	struct reading reading = read_present(fd, workshop);
	struct graft_filter filter = {.code = workshop->present, .room = GRAFT_FILTER_ROOM};
	int error = reading.length < 0 ? reading.length : -ENOENT;
	if (reading.ours && (inner || inner_length(&reading)))
		error = graft_filter_replace_inner(&filter, (unsigned)reading.length, inner, length);
	if (!error)
		error = graft_bpf_attach(fd, filter.code, filter.length);
	workshop_close(workshop);
	return error == -E2BIG ? -ENOMEM : error;
}

// The kernel judges the program's filter by itself first: attached to a socket of a moment. Where there can be none, it
// judges the whole.
static int judge(const struct sock_fprog *program)
{
	int probe = kernel_socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (probe < 0)
		return 0;
	int error = kernel_setsockopt(probe, SOL_SOCKET, SO_ATTACH_FILTER, program, sizeof(*program));
	kernel_close(probe);
	return error;
}

static int attach_own(int fd, const void *value, socklen_t length)
{
	const struct sock_fprog *program = value;
	if (length != sizeof(*program))
		return -EINVAL;
	if (!readable(program, sizeof(*program)))
		return -EFAULT;
	int error = judge(program);
	return error ? error : replace_inner(fd, program->filter, program->len);
}

bool filters_intercept(int fd, int name, const void *value, socklen_t length, int *result)
{
	struct subject subject = subject_known(fd);
	if (!(subject.state & FILTERED))
		return false;
	int kept = errno, error;
	switch (name) {
	case SO_ATTACH_FILTER:
		error = attach_own(fd, value, length);
		break;
	case SO_DETACH_FILTER:
		error = replace_inner(fd, NULL, 0);
		break;
	case SO_ATTACH_BPF:
		// It would take the place of ours and open the socket wider than the program asked.
		error = -EPERM;
		report_once(&subject,
		        "SO_ATTACH_BPF refused: an eBPF filter would replace the one that keeps this "
		        "socket as narrow as asked; set bind=any, or leave join out");
		break;
	default:
		return false;
	}
	*result = call_result(error, kept);
	return true;
}
