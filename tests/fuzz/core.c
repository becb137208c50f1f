// Feeds bytes to what core reads: control messages, IP headers, addresses, interfaces and names. What is written again
// must be what was read.
//
// The first byte selects.
#include "../../core/sockgraft.h"
#include "fuzz.h"

#include <errno.h>
#include <string.h>

static const unsigned SPECIFIED =
        GRAFT_WITH_HOPS | GRAFT_WITH_CLASS | GRAFT_WITH_SOURCE | GRAFT_WITH_INTERFACE | GRAFT_WITH_SEGMENT;

static void see_control(const uint8_t *data, size_t size)
{
	struct graft_control read, again;
	size_t room[GRAFT_CONTROL_ROOM / sizeof(size_t)];
	memset(&read, 0xee, sizeof(read));
	int error = graft_control_parse(data, size, &read);
	check(error == 0 || error == -EBADMSG, "control: an error of another kind");
	if (read.with & GRAFT_WITH_SOURCE)
		check(read.source.any.sa_family == AF_INET || read.source.any.sa_family == AF_INET6,
		        "control: a source without a family");
	read.with &= SPECIFIED;
	int length = graft_control_write(&read, AF_UNSPEC, room, sizeof(room));
	if (length < 0) {
		check(length == -ERANGE, "control: does not fit");
		return;
	}
	check(!graft_control_parse(room, (size_t)length, &again), "control: what was written isn't read");
	check((again.with & read.with) == read.with, "control: something was lost");
	check(!(read.with & GRAFT_WITH_HOPS) || again.hops == read.hops, "control: hops");
	check(!(read.with & GRAFT_WITH_CLASS) || again.traffic_class == read.traffic_class, "control: class");
	check(!(read.with & GRAFT_WITH_INTERFACE) || again.index == read.index, "control: index");
	check(!(read.with & GRAFT_WITH_SEGMENT) || again.segment == read.segment, "control: segment");
	check(!(read.with & GRAFT_WITH_SOURCE) || graft_address_equal(&again.source, &read.source),
	        "control: source");
}

static void see_ipv4(const uint8_t *data, size_t size)
{
	struct graft_ipv4_header header;
	unsigned char bytes[GRAFT_IPV4_HEADER_ROOM];
	int length = graft_ipv4_header_parse(data, size, &header);
	if (length < 0)
		return;
	check((size_t)length <= size && (unsigned)length == header.length, "IPv4: a length of its own");
	check(graft_ipv4_header_write(&header, bytes, sizeof(bytes)) == length, "IPv4: another length");
	check(!memcmp(bytes, data, (size_t)length), "IPv4: other bytes");
}

static void see_ipv6(const uint8_t *data, size_t size)
{
	struct graft_ipv6_header header;
	unsigned char bytes[GRAFT_IPV6_HEADER];
	int length = graft_ipv6_header_parse(data, size, &header);
	if (length < 0)
		return;
	check(graft_ipv6_header_write(&header, bytes, sizeof(bytes)) == length, "IPv6: another length");
	check(!memcmp(bytes, data, (size_t)length), "IPv6: other bytes");
}

static void see_checksum(const uint8_t *data, size_t size)
{
	unsigned char copy[512];
	size = size < sizeof(copy) - 2 ? size & ~(size_t)1 : sizeof(copy) - 2;
	memcpy(copy, data, size);
	uint16_t sum = graft_internet_checksum(copy, size);
	memcpy(copy + size, &sum, sizeof(sum));
	check(!graft_internet_checksum(copy, size + sizeof(sum)), "checksum: not 0 over itself");
}

static void see_text(const uint8_t *data, size_t size)
{
	union graft_address address, again;
	char buffer[GRAFT_ADDRESS_TEXT];
	if (!graft_address_parse((const char *)data, size, &address)) {
		graft_address_text(&address, buffer);
		check(!graft_address_parse(buffer, strlen(buffer), &again), "address: its text isn't read");
		check(graft_address_equal(&address, &again), "address: another one");
	}
	int dscp = graft_dscp_parse((const char *)data, size);
	check(dscp < 0 || !strncmp(graft_dscp_name((unsigned)dscp), (const char *)data, size),
	        "DSCP: another name");
	for (int family = AF_INET; family <= AF_INET6; family += AF_INET6 - AF_INET) {
		int type = graft_icmp_type_parse(family, (const char *)data, size);
		check(type < 0 || !memcmp(graft_icmp_type_name(family, (unsigned)type), data, size),
		        "ICMP type: another name");
	}
}

static void see_interface(const uint8_t *data, size_t size)
{
	struct graft_interface interface, again;
	char buffer[GRAFT_INTERFACE_TEXT];
	char *text = malloc(size + 1);
	if (!text)
		return;
	memcpy(text, data, size);
	text[size] = '\0';
	if (!graft_interface_parse(text, &interface)) {
		graft_interface_text(&interface, buffer);
		check(!graft_interface_parse(buffer, &again), "interface: its text isn't read");
		check(again.by == interface.by && again.index == interface.index, "interface: another one");
	}
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const see[])(const uint8_t *data, size_t size) = {
	        see_control, see_ipv4, see_ipv6, see_checksum, see_text, see_interface};
	if (size)
		see[*data % (sizeof(see) / sizeof(*see))](data + 1, size - 1);
	return 0;
}
