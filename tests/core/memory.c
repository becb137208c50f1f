// Shows that the library which refuses memory does: a case that asks for some.
#include "check.h"

static void asks(void)
{
	void *volatile memory = malloc(1);
	CHECK(memory);
	free(memory);
}

CASES(CASE(asks))
