// What is asked of the addresses of every datagram, without a call.
#ifndef SOCKGRAFT_ADDRESS_H
#define SOCKGRAFT_ADDRESS_H

#include "sockgraft.h"

static inline bool address_is_mapped(const union graft_address *address)
{
	return address->any.sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&address->v6.sin6_addr);
}

static inline void address_unmap(union graft_address *address)
{
	if (address_is_mapped(address))
		graft_address_unmap(address);
}

// Of an address that is not mapped.
static inline bool address_is_multicast(const union graft_address *plain)
{
	if (plain->any.sa_family == AF_INET)
		return IN_MULTICAST(ntohl(plain->v4.sin_addr.s_addr));
	return plain->any.sa_family == AF_INET6 && IN6_IS_ADDR_MULTICAST(&plain->v6.sin6_addr);
}

#endif
