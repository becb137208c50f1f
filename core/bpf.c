// Classic BPF programs on a socket.
#include "sockgraft.h"

#include "kernel.h"

#include <errno.h>

int graft_bpf_attach(int fd, const struct sock_filter *code, unsigned length)
{
	if (length > BPF_MAXINSNS)
		return -EINVAL; // as the kernel would say, if its 16 bits could carry it
	struct sock_fprog program = {.len = (unsigned short)length, .filter = (struct sock_filter *)code};
	return kernel_setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

int graft_bpf_detach(int fd)
{
	int unused = 0;
	return kernel_setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &unused, sizeof(unused));
}

int graft_bpf_read(int fd, struct sock_filter *code, unsigned room)
{
	// This option counts in instructions, not in bytes, and answers a length of 0 with the length.
	socklen_t length = 0;
	int error = kernel_getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, NULL, &length);
	if (error || !length)
		return error;
	if (length > room)
		return -EINVAL;
	length = room;
	error = kernel_getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, code, &length);
	return error ? error : (int)length;
}
