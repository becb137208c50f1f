// The policy's keys, one row each, in the order of the README's table: those that are more than one integer
// socket option stand here, the others are the rows of core/sockgraft_options.h.
//
// KEY(id, word, value, help)
#ifndef SOCKGRAFT_KEYS_H
#define SOCKGRAFT_KEYS_H

#include "../sockgraft_options.h"

// clang-format off
#define POLICY_KEYS(KEY) \
	KEY(JOIN, "join", "memberships", "makes the socket a member") \
	KEY(FILTER, "filter", "memberships; the group may be a prefix or *", \
	    "narrows or moves what the program joins by itself") \
	KEY(INTERFACE, "interface", "interfaces", \
	    "the outgoing interface of multicast, and the one for the program's own joins that name none; with several, " \
	    "each multicast datagram is sent on each") \
	KEY(BIND, "bind", "auto, any, group, keep, ADDRESS[:PORT]", \
	    "where the socket is bound; auto, the default: as the program asked, widened only as far as a join needs it") \
	KEY(REDIRECT, "redirect", "FROM->TO list, each ADDRESS[:PORT]", \
	    "sends and connects to TO in place of FROM; the program's own join and bind of a group FROM are TO's") \
	KEY(DSCP, "dscp", "0 to 63, or a DSCP name", \
	    "the upper six bits of the IPv4 TOS byte and the IPv6 traffic class; ECN stays") \
	KEY(REUSE, "reuse", "addr, port, both", "SO_REUSEADDR, SO_REUSEPORT before bind") \
	KEY(DEVICE, "device", "an interface's name", "SO_BINDTODEVICE")

// The variables that are for the whole process, SOCKGRAFT_<id>, one row each.
//
// VARIABLE(id, turn, read, value, help)
//   turn  FIRST: decides whether the others are looked at; THEN: before the single keys; LAST: after them
//   read  the function of environment.c that reads it, without its "read_"
#define POLICY_VARIABLES(VARIABLE) \
	VARIABLE(RULES, THEN, rules_variable, "rules", "rules, separated by ; or a new line") \
	VARIABLE(FILE, LAST, file, "a path", "a file of rules, weaker than the variables") \
	VARIABLE(ONLY, FIRST, only, "patterns of program names", "governs only these programs") \
	VARIABLE(SKIP, FIRST, skip, "patterns of program names", "leaves these programs alone") \
	VARIABLE(INHERIT, THEN, inherit, "yes, no", \
	    "no: children start without the shim, LD_PRELOAD put back as it was; yes, the default") \
	VARIABLE(LOG, THEN, log, "quiet, error, warn, info, debug", "what is logged; warn, the default") \
	VARIABLE(LOG_FILE, THEN, log_file, "a path", "where the log is appended to; stderr, the default") \
	VARIABLE(ON_ERROR, THEN, on_error, "warn, fail", \
	    "what the kernel refuses is a warning, the default, or fails the program's call")
// clang-format on

#endif
