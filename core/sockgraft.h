// libsockgraft-core: what can be done to one socket, IPv4 and IPv6 alike.
//
// Descriptors are the caller's. Every function keeps nothing, allocates nothing on the heap and is safe in a
// signal handler and in any thread. errno is not looked at nor kept: results are 0 or a count, and errors
// are negative errno values, those of the system call unless said otherwise. -EBADF is a descriptor that is
// closed, -ENOTSOCK one that is no socket, where nothing else is wrong with the call; what is no IP socket
// gives -EAFNOSUPPORT or -EOPNOTSUPP. A call that fails has changed nothing on the socket, unless said
// otherwise; what it would have handed out is not to be looked at.
//
// An AF_INET6 socket that is not IPv6 only has two sides: IPv4 too goes in and out of it. A function that
// says nothing of sides serves both. IPv4 addresses are AF_INET or mapped (::ffff:192.0.2.1) where they are
// handed in, on either kind of socket, and AF_INET where they are handed out.
//
// What receives and sends datagrams and packets, one or many, is a cancellation point (pthreads(7)), nothing
// else is.
#ifndef SOCKGRAFT_H
#define SOCKGRAFT_H

#include <linux/filter.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "sockgraft_options.h"

#ifdef __cplusplus
extern "C" {
#endif
#ifdef GRAFT_SHARED // while the shared library is built, which hides all else
#	pragma GCC visibility push(default)
#endif

// An IPv4 or IPv6 socket address. `any.sa_family` tells which; AF_UNSPEC (a zeroed one) is no address.
union graft_address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

// The first `length` bits of an address: 0 to 32 (IPv4) or 128 (IPv6).
struct graft_prefix {
	union graft_address address;
	unsigned length;
};

// ---- addresses ------------------------------------------------------------------------------------------

// The address written in `text`: dotted quad or RFC 4291 text, without brackets, port or zone. Returns 0, or
// -EINVAL. The port is 0.
int graft_address_parse(const char *text, size_t length, union graft_address *address);

enum { GRAFT_ADDRESS_TEXT = 72 }; // bytes that hold any address as text: "[v6%index]:port"

// `address` as text in `buffer`, with its port ("10.0.0.1:5000", "[fe80::1%2]:5000") unless that is 0.
// Returns `buffer`.
const char *graft_address_text(const union graft_address *address, char buffer[GRAFT_ADDRESS_TEXT]);

// As bind and connect want it: for AF_UNSPEC the length that connect takes to end a connection.
socklen_t graft_address_length(const union graft_address *address);
uint16_t graft_address_port(const union graft_address *address); // host byte order
void graft_address_set_port(union graft_address *address, uint16_t port);
// Port and zone aside. A mapped address is another one than the IPv4 address inside it, here and in prefixes;
// the questions below about kinds look inside.
bool graft_address_equal(const union graft_address *a, const union graft_address *b);
bool graft_address_is_multicast(const union graft_address *address);
bool graft_address_is_any(const union graft_address *address);    // 0.0.0.0, ::, or ::ffff:0.0.0.0
bool graft_address_is_mapped(const union graft_address *address); // IPv4 within ::ffff:0:0/96

// Of the scope that ends at the link: 224.0.0.0/24 (RFC 5771), ff01::/16 and ff02::/16 with any flags (RFC
// 4291), fe80::/10. Such an address means something only together with an interface.
bool graft_address_is_link_local(const union graft_address *address);

// The IPv4 address inside a mapped one, in place; and back. Any other address stays as it is.
void graft_address_unmap(union graft_address *address);
void graft_address_map(union graft_address *address);

bool graft_prefix_covers(const struct graft_prefix *prefix, const union graft_address *address);

// ---- options --------------------------------------------------------------------------------------------

// One for each row of sockgraft_options.h, which tells ranges and meanings: GRAFT_TOS, GRAFT_TTL, ...
enum graft_option {
#define GRAFT_ROW_(id, ...) GRAFT_##id,
	GRAFT_OPTIONS(GRAFT_ROW_) GRAFT_OTHER_OPTIONS(GRAFT_ROW_)
#undef GRAFT_ROW_
	        GRAFT_OPTION_COUNT
};

// Those with a key come first: their number.
enum {
#define GRAFT_ROW_(...) +1
	GRAFT_KEYED_OPTIONS = 0 GRAFT_OPTIONS(GRAFT_ROW_)
#undef GRAFT_ROW_
};

// What kind of socket an option is for.
enum graft_option_kinds { GRAFT_KIND_EVERY, GRAFT_KIND_MESSAGE };

// How an option's value is written.
enum graft_option_unit {
	GRAFT_UNIT_NUMBER,
	GRAFT_UNIT_TRAFFIC,
	GRAFT_UNIT_SWITCH,
	GRAFT_UNIT_BYTES,
	GRAFT_UNIT_GAUGE
};

struct graft_option_row {
	uint8_t unit, kinds; // enum graft_option_unit, enum graft_option_kinds
	int16_t minimum;
	uint32_t maximum;
	struct {
		uint16_t level, name;
	} column[2]; // by enum graft_side; name 0: none
};

extern const struct graft_option_row graft_option_rows[GRAFT_OPTION_COUNT];

// One option of a socket, on each side that both have. To get it from a socket with two sides tells what
// holds for IPv6. Errors: -ERANGE the value is not in the row's range; -ENOPROTOOPT or -EINVAL not an option
// of this family or kind of socket, or only to get (GRAFT_PATH_MTU); -EINVAL too late (GRAFT_V6ONLY, of a raw
// socket always), or an odd offset (GRAFT_CHECKSUM); -EAFNOSUPPORT the socket is of another family than
// AF_INET and AF_INET6; -ENOTCONN no peer (GRAFT_PATH_MTU); -EPERM not permitted (GRAFT_MARK, GRAFT_PRIORITY
// over 6). A stream keeps the two ECN bits of its TOS byte or traffic class to itself. ip(7), ipv6(7),
// socket(7), raw(7), udp(7), RFC 3493, RFC 3542.
int graft_set(int fd, enum graft_option option, int64_t value);
int graft_get(int fd, enum graft_option option, int64_t *value);

// The IPv4 side is at level IPPROTO_IP, on an AF_INET6 socket too.
enum graft_side { GRAFT_IPV4, GRAFT_IPV6 };

// The same on one side, for those who know what the socket has. A row without an option on that side gives
// -ENOPROTOOPT.
int graft_side_set(int fd, enum graft_option option, enum graft_side side, int64_t value);
int graft_side_get(int fd, enum graft_option option, enum graft_side side, int64_t *value);

// GRAFT_RCVBUF or GRAFT_SNDBUF, in bytes: past net.core.rmem_max or wmem_max where CAP_NET_ADMIN permits it;
// otherwise as much as the maximum allows, and -EPERM if that is less than `bytes`: the buffer has changed
// then. The kernel doubles what is set, which graft_get tells. -ERANGE not in the row's range; -EINVAL
// another option.
int graft_buffer_set(int fd, enum graft_option option, int64_t bytes);

// How long one call that receives, or sends, may block, in nanoseconds, in a batch for each datagram; 0:
// without end. The kernel counts in ticks, 1 to 10 ms, and rounds up, which graft_timeout_get tells. The call
// that would have blocked for longer gives -EAGAIN. -EINVAL: less than 0. socket(7).
enum graft_direction { GRAFT_RECEIVING, GRAFT_SENDING };
int graft_timeout_set(int fd, enum graft_direction direction, int64_t nanoseconds);
int graft_timeout_get(int fd, enum graft_direction direction, int64_t *nanoseconds);

// The datagrams that this socket has dropped so far, for a full buffer above all (SO_MEMINFO, since Linux
// 4.12: before, -ENOPROTOOPT).
int graft_drops(int fd, uint32_t *count);

// ---- the outgoing interface of multicast ----------------------------------------------------------------

// By index; 0: the one that the route picks. An AF_INET6 socket's interface is that of both sides. -ENODEV no
// such interface; -EINVAL (IPv4) or -ENOPROTOOPT (IPv6) a stream; -EINVAL the socket is bound to another
// device.
//
// The kernel tells an AF_INET socket's interface only by address. So, as a program that names the interface
// by its address does, this puts the interface's first address on the socket with it: an unbound socket sends
// multicast from it, and can't any more once the interface has lost it (-ENETUNREACH), until the interface is
// set anew. To get it says 0 where the interface was set by index alone or has no address; -ENODEV where the
// address is gone, -ENOTUNIQ where several interfaces have it.
int graft_multicast_interface_set(int fd, unsigned index);
int graft_multicast_interface_get(int fd, unsigned *index);

// On one side, by index alone: an unbound AF_INET socket sends from the address that the route picks then.
int graft_side_multicast_interface_set(int fd, enum graft_side side, unsigned index);

// ---- names of values ------------------------------------------------------------------------------------

// DSCP names of RFC 2474, 2597, 3246, 5865 and 8622: "cs0".."cs7", "af11".."af43", "ef", "va", "le". The
// value is 0 to 63, the upper six bits of the TOS byte or traffic class; -EINVAL: no such name. A value
// without a name gives NULL.
int graft_dscp_parse(const char *text, size_t length);
const char *graft_dscp_name(unsigned dscp);

// ICMP types by the names of IANA's registries, in small letters: "echo reply", "destination unreachable",
// ... `family` is AF_INET or AF_INET6. The type is 0 to 255; -EINVAL: no such name. A type without a name
// gives NULL.
int graft_icmp_type_parse(int family, const char *text, size_t length);
const char *graft_icmp_type_name(int family, unsigned type);

// ---- interfaces -----------------------------------------------------------------------------------------

// How an interface was named.
struct graft_interface {
	enum graft_interface_by {
		GRAFT_BY_NAME,    // `name`, exact
		GRAFT_BY_INDEX,   // `index`, 1 or more
		GRAFT_BY_ADDRESS, // one that carries `address`
		GRAFT_BY_PATTERN, // all whose name matches `name`, a pattern of * and ?
	} by;
	unsigned index;
	const char *name;
	union graft_address address;
};

// What `text` names: an index ("2"), an address ("192.0.2.7", "fe80::7", also in brackets), a pattern
// ("eth*") or a name. `interface->name` points to `text`, and `interface->by` says what was seen in it, also
// where it has a mistake (-EINVAL).
int graft_interface_parse(const char *text, struct graft_interface *interface);

// Whether the kernel would take `name` as an interface's name; control bytes aside, which it does take.
bool graft_interface_name_valid(const char *name);

enum { GRAFT_INTERFACE_TEXT = GRAFT_ADDRESS_TEXT }; // bytes that hold any interface as text

// `interface` as it is written, in `buffer`. Returns `buffer`.
const char *graft_interface_text(const struct graft_interface *interface, char buffer[GRAFT_INTERFACE_TEXT]);

enum { GRAFT_INTERFACE_NAME = 16 }; // bytes that hold any interface's name, as IF_NAMESIZE does

// The name of the interface with this index in the network namespace of socket `fd`, or -ENODEV.
int graft_interface_name(int fd, unsigned index, char name[GRAFT_INTERFACE_NAME]);

// The indexes of the interfaces that `interface` names, at most `room` of them, in the order in which the
// kernel lists them. Returns how many there are, which may be more, or -ENODEV if there is none. Names and
// indexes are looked up in the network namespace of socket `fd`, addresses and patterns in the calling
// thread's. A pattern names those that can multicast, up or down.
int graft_interface_resolve(
        int fd, const struct graft_interface *interface, unsigned *indexes, unsigned room);

// The index of the interface that the route to `group`, or to any other address, leaves by in the calling
// thread's network namespace, or -ENODEV. A zone in the address says it by itself.
int graft_route_interface(const union graft_address *group);

// Whether `name` matches a pattern of * (any bytes) and ? (any one byte).
bool graft_pattern_matches(const char *pattern, const char *name);

// ---- memberships ----------------------------------------------------------------------------------------
//
// By the protocol-independent requests of RFC 3678: `index` is the interface's, 0 for the one that the route
// to the group picks. On an AF_INET6 socket an IPv4 group joins its IPv4 side. Errors: -EADDRINUSE already a
// member, in whatever mode; -ENODEV no such interface, or no route; -ENOBUFS over
// net.ipv4.igmp_max_memberships, igmp_max_msf or net.ipv6.mld_max_msf, -ENOBUFS or -ENOMEM over
// net.core.optmem_max; -EADDRNOTAVAIL not a member (to leave), or the source is listed already, or is not;
// -EINVAL not a group, the source is of the other family, the membership is of the other mode, or there is
// none; -ENOPROTOOPT a group of a family that the socket does not have. Linux lets a stream join too, and an
// IPv6 only socket an IPv4 group, which is of no use; and it lets the first source turn a membership from any
// source that never had one blocked into one from that alone.

int graft_join(int fd, unsigned index, const union graft_address *group);  // from any source
int graft_leave(int fd, unsigned index, const union graft_address *group); // whatever its mode

// From this source only; several add up. To leave the last is to leave the group.
int graft_join_source(
        int fd, unsigned index, const union graft_address *group, const union graft_address *source);
int graft_leave_source(
        int fd, unsigned index, const union graft_address *group, const union graft_address *source);

// Of a group joined from any source: no more from this one, and again from it.
int graft_block_source(
        int fd, unsigned index, const union graft_address *group, const union graft_address *source);
int graft_unblock_source(
        int fd, unsigned index, const union graft_address *group, const union graft_address *source);

// Whether the sources of a membership are those not heard, or those heard: the numbers of MCAST_EXCLUDE and
// MCAST_INCLUDE, which the headers of libc hide from a program in strict ISO C.
enum graft_mode { GRAFT_EXCLUDE = 0, GRAFT_INCLUDE = 1 };

// The mode of a membership and its sources, at most `room` of them. Returns how many it has, which may be
// more; -EADDRNOTAVAIL not a member on that interface, which has to be named (`index` 0 finds none). `mode`
// and, with a room of 0, `sources` may be NULL.
int graft_sources_get(int fd, unsigned index, const union graft_address *group, enum graft_mode *mode,
        union graft_address *sources, unsigned room);

// Puts mode and sources in place of those that the membership has, at once (MCAST_MSFILTER). GRAFT_INCLUDE
// without sources leaves the group. -EINVAL not a member on that interface, which is to be named (IPv6 finds
// none by `index` 0), or a source of the other family; -EADDRNOTAVAIL (to leave) not a member; -ENODEV no
// such interface; -ENOBUFS, -ENOMEM too many sources.
int graft_sources_set(int fd, unsigned index, const union graft_address *group, enum graft_mode mode,
        const union graft_address *sources, unsigned count);

struct graft_membership {
	union graft_address group;
	unsigned index; // of the interface
	enum graft_mode mode;
	unsigned source_count;
};

// The memberships of a socket of this or another process, at most `room` of them, IPv4's first. Returns how
// many there are, which may be more. The kernel has no list by socket: each group of /proc/net/igmp and igmp6
// is asked for. `pid` is a process in the network namespace of the socket, 0 for the calling thread. -ENOENT:
// no such process, or no /proc; other errors are those of open(2).
int graft_memberships(int fd, pid_t pid, struct graft_membership *memberships, unsigned room);

// A descriptor, closed on exec, of what process `pid` has as its descriptor `fd` (pidfd_getfd(2)). -EPERM:
// may not trace it (ptrace(2)); -EBADF: it has no such descriptor; -ESRCH: no such process; -EINVAL: 0 or
// less; -ENOSYS before Linux 5.6.
int graft_descriptor_copy(pid_t pid, int fd);

// ---- control messages -----------------------------------------------------------------------------------
//
// What the kernel tells of one datagram beside its bytes, and what it may be told (RFC 3542, ip(7), ipv6(7)).

// Which parts of struct graft_control hold something, or are to be received. To answer with what was
// received, leave GRAFT_WITH_SOURCE and GRAFT_WITH_INTERFACE: the rest would be specified too.
enum graft_with {
	GRAFT_WITH_HOPS = 1 << 0,        // TTL (IPv4) or hop limit (IPv6)
	GRAFT_WITH_CLASS = 1 << 1,       // TOS byte (IPv4) or traffic class (IPv6)
	GRAFT_WITH_SOURCE = 1 << 2,      // these three come in one message: to turn one on
	GRAFT_WITH_DESTINATION = 1 << 3, //   or off does so for all
	GRAFT_WITH_INTERFACE = 1 << 4,   //
	GRAFT_WITH_PATH_MTU = 1 << 5,    // receiving, IPv6
	GRAFT_WITH_TIME = 1 << 6,        // receiving
	GRAFT_WITH_DROPS = 1 << 7,       // receiving; comes only once something was dropped
	GRAFT_WITH_SEGMENT = 1 << 8,     // UDP; other sockets pass over it in sending
	GRAFT_WITH_NEXT_HOP = 1 << 9,    // specifying, IPv6
};

struct graft_control {
	unsigned with;          // of enum graft_with
	bool incomplete;        // received: the kernel had no room for all (MSG_CTRUNC)
	unsigned hops;          // 0 to 255; specifying for IPv4 1 to 255
	unsigned traffic_class; // 0 to 255; the upper six bits are the DSCP
	// Of the interface: received on, or to be sent by. IPv6 unicast follows the route alone where `source` is
	// given or the socket is bound to an address or connected. IPv4 without `source` has that chosen anew.
	unsigned index;
	// Specifying: the address of this host to send from. Received: the one to answer from, which for IPv6 is
	// known of unicast alone.
	union graft_address source;
	union graft_address destination; // received: where it was sent to; without a port
	union graft_address next_hop;    // specifying, IPv6; Linux refuses the datagram with -EINVAL
	unsigned path_mtu; // received: bytes, to `destination`, when something sent was too large
	unsigned segment;  // bytes; specifying: of each datagram to cut, received: of each coalesced
	uint32_t drops;    // received: datagrams dropped before this one since the socket was made
	int64_t time;      // received: nanoseconds since 1970, CLOCK_REALTIME
};

// Turns the receiving of `with` on or off, on each side of the socket; GRAFT_WITH_TIME takes the place of
// SO_TIMESTAMP. -EINVAL a part that is not received, or no part; -ENOPROTOOPT a part that the socket does not
// have: GRAFT_WITH_PATH_MTU on an AF_INET socket, GRAFT_WITH_SEGMENT on one that is not UDP.
int graft_control_set(int fd, unsigned with, bool on);

// Which are turned on: of enum graft_with, or a negative errno.
int graft_control_get(int fd);

enum { GRAFT_CONTROL_ROOM = 320 }; // bytes that hold all messages of one datagram

// Reads what recvmsg(2) gave as control messages: any bytes, aligned or not, are read safely; messages of
// other kinds are passed over. 0, or -EBADMSG if they don't hang together; what came before is in `control`
// then.
int graft_control_parse(const void *bytes, size_t length, struct graft_control *control);

// Writes what is to be specified, as sendmsg(2) wants it; what is received only is passed over. `family` is
// that of the destination's address, AF_INET too where it is mapped; AF_UNSPEC writes for both, and the
// kernel passes over what is not for it, save an interface alone to a mapped address, which it refuses with
// -EINVAL. `bytes` is aligned as a size_t is. Returns the length, 0 for nothing; -EMSGSIZE it does not fit in
// `room`; -ERANGE a value is out of its range; -EINVAL an address is of the other family, or `with` has other
// bits.
int graft_control_write(const struct graft_control *control, int family, void *bytes, size_t room);

enum { GRAFT_CONTROL_TEXT = 512 }; // bytes that hold any of them as text

// What `control` holds, in `buffer`: "hops=1 class=0xb8 index=2". Returns `buffer`.
const char *graft_control_text(const struct graft_control *control, char buffer[GRAFT_CONTROL_TEXT]);

// ---- datagrams ------------------------------------------------------------------------------------------

// Receives one datagram of at most `size` bytes; the rest of a longer one is lost, and with MSG_TRUNC in
// `flags` the length returned is its own. Returns the length, on a raw IPv4 socket with the header. `from`
// and `control` may be NULL. Errors and flags: recvmsg(2).
ssize_t graft_receive(int fd, void *bytes, size_t size, union graft_address *from,
        struct graft_control *control, int flags);

// Sends one datagram to `to`, or, with NULL or AF_UNSPEC, to the connected peer. `control` may be NULL.
// Returns the length. Errors and flags: sendmsg(2), and those of graft_control_write. A source that is no
// address of this host is -ENETUNREACH (IPv4) or -EINVAL (IPv6), an interface that there is not -ENODEV.
ssize_t graft_send(int fd, const void *bytes, size_t size, const union graft_address *to,
        const struct graft_control *control, int flags);

// One of several datagrams.
struct graft_message {
	struct iovec *parts; // where its bytes are, or go
	size_t part_count;
	size_t length; // received, or sent
	int flags;     // received: MSG_TRUNC, the parts were too small
	// Received: the sender. To send: the destination, a mapped one becomes AF_INET; AF_UNSPEC: the connected peer.
	union graft_address address;
	struct graft_control control;
	size_t room[GRAFT_CONTROL_ROOM / sizeof(size_t)]; // for control messages on their way
};

// Several in one call of the kernel, or, past 64, in one for each 64 (recvmmsg(2), sendmmsg(2)). Returns how
// many were received or sent, or the error if the first was not. Receiving blocks until all are there; with
// MSG_WAITFORONE in `flags` until one is. Takes 5 KiB of stack.
int graft_receive_batch(int fd, struct graft_message *messages, unsigned count, int flags);
int graft_send_batch(int fd, struct graft_message *messages, unsigned count, int flags);

// ---- IP headers -----------------------------------------------------------------------------------------

enum {
	GRAFT_IPV4_HEADER = 20,      // bytes, without options
	GRAFT_IPV4_HEADER_ROOM = 60, // with all the options there can be
	GRAFT_IPV6_HEADER = 40,
};

enum { GRAFT_MORE_FRAGMENTS = 1, GRAFT_DONT_FRAGMENT = 2, GRAFT_RESERVED_FLAG = 4 };

// RFC 791, numbers in host byte order.
struct graft_ipv4_header {
	unsigned length;       // of the header in bytes; read only: what is written follows from the options
	unsigned tos;          // 0 to 255
	unsigned total_length; // 0 to 65535 bytes; the kernel puts in its own (raw(7))
	unsigned id;           // 0 to 65535; 0: the kernel chooses
	unsigned flags;        // of GRAFT_MORE_FRAGMENTS, GRAFT_DONT_FRAGMENT, GRAFT_RESERVED_FLAG
	unsigned fragment_offset; // 0 to 8191, in units of 8 bytes
	unsigned ttl;             // 0 to 255
	unsigned protocol;        // 0 to 255
	unsigned checksum;        // 0 to 65535; the kernel puts in its own
	struct in_addr source;    // 0.0.0.0: the kernel chooses
	struct in_addr destination;
	unsigned option_length;    // 0 to 40 bytes, a multiple of 4
	unsigned char options[40]; // RFC 791, 3.1
};

// Reads a header; neither checksum nor total length are compared with anything. Returns its length, which is
// where the payload starts; -EBADMSG: shorter than its length says, or not IPv4.
int graft_ipv4_header_parse(const void *bytes, size_t length, struct graft_ipv4_header *header);

// Writes a header as the wire has it. Returns its length; -EMSGSIZE it does not fit in `room`; -ERANGE a
// value is out of its range; -EINVAL options that are not a multiple of 4 bytes.
int graft_ipv4_header_write(const struct graft_ipv4_header *header, void *bytes, size_t room);

// RFC 8200, numbers in host byte order.
struct graft_ipv6_header {
	unsigned traffic_class;  // 0 to 255
	unsigned flow_label;     // 0 to 1048575
	unsigned payload_length; // 0 to 65535 bytes
	unsigned next_header;    // 0 to 255
	unsigned hop_limit;      // 0 to 255
	struct in6_addr source, destination;
};

// As for IPv4; the length is always 40.
int graft_ipv6_header_parse(const void *bytes, size_t length, struct graft_ipv6_header *header);
int graft_ipv6_header_write(const struct graft_ipv6_header *header, void *bytes, size_t room);

enum { GRAFT_HEADER_TEXT = 320 }; // bytes that hold any header as text

// A header as text, in `buffer`: "source=10.0.0.1 destination=224.0.0.5 tos=0xc0 ttl=1 ...". Returns
// `buffer`.
const char *graft_ipv4_header_text(const struct graft_ipv4_header *header, char buffer[GRAFT_HEADER_TEXT]);
const char *graft_ipv6_header_text(const struct graft_ipv6_header *header, char buffer[GRAFT_HEADER_TEXT]);

// The internet checksum of RFC 1071 over `bytes`, in network byte order: to be stored as it is. Over bytes
// that contain their checksum it is 0 where that is right.
uint16_t graft_internet_checksum(const void *bytes, size_t length);

// Receives one packet on a raw IPv4 socket: the header is in `header`, the payload in `bytes`, without the
// header. Returns the payload's length; the rest of a longer one is lost, and with MSG_TRUNC in `flags` the
// length returned is its own. -EBADMSG: not an IPv4 packet, which is lost. Otherwise as graft_receive.
ssize_t graft_receive_packet(int fd, struct graft_ipv4_header *header, void *bytes, size_t size,
        struct graft_control *control, int flags);

// Sends one packet with this header, to its destination, on a raw IPv4 socket with GRAFT_HEADER_INCLUDED.
// Returns the length of header and payload. Errors: those of graft_ipv4_header_write and graft_send. Without
// GRAFT_HEADER_INCLUDED, which is not looked at, the kernel puts a header of its own before this one.
ssize_t graft_send_packet(int fd, const struct graft_ipv4_header *header, const void *bytes, size_t size,
        const struct graft_control *control, int flags);

// ---- ICMP filters ---------------------------------------------------------------------------------------
//
// Which ICMP types a raw ICMP or ICMPv6 socket does not receive; a zeroed one blocks none. IPv4's has types 0
// to 31 only, others always pass (raw(7)). RFC 3542, 3.2.

struct graft_icmp_filter {
	uint32_t blocked[8]; // type n is bit n % 32 of word n / 32
};

// `type` is 0 to 255; any other changes nothing, and is not blocked.
void graft_icmp_filter_accept(struct graft_icmp_filter *filter, unsigned type);
void graft_icmp_filter_block(struct graft_icmp_filter *filter, unsigned type);
void graft_icmp_filter_accept_all(struct graft_icmp_filter *filter);
void graft_icmp_filter_block_all(struct graft_icmp_filter *filter);
bool graft_icmp_filter_will_block(const struct graft_icmp_filter *filter, unsigned type);

// -ENOPROTOOPT not a raw ICMP socket; -EINVAL a single type over 31 blocked on an IPv4 one.
int graft_icmp_filter_set(int fd, const struct graft_icmp_filter *filter);
int graft_icmp_filter_get(int fd, struct graft_icmp_filter *filter);

// ---- packet filters -------------------------------------------------------------------------------------

// A classic BPF program of `length` instructions (Documentation/networking/filter.rst) in place of the one
// that the socket had. It sees a UDP socket's datagrams from the UDP header on, a raw socket's from what it
// receives on; SKF_NET_OFF leads to the IP header. -EINVAL: the kernel does not accept the program; -ENOMEM:
// it is over net.core.optmem_max; -EPERM: the socket's filter is locked (SO_LOCK_FILTER).
int graft_bpf_attach(int fd, const struct sock_filter *code, unsigned length);
int graft_bpf_detach(int fd); // -ENOENT: none is attached; -EPERM: it is locked

// The program that is attached to `fd`: its length in instructions, 0 for none; at most `room` are written,
// and -EINVAL says that it is longer.
int graft_bpf_read(int fd, struct sock_filter *code, unsigned room);

// ---- packet filters made from addresses -----------------------------------------------------------------
//
// A classic BPF program that admits datagrams by destination, source
// and interface, for UDP and raw sockets of either family. It carries an address of the caller's in itself,
// so that whoever holds the descriptor later, in another process too, can read it back.

struct graft_filter {
	struct sock_filter *code;
	unsigned length, room; // instructions
	int family;            // of the socket
	bool full;             // something did not fit, which graft_filter_end tells
};

enum { GRAFT_FILTER_ROOM = BPF_MAXINSNS };

// What a filter carries for whoever reads it back: an address (without its port) and a number.
struct graft_filter_identity {
	union graft_address address;
	uint32_t tag;
};

// Starts a filter for a socket of `family`, AF_INET or AF_INET6, in `code`, which has room for `room`
// instructions.
void graft_filter_begin(struct graft_filter *filter, struct sock_filter *code, unsigned room, int family,
        const struct graft_filter_identity *identity);

// Admits what is sent to a unicast or broadcast `address`; where that is link-local, on its zone only.
void graft_filter_admit_address(struct graft_filter *filter, const union graft_address *address);

// Admits what is sent to `group` and arrives on interface `index` (0: on any) from one of the sources, or,
// with `exclude`, from any but those. Without sources it is from any, in either case.
void graft_filter_admit_group(struct graft_filter *filter, const union graft_address *group, unsigned index,
        bool exclude, const union graft_address *sources, unsigned source_count);

// Refuses all else that is sent to `group`.
void graft_filter_refuse_group(struct graft_filter *filter, const union graft_address *group);

// Ends the filter: whatever none of the above decided is admitted or refused. What is admitted then passes
// through `inner` (of `inner_length` instructions), a filter that somebody else wants on the socket; NULL:
// none. Returns 0, or -E2BIG when it did not fit.
int graft_filter_end(
        struct graft_filter *filter, bool admit_rest, const struct sock_filter *inner, unsigned inner_length);

// Puts another `inner` (NULL: none) behind a filter of `length` instructions, read back into filter->code. 0,
// -EINVAL if graft_filter_begin didn't make it, or -E2BIG.
int graft_filter_replace_inner(
        struct graft_filter *filter, unsigned length, const struct sock_filter *inner, unsigned inner_length);

// If `code` was started by graft_filter_begin: true, the identity, and the first instruction of `inner`
// (`length` if it has none).
bool graft_filter_identify(const struct sock_filter *code, unsigned length,
        struct graft_filter_identity *identity, unsigned *inner);

#ifdef GRAFT_SHARED
#	pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif

#endif
