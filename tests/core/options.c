// The integer options: each row of sockgraft_options.h on each kind of socket, and as the kernel tells it.
#include "check.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>

// ---- sockets in every state -----------------------------------------------------------------------------

struct subject {
	const char *name;
	enum kind kind;
	bool bound;
	int fd;
};

enum { SUBJECTS = 20 };

static void add(struct subject *subjects, unsigned *count, struct subject subject)
{
	CHECK(*count < SUBJECTS);
	subjects[(*count)++] = subject;
}

// A stream that listens at `address`, one that is connected to it as `to`, and the one that was accepted.
static void add_streams(
        struct subject *subjects, unsigned *count, enum kind kind, const char *address, const char *to)
{
	int listening = open_socket(kind), connected = open_socket(kind), accepted;
	union graft_address peer = bind_to(listening, address, 0);
	uint16_t port = graft_address_port(&peer);
	peer = address_of(to, port);
	CHECK(!listen(listening, 1));
	CHECK(!connect(connected, &peer.any, graft_address_length(&peer)));
	CHECK((accepted = accept(listening, NULL, NULL)) >= 0);
	add(subjects, count, (struct subject){"listening", kind, true, listening});
	add(subjects, count, (struct subject){"connected", kind, true, connected});
	add(subjects, count, (struct subject){"accepted", kind, true, accepted});
}

static unsigned make_subjects(struct subject subjects[SUBJECTS])
{
	unsigned count = 0;
	for (enum kind kind = 0; kind < KIND_COUNT; kind++)
		if (kind != UNIX)
			add(subjects, &count,
			        (struct subject){
			                "new", kind, kind_rows[kind].type == SOCK_RAW, open_socket(kind)});
	add_streams(subjects, &count, TCP4, "127.0.0.1", "127.0.0.1");
	add_streams(subjects, &count, TCP6, "::1", "::1");
	add_streams(subjects, &count, TCP6, "::", "::ffff:127.0.0.1");
	return count;
}

static const char *option_name(enum graft_option option)
{
	static const char *const names[GRAFT_OPTION_COUNT] = {
#define ROW(id, ...) [GRAFT_##id] = #id,
	        GRAFT_OPTIONS(ROW) GRAFT_OTHER_OPTIONS(ROW)
#undef ROW
	};
	return names[option];
}

// ---- what holds for a kind of socket --------------------------------------------------------------------

static bool has_column(enum graft_option option, enum graft_side side)
{
	return graft_option_rows[option].column[side].name != 0;
}

static bool has_side(enum kind kind, enum graft_side side)
{
	const struct kind_row *row = &kind_rows[kind];
	if (row->family == AF_INET)
		return side == GRAFT_IPV4;
	return side == GRAFT_IPV6 || row->type != SOCK_RAW;
}

// An option that both families have at the same level is one option of the socket.
static bool is_shared(enum graft_option option)
{
	const struct graft_option_row *row = &graft_option_rows[option];
	return row->column[GRAFT_IPV4].level == row->column[GRAFT_IPV6].level;
}

static bool is_option_of(enum graft_option option, const struct subject *subject)
{
	enum kind kind = subject->kind;
	switch (option) {
	case GRAFT_HEADER_INCLUDED:
		return kind_rows[kind].type == SOCK_RAW;
	case GRAFT_CHECKSUM:
		return kind == RAW6;
	case GRAFT_SEGMENT:
	case GRAFT_COALESCE:
		return is_datagram(kind);
	case GRAFT_V6ONLY:
		return kind_rows[kind].family == AF_INET6 && !subject->bound;
	case GRAFT_PATH_MTU:
		return false;
	default:
		return (has_column(option, GRAFT_IPV4) && has_side(kind, GRAFT_IPV4)) ||
		       (has_column(option, GRAFT_IPV6) && has_side(kind, GRAFT_IPV6));
	}
}

// Where Linux also takes some that mean nothing on such a socket.
static bool is_taken_anyway(enum graft_option option, const struct subject *subject)
{
	return graft_option_rows[option].kinds == GRAFT_KIND_MESSAGE &&
	       kind_rows[subject->kind].type == SOCK_STREAM;
}

static int plain_side(int fd, enum graft_option option, enum graft_side side)
{
	const struct graft_option_row *row = &graft_option_rows[option];
	return plain_option(fd, row->column[side].level, row->column[side].name);
}

// A stream's two bits for congestion are the kernel's own (RFC 3168).
static int64_t as_kept(enum graft_option option, enum kind kind, int64_t value)
{
	bool ecn =
	        graft_option_rows[option].unit == GRAFT_UNIT_TRAFFIC && kind_rows[kind].type == SOCK_STREAM;
	return ecn ? value & ~3 : value;
}

// ---- every row on every socket --------------------------------------------------------------------------

static int64_t middle(const struct graft_option_row *row)
{
	return (row->minimum + (int64_t)row->maximum) / 2 & ~1LL;
}

static void check_kept(const struct subject *subject, enum graft_option option, int64_t wanted)
{
	int64_t got = -2;
	bool one = is_shared(option);
	for (enum graft_side side = GRAFT_IPV4; side <= GRAFT_IPV6; side++) {
		int64_t on_side = -2;
		if (!has_column(option, side) || !(one || has_side(subject->kind, side)))
			continue;
		CHECK_IS((int)(uint32_t)wanted, plain_side(subject->fd, option, side));
		CHECK_IS(0, graft_side_get(subject->fd, option, side, &on_side));
		CHECK_IS(wanted, on_side);
	}
	CHECK_IS(0, graft_get(subject->fd, option, &got));
	CHECK_IS(wanted, got);
}

static void check_values(const struct subject *subject, enum graft_option option)
{
	const struct graft_option_row *row = &graft_option_rows[option];
	const int64_t values[] = {row->minimum, row->maximum, middle(row), row->minimum};
	const int64_t refused[] = {row->minimum - 1, row->maximum + 1LL, row->minimum + (1LL << 32),
	        INT64_MIN, INT64_MAX, -(1LL << 32)};
	int64_t kept = 0;
	for (size_t i = 0; i < COUNT(values); i++) {
		CHECK_IS(0, graft_set(subject->fd, option, values[i]));
		kept = as_kept(option, subject->kind, values[i]);
		check_kept(subject, option, kept);
	}
	for (size_t i = 0; i < COUNT(refused); i++) {
		CHECK_IS(-ERANGE, graft_set(subject->fd, option, refused[i]));
		check_kept(subject, option, kept);
	}
}

static void check_no_option(const struct subject *subject, enum graft_option option)
{
	int64_t got = -2;
	int error = graft_set(subject->fd, option, middle(&graft_option_rows[option]));
	CHECK(error == -ENOPROTOOPT || error == -EINVAL);
	if (option == GRAFT_V6ONLY || option == GRAFT_HEADER_INCLUDED || option == GRAFT_CHECKSUM)
		return; // Linux tells them of other sockets too
	error = graft_get(subject->fd, option, &got);
	CHECK(error == -ENOPROTOOPT || error == -EINVAL);
	CHECK_IS(-2, got);
}

static void every_row_on_every_socket(void)
{
	struct subject subjects[SUBJECTS];
	unsigned count = make_subjects(subjects), taken = 0;
	for (unsigned i = 0; i < count; i++) {
		for (enum graft_option option = 0; option < GRAFT_OPTION_COUNT; option++) {
			const struct subject *subject = &subjects[i];
			CONTEXT("%s of %s %s", option_name(option), subject->name,
			        kind_rows[subject->kind].name);
			if (graft_option_rows[option].unit == GRAFT_UNIT_BYTES || option == GRAFT_PATH_MTU ||
			        is_taken_anyway(option, subject))
				continue;
			if (is_option_of(option, subject))
				check_values(subject, option);
			else
				check_no_option(subject, option);
			taken++;
		}
	}
	CHECK(taken > count * (GRAFT_OPTION_COUNT - GRAFT_KEYED_OPTIONS));
}

static void odd_checksum_offset(void)
{
	int fd = open_socket(RAW6);
	CHECK_IS(0, graft_set(fd, GRAFT_CHECKSUM, 16));
	CHECK_IS(-EINVAL, graft_set(fd, GRAFT_CHECKSUM, 17));
	CHECK_IS(16, plain_option(fd, IPPROTO_IPV6, IPV6_CHECKSUM));
}

// ---- sides ----------------------------------------------------------------------------------------------

static void one_side_only(void)
{
	static const enum graft_option both[] = {GRAFT_CLASS, GRAFT_UNICAST_HOPS, GRAFT_MULTICAST_HOPS,
	        GRAFT_MULTICAST_LOOP, GRAFT_MULTICAST_ALL, GRAFT_PATH_MTU_DISCOVERY, GRAFT_RECEIVE_HOPS,
	        GRAFT_RECEIVE_CLASS, GRAFT_RECEIVE_PACKET_INFO};
	for (size_t i = 0; i < COUNT(both); i++) {
		enum graft_option option = both[i];
		const struct graft_option_row *row = &graft_option_rows[option];
		CONTEXT("%s", option_name(option));
		for (enum graft_side side = GRAFT_IPV4; side <= GRAFT_IPV6; side++) {
			int fd = open_socket(UDP6);
			CHECK_IS(0, graft_set(fd, option, row->maximum));
			CHECK_IS(0, graft_side_set(fd, option, side, row->minimum));
			CHECK_IS(row->minimum, plain_side(fd, option, side));
			CHECK_IS(row->maximum, plain_side(fd, option, 1 - side));
			int64_t got;
			CHECK_IS(0, graft_get(fd, option, &got)); // tells of IPv6
			CHECK_IS(side == GRAFT_IPV6 ? row->minimum : (int64_t)row->maximum, got);
			close(fd);
		}
	}
}

static void a_side_without_the_option(void)
{
	int fd = open_socket(UDP6);
	int64_t got = -2;
	CHECK_IS(-ENOPROTOOPT, graft_side_set(fd, GRAFT_TTL, GRAFT_IPV6, 9));
	CHECK_IS(-ENOPROTOOPT, graft_side_set(fd, GRAFT_HOPLIMIT, GRAFT_IPV4, 9));
	CHECK_IS(-ENOPROTOOPT, graft_side_get(fd, GRAFT_TTL, GRAFT_IPV6, &got));
	CHECK_IS(-ENOPROTOOPT, graft_side_get(fd, GRAFT_HOPLIMIT, GRAFT_IPV4, &got));
	CHECK_IS(-2, got);
	// Those of one family alone leave the other alone.
	CHECK_IS(0, graft_set(fd, GRAFT_UNICAST_HOPS, 5));
	CHECK_IS(0, graft_set(fd, GRAFT_TTL, 6));
	CHECK_IS(5, plain_option(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS));
	CHECK_IS(6, plain_option(fd, IPPROTO_IP, IP_TTL));
	CHECK_IS(0, graft_set(fd, GRAFT_HOPLIMIT, 7));
	CHECK_IS(7, plain_option(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS));
	CHECK_IS(6, plain_option(fd, IPPROTO_IP, IP_TTL));
}

// From now on setsockopt on level IPPROTO_IP says EPERM.
static void refuse_ipv4_side(void)
{
	struct sock_filter code[] = {
	        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_setsockopt, 0, 3),
	        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
	        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_IP, 0, 1),
	        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
	        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {COUNT(code), code};
	CHECK(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	CHECK(!prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program));
}

static void both_sides_or_none(void)
{
	int fd = open_socket(UDP6);
	unsigned index = 9;
	for (enum graft_option option = 0; option < GRAFT_OPTION_COUNT; option++)
		if (option != GRAFT_PATH_MTU && option != GRAFT_HEADER_INCLUDED && !is_shared(option) &&
		        has_column(option, GRAFT_IPV4) && has_column(option, GRAFT_IPV6))
			CHECK_IS(0, graft_set(fd, option, graft_option_rows[option].maximum));
	refuse_ipv4_side();
	unsigned tried = 0;
	for (enum graft_option option = 0; option < GRAFT_OPTION_COUNT; option++) {
		const struct graft_option_row *row = &graft_option_rows[option];
		CONTEXT("%s", option_name(option));
		if (option == GRAFT_PATH_MTU || option == GRAFT_HEADER_INCLUDED || is_shared(option) ||
		        !has_column(option, GRAFT_IPV4) || !has_column(option, GRAFT_IPV6))
			continue;
		CHECK_IS(-EPERM, graft_set(fd, option, row->minimum));
		CHECK_IS(row->maximum, plain_side(fd, option, GRAFT_IPV4));
		CHECK_IS(row->maximum, plain_side(fd, option, GRAFT_IPV6));
		tried++;
	}
	CHECK_IS(9, tried);
	CONTEXT("multicast interface");
	CHECK_IS(-EPERM, graft_multicast_interface_set(fd, if_nametoindex("b0")));
	CHECK_IS(0, graft_multicast_interface_get(fd, &index));
	CHECK_IS(0, index);
	CONTEXT("receiving");
	CHECK_IS(0, graft_set(open_socket(UDP6), GRAFT_V6ONLY, 1)); // the filter lets IPv6 through
	CHECK_IS(-EPERM, graft_control_set(fd, GRAFT_WITH_HOPS, false));
	CHECK(graft_control_get(fd) & GRAFT_WITH_HOPS);
}

// ---- path MTU -------------------------------------------------------------------------------------------

static void path_mtu(void)
{
	static const struct {
		enum kind kind;
		const char *peer;
		int level, name;
	} rows[] = {
	        {UDP4, "127.0.0.1", IPPROTO_IP, IP_MTU},
	        {UDP6, "::1", IPPROTO_IPV6, IPV6_MTU},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		int fd = open_socket(rows[i].kind);
		int64_t got = -2;
		union graft_address peer = address_of(rows[i].peer, 9);
		CONTEXT("%s", rows[i].peer);
		CHECK_IS(-ENOTCONN, graft_get(fd, GRAFT_PATH_MTU, &got));
		CHECK_IS(-2, got);
		CHECK(!connect(fd, &peer.any, graft_address_length(&peer)));
		CHECK_IS(0, graft_get(fd, GRAFT_PATH_MTU, &got));
		CHECK_IS(plain_option(fd, rows[i].level, rows[i].name), got);
		CHECK(got >= 65535); // the loopback's
		CHECK_IS(-ENOPROTOOPT, graft_set(fd, GRAFT_PATH_MTU, 1400));
		CHECK_IS(plain_option(fd, rows[i].level, rows[i].name), got);
	}
}

// ---- marks and priorities, without permission -----------------------------------------------------------

static void give_up_rights(void)
{
	CHECK(!syscall(SYS_setresuid, 65534, 65534, 65534));
}

static void marks_without_permission(void)
{
	for (enum kind kind = UDP4; kind <= TCP6; kind++) {
		int fd = open_socket(kind);
		CHECK_IS(0, graft_set(fd, GRAFT_MARK, 4294967295));
		CHECK_IS(0, graft_set(fd, GRAFT_PRIORITY, 7));
	}
	give_up_rights();
	for (enum kind kind = UDP4; kind <= TCP6; kind++) {
		int fd = open_socket(kind);
		CONTEXT("%s", kind_rows[kind].name);
		CHECK_IS(-EPERM, graft_set(fd, GRAFT_MARK, 1));
		CHECK_IS(0, plain_option(fd, SOL_SOCKET, SO_MARK));
		CHECK_IS(0, graft_set(fd, GRAFT_PRIORITY, 6));
		CHECK_IS(-EPERM, graft_set(fd, GRAFT_PRIORITY, 7));
		CHECK_IS(6, plain_option(fd, SOL_SOCKET, SO_PRIORITY));
	}
}

// ---- buffers --------------------------------------------------------------------------------------------

static const struct {
	enum graft_option option;
	const char *most;
	int name;
} buffers[] = {
        {GRAFT_RCVBUF, "/proc/sys/net/core/rmem_max", SO_RCVBUF},
        {GRAFT_SNDBUF, "/proc/sys/net/core/wmem_max", SO_SNDBUF},
};

static int64_t read_number(const char *path)
{
	char text[32] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	CHECK(fd >= 0);
	CHECK(read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	return strtoll(text, NULL, 10);
}

// The kernel keeps twice what was asked for (socket(7)).
static void buffers_within_the_maximum(void)
{
	for (size_t i = 0; i < COUNT(buffers); i++) {
		for (enum kind kind = 0; kind < UNIX; kind++) {
			int fd = open_socket(kind);
			int64_t got = 0;
			CONTEXT("%s of %s", option_name(buffers[i].option), kind_rows[kind].name);
			CHECK_IS(0, graft_buffer_set(fd, buffers[i].option, 20000));
			CHECK_IS(40000, plain_option(fd, SOL_SOCKET, buffers[i].name));
			CHECK_IS(0, graft_set(fd, buffers[i].option, 30000));
			CHECK_IS(60000, plain_option(fd, SOL_SOCKET, buffers[i].name));
			CHECK_IS(0, graft_get(fd, buffers[i].option, &got));
			CHECK_IS(60000, got);
			CHECK_IS(-ERANGE, graft_set(fd, buffers[i].option, 0));
			CHECK_IS(-ERANGE, graft_set(fd, buffers[i].option, 1073741824));
			CHECK_IS(60000, plain_option(fd, SOL_SOCKET, buffers[i].name));
			close(fd);
		}
	}
}

static void buffers_past_the_maximum(void)
{
	for (size_t i = 0; i < COUNT(buffers); i++) {
		int64_t most = read_number(buffers[i].most);
		int fd = open_socket(UDP4);
		CONTEXT("%s", option_name(buffers[i].option));
		CHECK_IS(0, graft_buffer_set(fd, buffers[i].option, most + 10000));
		CHECK_IS(2 * (most + 10000), plain_option(fd, SOL_SOCKET, buffers[i].name));
	}
}

static void buffers_past_the_maximum_without_permission(void)
{
	int64_t most[] = {read_number(buffers[0].most), read_number(buffers[1].most)};
	give_up_rights();
	for (size_t i = 0; i < COUNT(buffers); i++) {
		int fd = open_socket(UDP6);
		CONTEXT("%s", option_name(buffers[i].option));
		CHECK_IS(0, graft_buffer_set(fd, buffers[i].option, most[i]));
		CHECK_IS(2 * most[i], plain_option(fd, SOL_SOCKET, buffers[i].name));
		CHECK_IS(0, graft_buffer_set(fd, buffers[i].option, 20000));
		CHECK_IS(40000, plain_option(fd, SOL_SOCKET, buffers[i].name));
		CHECK_IS(-EPERM, graft_buffer_set(fd, buffers[i].option, most[i] + 1));
		CHECK_IS(2 * most[i], plain_option(fd, SOL_SOCKET, buffers[i].name));
	}
}

static void buffers_out_of_range(void)
{
	static const int64_t sizes[] = {
	        0, -1, 1073741824, INT32_MAX, 1LL << 32, (1LL << 32) + 20000, INT64_MIN};
	for (size_t i = 0; i < COUNT(buffers); i++) {
		for (size_t j = 0; j < COUNT(sizes); j++) {
			int fd = open_socket(UDP4);
			int before = plain_option(fd, SOL_SOCKET, buffers[i].name);
			CONTEXT("%s of %lld bytes", option_name(buffers[i].option), (long long)sizes[j]);
			CHECK_IS(-ERANGE, graft_buffer_set(fd, buffers[i].option, sizes[j]));
			CHECK_IS(before, plain_option(fd, SOL_SOCKET, buffers[i].name));
			close(fd);
		}
	}
}

// ---- timeouts -------------------------------------------------------------------------------------------

// A tick is 1 to 10 ms.
static void timeouts_round_up(void)
{
	static const int64_t times[] = {1, 999, 1000, 1001, 20000000, 999999999, 1000000000, 1000000001,
	        1999999001, 123456000000, 86400000000000};
	for (enum kind kind = 0; kind < KIND_COUNT; kind++) {
		int fd = open_socket(kind);
		for (enum graft_direction direction = GRAFT_RECEIVING; direction <= GRAFT_SENDING;
		        direction++) {
			int64_t got = -1, other = -1;
			for (size_t i = 0; i < COUNT(times); i++) {
				CONTEXT("%lld ns on %s", (long long)times[i], kind_rows[kind].name);
				CHECK_IS(0, graft_timeout_set(fd, direction, times[i]));
				CHECK_IS(0, graft_timeout_get(fd, direction, &got));
				CHECK(got >= times[i] / 1000 * 1000 && got < times[i] + 12000000);
				CHECK_IS(0, graft_timeout_get(fd, GRAFT_SENDING - direction, &other));
				CHECK_IS(0, other);
			}
			CHECK_IS(-EINVAL, graft_timeout_set(fd, direction, -1));
			CHECK_IS(-EINVAL, graft_timeout_set(fd, direction, INT64_MIN));
			CHECK_IS(0, graft_timeout_get(fd, direction, &other));
			CHECK_IS(got, other);
			CHECK_IS(0, graft_timeout_set(fd, direction, 0));
			CHECK_IS(0, graft_timeout_get(fd, direction, &got));
			CHECK_IS(0, got);
		}
	}
}

// So long that the kernel keeps it as for ever, or for as long as a time_t of 32 bits tells: never less.
static void the_longest_timeout(void)
{
	int fd = open_socket(UDP4);
	int64_t got = -1;
	CHECK_IS(0, graft_timeout_set(fd, GRAFT_RECEIVING, INT64_MAX));
	CHECK_IS(0, graft_timeout_get(fd, GRAFT_RECEIVING, &got));
	CHECK(!got || got >= (INT32_MAX - 1LL) * 1000000000);
}

// One that was set without core, so long that nanoseconds can't tell it.
static void a_timeout_past_nanoseconds(void)
{
	static const struct {
		int64_t seconds;
		int64_t nanoseconds;
	} rows[] = {
	        {1000000000000000, INT64_MAX}, {9223372037, INT64_MAX}, {9223372035, 9223372035000000000}};
	int fd = open_socket(UDP4);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct timeval time = {.tv_sec = (time_t)rows[i].seconds};
		int64_t got = -1;
		CONTEXT("%lld seconds", (long long)rows[i].seconds);
		CHECK(!setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time)));
		CHECK_IS(0, graft_timeout_get(fd, GRAFT_RECEIVING, &got));
		CHECK_IS(rows[i].nanoseconds, got);
		CHECK_IS(0, graft_timeout_get(fd, GRAFT_SENDING, &got));
		CHECK_IS(0, got);
	}
}

static void a_timeout_ends_a_call(void)
{
	for (enum kind kind = UDP4; kind <= UDP6; kind++) {
		int fd = open_socket(kind);
		char byte;
		CHECK_IS(0, graft_timeout_set(fd, GRAFT_RECEIVING, 20000000));
		CHECK_IS(-EAGAIN, graft_receive(fd, &byte, 1, NULL, NULL, 0));
	}
}

// ---- drops ----------------------------------------------------------------------------------------------

static void drops(void)
{
	static const struct {
		enum kind kind;
		const char *address;
	} rows[] = {{UDP4, "127.0.0.1"}, {UDP6, "::1"}};
	static const char bytes[2000];
	for (size_t i = 0; i < COUNT(rows); i++) {
		int to = open_socket(rows[i].kind), from = open_socket(rows[i].kind);
		union graft_address address = bind_to(to, rows[i].address, 0);
		uint32_t count = 9;
		CONTEXT("%s", rows[i].address);
		CHECK_IS(0, graft_drops(to, &count));
		CHECK_IS(0, count);
		CHECK_IS(0, graft_set(to, GRAFT_RCVBUF, 1)); // the least that the kernel gives
		for (int sent = 0; sent < 50; sent++)
			CHECK(sendto(from, bytes, sizeof(bytes), 0, &address.any,
			              graft_address_length(&address)) > 0);
		uint32_t arrived = 0;
		char byte;
		while (recv(to, &byte, 1, MSG_DONTWAIT) >= 0)
			arrived++;
		CHECK_IS(0, graft_drops(to, &count));
		CHECK(count > 0);
		CHECK_IS(50, arrived + count);
		CHECK_IS(0, graft_drops(from, &count));
		CHECK_IS(0, count);
	}
}

CASES(CASE(every_row_on_every_socket), CASE(odd_checksum_offset), CASE(one_side_only),
        CASE(a_side_without_the_option), CASE(both_sides_or_none), CASE(path_mtu),
        CASE(marks_without_permission), CASE(buffers_within_the_maximum), CASE(buffers_past_the_maximum),
        CASE(buffers_past_the_maximum_without_permission), CASE(buffers_out_of_range),
        CASE(timeouts_round_up), CASE(the_longest_timeout), CASE(a_timeout_past_nanoseconds),
        CASE(a_timeout_ends_a_call), CASE(drops))
