// What happens when the library is loaded: the functions behind are found, and if the environment has a policy, it
// is read. Without one that is all, so nothing here calls or reads anything that would cost the program a look-up
// by the loader, or a page of memory.
#include "load.h"

#include "functions.h"
#include "start.h"

static bool any_variable(char *const *environment)
{
	static const char prefix[] = POLICY_PREFIX;
	for (; *environment; environment++)
		for (const char *at = *environment, *wanted = prefix; *at++ == *wanted++;)
			if (!*wanted)
				return true;
	return false;
}

void start(void)
{
	static bool started;
	if (__atomic_load_n(&started, __ATOMIC_ACQUIRE))
		return;
	functions_find();
	if (__atomic_exchange_n(&started, true, __ATOMIC_ACQ_REL))
		return; // by another thread, or by a call of ours from within the look-up
	functions_open();
	if (environ && any_variable(environ))
		govern(environ);
}

__attribute__((constructor)) static void at_load(void)
{
	start();
}
