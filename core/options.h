// The integer socket options: one row each. From these rows come graft_set and graft_get, the rule word, the
// environment variable, the range check, the README's table and the tests.
//
// ROW(id, key, unit, minimum, maximum, kinds, level4, option4, level6, option6, help)
//   unit     NUMBER; TRAFFIC, a number or a DSCP name; SWITCH, on or off; BYTES, with k or M
//   kinds    EVERY kind of socket, or MESSAGE: datagram and raw sockets (a stream has no multicast)
//   level4, option4   on AF_INET sockets, and on the IPv4 side of AF_INET6 ones; 0, 0: none
//   level6, option6   on AF_INET6 sockets; 0, 0: none. SOL_SOCKET options stand in both columns.
// The order is the order of placing: IP_TOS sets SO_PRIORITY as well (ip(7)), so priority comes after it.
#ifndef SOCKGRAFT_OPTIONS_H
#define SOCKGRAFT_OPTIONS_H

// clang-format off
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
	    "groups that other sockets joined; off wherever the policy joined") \
	ROW(RCVBUF, "rcvbuf", BYTES, 1, 1073741823, EVERY, SOL_SOCKET, SO_RCVBUF, SOL_SOCKET, SO_RCVBUF, \
	    "the receive buffer, past net.core.rmem_max where permitted") \
	ROW(SNDBUF, "sndbuf", BYTES, 1, 1073741823, EVERY, SOL_SOCKET, SO_SNDBUF, SOL_SOCKET, SO_SNDBUF, \
	    "the send buffer, past net.core.wmem_max where permitted") \
	ROW(MARK, "mark", NUMBER, 0, 4294967295, EVERY, SOL_SOCKET, SO_MARK, SOL_SOCKET, SO_MARK, \
	    "SO_MARK, for firewall and routing") \
	ROW(PRIORITY, "priority", NUMBER, 0, 2147483647, EVERY, SOL_SOCKET, SO_PRIORITY, SOL_SOCKET, \
	    SO_PRIORITY, "SO_PRIORITY, for queueing")
// clang-format on

#endif
