// Walking through the control messages of a message.
#ifndef SOCKGRAFT_CONTROL_H
#define SOCKGRAFT_CONTROL_H

#include <sys/socket.h>

static inline struct cmsghdr *control_after(struct msghdr *message, struct cmsghdr *control)
{
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-compare" // in musl's CMSG_NXTHDR
#pragma GCC diagnostic ignored "-Wsign-conversion"
	return CMSG_NXTHDR(message, control);
#pragma GCC diagnostic pop
}

#endif
