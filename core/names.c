// Names for values of header fields: the differentiated services code points.
#include "sockgraft.h"

#include <errno.h>
#include <string.h>

// csN is class selector N, in the upper three bits (RFC 2474); afCD is class C, drop precedence D (RFC 2597).
static int class_of(const char *text, size_t length)
{
	if (length == 3 && !memcmp(text, "cs", 2) && text[2] >= '0' && text[2] <= '7')
		return (text[2] - '0') << 3;
	if (length == 4 && !memcmp(text, "af", 2) && text[2] >= '1' && text[2] <= '4' && text[3] >= '1' &&
	        text[3] <= '3')
		return (text[2] - '0') << 3 | (text[3] - '0') << 1;
	return -EINVAL;
}

int graft_dscp_parse(const char *text, size_t length)
{
	static const struct {
		char name[2];
		unsigned char value;
	} rows[] = {
	        {{'e', 'f'}, 46}, // expedited forwarding, RFC 3246
	        {{'v', 'a'}, 44}, // voice admit, RFC 5865
	        {{'l', 'e'}, 1},  // lower effort, RFC 8622
	};
	for (size_t i = 0; length == 2 && i < sizeof(rows) / sizeof(*rows); i++)
		if (!memcmp(text, rows[i].name, 2))
			return rows[i].value;
	return class_of(text, length);
}
