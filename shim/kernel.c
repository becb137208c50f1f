// Core's door to the kernel inside the shim: the functions behind ours.
#include "functions.h"

#define BEHIND(function) next.function
#include "../core/kernel.c"
