// Control messages and headers as one line of text, for logs.
#include "sockgraft.h"

#include "text.h"

// One word of the line: a name, "=", and what follows.
static void begin(struct text *text, const char *name)
{
	text_put(text, text->length ? " " : "");
	text_put(text, name);
	text_put(text, "=");
}

static void put_number(struct text *text, const char *name, long long number)
{
	begin(text, name);
	text_put_number(text, number);
}

static void put_hex(struct text *text, const char *name, unsigned number)
{
	static const char digit[] = "0123456789abcdef";
	int shift = 28;
	begin(text, name);
	text_put(text, "0x");
	while (shift && !(number >> shift))
		shift -= 4;
	for (; shift >= 0; shift -= 4)
		text_put_bytes(text, &digit[number >> shift & 15], 1);
}

static void put_address(struct text *text, const char *name, const union graft_address *address)
{
	char buffer[GRAFT_ADDRESS_TEXT];
	begin(text, name);
	text_put(text, graft_address_text(address, buffer));
}

// Seconds with nine decimals.
static void put_time(struct text *text, int64_t time)
{
	char decimals[10];
	uint64_t second = 1000000000, whole = time < 0 ? 0 - (uint64_t)time : (uint64_t)time;
	uint64_t rest = whole % second;
	for (int i = 9; i > 0; i--, rest /= 10)
		decimals[i] = (char)('0' + rest % 10);
	decimals[0] = '.';
	begin(text, "time");
	text_put(text, time < 0 ? "-" : "");
	text_put_number(text, (long long)(whole / second));
	text_put_bytes(text, decimals, sizeof(decimals));
}

const char *graft_control_text(const struct graft_control *control, char buffer[GRAFT_CONTROL_TEXT])
{
	struct text text = {.start = buffer, .size = GRAFT_CONTROL_TEXT};
	unsigned with = control->with;
	text_put(&text, "");
	if (with & GRAFT_WITH_HOPS)
		put_number(&text, "hops", control->hops);
	if (with & GRAFT_WITH_CLASS)
		put_hex(&text, "class", control->traffic_class);
	if (with & GRAFT_WITH_SOURCE)
		put_address(&text, "source", &control->source);
	if (with & GRAFT_WITH_DESTINATION)
		put_address(&text, "destination", &control->destination);
	if (with & GRAFT_WITH_INTERFACE)
		put_number(&text, "index", control->index);
	if (with & GRAFT_WITH_NEXT_HOP)
		put_address(&text, "next-hop", &control->next_hop);
	if (with & GRAFT_WITH_PATH_MTU)
		put_number(&text, "path-mtu", control->path_mtu);
	if (with & GRAFT_WITH_SEGMENT)
		put_number(&text, "segment", control->segment);
	if (with & GRAFT_WITH_DROPS)
		put_number(&text, "drops", control->drops);
	if (with & GRAFT_WITH_TIME)
		put_time(&text, control->time);
	return buffer;
}

const char *graft_ipv4_header_text(const struct graft_ipv4_header *header, char buffer[GRAFT_HEADER_TEXT])
{
	struct text text = {.start = buffer, .size = GRAFT_HEADER_TEXT};
	union graft_address source = {.v4 = {.sin_family = AF_INET, .sin_addr = header->source}};
	union graft_address destination = {.v4 = {.sin_family = AF_INET, .sin_addr = header->destination}};
	put_address(&text, "source", &source);
	put_address(&text, "destination", &destination);
	put_hex(&text, "tos", header->tos);
	put_number(&text, "ttl", header->ttl);
	put_number(&text, "protocol", header->protocol);
	put_number(&text, "id", header->id);
	put_hex(&text, "flags", header->flags);
	put_number(&text, "fragment-offset", header->fragment_offset);
	put_number(&text, "length", header->length);
	put_number(&text, "total-length", header->total_length);
	put_hex(&text, "checksum", header->checksum);
	return buffer;
}

const char *graft_ipv6_header_text(const struct graft_ipv6_header *header, char buffer[GRAFT_HEADER_TEXT])
{
	struct text text = {.start = buffer, .size = GRAFT_HEADER_TEXT};
	union graft_address source = {.v6 = {.sin6_family = AF_INET6, .sin6_addr = header->source}};
	union graft_address destination = {.v6 = {.sin6_family = AF_INET6, .sin6_addr = header->destination}};
	put_address(&text, "source", &source);
	put_address(&text, "destination", &destination);
	put_hex(&text, "traffic-class", header->traffic_class);
	put_hex(&text, "flow-label", header->flow_label);
	put_number(&text, "hop-limit", header->hop_limit);
	put_number(&text, "next-header", header->next_header);
	put_number(&text, "payload-length", header->payload_length);
	return buffer;
}
