// Socket addresses and prefixes: text, comparison, kinds.
#include "address.h"

#include "text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

// ---- text to address ------------------------------------------------------------------------------------

int graft_address_parse(const char *text, size_t length, union graft_address *address)
{
	char copy[INET6_ADDRSTRLEN];
	if (length >= sizeof(copy))
		return -EINVAL;
	for (size_t i = 0; i < length; i++)
		if (!(copy[i] = text[i]))
			return -EINVAL;
	copy[length] = '\0';
	*address = (union graft_address){0};
	if (inet_pton(AF_INET, copy, &address->v4.sin_addr) == 1) {
		address->v4.sin_family = AF_INET;
		return 0;
	}
	*address = (union graft_address){0};
	if (inet_pton(AF_INET6, copy, &address->v6.sin6_addr) == 1) {
		address->v6.sin6_family = AF_INET6;
		return 0;
	}
	return -EINVAL;
}

// ---- address to text ------------------------------------------------------------------------------------
//
// By hand: inet_ntop goes through sprintf in some libcs, which is not for signal handlers.

static void put_dotted(struct text *text, const unsigned char bytes[4])
{
	for (int i = 0; i < 4; i++) {
		if (i)
			text_put(text, ".");
		text_put_number(text, bytes[i]);
	}
}

static unsigned word_at(const struct in6_addr *address, int i)
{
	return (unsigned)address->s6_addr[2 * i] << 8 | address->s6_addr[2 * i + 1];
}

static void put_hex(struct text *text, unsigned word)
{
	static const char digit[] = "0123456789abcdef";
	int shift = 12;
	while (shift && !(word >> shift))
		shift -= 4;
	for (; shift >= 0; shift -= 4)
		text_put_bytes(text, &digit[word >> shift & 15], 1);
}

// The first of the longest runs of zero words, of two at least (RFC 5952): its length, 0 for none.
static int longest_run(const struct in6_addr *address, int *start)
{
	int longest = 1, run = 0;
	for (int i = 0; i < 8; i++) {
		run = word_at(address, i) ? 0 : run + 1;
		if (run > longest) {
			longest = run;
			*start = i + 1 - run;
		}
	}
	return longest > 1 ? longest : 0;
}

static void put_words(struct text *text, const struct in6_addr *address)
{
	int start = 8, run = longest_run(address, &start);
	for (int i = 0; i < 8; i++) {
		if (run && i == start) {
			text_put(text, "::");
			i += run - 1;
			continue;
		}
		if (i && i != start + run)
			text_put(text, ":");
		put_hex(text, word_at(address, i));
	}
}

static void put_v6(struct text *text, const struct sockaddr_in6 *address)
{
	if (IN6_IS_ADDR_V4MAPPED(&address->sin6_addr)) {
		text_put(text, "::ffff:");
		put_dotted(text, address->sin6_addr.s6_addr + 12);
	} else {
		put_words(text, &address->sin6_addr);
	}
	if (address->sin6_scope_id) {
		text_put(text, "%");
		text_put_number(text, address->sin6_scope_id);
	}
}

const char *graft_address_text(const union graft_address *address, char buffer[GRAFT_ADDRESS_TEXT])
{
	struct text text = {.start = buffer, .size = GRAFT_ADDRESS_TEXT};
	uint16_t port = graft_address_port(address);
	if (address->any.sa_family == AF_INET) {
		put_dotted(&text, (const unsigned char *)&address->v4.sin_addr);
	} else if (address->any.sa_family == AF_INET6) {
		text_put(&text, port ? "[" : "");
		put_v6(&text, &address->v6);
		text_put(&text, port ? "]" : "");
	} else {
		text_put(&text, "unspecified");
	}
	if (port) {
		text_put(&text, ":");
		text_put_number(&text, port);
	}
	return buffer;
}

// ---- parts ----------------------------------------------------------------------------------------------

socklen_t graft_address_length(const union graft_address *address)
{
	switch (address->any.sa_family) {
	case AF_INET:
		return sizeof(address->v4);
	case AF_INET6:
		return sizeof(address->v6);
	default:
		return sizeof(address->any);
	}
}

uint16_t graft_address_port(const union graft_address *address)
{
	switch (address->any.sa_family) {
	case AF_INET:
		return ntohs(address->v4.sin_port);
	case AF_INET6:
		return ntohs(address->v6.sin6_port);
	default:
		return 0;
	}
}

void graft_address_set_port(union graft_address *address, uint16_t port)
{
	if (address->any.sa_family == AF_INET)
		address->v4.sin_port = htons(port);
	else if (address->any.sa_family == AF_INET6)
		address->v6.sin6_port = htons(port);
}

// The address itself, in network byte order: 4 or 16 bytes, 0 for neither family.
static size_t bytes_of(const union graft_address *address, const unsigned char **bytes)
{
	switch (address->any.sa_family) {
	case AF_INET:
		*bytes = (const unsigned char *)&address->v4.sin_addr;
		return 4;
	case AF_INET6:
		*bytes = address->v6.sin6_addr.s6_addr;
		return 16;
	default:
		*bytes = (const unsigned char *)"";
		return 0;
	}
}

// ---- comparison and kinds -------------------------------------------------------------------------------

bool graft_address_equal(const union graft_address *a, const union graft_address *b)
{
	const unsigned char *left, *right;
	size_t length = bytes_of(a, &left);
	return a->any.sa_family == b->any.sa_family && bytes_of(b, &right) == length &&
	       !memcmp(left, right, length);
}

bool graft_address_is_mapped(const union graft_address *address)
{
	return address_is_mapped(address);
}

void graft_address_unmap(union graft_address *address)
{
	if (!address_is_mapped(address))
		return;
	struct sockaddr_in inside = {.sin_family = AF_INET, .sin_port = address->v6.sin6_port};
	memcpy(&inside.sin_addr, address->v6.sin6_addr.s6_addr + 12, sizeof(inside.sin_addr));
	*address = (union graft_address){.v4 = inside};
}

void graft_address_map(union graft_address *address)
{
	if (address->any.sa_family != AF_INET)
		return;
	struct sockaddr_in6 around = {.sin6_family = AF_INET6, .sin6_port = address->v4.sin_port};
	around.sin6_addr.s6_addr[10] = around.sin6_addr.s6_addr[11] = 0xff;
	memcpy(around.sin6_addr.s6_addr + 12, &address->v4.sin_addr, sizeof(address->v4.sin_addr));
	*address = (union graft_address){.v6 = around};
}

// The kernel treats a mapped address as the IPv4 one inside it: so do the questions about its kind.
static size_t inner_bytes(const union graft_address *address, const unsigned char **bytes)
{
	size_t length = bytes_of(address, bytes);
	if (!graft_address_is_mapped(address))
		return length;
	*bytes += 12;
	return 4;
}

bool graft_address_is_multicast(const union graft_address *address)
{
	union graft_address plain = *address;
	address_unmap(&plain);
	return address_is_multicast(&plain);
}

bool graft_address_is_any(const union graft_address *address)
{
	const unsigned char *bytes;
	size_t length = inner_bytes(address, &bytes);
	for (size_t i = 0; i < length; i++)
		if (bytes[i])
			return false;
	return length;
}

bool graft_address_is_link_local(const union graft_address *address)
{
	const unsigned char *bytes;
	size_t length = inner_bytes(address, &bytes);
	if (length == 4)
		return bytes[0] == 224 && !bytes[1] && !bytes[2];
	if (length != 16)
		return false;
	unsigned scope = bytes[1] & 15U;
	if (bytes[0] == 0xff)
		return scope == 1 || scope == 2;
	return bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80;
}

bool graft_prefix_covers(const struct graft_prefix *prefix, const union graft_address *address)
{
	const unsigned char *wanted, *given;
	size_t length = bytes_of(&prefix->address, &wanted);
	if (prefix->address.any.sa_family != address->any.sa_family || bytes_of(address, &given) != length)
		return false;
	size_t whole = prefix->length / 8;
	unsigned rest = prefix->length % 8;
	if (whole > length || (rest && whole == length) || memcmp(wanted, given, whole))
		return false;
	return !rest || (wanted[whole] ^ given[whole]) >> (8 - rest) == 0;
}
