// The names of the policy's keys and of the variables for the process.
#include "policy.h"

const char policy_key_words[KEY_COUNT][20] = {
#define ROW(id, key, ...) [KEY_##id] = key,
        GRAFT_OPTIONS(ROW)
#undef ROW
#define KEY(id, word, ...) [KEY_##id] = word,
                POLICY_KEYS(KEY)
#undef KEY
};

const char policy_variable_names[VARIABLE_COUNT][24] = {
#define VARIABLE(id, ...) [VARIABLE_##id] = POLICY_PREFIX #id,
        POLICY_VARIABLES(VARIABLE)
#undef VARIABLE
};
