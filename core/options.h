// What the rows of the options are asked.
#ifndef SOCKGRAFT_OPTION_ROWS_H
#define SOCKGRAFT_OPTION_ROWS_H

#include "sockgraft.h"

// Whether there is such an option, on that side.
bool option_has_side(enum graft_option option, enum graft_side side);

#endif
