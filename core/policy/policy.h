// What should be done: text to rules, and a socket's facts to the values and memberships that hold for it.
// Touches no socket, reads no file by itself, keeps no state outside the structures given.
#ifndef SOCKGRAFT_POLICY_H
#define SOCKGRAFT_POLICY_H

#include "../sockgraft.h"
#include "arena.h"
#include "keys.h"

#include <string.h>

// Every key: first the option rows, by the number of the option (so KEY_TTL == GRAFT_TTL), then the others.
enum policy_key {
#define ROW(id, ...) KEY_##id,
	GRAFT_OPTIONS(ROW)
#undef ROW
#define KEY(id, ...) KEY_##id,
	        POLICY_KEYS(KEY)
#undef KEY
	                KEY_COUNT
};

// "multicast-ttl". Arrays rather than pointers, here and below: pointers would be relocated in every process.
extern const char policy_key_words[KEY_COUNT][20];

// The variables that are for the whole process; every key is one more, SOCKGRAFT_<KEY>.
enum policy_variable {
#define VARIABLE(id, ...) VARIABLE_##id,
	POLICY_VARIABLES(VARIABLE)
#undef VARIABLE
	        VARIABLE_COUNT
};

#define POLICY_PREFIX "SOCKGRAFT_" // of every variable of ours

extern const char policy_variable_names[VARIABLE_COUNT][24]; // "SOCKGRAFT_RULES"

// What people are told of a key or a variable; the shim leaves it out.
struct policy_help {
	const char *value; // what it takes: "0 to 255", "on, off", "memberships"
	const char *text;  // what it does
};

extern const struct policy_help policy_key_help[KEY_COUNT], policy_variable_help[VARIABLE_COUNT];

// [SOURCES@]GROUP[:PORT][%INTERFACES]
struct membership {
	union graft_address group; // membership_port says what its port means
	unsigned group_bits;       // of a filter: how many bits of the group count; AF_UNSPEC: any group
	bool exclude;              // the sources are the ones left out ("!")
	unsigned source_count;     // 0: any source
	const union graft_address *sources;
	unsigned interface_count; // 0: the one that the route picks
	const struct graft_interface *interfaces;
	const char *origin; // the rule or variable that it stands in, for log lines
};

// FROM->TO. A port of 0: any, in FROM; as it was, in TO.
struct redirect {
	union graft_address from, to;
	const char *origin; // the rule or variable that it stands in
};

enum bind_mode { BIND_AUTO, BIND_ANY, BIND_GROUP, BIND_KEEP, BIND_ADDRESS };
enum reuse_bits { REUSE_ADDR = 1, REUSE_PORT = 2 };

// One KEY=VALUE.
struct setting {
	enum policy_key key;
	bool fallback; // written with "?": the program may change it
	const char *
	        origin; // "SOCKGRAFT_RULES rule 2", "/etc/sockgraft.rules:12", "SOCKGRAFT_TTL"; for log lines
	union {
		int64_t number;   // option rows, dscp, reuse (reuse_bits)
		const char *name; // device
		struct {
			unsigned count; // 1 or more
			const struct graft_interface *items;
		} interfaces;
		struct {
			enum bind_mode mode;
			union graft_address address; // BIND_ADDRESS; port 0: the program's
		} bind;
		struct {
			unsigned count;
			const struct membership *items;
		} memberships; // join, filter
		struct {
			unsigned count;
			const struct redirect *items;
		} redirects;
	} value;
};

// Whether a setting of `interface` may stand for several.
static inline bool setting_is_several(const struct setting *setting)
{
	return setting->value.interfaces.count > 1 || setting->value.interfaces.items->by == GRAFT_BY_PATTERN;
}

enum socket_kind { SOCKET_OTHER, SOCKET_UDP, SOCKET_TCP, SOCKET_RAW };

// What is known of a socket. `raw` stands for raw sockets and for datagram sockets of ICMP.
struct facts {
	enum socket_kind kind;
	int family;                  // AF_INET, AF_INET6
	bool local_known;            // the program bound the socket, or the kernel did
	union graft_address local;   // as the program asked for it
	bool to_known;               // connected, accepted, or a first datagram is about to be sent
	union graft_address to;      // as the program asked for it
	union graft_address real_to; // where `redirect` sends that; AF_UNSPEC: nowhere else
};

struct rule;

#define POLICY_KIND(kind) (1U << (kind))

struct policy {
	const struct rule *rules; // the strongest first: SOCKGRAFT_RULES, single variables, SOCKGRAFT_FILE
	size_t rule_count;
	bool inherit;                                                               // SOCKGRAFT_INHERIT
	bool fail;                                                                  // SOCKGRAFT_ON_ERROR=fail
	enum log_level { LOG_QUIET, LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG } log; // SOCKGRAFT_LOG
	const char *log_file; // SOCKGRAFT_LOG_FILE or NULL
	// What the rules ask about or do, so that calls which no rule needs can be left alone. Sets of kinds of
	// socket: POLICY_KIND(SOCKET_UDP) | ...
	unsigned
	        asks_local; // port=, addr=, a membership with a port, or ipv4 or ipv6 (of an AF_INET6 socket)
	unsigned asks_to;   // to=, or ipv4 or ipv6
	unsigned redirects, redirects_ask_local; // some rule redirects; and asks for the local address
	uint64_t redirected, redirected_to;      // policy_redirect_bit of each FROM, and of each TO
	bool joins, filters, interfaces;         // some rule has join=, filter=, interface=
	bool spreads;                            // some rule has several interfaces
	bool defaults;                           // some value is written with "?"
};

// Where the policy comes from.
struct policy_source {
	char *const *environment; // "NAME=VALUE" strings, NULL at the end
	// The paths whose last part exe=, ONLY and SKIP match, from number 0 on; NULL at the end. Asked for only where a
	// policy has one of these.
	const char *(*program)(unsigned number);
	// The content of the file at `path`, into `arena`: its size, or a negative errno.
	long (*read_file)(const char *path, struct arena *arena, const char **content);
};

struct policy_error {
	char text[512]; // one line without its end: 'SOCKGRAFT_TTL: "300": expected a number from 1 to 255'
};

enum policy_verdict {
	POLICY_ERROR = -1, // `error` says why
	POLICY_NONE, // nothing to do: ONLY and SKIP leave this program alone, or no rule is for it and it may
	             // hand the shim on to its children
	POLICY_GOVERNS,
};

// Reads every SOCKGRAFT_… variable of the source. The policy and all that it refers to lie in `arena`,
// nothing refers to the environment afterwards.
enum policy_verdict policy_read(struct policy *policy, struct arena *arena,
        const struct policy_source *source, struct policy_error *error);

// What holds for one socket, as far as its facts decide it: for each key the first value found, or NULL.
// Lists add up instead: walk them with the functions below.
struct plan {
	const struct setting *values[KEY_COUNT];
};

// Rules that ask for a fact that isn't known yet do not apply yet.
void plan_make(struct plan *plan, const struct policy *policy, const struct facts *facts);

struct plan_cursor {
	size_t rule, setting, item;
};

// The next membership that holds for a socket with these facts, or NULL; start with a zeroed cursor. A
// membership with a port is left out while the local port isn't known or is another.
const struct membership *plan_next_join(
        const struct policy *policy, const struct facts *facts, struct plan_cursor *cursor);

// Whether some rule has this group in its join=, for whatever sockets.
bool policy_joins_group(const struct policy *policy, const union graft_address *group);

// The next filter for what the program itself does with `group`: those that are written for the same group, prefix and
// port as the first that covers it; all of them count. Otherwise as plan_next_join.
const struct membership *plan_next_filter(const struct policy *policy, const struct facts *facts,
        const union graft_address *group, struct plan_cursor *cursor);

// A bit that an address shares with few others, and in each of its forms has: most that are not redirected are known by it.
static inline uint64_t policy_redirect_bit(const union graft_address *address)
{
	uint32_t last;
	memcpy(&last,
	        address->any.sa_family == AF_INET6 ? (const void *)(address->v6.sin6_addr.s6_addr + 12)
	                                           : &address->v4.sin_addr,
	        sizeof(last));
	return UINT64_C(1) << (last * 0x9e3779b1U >> 26);
}

// Where what is sent to `address`, in its port too, goes to: true, and `address` is that, and `*origin` says why (it may
// be NULL). A mapped address stays one; what is of one link stays on it. A rule's to= is asked of `address` and of where
// it goes, whatever the facts say of a destination. A group without a port (0) is one that is joined on a port that isn't known yet: what is
// for one port takes it too. TCP is not sent to a group. Back: the address that was asked for where `address` is the real
// one, of a unicast peer or, with `group`, of a group.
bool plan_redirect(const struct policy *policy, const struct facts *facts, union graft_address *address,
        const char **origin);
bool plan_redirect_back(
        const struct policy *policy, const struct facts *facts, bool group, union graft_address *address);

// Back, of a group that the socket has been sent something by: to the one that the program asked for at the local port
// of the facts, in place but for the port. While that isn't known a redirect for one port counts too; `*any_port`: the one
// that was found is for all.
bool plan_redirect_group_back(
        const struct policy *policy, const struct facts *facts, union graft_address *address, bool *any_port);

// The only local port that the membership is for; 0: every port.
uint16_t membership_port(const struct membership *membership);

// The membership in the policy's own syntax: "!10.0.0.66@239.1.1.1:5000%eth0+eth1".
struct text;
void membership_text(const struct membership *membership, struct text *text);

#endif
