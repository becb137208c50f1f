// Sends datagrams with control messages of all sorts, good and bad, from memory of all sorts, and prints what came of
// each; the datagram says the name of the case: controls ADDRESS PORT INTERFACE SOURCE [many] [bound]. One that is bound
// is bound to SOURCE.
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <limits.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum { UNTOUCHED = 4711, ROOM = 8192, UDP_SEGMENT_OPTION = 103 };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static union name {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
} to;
static socklen_t to_length;
static int fd;
static bool many;

// ---- the messages of a case -------------------------------------------------------------------------------

static struct {
	_Alignas(struct cmsghdr) char bytes[ROOM];
	size_t length;
	struct cmsghdr *last;
} control;

static void add(int level, int type, const void *data, size_t length)
{
	control.last = (struct cmsghdr *)(control.bytes + control.length);
	control.last->cmsg_level = level;
	control.last->cmsg_type = type;
	control.last->cmsg_len = (__typeof__(control.last->cmsg_len))CMSG_LEN(length);
	memcpy(CMSG_DATA(control.last), data, length);
	control.length += CMSG_SPACE(length);
}

static void add_number(int level, int type, int value)
{
	add(level, type, &value, sizeof(value));
}

static void add_byte(int level, int type, int value)
{
	add(level, type, &(unsigned char){(unsigned char)value}, 1);
}

static void add_info4(const char *interface, const char *source)
{
	const struct in_pktinfo info = {.ipi_ifindex = interface ? (int)if_nametoindex(interface) : 0,
	        .ipi_spec_dst.s_addr = source ? inet_addr(source) : 0};
	add(IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
}

static void add_unknown_interface4(void)
{
	add(IPPROTO_IP, IP_PKTINFO, &(struct in_pktinfo){.ipi_ifindex = 99}, sizeof(struct in_pktinfo));
}

static void add_unknown_interface6(void)
{
	add(IPPROTO_IPV6, IPV6_PKTINFO, &(struct in6_pktinfo){.ipi6_ifindex = 99},
	        sizeof(struct in6_pktinfo));
}

static void add_info6(int type, const char *interface, const char *source)
{
	struct in6_pktinfo info = {.ipi6_ifindex = interface ? if_nametoindex(interface) : 0};
	if (source && inet_pton(AF_INET6, source, &info.ipi6_addr) != 1)
		errx(2, "%s: no address", source);
	add(IPPROTO_IPV6, type, &info, sizeof(info));
}

// ---- memory -----------------------------------------------------------------------------------------------

enum place { ALIGNED, MISALIGNED, READ_ONLY, PLACES };
static const char *const place_texts[PLACES] = {"", "-misaligned", "-readonly"};
static char *pages; // two, and no memory behind
static size_t page;

static void map_pages(void)
{
	page = (size_t)sysconf(_SC_PAGESIZE);
	pages = mmap(NULL, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (pages == MAP_FAILED || munmap(pages + 2 * page, page))
		err(2, "mmap");
}

// A copy of the messages; what is read-only ends where there is no more memory.
static char *put(enum place place)
{
	mprotect(pages, 2 * page, PROT_READ | PROT_WRITE);
	char *at = pages + (place == MISALIGNED);
	if (place == READ_ONLY)
		at = pages + 2 * page - control.length;
	memcpy(at, control.bytes, control.length);
	if (place == READ_ONLY)
		mprotect(pages, 2 * page, PROT_READ);
	return at;
}

// ---- a call -----------------------------------------------------------------------------------------------

// Of three datagrams the second has the messages.
static int send_three(const struct msghdr *message, int *lengths)
{
	struct mmsghdr vector[3] = {{*message, UNTOUCHED}, {*message, UNTOUCHED}, {*message, UNTOUCHED}};
	vector[0].msg_hdr.msg_control = vector[2].msg_hdr.msg_control = NULL;
	vector[0].msg_hdr.msg_controllen = vector[2].msg_hdr.msg_controllen = 0;
	int sent = sendmmsg(fd, vector, 3, 0);
	for (int i = 0; i < 3; i++)
		lengths[i] = (int)vector[i].msg_len;
	return sent;
}

static bool is_unchanged(const struct msghdr *message, const struct msghdr *before)
{
	return message->msg_name == before->msg_name && message->msg_namelen == before->msg_namelen &&
	       message->msg_iov == before->msg_iov && message->msg_iovlen == before->msg_iovlen &&
	       message->msg_control == before->msg_control &&
	       message->msg_controllen == before->msg_controllen && message->msg_flags == before->msg_flags;
}

static void send_with(const char *name, const char *suffix, void *at, size_t length)
{
	char text[64];
	int lengths[3] = {0};
	snprintf(text, sizeof(text), "%s%s\n", name, suffix);
	struct iovec part = {text, strlen(text)};
	const struct msghdr message = {.msg_name = &to,
	        .msg_namelen = to_length,
	        .msg_iov = &part,
	        .msg_iovlen = 1,
	        .msg_control = at,
	        .msg_controllen = (__typeof__(message.msg_controllen))length};
	struct msghdr given = message;
	errno = UNTOUCHED;
	long result = many ? send_three(&given, lengths) : sendmsg(fd, &given, 0);
	int error = errno;
	printf("%s%s: %ld%s%s", name, suffix, result, error == UNTOUCHED ? "" : " ",
	        error == UNTOUCHED ? "" : strerror(error));
	if (many)
		printf(" (%d %d %d)", lengths[0], lengths[1], lengths[2]);
	puts(is_unchanged(&given, &message) ? "" : ", THE MESSAGE WAS CHANGED");
}

static void run_from(const char *name, enum place place)
{
	char *at = put(place);
	send_with(name, place_texts[place], at, control.length);
	if (memcmp(at, control.bytes, control.length) != 0)
		printf("%s%s: THE CONTROL MESSAGES WERE CHANGED\n", name, place_texts[place]);
}

static void run(const char *name)
{
	for (enum place place = ALIGNED; place < PLACES; place++)
		run_from(name, place);
	control.length = 0;
}

// ---- messages that the kernel takes -------------------------------------------------------------------------

static void run_good4(const char *interface, const char *source)
{
	add_number(IPPROTO_IP, IP_TOS, 0x10);
	run("tos");
	add_byte(IPPROTO_IP, IP_TOS, 0x10);
	run("tos-byte");
	add_number(IPPROTO_IP, IP_TTL, 33);
	run("ttl");
	add_info4(interface, NULL);
	run("interface");
	add_info4(NULL, source);
	run("source");
	add_info4(interface, source);
	run("interface-and-source");
	add_number(IPPROTO_IP, IP_TOS, 0x10);
	add_info4(interface, NULL);
	add_number(IPPROTO_IP, IP_TTL, 33);
	run("several");
	add_number(IPPROTO_IP, IP_TTL, 33);
	add_number(IPPROTO_IP, IP_TTL, 34);
	run("twice");
	add_number(IPPROTO_IPV6, IPV6_HOPLIMIT, 33);
	run("of-ipv6");
	add_info6(IPV6_PKTINFO, NULL, NULL);
	run("info-of-ipv6");
	add_unknown_interface6();
	run("unknown-interface-of-ipv6");
	add_info4(NULL, source);
	add_unknown_interface6();
	run("source-and-info-of-ipv6");
	add_info4(interface, NULL);
	add_info4(NULL, source);
	run("interface-then-source");
	add_info4(NULL, source);
	add_info4(interface, NULL);
	run("source-then-interface");
	for (int i = 0; i < 100; i++)
		add_number(IPPROTO_IP, i % 2 ? IP_TOS : IP_TTL, 33);
	run("a-hundred");
	add_number(IPPROTO_IP, IP_TTL, 33);
	control.length -= CMSG_SPACE(sizeof(int)) - CMSG_LEN(sizeof(int));
	run("unpadded");
	add_number(IPPROTO_IP, IP_TTL, 33);
	control.length += 8;
	memset(control.bytes + control.length - 8, 0, 8);
	run("tail");
}

static void run_good6(const char *interface, const char *source)
{
	add_number(IPPROTO_IPV6, IPV6_TCLASS, 0x10);
	run("tclass");
	add_number(IPPROTO_IPV6, IPV6_TCLASS, -1);
	run("tclass-of-socket");
	add_number(IPPROTO_IPV6, IPV6_HOPLIMIT, 33);
	run("hoplimit");
	add_number(IPPROTO_IPV6, IPV6_HOPLIMIT, -1);
	run("hoplimit-of-socket");
	add_number(IPPROTO_IPV6, IPV6_2292HOPLIMIT, 33);
	run("hoplimit-2292");
	add_info6(IPV6_PKTINFO, interface, NULL);
	run("interface");
	add_info6(IPV6_PKTINFO, NULL, source);
	run("source");
	add_info6(IPV6_PKTINFO, interface, source);
	run("interface-and-source");
	add_info6(IPV6_2292PKTINFO, interface, NULL);
	run("interface-2292");
	add_info6(IPV6_2292PKTINFO, interface, source);
	run("interface-and-source-2292");
	add_number(IPPROTO_IPV6, IPV6_TCLASS, 0x10);
	add_info6(IPV6_PKTINFO, interface, NULL);
	add_number(IPPROTO_IPV6, IPV6_HOPLIMIT, 33);
	run("several");
	add_number(IPPROTO_IP, IP_TTL, 33);
	run("of-ipv4");
	add_info4(NULL, NULL);
	run("info-of-ipv4");
	add_unknown_interface4();
	run("unknown-interface-of-ipv4");
	add_info6(IPV6_PKTINFO, NULL, source);
	add_unknown_interface4();
	run("source-and-info-of-ipv4");
	add_info6(IPV6_PKTINFO, NULL, source);
	add_info4(NULL, NULL);
	run("source-and-nothing-of-ipv4");
	add_info6(IPV6_PKTINFO, interface, NULL);
	add_info6(IPV6_PKTINFO, NULL, source);
	run("interface-then-source");
	add_info6(IPV6_PKTINFO, NULL, source);
	add_info6(IPV6_PKTINFO, interface, NULL);
	run("source-then-interface");
	for (int i = 0; i < 100; i++)
		add_number(IPPROTO_IPV6, i % 2 ? IPV6_TCLASS : IPV6_HOPLIMIT, 33);
	run("a-hundred");
}

static void run_good(void)
{
	run("none");
	add_number(SOL_SOCKET, SO_MARK, 5);
	run("mark");
	add_number(SOL_SOCKET, SO_PRIORITY, 5);
	run("priority");
	add(IPPROTO_UDP, UDP_SEGMENT_OPTION, &(uint16_t){1000}, sizeof(uint16_t));
	run("segment");
}

// ---- messages that it doesn't ---------------------------------------------------------------------------------

static void run_lengths(const char *name, int level, int type, int value)
{
	static const size_t lengths[] = {0, 1, 2, 3, 5, 8, 11, 13, 19, 21, 24, 100};
	for (size_t i = 0; i < COUNT(lengths); i++) {
		char text[64], data[128] = {0};
		memcpy(data, &value, sizeof(value));
		snprintf(text, sizeof(text), "%s-of-%zu", name, lengths[i]);
		add(level, type, data, lengths[i]);
		run(text);
	}
}

static void run_values(const char *name, int level, int type)
{
	static const int values[] = {-2, 0, 256, INT_MAX, INT_MIN};
	for (size_t i = 0; i < COUNT(values); i++) {
		char text[64];
		snprintf(text, sizeof(text), "%s-is-%d", name, values[i]);
		add_number(level, type, values[i]);
		run(text);
	}
}

static const struct {
	const char *text;
	int level, type;
} types[] = {
        {"tos", IPPROTO_IP, IP_TOS},
        {"ttl", IPPROTO_IP, IP_TTL},
        {"info", IPPROTO_IP, IP_PKTINFO},
        {"tclass", IPPROTO_IPV6, IPV6_TCLASS},
        {"hoplimit", IPPROTO_IPV6, IPV6_HOPLIMIT},
        {"info6", IPPROTO_IPV6, IPV6_PKTINFO},
        {"hoplimit-2292", IPPROTO_IPV6, IPV6_2292HOPLIMIT},
        {"info6-2292", IPPROTO_IPV6, IPV6_2292PKTINFO},
        {"mark", SOL_SOCKET, SO_MARK},
        {"priority", SOL_SOCKET, SO_PRIORITY},
        {"unknown", SOL_SOCKET, 9999},
        {"unknown4", IPPROTO_IP, 9999},
        {"unknown6", IPPROTO_IPV6, 9999},
        {"rights", SOL_SOCKET, SCM_RIGHTS},
};

// A good message, and in its header or behind it one with a wrong length.
static void run_headers(int level, int type)
{
	static const size_t lengths[] = {
	        0, 1, 8, 15, 16, 17, 21, 1000, INT_MAX, SIZE_MAX / 2, SIZE_MAX - 7, SIZE_MAX};
	for (size_t i = 0; i < 2 * COUNT(lengths); i++) {
		char text[64];
		snprintf(text, sizeof(text), "header-%zu-is-%zx", i % 2, lengths[i / 2]);
		add_number(level, type, 33);
		if (i % 2)
			add_number(level, type, 34);
		control.last->cmsg_len = (__typeof__(control.last->cmsg_len))lengths[i / 2];
		run(text);
	}
}

static void run_truncated(int level, int type)
{
	for (size_t left = 1; left < CMSG_SPACE(sizeof(int)); left++) {
		char text[64];
		snprintf(text, sizeof(text), "truncated-to-%zu", left);
		add_number(level, type, 33);
		control.length = left;
		run(text);
	}
}

static void run_bad_rooms(void)
{
	static const size_t lengths[] = {0, 1, 16, 20, 24, 1000, 2000, 100000, INT_MAX, SIZE_MAX};
	mprotect(pages, 2 * page, PROT_READ | PROT_WRITE);
	memset(pages, 0, 2 * page);
	for (size_t i = 0; i < COUNT(lengths); i++) {
		char text[64];
		snprintf(text, sizeof(text), "-%zx", lengths[i]);
		send_with("nothing", text, NULL, lengths[i]);
		send_with("at-one", text, (void *)1, lengths[i]);
		send_with("no-memory", text, pages + 2 * page, lengths[i]);
		send_with("half-of-it", text, pages + 2 * page - 8, lengths[i]);
		send_with("zeros", text, pages, lengths[i]);
	}
}

static socklen_t read_name(const char *address, int port, union name *name)
{
	bool v4 = inet_pton(AF_INET, address, &name->v4.sin_addr) == 1;
	if (!v4 && inet_pton(AF_INET6, address, &name->v6.sin6_addr) != 1)
		errx(2, "%s: no address", address);
	name->any.sa_family = v4 ? AF_INET : AF_INET6;
	name->v4.sin_port = htons((uint16_t)port);
	return v4 ? sizeof(name->v4) : sizeof(name->v6);
}

static void bind_to(const char *source)
{
	union name name = {0};
	socklen_t length = read_name(source, 0, &name);
	if (bind(fd, &name.any, length))
		err(1, "%s", source);
}

int main(int count, char **arguments)
{
	if (count < 5)
		errx(2, "usage: controls ADDRESS PORT INTERFACE SOURCE [many] [bound]");
	to_length = read_name(arguments[1], atoi(arguments[2]), &to);
	bool v4 = to.any.sa_family == AF_INET;
	setvbuf(stdout, NULL, _IOLBF, 0);
	fd = socket(to.any.sa_family, SOCK_DGRAM, 0);
	for (int i = 5; i < count; i++) {
		many |= !strcmp(arguments[i], "many");
		if (!strcmp(arguments[i], "bound"))
			bind_to(arguments[4]);
	}
	map_pages();
	run_good();
	(v4 ? run_good4 : run_good6)(arguments[3], arguments[4]);
	for (size_t i = 0; i < COUNT(types); i++) {
		run_lengths(types[i].text, types[i].level, types[i].type, 33);
		run_values(types[i].text, types[i].level, types[i].type);
	}
	run_headers(v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_TTL : IPV6_HOPLIMIT);
	run_truncated(v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_TTL : IPV6_HOPLIMIT);
	run_bad_rooms();
	send_with("end", "", NULL, 0);
	return 0;
}
