// What people are told of the policy's keys and of the variables for the process.
#include "policy.h"

// What an option takes, from its unit and range.
#define VALUE_NUMBER(minimum, maximum)  #minimum " to " #maximum
#define VALUE_TRAFFIC(minimum, maximum) #minimum " to " #maximum ", or a DSCP name"
#define VALUE_SWITCH(minimum, maximum)  "on, off"
#define VALUE_BYTES(minimum, maximum)   #minimum " to " #maximum " bytes, or with k or M"

const struct policy_help policy_key_help[KEY_COUNT] = {
#define ROW(id, key, unit, minimum, maximum, kinds, level4, option4, level6, option6, help)                  \
	[KEY_##id] = {VALUE_##unit(minimum, maximum), help},
        GRAFT_OPTIONS(ROW)
#undef ROW
#define KEY(id, word, value, help) [KEY_##id] = {value, help},
                POLICY_KEYS(KEY)
#undef KEY
};

const struct policy_help policy_variable_help[VARIABLE_COUNT] = {
#define VARIABLE(id, turn, read, value, help) [VARIABLE_##id] = {value, help},
        POLICY_VARIABLES(VARIABLE)
#undef VARIABLE
};
