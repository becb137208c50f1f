// Control messages: which are received, what they say, and how what is specified is written.
#include "address.h"
#include "kernel.h"

#include <errno.h>
#include <string.h>

// ---- which are received ---------------------------------------------------------------------------------

static const struct {
	unsigned with;
	enum graft_option option;
} receivable[] = {
        {GRAFT_WITH_HOPS, GRAFT_RECEIVE_HOPS},
        {GRAFT_WITH_CLASS, GRAFT_RECEIVE_CLASS},
        {GRAFT_WITH_SOURCE | GRAFT_WITH_DESTINATION | GRAFT_WITH_INTERFACE, GRAFT_RECEIVE_PACKET_INFO},
        {GRAFT_WITH_PATH_MTU, GRAFT_RECEIVE_PATH_MTU},
        {GRAFT_WITH_TIME, GRAFT_RECEIVE_TIME},
        {GRAFT_WITH_DROPS, GRAFT_RECEIVE_DROPS},
        {GRAFT_WITH_SEGMENT, GRAFT_COALESCE},
};

enum { RECEIVABLE = sizeof(receivable) / sizeof(*receivable) };

// Which are turned on, and which the socket doesn't have.
static int look(int fd, unsigned *on, unsigned *lacking)
{
	*on = *lacking = 0;
	for (unsigned i = 0; i < RECEIVABLE; i++) {
		int64_t value = 0;
		int error = graft_get(fd, receivable[i].option, &value);
		if (error && error != -ENOPROTOOPT)
			return error;
		*on |= value ? receivable[i].with : 0;
		*lacking |= error ? receivable[i].with : 0;
	}
	return 0;
}

int graft_control_get(int fd)
{
	unsigned on, lacking;
	int error = look(fd, &on, &lacking);
	return error ? error : (int)on;
}

// All that can't be set shows before anything is.
static int check_wanted(unsigned with, unsigned lacking)
{
	if (with & lacking)
		return -ENOPROTOOPT;
	unsigned rest = with;
	for (unsigned i = 0; i < RECEIVABLE; i++)
		rest &= ~receivable[i].with;
	return rest || !with ? -EINVAL : 0;
}

int graft_control_set(int fd, unsigned with, bool on)
{
	unsigned before, lacking, done = 0;
	int error = look(fd, &before, &lacking);
	if (!error)
		error = check_wanted(with, lacking);
	while (!error && done < RECEIVABLE) {
		if (receivable[done].with & with)
			error = graft_set(fd, receivable[done].option, on);
		done += !error;
	}
	while (error && done-- > 0)
		if (receivable[done].with & with)
			graft_set(fd, receivable[done].option, (receivable[done].with & before) != 0);
	return error;
}

// ---- to read --------------------------------------------------------------------------------------------

// A number as the kernel wrote it: one byte, or an int.
static bool read_number(const unsigned char *data, size_t length, unsigned *number)
{
	if (length == 1) {
		*number = *data;
		return true;
	}
	if (length < sizeof(*number))
		return false;
	memcpy(number, data, sizeof(*number));
	return true;
}

static void put_ipv4(union graft_address *address, const struct in_addr *bytes)
{
	*address = (union graft_address){.v4 = {.sin_family = AF_INET, .sin_addr = *bytes}};
}

static void put_ipv6(union graft_address *address, const struct in6_addr *bytes)
{
	*address = (union graft_address){.v6 = {.sin6_family = AF_INET6, .sin6_addr = *bytes}};
	address_unmap(address);
}

static void read_packet_info4(struct graft_control *control, const unsigned char *data, size_t length)
{
	struct in_pktinfo info;
	if (length < sizeof(info))
		return;
	memcpy(&info, data, sizeof(info));
	put_ipv4(&control->source, &info.ipi_spec_dst);
	put_ipv4(&control->destination, &info.ipi_addr);
	control->index = (unsigned)info.ipi_ifindex;
	control->with |= GRAFT_WITH_DESTINATION;
	// Neither is known of what had come before packet information was turned on.
	control->with |= info.ipi_spec_dst.s_addr ? GRAFT_WITH_SOURCE : 0;
	control->with |= info.ipi_ifindex ? GRAFT_WITH_INTERFACE : 0;
}

static void read_packet_info6(struct graft_control *control, const unsigned char *data, size_t length)
{
	struct in6_pktinfo info;
	if (length < sizeof(info) || control->with & GRAFT_WITH_SOURCE)
		return; // of an IPv4 datagram, both come, and the other says more
	memcpy(&info, data, sizeof(info));
	put_ipv6(&control->destination, &info.ipi6_addr);
	control->index = info.ipi6_ifindex;
	control->with |= GRAFT_WITH_DESTINATION | (info.ipi6_ifindex ? GRAFT_WITH_INTERFACE : 0);
	bool early = IN6_IS_ADDR_V4MAPPED(&info.ipi6_addr) && !info.ipi6_ifindex; // as above
	if (address_is_multicast(&control->destination) || IN6_IS_ADDR_UNSPECIFIED(&info.ipi6_addr) || early)
		return;
	control->source = control->destination;
	control->with |= GRAFT_WITH_SOURCE;
}

static void read_path_mtu(struct graft_control *control, const unsigned char *data, size_t length)
{
	struct ip6_mtuinfo info;
	if (length < sizeof(info))
		return;
	memcpy(&info, data, sizeof(info));
	put_ipv6(&control->destination, &info.ip6m_addr.sin6_addr);
	control->path_mtu = info.ip6m_mtu;
	control->with |= GRAFT_WITH_DESTINATION | GRAFT_WITH_PATH_MTU;
}

static void read_time(struct graft_control *control, const unsigned char *data, size_t length)
{
	int64_t wide[2];
	long narrow[2];
	if (length >= sizeof(wide)) {
		memcpy(wide, data, sizeof(wide));
	} else if (length >= sizeof(narrow)) {
		memcpy(narrow, data, sizeof(narrow));
		wide[0] = narrow[0];
		wide[1] = narrow[1];
	} else {
		return;
	}
	control->time = (int64_t)((uint64_t)wide[0] * 1000000000U + (uint64_t)wide[1]);
	control->with |= GRAFT_WITH_TIME;
}

static void read_segment(struct graft_control *control, const unsigned char *data, size_t length)
{
	uint16_t half;
	if (length == sizeof(half)) { // as it is specified
		memcpy(&half, data, sizeof(half));
		control->segment = half;
	} else if (!read_number(data, length, &control->segment)) {
		return;
	}
	control->with |= GRAFT_WITH_SEGMENT;
}

static void read_ipv4(struct graft_control *control, int type, const unsigned char *data, size_t length)
{
	if (type == IP_PKTINFO)
		read_packet_info4(control, data, length);
	else if (type == IP_TTL && read_number(data, length, &control->hops))
		control->with |= GRAFT_WITH_HOPS;
	else if (type == IP_TOS && read_number(data, length, &control->traffic_class))
		control->with |= GRAFT_WITH_CLASS;
}

static void read_ipv6(struct graft_control *control, int type, const unsigned char *data, size_t length)
{
	if (type == IPV6_PKTINFO)
		read_packet_info6(control, data, length);
	else if (type == IPV6_HOPLIMIT && read_number(data, length, &control->hops))
		control->with |= GRAFT_WITH_HOPS;
	else if (type == IPV6_TCLASS && read_number(data, length, &control->traffic_class))
		control->with |= GRAFT_WITH_CLASS;
	else if (type == IPV6_PATHMTU)
		read_path_mtu(control, data, length);
}

static void read_socket(struct graft_control *control, int type, const unsigned char *data, size_t length)
{
	if (type == GRAFT_SO_TIMESTAMPNS || type == SO_TIMESTAMPNS)
		read_time(control, data, length);
	else if (type == SO_RXQ_OVFL && read_number(data, length, &control->drops))
		control->with |= GRAFT_WITH_DROPS;
}

static void read_one(
        struct graft_control *control, const struct cmsghdr *header, const unsigned char *data, size_t length)
{
	switch (header->cmsg_level) {
	case IPPROTO_IP:
		read_ipv4(control, header->cmsg_type, data, length);
		break;
	case IPPROTO_IPV6:
		read_ipv6(control, header->cmsg_type, data, length);
		break;
	case SOL_SOCKET:
		read_socket(control, header->cmsg_type, data, length);
		break;
	case IPPROTO_UDP:
		if (header->cmsg_type == GRAFT_UDP_GRO || header->cmsg_type == GRAFT_UDP_SEGMENT)
			read_segment(control, data, length);
		break;
	}
}

// Not by CMSG_NXTHDR: that is a function in libc, and trusts its input.
int graft_control_parse(const void *bytes, size_t length, struct graft_control *control)
{
	control->with = 0;
	control->incomplete = false;
	const unsigned char *at = bytes;
	while (length >= sizeof(struct cmsghdr)) {
		struct cmsghdr header;
		memcpy(&header, at, sizeof(header));
		if (header.cmsg_len < CMSG_LEN(0) || header.cmsg_len > length)
			return -EBADMSG;
		read_one(control, &header, at + CMSG_LEN(0), header.cmsg_len - CMSG_LEN(0));
		size_t step = CMSG_ALIGN(header.cmsg_len);
		if (step >= length)
			return 0;
		at += step;
		length -= step;
	}
	return length ? -EBADMSG : 0;
}

// ---- to write -------------------------------------------------------------------------------------------

struct writing {
	char *bytes;
	size_t length, room;
	int error;
};

// Inline: the size is a constant wherever it is called.
static inline void put(struct writing *writing, int level, int type, const void *data, size_t size)
{
	if (writing->error)
		return;
	if (CMSG_SPACE(size) > writing->room - writing->length) {
		writing->error = -EMSGSIZE;
		return;
	}
	struct cmsghdr header = {.cmsg_level = level, .cmsg_type = type};
	header.cmsg_len = (__typeof__(header.cmsg_len))CMSG_LEN(size); // a size_t, or half of one in musl
	char *at = writing->bytes + writing->length;
	memset(at, 0, CMSG_SPACE(size));
	memcpy(at, &header, sizeof(header));
	memcpy(at + CMSG_LEN(0), data, size);
	writing->length += CMSG_SPACE(size);
}

static void put_number(struct writing *writing, int level, int type, unsigned number)
{
	int value = (int)number;
	if (number > 255)
		writing->error = -ERANGE;
	put(writing, level, type, &value, sizeof(value));
}

static void write_ipv4(
        struct writing *writing, const struct graft_control *control, const struct in_addr *source)
{
	const struct in_pktinfo info = {.ipi_spec_dst = source ? *source : (struct in_addr){0},
	        .ipi_ifindex = control->with & GRAFT_WITH_INTERFACE ? (int)control->index : 0};
	if (control->with & GRAFT_WITH_HOPS)
		put_number(writing, IPPROTO_IP, IP_TTL, control->hops);
	if (control->with & GRAFT_WITH_CLASS)
		put_number(writing, IPPROTO_IP, IP_TOS, control->traffic_class);
	if (source || control->with & GRAFT_WITH_INTERFACE)
		put(writing, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
}

static void write_ipv6(
        struct writing *writing, const struct graft_control *control, const struct in6_addr *source)
{
	const struct in6_pktinfo info = {.ipi6_addr = source ? *source : in6addr_any,
	        .ipi6_ifindex = control->with & GRAFT_WITH_INTERFACE ? control->index : 0};
	if (control->with & GRAFT_WITH_HOPS)
		put_number(writing, IPPROTO_IPV6, IPV6_HOPLIMIT, control->hops);
	if (control->with & GRAFT_WITH_CLASS)
		put_number(writing, IPPROTO_IPV6, IPV6_TCLASS, control->traffic_class);
	if (source || control->with & GRAFT_WITH_INTERFACE)
		put(writing, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info));
	if (control->with & GRAFT_WITH_NEXT_HOP)
		put(writing, IPPROTO_IPV6, IPV6_NEXTHOP, &control->next_hop.v6, sizeof(control->next_hop.v6));
}

static void write_segment(struct writing *writing, const struct graft_control *control)
{
	uint16_t segment = (uint16_t)control->segment;
	if (control->segment > UINT16_MAX)
		writing->error = -ERANGE;
	put(writing, IPPROTO_UDP, GRAFT_UDP_SEGMENT, &segment, sizeof(segment));
}

static const unsigned ALL_PARTS = (GRAFT_WITH_NEXT_HOP << 1) - 1;

// The family to write for, with the source if there is one; or what is wrong with that.
static int choose_family(const struct graft_control *control, int family, union graft_address *source)
{
	if (control->with & ~ALL_PARTS)
		return -EINVAL;
	if (control->with & GRAFT_WITH_SOURCE) {
		*source = control->source;
		address_unmap(source);
		if (family == AF_UNSPEC)
			family = source->any.sa_family;
		if (source->any.sa_family != family || family == AF_UNSPEC)
			return -EINVAL;
	}
	if (control->with & GRAFT_WITH_NEXT_HOP &&
	        (family == AF_INET || control->next_hop.any.sa_family != AF_INET6))
		return -EINVAL;
	if (family == AF_INET && control->with & GRAFT_WITH_HOPS && !control->hops)
		return -ERANGE;
	return family;
}

int graft_control_write(const struct graft_control *control, int family, void *bytes, size_t room)
{
	struct writing writing = {.bytes = bytes, .room = room};
	union graft_address source = {0};
	family = choose_family(control, family, &source);
	if (family < 0)
		return family;
	if (family != AF_INET6)
		write_ipv4(&writing, control, source.any.sa_family == AF_INET ? &source.v4.sin_addr : NULL);
	if (family != AF_INET)
		write_ipv6(&writing, control, source.any.sa_family == AF_INET6 ? &source.v6.sin6_addr : NULL);
	if (control->with & GRAFT_WITH_SEGMENT)
		write_segment(&writing, control);
	return writing.error ? writing.error : (int)writing.length;
}
