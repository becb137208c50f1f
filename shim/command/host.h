// This host as the kernel tells of it: interfaces, settings, routes, counters, in the calling process's network
// namespace.
#ifndef SOCKGRAFT_HOST_H
#define SOCKGRAFT_HOST_H

#include "../../core/sockgraft.h"

enum { HOST_NAME_SIZE = GRAFT_INTERFACE_NAME, HOST_PLACE_TEXT = 128 };

struct host_interface {
	unsigned index;
	char name[HOST_NAME_SIZE];
	unsigned flags;                       // IFF_..., netdevice(7)
	union graft_address ipv4, link_local; // the first ones; AF_UNSPEC: none
	uint32_t received, received_multicast, receive_dropped, receive_errors; // since boot, modulo 2^32
};

// All interfaces, by their index, in memory that the next call frees; NULL and *count 0 where they can't be read.
const struct host_interface *host_interfaces(unsigned *count);

// One of them as it is now, false: there is none.
bool host_interface(unsigned index, struct host_interface *interface);

// "b0"; an index that is gone as a number.
const char *host_interface_name(unsigned index, char name[HOST_NAME_SIZE]);

// The number in a file below /proc/sys/net; -1: there is none.
__attribute__((format(printf, 1, 2))) long host_setting(const char *format, ...);

// ip-sysctl: what counts of rp_filter on an interface is the larger of all's and its own.
long host_rp_filter(const char *interface);

// The version of IGMP or MLD that this host is made to speak on an interface; 0: none, or not visible.
long host_forced_version(int family, const char *interface);

// What /proc/net/igmp has for the querier of an interface: 1, 2 or 3; 0: not visible. 3 is also said where there is none.
unsigned host_igmp_version(unsigned index);

// How many sockets of this host are members of the group on the interface.
unsigned host_members(unsigned index, const union graft_address *group);

// What members of a group on an interface say of a source (/proc/net/mcfilter, mcfilter6): how many sockets admit it, and
// how many leave it out. At most `room`; the number found.
struct host_filter {
	union graft_address source;
	unsigned include, exclude;
};
unsigned host_filters(
        unsigned index, const union graft_address *group, struct host_filter *filters, unsigned room);

// Of /proc/net/snmp and snmp6, such as "Udp" and "RcvbufErrors"; -1: there is none.
long long host_counter(int family, const char *name);

// UDP sockets that hear the family on the port (0: on any), and what they have dropped. Those of IPv6 may hear IPv4.
struct host_sockets {
	unsigned count;
	unsigned long long drops;
};
struct host_sockets host_udp_sockets(int family, uint16_t port);

// The inodes of the UDP sockets of this network namespace, to be freed.
uint64_t *host_udp_inodes(size_t *count);

#endif
