// What a socket is, asked of the kernel.
#ifndef SOCKGRAFT_SOCKET_H
#define SOCKGRAFT_SOCKET_H

// AF_INET or AF_INET6; -EAFNOSUPPORT for any other.
int socket_family(int fd);

// The error of an option: that the socket does not have it, some protocols say as the one, some as the other.
int or_no_option(int error);

#endif
