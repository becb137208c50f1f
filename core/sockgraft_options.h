// The integer socket options: one row each. From these rows come graft_set and graft_get, the range check,
// the tables of the manual and of the README, the tests and, for those with a key, the rule word and the
// environment variable.
//
// ROW(id, key, unit, minimum, maximum, kinds, level4, option4, level6, option6, help)
//   key      NULL: none, as it is for those who write programs
//   unit     NUMBER; TRAFFIC, a number or a DSCP name; SWITCH, on or off; BYTES, with k or M; GAUGE, a number that the
//            kernel tells, and that can't be set
//   kinds    EVERY kind of socket, or MESSAGE: datagram and raw sockets (a stream has no multicast)
//   level4, option4   on AF_INET sockets, and on the IPv4 side of AF_INET6 ones; 0, 0: none
//   level6, option6   on AF_INET6 sockets; 0, 0: none. What is not a matter of IP stands in both columns.
#ifndef SOCKGRAFT_OPTIONS_H
#define SOCKGRAFT_OPTIONS_H

#include <netinet/in.h>
#include <sys/socket.h>

// Younger than some libc's headers, or in headers that exclude each other (netinet/udp.h, linux/udp.h).
enum {
	GRAFT_UDP_SEGMENT = 103,
	GRAFT_UDP_GRO = 104,
	GRAFT_IPV6_HDRINCL = 36,
};

// socket(7)'s SO_TIMESTAMPNS, in the form with 64-bit seconds.
enum { GRAFT_SO_TIMESTAMPNS = sizeof(long) == 8 ? 35 : 64 };

// clang-format off

// Those that a policy may set. The order is the order of placing: IP_TOS sets SO_PRIORITY as well (ip(7)), so
// priority comes after it.
#define GRAFT_OPTIONS(ROW) \
	ROW(TOS, "tos", TRAFFIC, 0, 255, EVERY, IPPROTO_IP, IP_TOS, 0, 0, \
	    "the IPv4 TOS byte") \
	ROW(TCLASS, "tclass", TRAFFIC, 0, 255, EVERY, 0, 0, IPPROTO_IPV6, IPV6_TCLASS, \
	    "the IPv6 traffic class") \
	ROW(TTL, "ttl", NUMBER, 1, 255, EVERY, IPPROTO_IP, IP_TTL, 0, 0, \
	    "the TTL of unicast (IPv4)") \
	ROW(HOPLIMIT, "hoplimit", NUMBER, 1, 255, EVERY, 0, 0, IPPROTO_IPV6, IPV6_UNICAST_HOPS, \
	    "the hop limit of unicast (IPv6)") \
	ROW(MULTICAST_TTL, "multicast-ttl", NUMBER, 0, 255, MESSAGE, IPPROTO_IP, IP_MULTICAST_TTL, 0, 0, \
	    "the TTL of multicast (IPv4)") \
	ROW(MULTICAST_HOPLIMIT, "multicast-hoplimit", NUMBER, 0, 255, MESSAGE, 0, 0, IPPROTO_IPV6, \
	    IPV6_MULTICAST_HOPS, "the hop limit of multicast (IPv6)") \
	ROW(MULTICAST_LOOP, "multicast-loop", SWITCH, 0, 1, MESSAGE, IPPROTO_IP, IP_MULTICAST_LOOP, \
	    IPPROTO_IPV6, IPV6_MULTICAST_LOOP, "own multicast looped back to this host") \
	ROW(MULTICAST_ALL, "multicast-all", SWITCH, 0, 1, MESSAGE, IPPROTO_IP, IP_MULTICAST_ALL, \
	    IPPROTO_IPV6, IPV6_MULTICAST_ALL, \
	    "whether groups that other sockets joined are heard too; off wherever the policy joined") \
	ROW(RCVBUF, "rcvbuf", BYTES, 1, 1073741823, EVERY, SOL_SOCKET, SO_RCVBUF, SOL_SOCKET, SO_RCVBUF, \
	    "the receive buffer, past net.core.rmem_max where permitted") \
	ROW(SNDBUF, "sndbuf", BYTES, 1, 1073741823, EVERY, SOL_SOCKET, SO_SNDBUF, SOL_SOCKET, SO_SNDBUF, \
	    "the send buffer, past net.core.wmem_max where permitted") \
	ROW(MARK, "mark", NUMBER, 0, 4294967295, EVERY, SOL_SOCKET, SO_MARK, SOL_SOCKET, SO_MARK, \
	    "SO_MARK, for firewall and routing") \
	ROW(PRIORITY, "priority", NUMBER, 0, 2147483647, EVERY, SOL_SOCKET, SO_PRIORITY, SOL_SOCKET, \
	    SO_PRIORITY, "SO_PRIORITY, for queueing")

// The others.
#define GRAFT_OTHER_OPTIONS(ROW) \
	ROW(CLASS, NULL, TRAFFIC, 0, 255, EVERY, IPPROTO_IP, IP_TOS, IPPROTO_IPV6, IPV6_TCLASS, \
	    "the TOS byte (IPv4) and the traffic class (IPv6)") \
	ROW(UNICAST_HOPS, NULL, NUMBER, 1, 255, EVERY, IPPROTO_IP, IP_TTL, IPPROTO_IPV6, IPV6_UNICAST_HOPS, \
	    "the TTL (IPv4) and the hop limit (IPv6) of unicast") \
	ROW(MULTICAST_HOPS, NULL, NUMBER, 0, 255, MESSAGE, IPPROTO_IP, IP_MULTICAST_TTL, IPPROTO_IPV6, \
	    IPV6_MULTICAST_HOPS, "the TTL (IPv4) and the hop limit (IPv6) of multicast") \
	ROW(REUSE_ADDRESS, NULL, SWITCH, 0, 1, EVERY, SOL_SOCKET, SO_REUSEADDR, SOL_SOCKET, SO_REUSEADDR, \
	    "other sockets may bind the address and port; all of them hear a group") \
	ROW(REUSE_PORT, NULL, SWITCH, 0, 1, EVERY, SOL_SOCKET, SO_REUSEPORT, SOL_SOCKET, SO_REUSEPORT, \
	    "sockets of one user share the address and port") \
	ROW(V6ONLY, NULL, SWITCH, 0, 1, EVERY, 0, 0, IPPROTO_IPV6, IPV6_V6ONLY, \
	    "no IPv4 on an AF_INET6 socket; before bind") \
	ROW(PATH_MTU, NULL, GAUGE, 0, 65535, EVERY, IPPROTO_IP, IP_MTU, IPPROTO_IPV6, IPV6_MTU, \
	    "the path MTU to the connected peer, in bytes; only to get") \
	ROW(PATH_MTU_DISCOVERY, NULL, NUMBER, 0, 5, EVERY, IPPROTO_IP, IP_MTU_DISCOVER, IPPROTO_IPV6, \
	    IPV6_MTU_DISCOVER, "IP_PMTUDISC_..., the same numbers for both families") \
	ROW(HEADER_INCLUDED, NULL, SWITCH, 0, 1, MESSAGE, IPPROTO_IP, IP_HDRINCL, IPPROTO_IPV6, GRAFT_IPV6_HDRINCL, \
	    "what is sent on a raw socket begins with an IP header") \
	ROW(CHECKSUM, NULL, NUMBER, -1, 65534, MESSAGE, 0, 0, IPPROTO_IPV6, IPV6_CHECKSUM, \
	    "the offset in the payload at which the kernel puts and verifies a checksum on a raw IPv6 socket; -1: off") \
	ROW(SEGMENT, NULL, NUMBER, 0, 65535, MESSAGE, IPPROTO_UDP, GRAFT_UDP_SEGMENT, IPPROTO_UDP, GRAFT_UDP_SEGMENT, \
	    "UDP segmentation offload: what is sent leaves in datagrams of so many bytes; 0: off") \
	ROW(COALESCE, NULL, SWITCH, 0, 1, MESSAGE, IPPROTO_UDP, GRAFT_UDP_GRO, IPPROTO_UDP, GRAFT_UDP_GRO, \
	    "UDP receive offload: datagrams of one size and one sender are received together") \
	ROW(RECEIVE_HOPS, NULL, SWITCH, 0, 1, MESSAGE, IPPROTO_IP, IP_RECVTTL, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, \
	    "receive the TTL or hop limit") \
	ROW(RECEIVE_CLASS, NULL, SWITCH, 0, 1, MESSAGE, IPPROTO_IP, IP_RECVTOS, IPPROTO_IPV6, IPV6_RECVTCLASS, \
	    "receive the TOS byte or traffic class") \
	ROW(RECEIVE_PACKET_INFO, NULL, SWITCH, 0, 1, MESSAGE, IPPROTO_IP, IP_PKTINFO, IPPROTO_IPV6, \
	    IPV6_RECVPKTINFO, "receive the destination and the interface") \
	ROW(RECEIVE_PATH_MTU, NULL, SWITCH, 0, 1, MESSAGE, 0, 0, IPPROTO_IPV6, IPV6_RECVPATHMTU, \
	    "receive a new path MTU, when something sent was too large") \
	ROW(RECEIVE_TIME, NULL, SWITCH, 0, 1, EVERY, SOL_SOCKET, GRAFT_SO_TIMESTAMPNS, SOL_SOCKET, \
	    GRAFT_SO_TIMESTAMPNS, "receive the time at which the kernel got the datagram") \
	ROW(RECEIVE_DROPS, NULL, SWITCH, 0, 1, MESSAGE, SOL_SOCKET, SO_RXQ_OVFL, SOL_SOCKET, SO_RXQ_OVFL, \
	    "receive the count of datagrams dropped for a full buffer")
// clang-format on

#endif
