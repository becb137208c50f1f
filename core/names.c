// Names for values of header fields: differentiated services code points.
#include "sockgraft.h"

#include <errno.h>
#include <string.h>

static const char dscp_names[64][5] = {
        // class selectors, RFC 2474
        [0] = "cs0",
        [8] = "cs1",
        [16] = "cs2",
        [24] = "cs3",
        [32] = "cs4",
        [40] = "cs5",
        [48] = "cs6",
        [56] = "cs7",
        // assured forwarding: class, drop precedence, RFC 2597
        [10] = "af11",
        [12] = "af12",
        [14] = "af13",
        [18] = "af21",
        [20] = "af22",
        [22] = "af23",
        [26] = "af31",
        [28] = "af32",
        [30] = "af33",
        [34] = "af41",
        [36] = "af42",
        [38] = "af43",
        [1] = "le",  // lower effort, RFC 8622
        [44] = "va", // voice admit, RFC 5865
        [46] = "ef", // expedited forwarding, RFC 3246
};

enum { DSCPS = sizeof(dscp_names) / sizeof(*dscp_names) };

int graft_dscp_parse(const char *text, size_t length)
{
	for (int i = 0; i < DSCPS; i++)
		if (length && strlen(dscp_names[i]) == length && !memcmp(dscp_names[i], text, length))
			return i;
	return -EINVAL;
}

const char *graft_dscp_name(unsigned dscp)
{
	return dscp < DSCPS && *dscp_names[dscp] ? dscp_names[dscp] : NULL;
}
