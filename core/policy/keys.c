// The rows of the policy's keys and of the variables for the process.
#include "policy.h"

// What an option takes, for people, from its unit and range.
#define VALUE_NUMBER(minimum, maximum)  #minimum " to " #maximum
#define VALUE_TRAFFIC(minimum, maximum) #minimum " to " #maximum ", or a DSCP name"
#define VALUE_SWITCH(minimum, maximum)  "on, off"
#define VALUE_BYTES(minimum, maximum)   #minimum " to " #maximum " bytes, or with k or M"

const struct policy_key_row policy_key_rows[KEY_COUNT] = {
#define ROW(id, key, unit, minimum, maximum, kinds, level4, option4, level6, option6, help)                  \
	[KEY_##id] = {key, VALUE_##unit(minimum, maximum), help},
        GRAFT_OPTIONS(ROW)
#undef ROW
#define KEY(id, word, value, help) [KEY_##id] = {word, value, help},
                POLICY_KEYS(KEY)
#undef KEY
};

const struct policy_variable_row policy_variable_rows[VARIABLE_COUNT] = {
#define VARIABLE(id, turn, read, value, help) [VARIABLE_##id] = {POLICY_PREFIX #id, value, help},
        POLICY_VARIABLES(VARIABLE)
#undef VARIABLE
};
