// The options by which run and check are told a policy, and that policy read.
#ifndef SOCKGRAFT_POLICY_OPTIONS_H
#define SOCKGRAFT_POLICY_OPTIONS_H

#include "../../core/policy/policy.h"

// Takes the option at arguments[*at], and what belongs to it, into this process's environment: 1, and *at is behind it.
// 0: it is none of these. -1: it is wrong, which was told.
int policy_option(int count, char **arguments, int *at);

// Tells that there is no such option, and the nearest one that there is: of the policy, or of `own`, NULL at the end.
void policy_option_unknown(const char *argument, const char *const *own);

// The option of a variable: "--on-error" of SOCKGRAFT_ON_ERROR. Returns `name`.
enum { OPTION_NAME = 32 };
const char *policy_option_name(unsigned variable, char name[OPTION_NAME]);

// To be called behind the last option: puts the rules of -r before those that the environment has.
void policy_options_end(void);

// Makes the paths of files in the environment's policy absolute.
void policy_paths_absolute(void);

// Reads the policy of this process's environment for a program with these paths, NULL at the end.
enum policy_verdict policy_of_environment(
        const char *const *programs, struct policy *policy, struct policy_error *error);

#endif
