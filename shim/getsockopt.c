// getsockopt: the multicast interface, of which the kernel tells the address alone, and not even that where it was set by
// index, as the policy's is.
#include "functions.h"

#include "../core/kernel.h"
#include "exits.h"
#include "settle.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

typedef int get_function(int fd, int level, int name, void *restrict value, socklen_t *restrict length);

// As a program that named the interface by its address would be told: the first that it has.
static SELDOM __attribute__((noinline)) void tell_interface(int fd, void *value)
{
	const union graft_address nowhere = {0};
	struct subject subject = subject_known(fd);
	struct in_addr address;
	char name[GRAFT_INTERFACE_NAME];
	struct exits exits;
	memcpy(&address, value, sizeof(address)); // which the kernel has written
	if (address.s_addr)
		return;
	exits_get(&subject, &nowhere, &exits);
	if (exits.count && !graft_interface_name(fd, exits.list[0].index, name) &&
	        !kernel_interface_address(fd, name, &address))
		memcpy(value, &address, sizeof(address));
}

static bool asks_interface(int fd, int level, int name)
{
	uint64_t state = level == IPPROTO_IP && name == IP_MULTICAST_IF ? descriptor_state(fd) : 0;
	return state & HELD(HELD_INTERFACE) &&
	       !(state & INET6); // an AF_INET6 socket can't ask for addresses of IPv4
}

static int get_option(
        get_function *behind, int fd, int level, int name, void *restrict value, socklen_t *restrict length)
{
	if (settle_first(fd, MSG_DONTWAIT))
		return -1;
	int kept = errno, result = behind(fd, level, name, value, length);
	if (result || !asks_interface(fd, level, name) || *length != sizeof(struct in_addr))
		return result;
	tell_interface(fd, value);
	errno = kept;
	return 0;
}

int on_getsockopt(int fd, int level, int name, void *restrict value, socklen_t *restrict length)
{
	return get_option(next.getsockopt, fd, level, name, value, length);
}

// ---- with a time of 64 bits -----------------------------------------------------------------------------

#ifdef SHIM_HAS_TIME64
int on___getsockopt64(int fd, int level, int name, void *restrict value, socklen_t *restrict length)
{
	return get_option(next.__getsockopt64, fd, level, name, value, length);
}
#endif
