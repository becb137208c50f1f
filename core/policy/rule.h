// Rules: which sockets, and what holds for them.
#ifndef SOCKGRAFT_RULE_H
#define SOCKGRAFT_RULE_H

#include "parse.h"

struct port_range {
	uint16_t low, high;
};

// What a rule asks of a socket; an empty one matches every socket. Each list asks for one of its items.
struct match {
	bool any_kind;
	enum socket_kind kind; // unless any_kind
	int family;            // AF_INET, AF_INET6; 0: both
	struct list ports;     // of struct port_range, the local port
	struct list locals;    // of struct graft_prefix, the local address
	struct list peers;     // of struct endpoint, the destination
};

struct rule {
	struct match match;
	const struct setting *settings;
	unsigned setting_count;
};

// A rule while it is read.
struct draft {
	struct match match;
	bool foreign;        // exe= names other programs
	unsigned words_seen; // bits of the match words that may stand once
	struct setting settings[KEY_COUNT];
	unsigned setting_count;
	uint64_t keys_seen; // bits of enum policy_key
	struct lists lists;
};

void draft_begin(struct draft *draft);
bool draft_set(struct reader *reader, struct draft *draft, const struct assignment *assignment);

// Appends the rule to the reader's, unless it is for other programs or has no settings.
bool draft_finish(struct reader *reader, const struct draft *draft);

// ---- match words ----------------------------------------------------------------------------------------

bool match_known(struct span name);
bool match_parse(struct reader *reader, struct draft *draft, struct span word);

// The match words as they are written, "udp" or "port=", by number; NULL past the last.
const char *match_word(size_t number);

// Whether a socket with these facts is one that the match asks for.
bool match_holds(const struct match *match, const struct facts *facts);

// ---- rules ----------------------------------------------------------------------------------------------

// The key that `word` names, or KEY_COUNT.
enum policy_key key_find(struct span word);

// Reads the rules of a text; `place` says where the rule of that number, on that line, stands.
enum rule_place { RULE_BY_NUMBER, RULE_BY_LINE };
bool rules_parse(struct reader *reader, struct span text, const char *source, enum rule_place place);

// Whether no redirect of the reader's rules leads back to where another began.
bool redirects_check(struct reader *reader);

#endif
