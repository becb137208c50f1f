// Prints the rows of the integer socket options as the manual has them: --man.
#include "../../core/sockgraft.h"

#include <ctype.h>
#include <err.h>
#include <stdio.h>
#include <string.h>

// "0": no option on that side. Core's own name for SO_TIMESTAMPNS is not for readers.
static const char *plain(const char *name)
{
	static const char ours[] = "GRAFT_";
	return strncmp(name, ours, strlen(ours)) ? name : name + strlen(ours);
}

static void print_names(const char *ipv4, const char *ipv6)
{
	if (!strcmp(ipv4, ipv6) || !strcmp(ipv6, "0"))
		printf(".Dv %s ,\n", plain(ipv4));
	else if (!strcmp(ipv4, "0"))
		printf(".Dv %s ,\n", plain(ipv6));
	else
		printf(".Dv %s ,\n.Dv %s ,\n", plain(ipv4), plain(ipv6));
}

static void print_row(
        enum graft_option option, const char *id, const char *ipv4, const char *ipv6, const char *meaning)
{
	const struct graft_option_row *row = &graft_option_rows[option];
	printf(".It Dv GRAFT_%s\n", id);
	printf("%c%s.\n", toupper(meaning[0]), meaning + 1);
	print_names(ipv4, ipv6);
	printf("%d to %u%s%s.\n", row->minimum, row->maximum, row->unit == GRAFT_UNIT_BYTES ? " bytes" : "",
	        row->kinds == GRAFT_KIND_MESSAGE ? "; datagram and raw sockets" : "");
}

int main(int count, char **arguments)
{
	if (count != 2 || strcmp(arguments[1], "--man"))
		errx(2, "usage: options_print --man");
#define ROW(id, key, unit, minimum, maximum, kinds, level4, option4, level6, option6, help)                  \
	print_row(GRAFT_##id, #id, #option4, #option6, help);
	GRAFT_OPTIONS(ROW)
	GRAFT_OTHER_OPTIONS(ROW)
#undef ROW
	return 0;
}
