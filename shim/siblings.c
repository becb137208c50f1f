// One port, several addresses, a socket each.
#include "siblings.h"

#include "../core/kernel.h"
#include "filters.h"

enum { SIBLINGS_AT_MOST = 16 };

struct siblings {
	const union graft_address *asked;
	int fds[SIBLINGS_AT_MOST];
	unsigned count;
};

static void visit(int fd, void *context)
{
	struct siblings *siblings = context;
	struct subject other = subject_known(fd);
	union graft_address asked;
	subject_find_local(&other);
	filters_asked(&other, &asked);
	if (asked.any.sa_family == siblings->asked->any.sa_family &&
	        !graft_address_equal(&asked, siblings->asked) &&
	        graft_address_port(&other.facts.local) == graft_address_port(siblings->asked) &&
	        siblings->count < SIBLINGS_AT_MOST)
		siblings->fds[siblings->count++] = fd;
}

static struct siblings find(const union graft_address *asked)
{
	struct siblings siblings = {.asked = asked};
	if (graft_address_port(asked))
		descriptors_each(WIDENED, visit, &siblings);
	return siblings;
}

bool siblings_hear(const struct subject *subject, const union graft_address *asked)
{
	return subject->facts.kind == SOCKET_UDP && find(asked).count;
}

static int get_reuse(int fd)
{
	int reuse = 0;
	socklen_t length = sizeof(reuse);
	kernel_getsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &reuse, &length);
	return reuse;
}

static void set_reuse(int fd, int on)
{
	kernel_setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
}

// SO_REUSEADDR for the moment of the bind, the only one at which the kernel looks at it: on the last in `fds`, and
// then on those before it, one call deeper each, so that each is left as it was.
static int bind_with_reuse(const int *fds, unsigned count, int fd, const union graft_address *asked)
{
	if (!count)
		return kernel_bind(fd, &asked->any, graft_address_length(asked));
	int last = fds[count - 1], before = get_reuse(last);
	if (!before)
		set_reuse(last, 1);
	int error = bind_with_reuse(fds, count - 1, fd, asked);
	if (!before)
		set_reuse(last, 0);
	return error;
}

int siblings_bind(const struct subject *subject, const union graft_address *asked)
{
	struct siblings siblings = find(asked);
	int before = get_reuse(subject->fd);
	if (!before)
		set_reuse(subject->fd, 1);
	int error = bind_with_reuse(siblings.fds, siblings.count, subject->fd, asked);
	if (!before)
		set_reuse(subject->fd, 0);
	return error;
}
