// What every function that takes a descriptor says of one that it can't serve, and that nothing has changed then.
#include "check.h"

// Each as a call on a descriptor, with arguments that would do on a good one.
static int64_t number;
static char bytes[128];
static struct graft_icmp_filter icmp_filter;
static struct graft_ipv4_header header = {.ttl = 1, .protocol = 17};
static struct graft_control control = {.with = GRAFT_WITH_HOPS, .hops = 1};
static union graft_address list[2];
static const struct sock_filter accept_all = {BPF_RET | BPF_K, 0, 0, 100};

static union graft_address group(void)
{
	return address_of("239.1.1.1", 0);
}

static int request(int fd, int (*function)(int, unsigned, const union graft_address *))
{
	return function(fd, 1, &(union graft_address){.v4 = group().v4});
}

static int source_request(
        int fd, int (*function)(int, unsigned, const union graft_address *, const union graft_address *))
{
	union graft_address to = group(), source = address_of("10.77.0.9", 0);
	return function(fd, 1, &to, &source);
}

static int resolve_name(int fd)
{
	struct graft_interface by_name = {.by = GRAFT_BY_NAME, .name = "lo"};
	return graft_interface_resolve(fd, &by_name, &(unsigned){0}, 1);
}

static int batch(int fd, int (*function)(int, struct graft_message *, unsigned, int))
{
	static struct graft_message message;
	struct iovec part = {bytes, 1};
	message = (struct graft_message){
	        .parts = &part, .part_count = 1, .address = address_of("127.0.0.1", 9)};
	return function(fd, &message, 1, MSG_DONTWAIT);
}

// ROW(function, what a socket of AF_UNIX gives, the call): 1 for what any socket has.
#define CALLS(ROW)                                                                                           \
	ROW(graft_set, -EAFNOSUPPORT, graft_set(fd, GRAFT_CLASS, 4))                                         \
	ROW(graft_get, -EAFNOSUPPORT, graft_get(fd, GRAFT_CLASS, &number))                                   \
	ROW(graft_side_set, -EOPNOTSUPP, graft_side_set(fd, GRAFT_CLASS, GRAFT_IPV4, 4))                     \
	ROW(graft_side_get, -ENOPROTOOPT, graft_side_get(fd, GRAFT_CLASS, GRAFT_IPV4, &(int64_t){0}))        \
	ROW(graft_buffer_set, 1, graft_buffer_set(fd, GRAFT_RCVBUF, 20000))                                  \
	ROW(graft_timeout_set, 1, graft_timeout_set(fd, GRAFT_RECEIVING, 20000000))                          \
	ROW(graft_timeout_get, 1, graft_timeout_get(fd, GRAFT_RECEIVING, &number))                           \
	ROW(graft_drops, 1, graft_drops(fd, &(uint32_t){0}))                                                 \
	ROW(graft_multicast_interface_set, -EAFNOSUPPORT, graft_multicast_interface_set(fd, 1))              \
	ROW(graft_multicast_interface_get, -EAFNOSUPPORT, graft_multicast_interface_get(fd, &(unsigned){0})) \
	ROW(graft_side_multicast_interface_set, -EOPNOTSUPP,                                                 \
	        graft_side_multicast_interface_set(fd, GRAFT_IPV4, 1))                                       \
	ROW(graft_interface_name, 1, graft_interface_name(fd, 1, bytes))                                     \
	ROW(graft_interface_resolve, 1, resolve_name(fd))                                                    \
	ROW(graft_join, -EOPNOTSUPP, request(fd, graft_join))                                                \
	ROW(graft_leave, -EOPNOTSUPP, request(fd, graft_leave))                                              \
	ROW(graft_join_source, -EOPNOTSUPP, source_request(fd, graft_join_source))                           \
	ROW(graft_leave_source, -EOPNOTSUPP, source_request(fd, graft_leave_source))                         \
	ROW(graft_block_source, -EOPNOTSUPP, source_request(fd, graft_block_source))                         \
	ROW(graft_unblock_source, -EOPNOTSUPP, source_request(fd, graft_unblock_source))                     \
	ROW(graft_sources_get, -ENOPROTOOPT,                                                                 \
	        graft_sources_get(fd, 1, &(union graft_address){.v4 = group().v4}, NULL, list, 2))           \
	ROW(graft_sources_set, -EOPNOTSUPP,                                                                  \
	        graft_sources_set(fd, 1, &(union graft_address){.v4 = group().v4}, GRAFT_EXCLUDE, NULL, 0))  \
	ROW(graft_memberships, -EAFNOSUPPORT, graft_memberships(fd, 0, NULL, 0))                             \
	ROW(graft_control_set, -EAFNOSUPPORT, graft_control_set(fd, GRAFT_WITH_HOPS, true))                  \
	ROW(graft_control_get, -EAFNOSUPPORT, graft_control_get(fd))                                         \
	ROW(graft_receive, -EAGAIN, graft_receive(fd, bytes, 1, NULL, NULL, MSG_DONTWAIT))                   \
	ROW(graft_send, -EINVAL,                                                                             \
	        graft_send(fd, bytes, 1, &(union graft_address){.v4 = group().v4}, &control, 0))             \
	ROW(graft_receive_batch, -EAGAIN, batch(fd, graft_receive_batch))                                    \
	ROW(graft_send_batch, -EINVAL, batch(fd, graft_send_batch))                                          \
	ROW(graft_receive_packet, -EAGAIN, graft_receive_packet(fd, &header, bytes, 1, NULL, MSG_DONTWAIT))  \
	ROW(graft_send_packet, -EINVAL, graft_send_packet(fd, &header, bytes, 1, NULL, 0))                   \
	ROW(graft_icmp_filter_set, -EAFNOSUPPORT, graft_icmp_filter_set(fd, &icmp_filter))                   \
	ROW(graft_icmp_filter_get, -EAFNOSUPPORT, graft_icmp_filter_get(fd, &icmp_filter))                   \
	ROW(graft_bpf_attach, 1, graft_bpf_attach(fd, &accept_all, 1))                                       \
	ROW(graft_bpf_read, 1, graft_bpf_read(fd, &(struct sock_filter){0}, 1))                              \
	ROW(graft_bpf_detach, 1, graft_bpf_detach(fd))

#define ROW(function, unix_result, call)                                                                     \
	static long long call_##function(int fd)                                                             \
	{                                                                                                    \
		return call;                                                                                 \
	}
CALLS(ROW)
#undef ROW

static const struct call {
	const char *name;
	int unix_result;
	long long (*call)(int fd);
} calls[] = {
#define ROW(function, unix_result, call) {#function, unix_result, call_##function},
        CALLS(ROW)
#undef ROW
};

static void closed_descriptor(void)
{
	int closed = open_socket(UDP4);
	close(closed);
	const int fds[] = {closed, -1, 1 << 20};
	for (size_t i = 0; i < COUNT(calls); i++) {
		for (size_t j = 0; j < COUNT(fds); j++) {
			CONTEXT("%s of %d", calls[i].name, fds[j]);
			CHECK_IS(-EBADF, calls[i].call(fds[j]));
		}
	}
}

static void no_socket(void)
{
	int tube[2], file = open("/dev/null", O_RDWR | O_CLOEXEC);
	CHECK(file >= 0 && !pipe2(tube, O_CLOEXEC));
	const int fds[] = {file, tube[0], tube[1]};
	for (size_t i = 0; i < COUNT(calls); i++) {
		for (size_t j = 0; j < COUNT(fds); j++) {
			CONTEXT("%s", calls[i].name);
			CHECK_IS(-ENOTSOCK, calls[i].call(fds[j]));
		}
	}
}

static void socket_of_another_family(void)
{
	int fd = open_socket(UNIX);
	for (size_t i = 0; i < COUNT(calls); i++) {
		CONTEXT("%s", calls[i].name);
		long long got = calls[i].call(fd);
		if (calls[i].unix_result == 1)
			CHECK(got >= 0);
		else
			CHECK_IS(calls[i].unix_result, got);
	}
}

// A descriptor that is wrong leaves what there was to write to as it was.
static void nothing_is_written(void)
{
	const int fds[] = {-1, open("/dev/null", O_RDWR | O_CLOEXEC)};
	for (size_t i = 0; i < COUNT(fds); i++) {
		int64_t kept = 77;
		uint32_t count = 77;
		unsigned index = 77;
		char name[GRAFT_INTERFACE_NAME] = "kept";
		struct graft_icmp_filter filter = {.blocked = {77}};
		struct graft_membership membership = {.index = 77};
		struct sock_filter code = {.k = 77};
		union graft_address to = group(), source = to;
		enum graft_mode mode = 77;
		CHECK(graft_get(fds[i], GRAFT_CLASS, &kept) < 0 && kept == 77);
		CHECK(graft_timeout_get(fds[i], GRAFT_SENDING, &kept) < 0 && kept == 77);
		CHECK(graft_side_get(fds[i], GRAFT_CLASS, GRAFT_IPV4, &kept) < 0 && kept == 77);
		CHECK(graft_drops(fds[i], &count) < 0 && count == 77);
		CHECK(graft_multicast_interface_get(fds[i], &index) < 0 && index == 77);
		CHECK(graft_interface_name(fds[i], 1, name) < 0 && !strcmp(name, "kept"));
		CHECK(graft_icmp_filter_get(fds[i], &filter) < 0 && filter.blocked[0] == 77);
		CHECK(graft_memberships(fds[i], 0, &membership, 1) < 0 && membership.index == 77);
		CHECK(graft_bpf_read(fds[i], &code, 1) < 0 && code.k == 77);
		CHECK(graft_sources_get(fds[i], 1, &to, &mode, &source, 1) < 0 && (int)mode == 77);
	}
}

static void descriptor_of_nobody(void)
{
	CHECK_IS(-EINVAL, graft_descriptor_copy(0, 0));
	CHECK_IS(-EINVAL, graft_descriptor_copy(-1, 0));
	CHECK_IS(-EBADF, graft_descriptor_copy(getpid(), -1));
}

// How many of them are open: functions that open others for a moment close them, whatever happened.
static unsigned open_descriptors(void)
{
	unsigned count = 0;
	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static void no_descriptor_is_left_open(void)
{
	union graft_address to = group(), nowhere = address_of("2001:db8::1", 0);
	struct graft_interface by_address = {.by = GRAFT_BY_ADDRESS, .address = address_of("192.0.2.1", 0)};
	struct graft_interface pattern = {.by = GRAFT_BY_PATTERN, .name = "*"};
	int fd = open_socket(UDP6), device = open("/dev/null", O_RDWR | O_CLOEXEC);
	unsigned before = open_descriptors(), index;
	for (size_t i = 0; i < COUNT(calls); i++) {
		calls[i].call(fd);
		calls[i].call(device);
	}
	graft_route_interface(&to);
	graft_route_interface(&nowhere);
	graft_interface_resolve(fd, &by_address, &index, 1);
	graft_interface_resolve(fd, &pattern, &index, 1);
	graft_descriptor_copy(getpid(), 255);
	graft_descriptor_copy(1 << 22, 0);
	CHECK_IS(before, open_descriptors());
}

CASES(CASE(closed_descriptor), CASE(no_socket), CASE(socket_of_another_family), CASE(nothing_is_written),
        CASE(descriptor_of_nobody), CASE(no_descriptor_is_left_open))
