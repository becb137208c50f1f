// What was found out about this host or a policy: a line each, as text or as JSON.
#ifndef SOCKGRAFT_FINDINGS_H
#define SOCKGRAFT_FINDINGS_H

enum finding_level { FINDING_OK, FINDING_NOTE, FINDING_WARNING, FINDING_ERROR, FINDING_LEVELS };

// Adds one, unless it is there already. `word` says for scripts what it is about, such as "interface-down"; the rest is
// what was seen.
__attribute__((format(printf, 3, 4))) void finding(
        enum finding_level level, const char *word, const char *format, ...);

// Of the last finding: what it means, and the command that mends it. Each may be left out.
__attribute__((format(printf, 1, 2))) void finding_means(const char *format, ...);
__attribute__((format(printf, 1, 2))) void finding_mend(const char *format, ...);

// Leaves out what is ok from now on.
void findings_leave_out_ok(void);

// How many of this level there are so far.
unsigned findings_count(enum finding_level level);

// Prints those that weren't yet, a line each: "warning: SEEN: MEANING; to mend it: COMMAND".
void findings_print(void);

// All of them, as an array within an object.
void findings_json(void);

#endif
