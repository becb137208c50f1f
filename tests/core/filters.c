// Filters on a socket: ICMP types, classic BPF programs, and those made from addresses.
#include "check.h"

#include <netinet/icmp6.h>

enum { TYPES = 256, LEVEL_RAW = 255, ICMP4_FILTER = 1 };

// ---- ICMP types -----------------------------------------------------------------------------------------

static void each_icmp_type(void)
{
	struct graft_icmp_filter filter = {0};
	for (unsigned type = 0; type < TYPES; type++) {
		CONTEXT("type %u", type);
		graft_icmp_filter_block(&filter, type);
		for (unsigned other = 0; other < TYPES; other++)
			CHECK_IS(other == type, graft_icmp_filter_will_block(&filter, other));
		graft_icmp_filter_accept(&filter, type);
		CHECK(!graft_icmp_filter_will_block(&filter, type));
		graft_icmp_filter_block_all(&filter);
		graft_icmp_filter_accept(&filter, type);
		for (unsigned other = 0; other < TYPES; other++)
			CHECK_IS(other != type, graft_icmp_filter_will_block(&filter, other));
		graft_icmp_filter_accept_all(&filter);
		CHECK(!graft_icmp_filter_will_block(&filter, type));
	}
}

static void icmp_types_out_of_range(void)
{
	static const unsigned types[] = {256, 257, 288, 65536, UINT32_MAX};
	for (size_t i = 0; i < COUNT(types); i++) {
		struct graft_icmp_filter filter = {0}, none = {0}, all;
		graft_icmp_filter_block_all(&all);
		CONTEXT("type %u", types[i]);
		graft_icmp_filter_block(&filter, types[i]);
		CHECK(!memcmp(&filter, &none, sizeof(filter)));
		graft_icmp_filter_block_all(&filter);
		graft_icmp_filter_accept(&filter, types[i]);
		CHECK(!memcmp(&filter, &all, sizeof(filter)));
		CHECK(!graft_icmp_filter_will_block(&filter, types[i]));
	}
}

static void icmp_filter_on_a_socket(void)
{
	static const struct {
		enum kind kind;
		unsigned types;
		int level, name;
	} rows[] = {{ICMP4, 32, LEVEL_RAW, ICMP4_FILTER}, {ICMP6, 256, IPPROTO_ICMPV6, ICMP6_FILTER}};
	for (size_t i = 0; i < COUNT(rows); i++) {
		int fd = open_socket(rows[i].kind);
		struct graft_icmp_filter filter = {0}, got;
		uint32_t plain[8] = {0};
		for (unsigned type = 0; type <= rows[i].types; type++) {
			socklen_t length = rows[i].types / 8;
			CONTEXT("type %u of %s", type, kind_rows[rows[i].kind].name);
			memset(&got, 0x5a, sizeof(got));
			CHECK_IS(0, graft_icmp_filter_set(fd, &filter));
			CHECK_IS(0, graft_icmp_filter_get(fd, &got));
			CHECK(!memcmp(&filter, &got, sizeof(got)));
			CHECK(!getsockopt(fd, rows[i].level, rows[i].name, plain, &length));
			CHECK(!memcmp(plain, &filter, rows[i].types / 8));
			graft_icmp_filter_accept_all(&filter);
			if (type < rows[i].types)
				graft_icmp_filter_block(&filter, type);
		}
		graft_icmp_filter_block_all(&filter);
		CHECK_IS(0, graft_icmp_filter_set(fd, &filter));
		CHECK_IS(0, graft_icmp_filter_get(fd, &got));
		for (unsigned type = 0; type < TYPES; type++)
			CHECK_IS(type < rows[i].types, graft_icmp_filter_will_block(&got, type));
	}
}

static void icmp_filter_that_ipv4_can_not_have(void)
{
	int fd = open_socket(ICMP4);
	struct graft_icmp_filter kept = {0}, got;
	graft_icmp_filter_block(&kept, 8);
	CHECK_IS(0, graft_icmp_filter_set(fd, &kept));
	for (unsigned type = 32; type < TYPES; type++) {
		struct graft_icmp_filter filter = {0};
		CONTEXT("type %u", type);
		graft_icmp_filter_block(&filter, type);
		CHECK_IS(-EINVAL, graft_icmp_filter_set(fd, &filter));
		graft_icmp_filter_block_all(&filter);
		graft_icmp_filter_accept(&filter, type);
		CHECK_IS(-EINVAL, graft_icmp_filter_set(fd, &filter));
		CHECK_IS(0, graft_icmp_filter_get(fd, &got));
		CHECK(!memcmp(&kept, &got, sizeof(got)));
	}
}

static void icmp_filter_on_other_sockets(void)
{
	for (enum kind kind = 0; kind < UNIX; kind++) {
		int fd = open_socket(kind);
		struct graft_icmp_filter filter = {0}, got, before;
		memset(&got, 0x5a, sizeof(got));
		before = got;
		CONTEXT("%s", kind_rows[kind].name);
		if (kind == ICMP4 || kind == ICMP6)
			continue;
		CHECK_IS(-ENOPROTOOPT, graft_icmp_filter_set(fd, &filter));
		CHECK_IS(-ENOPROTOOPT, graft_icmp_filter_get(fd, &got));
		CHECK(!memcmp(&before, &got, sizeof(got)));
	}
}

// ---- classic BPF ----------------------------------------------------------------------------------------

static struct sock_filter code[BPF_MAXINSNS + 2], back[BPF_MAXINSNS + 2];

static void check_attached(int fd, unsigned length)
{
	memset(back, 0x5a, sizeof(back));
	CHECK_IS(length, graft_bpf_read(fd, back, BPF_MAXINSNS));
	CHECK(!memcmp(back, code, length * sizeof(*code)));
	CHECK_IS(0x5a5a, back[length].code);
}

static void bpf_attach_read_detach(void)
{
	for (enum kind kind = 0; kind < KIND_COUNT; kind++) {
		int fd = open_socket(kind);
		CONTEXT("%s", kind_rows[kind].name);
		CHECK_IS(0, graft_bpf_read(fd, back, 5));
		CHECK_IS(-ENOENT, graft_bpf_detach(fd));
		static const unsigned lengths[] = {1, 2, 77, BPF_MAXINSNS};
		for (size_t i = 0; i < COUNT(lengths); i++) {
			for (unsigned j = 0; j < lengths[i]; j++)
				code[j] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_IMM, j);
			code[lengths[i] - 1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, UINT32_MAX);
			CHECK_IS(0, graft_bpf_attach(fd, code, lengths[i])); // in place of the one before
			check_attached(fd, lengths[i]);
			memset(back, 0x5a, sizeof(back));
			CHECK_IS(-EINVAL, graft_bpf_read(fd, back, lengths[i] - 1));
			CHECK_IS(0x5a5a, back[0].code);
		}
		CHECK_IS(0, graft_bpf_detach(fd));
		CHECK_IS(0, graft_bpf_read(fd, back, 5));
		CHECK_IS(-ENOENT, graft_bpf_detach(fd));
		close(fd);
	}
}

static void bpf_refused(void)
{
	int fd = open_socket(UDP4);
	struct sock_filter no_return = BPF_STMT(BPF_LD | BPF_IMM, 1), unknown = BPF_STMT(0xffff, 0);
	struct sock_filter too_far[] = {BPF_STMT(BPF_JMP | BPF_JA, 1), BPF_STMT(BPF_RET | BPF_K, 0)};
	code[0] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 100);
	CHECK_IS(0, graft_bpf_attach(fd, code, 1));
	CHECK_IS(-EINVAL, graft_bpf_attach(fd, &no_return, 1));
	CHECK_IS(-EINVAL, graft_bpf_attach(fd, &unknown, 1));
	CHECK_IS(-EINVAL, graft_bpf_attach(fd, too_far, 2));
	CHECK_IS(-EINVAL, graft_bpf_attach(fd, code, 0));
	for (unsigned i = 1; i < COUNT(code); i++)
		code[i] = code[0];
	CHECK_IS(-EINVAL, graft_bpf_attach(fd, code, BPF_MAXINSNS + 1));
	CHECK_IS(-EINVAL, graft_bpf_attach(fd, code, 65537)); // 1, in 16 bits
	check_attached(fd, 1);
}

// ---- filters made from addresses ------------------------------------------------------------------------

static const struct {
	enum kind kind;
	int family;
	const char *address, *group, *source;
} made[] = {{UDP4, AF_INET, "192.0.2.1", "239.1.1.1", "10.77.0.9"},
        {UDP6, AF_INET6, "fd77::2", "ff15::1:1", "fd77::9"},
        {UDP6, AF_INET6, "fe80::b0", "239.1.1.1", "10.77.0.9"}};

// The kernel takes what was made, and whoever reads it back finds what it carries and what is behind it.
static void filters_carry_their_identity(void)
{
	struct sock_filter inner[] = {BPF_STMT(BPF_LD | BPF_IMM, 7), BPF_STMT(BPF_RET | BPF_A, 0)};
	for (size_t i = 0; i < COUNT(made); i++) {
		int fd = open_socket(made[i].kind);
		struct graft_filter filter;
		struct graft_filter_identity identity = {address_of(made[i].address, 0), 4711}, found;
		union graft_address group = address_of(made[i].group, 0),
		                    source = address_of(made[i].source, 0);
		unsigned at;
		CONTEXT("%s and %s", made[i].address, made[i].group);
		graft_filter_begin(&filter, code, BPF_MAXINSNS, made[i].family, &identity);
		graft_filter_admit_address(&filter, &identity.address);
		graft_filter_admit_group(&filter, &group, 3, true, &source, 1);
		graft_filter_admit_group(&filter, &group, 4, false, &source, 1);
		graft_filter_refuse_group(&filter, &group);
		CHECK_IS(0, graft_filter_end(&filter, false, inner, COUNT(inner)));
		CHECK_IS(0, graft_bpf_attach(fd, code, filter.length));
		check_attached(fd, filter.length);
		CHECK(graft_filter_identify(back, filter.length, &found, &at));
		CHECK_IS(4711, found.tag);
		CHECK(graft_address_equal(&identity.address, &found.address));
		CHECK_IS(filter.length - COUNT(inner), at);
		CHECK(!memcmp(back + at, inner, sizeof(inner)));
		unsigned whole = filter.length;
		filter.code = back;
		CHECK_IS(0, graft_filter_replace_inner(&filter, whole, NULL, 0));
		CHECK(graft_filter_identify(back, filter.length, &found, &at));
		CHECK_IS(filter.length, at); // none
		CHECK_IS(0, graft_bpf_attach(fd, back, filter.length));
		whole = filter.length;
		filter.room =
		        whole + 1; // two instructions clear the registers, in place of the one that returns
		CHECK_IS(-E2BIG, graft_filter_replace_inner(&filter, whole, inner, COUNT(inner)));
	}
}

static void filters_without_room(void)
{
	struct graft_filter filter;
	struct graft_filter_identity identity = {address_of("192.0.2.1", 0), 1}, found;
	unsigned needed, at;
	graft_filter_begin(&filter, code, BPF_MAXINSNS, AF_INET, &identity);
	graft_filter_admit_address(&filter, &identity.address);
	CHECK_IS(0, graft_filter_end(&filter, true, NULL, 0));
	needed = filter.length;
	for (unsigned room = 0; room <= needed; room++) {
		memset(back, 0x5a, sizeof(back));
		CONTEXT("room for %u of %u", room, needed);
		graft_filter_begin(&filter, back, room, AF_INET, &identity);
		graft_filter_admit_address(&filter, &identity.address);
		CHECK_IS(room < needed ? -E2BIG : 0, graft_filter_end(&filter, true, NULL, 0));
		CHECK_IS(0x5a5a, back[room].code);
	}
	CHECK(!memcmp(code, back, needed * sizeof(*code)));
	for (unsigned i = 0; i < COUNT(code); i++)
		code[i] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 0);
	CHECK(!graft_filter_identify(code, 100, &found, &at));
	CHECK(!graft_filter_identify(back, 3, &found, &at));
	filter.code = code;
	CHECK_IS(-EINVAL, graft_filter_replace_inner(&filter, 100, NULL, 0));
}

CASES(CASE(each_icmp_type), CASE(icmp_types_out_of_range), CASE(icmp_filter_on_a_socket),
        CASE(icmp_filter_that_ipv4_can_not_have), CASE(icmp_filter_on_other_sockets),
        CASE(bpf_attach_read_detach), CASE(bpf_refused), CASE(filters_carry_their_identity),
        CASE(filters_without_room))
