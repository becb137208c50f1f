// Core's door to the kernel inside the shim: the functions behind ours.
#include "functions.h"

#include <pthread.h>

// These are cancellation points (pthreads(7)), and what core calls them for stands in the place of calls that are
// none: a thread must not end in the middle of it, with a descriptor of ours open.
#define UNCANCELLED(result, name, parameters, arguments)                                                     \
	static result door_##name parameters                                                                 \
	{                                                                                                    \
		int before;                                                                                  \
		pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);                                     \
		result value = next.name arguments;                                                          \
		pthread_setcancelstate(before, NULL);                                                        \
		return value;                                                                                \
	}
UNCANCELLED(int, close, (int fd), (fd))
UNCANCELLED(int, connect, (int fd, CONST_SOCKADDR address, socklen_t length), (fd, address, length))
UNCANCELLED(ssize_t, send, (int fd, const void *bytes, size_t length, int flags), (fd, bytes, length, flags))
UNCANCELLED(ssize_t, recv, (int fd, void *bytes, size_t length, int flags), (fd, bytes, length, flags))

#define door_socket      next.socket
#define door_bind        next.bind
#define door_getsockname next.getsockname
#define door_getpeername next.getpeername
#define door_getsockopt  next.getsockopt
#define door_setsockopt  next.setsockopt
#define door_sendmsg     next.sendmsg
#define door_recvmsg     next.recvmsg
#define door_sendmmsg    next.sendmmsg
#define door_recvmmsg    next.recvmmsg
#define door_read        next.read

#define BEHIND(function) door_##function
#include "../core/kernel.c"
