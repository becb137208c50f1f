// libsockgraft core: what can be done to one socket, IPv4 and IPv6 alike.
//
// Every function works on a descriptor that the caller owns, keeps nothing, allocates nothing and is safe in
// a signal handler and in any thread. Results are 0 or a count; errors are negative errno values, those of
// the system call unless said otherwise.
#ifndef SOCKGRAFT_H
#define SOCKGRAFT_H

#include <linux/filter.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "options.h"

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

socklen_t graft_address_length(const union graft_address *address); // as bind and connect want it
uint16_t graft_address_port(const union graft_address *address);    // host byte order
void graft_address_set_port(union graft_address *address, uint16_t port);
bool graft_address_equal(const union graft_address *a, const union graft_address *b); // port and zone aside
bool graft_address_is_multicast(const union graft_address *address);
bool graft_address_is_any(const union graft_address *address);    // 0.0.0.0, ::, or ::ffff:0.0.0.0
bool graft_address_is_mapped(const union graft_address *address); // IPv4 within ::ffff:0:0/96

// Of the scope that ends at the link: 224.0.0.0/24 (RFC 5771), ff01::/16 and ff02::/16 with any flags (RFC
// 4291), fe80::/10. Such an address means something only together with an interface.
bool graft_address_is_link_local(const union graft_address *address);

// The IPv4 address inside a mapped one, in place; any other address stays as it is.
void graft_address_unmap(union graft_address *address);

bool graft_prefix_covers(const struct graft_prefix *prefix, const union graft_address *address);

// ---- options --------------------------------------------------------------------------------------------

enum graft_option {
#define ROW(id, ...) GRAFT_##id,
	GRAFT_OPTIONS(ROW)
#undef ROW
	        GRAFT_OPTION_COUNT
};

// What kind of socket an option is for.
enum graft_option_kinds { GRAFT_EVERY, GRAFT_MESSAGE };

// How an option's value is written.
enum graft_option_unit { GRAFT_NUMBER, GRAFT_TRAFFIC, GRAFT_SWITCH, GRAFT_BYTES };

struct graft_option_row {
	enum graft_option_unit unit;
	enum graft_option_kinds kinds;
	int64_t minimum, maximum;
	struct {
		int level, name;
	} column[2]; // IPv4, IPv6; name 0: none
};

extern const struct graft_option_row graft_option_rows[GRAFT_OPTION_COUNT];

// An AF_INET6 socket has both sides unless it is IPv6 only; the IPv4 side is at level IPPROTO_IP.
enum graft_side { GRAFT_IPV4, GRAFT_IPV6 };

// One option on one side of a socket. The value is in the row's range (-ERANGE otherwise); a row without an
// option on that side gives -ENOPROTOOPT. ip(7), ipv6(7), socket(7).
int graft_option_set(int fd, enum graft_option option, enum graft_side side, int64_t value);
int graft_option_get(int fd, enum graft_option option, enum graft_side side, int *value);

// GRAFT_RCVBUF or GRAFT_SNDBUF, in bytes: past net.core.rmem_max or wmem_max where CAP_NET_ADMIN permits it;
// otherwise as much as the maximum allows, and -EPERM if that is less than `bytes`.
int graft_buffer_set(int fd, enum graft_option option, int64_t bytes);

// The outgoing interface of multicast, by index; 0: the one that the route picks.
int graft_multicast_interface_set(int fd, enum graft_side side, unsigned index);

// DSCP names of RFC 2474, 2597, 3246, 5865 and 8622: "cs0".."cs7", "af11".."af43", "ef", "va", "le". Returns
// 0 to 63, or -EINVAL.
int graft_dscp_parse(const char *text, size_t length);

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

// The indexes of the interfaces that `interface` names, in the order in which the kernel lists them: the
// count, 1 or more and at most `room`, or -ENODEV if there is none. A name is looked up in the network
// namespace of socket `fd`, the rest in the calling thread's. A pattern names those that can multicast, up or
// down.
int graft_interface_resolve(
        int fd, const struct graft_interface *interface, unsigned *indexes, unsigned room);

// The index of the interface that the route to `group` leaves by, or -ENODEV.
int graft_route_interface(const union graft_address *group);

// `interface` as it is written: "eth0", "2", "192.0.2.7", "eth*".
struct text;
void graft_interface_text(const struct graft_interface *interface, struct text *text);

// Whether `name` matches a pattern of * (any bytes) and ? (any one byte).
bool graft_pattern_matches(const char *pattern, const char *name);

// ---- memberships ----------------------------------------------------------------------------------------
//
// By RFC 3678: `index` is the interface's, 0 for the one that the route to the group picks. On an AF_INET6
// socket an IPv4 group joins its IPv4 side. Errors: -EADDRINUSE already a member; -ENODEV no such interface,
// or no route; -ENOBUFS over net.ipv4.igmp_max_memberships, igmp_max_msf or net.ipv6.mld_max_msf;
// -EADDRNOTAVAIL not a member, or a source already listed; -EINVAL not a group, or the membership is of the
// other mode.

int graft_join(int fd, unsigned index, const union graft_address *group);  // from any source
int graft_leave(int fd, unsigned index, const union graft_address *group); // whatever its mode
int graft_join_source(
        int fd, unsigned index, const union graft_address *group, const union graft_address *source);
int graft_leave_source(
        int fd, unsigned index, const union graft_address *group, const union graft_address *source);
int graft_block_source( // of an any-source membership: all but that one
        int fd, unsigned index, const union graft_address *group, const union graft_address *source);
int graft_unblock_source(
        int fd, unsigned index, const union graft_address *group, const union graft_address *source);

// ---- packet filters -------------------------------------------------------------------------------------
//
// A classic BPF program (Documentation/networking/filter.rst) that admits datagrams by destination, source
// and interface, for UDP and raw sockets of either family. It carries an address of the caller's in itself,
// so that whoever holds the descriptor later, in another process too, can read it back.

struct graft_filter {
	struct sock_filter *code;
	unsigned length, room; // instructions
	int family;            // of the socket
	bool full;             // something did not fit
};

enum { GRAFT_FILTER_ROOM = BPF_MAXINSNS };

// What a filter carries for whoever reads it back: an address (without its port) and a number.
struct graft_filter_identity {
	union graft_address address;
	uint32_t tag;
};

// Starts a filter for a socket of `family` in `code`.
void graft_filter_begin(struct graft_filter *filter, struct sock_filter *code, unsigned room, int family,
        const struct graft_filter_identity *identity);

// Admits what is sent to a unicast or broadcast `address`; where that is link-local, on its zone only.
void graft_filter_admit_address(struct graft_filter *filter, const union graft_address *address);

// Admits what is sent to `group` and arrives on interface `index` (0: on any) from one of the sources, or,
// with `exclude`, from any but those.
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

int graft_filter_attach(int fd, const struct graft_filter *filter);
int graft_filter_detach(int fd);

// The filter that is attached to `fd`: its length in instructions, 0 for none; at most `room` are written,
// and -EINVAL says that it is longer.
int graft_filter_read(int fd, struct sock_filter *code, unsigned room);

// If `code` was started by graft_filter_begin: true, the identity, and the first instruction of `inner`
// (`length` if it has none).
bool graft_filter_identify(const struct sock_filter *code, unsigned length,
        struct graft_filter_identity *identity, unsigned *inner);

#endif
