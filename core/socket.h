// What a socket is, asked of the kernel.
#ifndef SOCKGRAFT_SOCKET_H
#define SOCKGRAFT_SOCKET_H

// AF_INET or AF_INET6; -EAFNOSUPPORT for any other.
int socket_family(int fd);

#endif
