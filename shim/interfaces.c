// The interfaces of a setting of the policy's.
#include "interfaces.h"

static bool is_among(unsigned index, const unsigned *indexes, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (indexes[i] == index)
			return true;
	return false;
}

unsigned interfaces_resolve(int fd, const struct graft_interface *interfaces, unsigned interface_count,
        unsigned indexes[SEND_INTERFACES], bool *missing)
{
	unsigned count = 0, found[SEND_INTERFACES];
	*missing = false;
	for (unsigned i = 0; i < interface_count; i++) {
		int here = graft_interface_resolve(fd, &interfaces[i], found, SEND_INTERFACES);
		*missing |= here < 0;
		for (int j = 0; j < here && j < SEND_INTERFACES && count < SEND_INTERFACES; j++)
			if (!is_among(found[j], indexes, count))
				indexes[count++] = found[j];
	}
	return count;
}

unsigned interfaces_find(
        int fd, const struct setting *setting, unsigned indexes[SEND_INTERFACES], bool *missing)
{
	return interfaces_resolve(
	        fd, setting->value.interfaces.items, setting->value.interfaces.count, indexes, missing);
}
