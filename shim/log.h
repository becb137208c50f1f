// What the operator is told: lines on stderr, or in SOCKGRAFT_LOG_FILE.
#ifndef SOCKGRAFT_LOG_H
#define SOCKGRAFT_LOG_H

#include "../core/policy/policy.h"
#include "../core/text.h"

// From now on lines go where the policy says. Lines before that go to stderr.
void log_start(const struct policy *policy);

bool log_wanted(enum log_level level);

// Begins a line: "sockgraft[PID]: LEVEL: ".
void log_begin(struct text *line, enum log_level level);

// Ends the line and writes it, in one write.
void log_end(struct text *line);

// true the first time that this process asks about `text` on `fd` (-1: on any): what would repeat itself is said
// once. Warnings are not told from each other by what is no warning.
bool log_first(enum log_level level, int fd, const char *text);

#endif
