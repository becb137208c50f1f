// The parsers of single values: each reads one piece of text, or says through the reader what was expected.
#ifndef SOCKGRAFT_PARSE_H
#define SOCKGRAFT_PARSE_H

#include "reader.h"

// An address, or a prefix, with the port that may follow (0: none did).
struct endpoint {
	struct graft_prefix prefix; // of full length where none was written
	uint16_t port;
};

enum endpoint_parts { ENDPOINT_PORT = 1, ENDPOINT_PREFIX = 2 };

// ADDRESS[/LENGTH][:PORT], of which `allowed` names the parts that may be there; an IPv6 address stands in
// brackets when a port follows. Returns NULL, or what was expected instead: `otherwise` where it is no
// address at all.
const char *endpoint_parse(
        struct span text, unsigned allowed, const char *otherwise, struct endpoint *endpoint);

bool port_parse(struct span text, uint16_t *port);
extern const char bad_port[]; // what was expected instead, after a colon

// `copy` is `name` as a string.
bool interface_name_valid(struct span name, const char *copy);

// Interfaces separated by "+", appended to a list of struct graft_interface. `whole` is what they stand in.
bool interfaces_parse(struct reader *reader, struct span whole, struct span text, struct list *interfaces);

enum { INTERFACES_AT_MOST = 32 }; // that a socket sends by; more can't be named

// What a membership's group may be.
enum group_form { GROUP_ONLY, GROUP_OR_PREFIX };

extern const char membership_form[]; // what is expected where no membership stands at all

bool membership_parse(
        struct reader *reader, struct span text, enum group_form form, struct membership *membership);

// FROM->TO.
extern const char redirect_form[];
bool redirect_parse(struct reader *reader, struct span text, struct redirect *redirect);

// What the list keys of one rule add up to.
struct lists {
	struct list joins, filters; // of struct membership
	struct list redirects;      // of struct redirect
};

// A KEY=VALUE as it was found.
struct assignment {
	enum policy_key key;
	struct span whole; // what to quote: "ttl=300" in a rule, "300" in a variable
	struct span value;
};

// A number, switch, amount of bytes or traffic class, as the option's row has it.
bool option_parse(struct reader *reader, const struct assignment *assignment, int64_t *number);

// Reads the value of any key; what lists add up goes to `lists`.
bool value_parse(struct reader *reader, const struct assignment *assignment, struct setting *setting,
        struct lists *lists);

#endif
