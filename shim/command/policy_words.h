// A policy in words: which sockets a rule covers, and its settings as they are written.
#ifndef SOCKGRAFT_POLICY_WORDS_H
#define SOCKGRAFT_POLICY_WORDS_H

#include "../../core/policy/rule.h"

// "IPv4 UDP sockets bound to port 5000 that send to 239.0.0.0/8". What these return holds until the next call of either.
const char *match_words(const struct match *match);

// The setting's value: "?16", "10.0.0.5@232.7.8.9%eth0".
const char *setting_words(const struct setting *setting);

#endif
