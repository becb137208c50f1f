// recv, recvfrom, recvmsg, recvmmsg, read and readv.
#include "same.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

// ---- each, as the receiving of some bytes ---------------------------------------------------------------

static long by_recv(const struct call *call)
{
	return FUNCTION(ssize_t, int, void *, size_t, int)(call->fd, call->bytes, call->length, call->flags);
}

// With the buffer's size as the compiler knows it; one that is too small ends the program.
static long by_recv_chk(const struct call *call)
{
	return FUNCTION(ssize_t, int, void *, size_t, size_t, int)(
	        call->fd, call->bytes, call->length, call->size ? call->size - 1 : SIZE_MAX, call->flags);
}

static long by_read(const struct call *call)
{
	return FUNCTION(ssize_t, int, void *, size_t)(call->fd, call->bytes, call->length);
}

static long by_read_chk(const struct call *call)
{
	return FUNCTION(ssize_t, int, void *, size_t, size_t)(
	        call->fd, call->bytes, call->length, call->size ? call->size - 1 : SIZE_MAX);
}

static long by_recvfrom(const struct call *call)
{
	return FUNCTION(ssize_t, int, void *, size_t, int, void *, socklen_t *)(
	        call->fd, call->bytes, call->length, call->flags, call->address, call->room);
}

static long by_recvfrom_chk(const struct call *call)
{
	return FUNCTION(ssize_t, int, void *, size_t, size_t, int, void *, socklen_t *)(call->fd, call->bytes,
	        call->length, call->size ? call->size - 1 : SIZE_MAX, call->flags, call->address, call->room);
}

static long by_readv_of_bytes(const struct call *call)
{
	const struct iovec parts[2] = {{call->bytes, call->length}, {NULL, 0}};
	return FUNCTION(ssize_t, int, const void *, int)(call->fd, parts, 2);
}

static long by_recvmsg_of_bytes(const struct call *call)
{
	struct iovec part = {call->bytes, call->length};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	return FUNCTION(ssize_t, int, void *, int)(call->fd, &message, call->flags);
}

static long by_recvmmsg_of_bytes(const struct call *call)
{
	struct iovec part = {call->bytes, call->length};
	struct mmsghdr message = {.msg_hdr = {.msg_iov = &part, .msg_iovlen = 1}};
	return FUNCTION(int, int, void *, unsigned, int, void *)(call->fd, &message, 1, call->flags, NULL);
}

// ---- cases of all ---------------------------------------------------------------------------------------

static const int types[] = {SOCK_DGRAM, SOCK_STREAM};
enum { SOCKETS = COUNT(families) * COUNT(types) };

static int loaded_number(size_t i)
{
	return loaded(families[i / COUNT(types)], types[i % COUNT(types)], "hello");
}

static void say_socket(size_t i)
{
	say(" (%s %s)", family_text(families[i / COUNT(types)]),
	        types[i % COUNT(types)] == SOCK_DGRAM ? "datagram" : "stream");
}

static void case_of_bytes(adapter *by, size_t i, struct call call)
{
	say_socket(i);
	call.fd = loaded_number(i);
	attempt(by, &call);
	drain(call.fd);
	end();
}

static void cases_of_bytes(adapter *by, size_t i)
{
	static const size_t lengths[] = {0, 1, 4, 5, 6, 1000};
	static const size_t bad_lengths[] = {0, 1, 5, SSIZE_MAX, SIZE_MAX};
	for (size_t j = 0; j < COUNT(lengths); j++) {
		begin("%zu bytes", lengths[j]);
		case_of_bytes(by, i, (struct call){.bytes = room("bytes", lengths[j]), .length = lengths[j]});
	}
	for (size_t j = 0; j < BAD_POINTERS * COUNT(bad_lengths); j++) {
		const struct pointer *pointer = &bad_pointers[j / COUNT(bad_lengths)];
		begin("%zu bytes at %s", bad_lengths[j % COUNT(bad_lengths)], pointer->text);
		case_of_bytes(by, i,
		        (struct call){.bytes = pointer->at, .length = bad_lengths[j % COUNT(bad_lengths)]});
	}
	begin("bytes at the edge");
	void *edge = at_edge("bytes", "....", 4);
	case_of_bytes(by, i, (struct call){.bytes = edge, .length = 4});
}

static void cases_of_flags(adapter *by, size_t i)
{
	static const int flags[] = {MSG_OOB, MSG_PEEK, MSG_TRUNC, MSG_PEEK | MSG_TRUNC, MSG_WAITALL,
	        MSG_DONTWAIT, MSG_ERRQUEUE, MSG_CMSG_CLOEXEC, MSG_WAITFORONE, MSG_NOSIGNAL, MSG_CTRUNC,
	        1 << 23, INT_MIN};
	for (size_t j = 0; j < COUNT(flags); j++) {
		begin("flags %x", (unsigned)flags[j]);
		case_of_bytes(
		        by, i, (struct call){.bytes = room("bytes", 16), .length = 3, .flags = flags[j]});
	}
}

static void cases_of_kinds(adapter *by)
{
	for (size_t i = 0; i < kind_count; i++) {
		begin("%s", kinds[i].text);
		const struct call call = {.fd = kinds[i].open(), .bytes = room("bytes", 32), .length = 32};
		attempt(by, &call);
		attempt(by, &call);
		end();
		begin("%s, nothing wanted", kinds[i].text);
		attempt(by, &(struct call){.fd = kinds[i].open(), .bytes = room("bytes", 32)});
		end();
	}
}

// Nobody was at the port that the socket had sent to.
static void case_of_error(adapter *by, int family)
{
	begin("%s, an error waits", family_text(family));
	const struct call call = {.fd = connected_to(family, SOCK_DGRAM, SILENT_PORT),
	        .bytes = room("bytes", 32),
	        .length = 32};
	send(call.fd, "word", 4, 0);
	attempt(by, &call);
	attempt(by, &call);
	end();
}

static void cases_of_receiving(adapter *by, bool has_flags)
{
	cases_of_kinds(by);
	for (size_t i = 0; i < COUNT(families); i++)
		case_of_error(by, families[i]);
	for (size_t i = 0; i < SOCKETS; i++) {
		cases_of_bytes(by, i);
		if (has_flags)
			cases_of_flags(by, i);
	}
}

static void cases_of_checked(adapter *by)
{
	static const size_t sizes[] = {0, 1, 15, 16, 17, SIZE_MAX - 1};
	for (size_t i = 0; i < COUNT(sizes) * kind_count; i++) {
		begin("%s, 16 bytes wanted where there are %zu", kinds[i / COUNT(sizes)].text,
		        sizes[i % COUNT(sizes)]);
		attempt(by, &(struct call){.fd = kinds[i / COUNT(sizes)].open(),
		                    .bytes = room("bytes", 16),
		                    .length = 16,
		                    .size = sizes[i % COUNT(sizes)] + 1});
		end();
	}
}

CASES(recv)
{
	cases_of_receiving(by_recv, true);
}
ALIAS(__recv, recv)

CASES(__recv_chk)
{
	cases_of_receiving(by_recv_chk, true);
	cases_of_checked(by_recv_chk);
}

CASES(read)
{
	cases_of_receiving(by_read, false);
}
ALIAS(__read, read)

CASES(__read_chk)
{
	cases_of_receiving(by_read_chk, false);
	cases_of_checked(by_read_chk);
}

// ---- readv ----------------------------------------------------------------------------------------------

static long by_readv(const struct call *call)
{
	return FUNCTION(ssize_t, int, const void *, int)(call->fd, call->bytes, call->flags);
}

static void case_of_parts(size_t i, const char *text, size_t length, int count)
{
	begin("%s of %zu, count %d", text, length, count);
	say_socket(i);
	const struct iovec parts[3] = {
	        {room("first", 2), 2}, {room("second", 8), length}, {room("third", 8), 8}};
	attempt(by_readv,
	        &(struct call){
	                .fd = loaded_number(i), .bytes = put("parts", parts, sizeof(parts)), .flags = count});
	end();
}

CASES(readv)
{
	static const int counts[] = {0, 1, 2, 3, -1, 1025, INT_MAX, INT_MIN};
	static const size_t lengths[] = {0, 2, 8, SSIZE_MAX, SIZE_MAX};
	cases_of_receiving(by_readv_of_bytes, false);
	for (size_t i = 0; i < SOCKETS; i++) {
		for (size_t j = 0; j < COUNT(counts); j++)
			case_of_parts(i, "parts", 8, counts[j]);
		for (size_t j = 0; j < COUNT(lengths); j++)
			case_of_parts(i, "parts", lengths[j], 3);
		for (size_t j = 0; j < BAD_POINTERS * COUNT(counts); j++) {
			begin("%d parts at %s", counts[j / BAD_POINTERS],
			        bad_pointers[j % BAD_POINTERS].text);
			say_socket(i);
			attempt(by_readv, &(struct call){.fd = loaded_number(i),
			                          .bytes = bad_pointers[j % BAD_POINTERS].at,
			                          .flags = counts[j / BAD_POINTERS]});
			end();
		}
	}
}

// ---- recvfrom -------------------------------------------------------------------------------------------

// What the calls on an address alone don't take.
static adapter *asking_by;
static unsigned char buffer[16];

static long by_asking(const struct call *call)
{
	struct call whole = *call;
	whole.bytes = buffer;
	whole.length = sizeof(buffer);
	return asking_by(&whole);
}

static int open_datagram(int family)
{
	return loaded(family, SOCK_DGRAM, "hello");
}

static int open_stream(int family)
{
	return loaded(family, SOCK_STREAM, "hello");
}

static int open_nothing(int family)
{
	return made_at(family, SOCK_DGRAM, PORT);
}

static void cases_of_senders(adapter *by)
{
	asking_by = by;
	for (size_t i = 0; i < COUNT(families); i++) {
		cases_of_asking(by_asking, " datagram", open_datagram, families[i]);
		cases_of_asking(by_asking, " stream", open_stream, families[i]);
		cases_of_asking(by_asking, " nothing", open_nothing, families[i]);
	}
}

CASES(recvfrom)
{
	cases_of_receiving(by_recvfrom, true);
	cases_of_senders(by_recvfrom);
}

CASES(__recvfrom_chk)
{
	cases_of_receiving(by_recvfrom_chk, true);
	cases_of_checked(by_recvfrom_chk);
	cases_of_senders(by_recvfrom_chk);
}

// ---- messages -------------------------------------------------------------------------------------------

static long by_recvmsg(const struct call *call)
{
	return FUNCTION(ssize_t, int, void *, int)(call->fd, call->bytes, call->flags);
}

static long by_recvmmsg(const struct call *call)
{
	return FUNCTION(int, int, void *, unsigned, int, void *)(
	        call->fd, call->bytes, (unsigned)call->length, call->flags, call->time);
}

// A socket that says with each datagram what it knows, with three to come.
static int open_talkative(int family)
{
	static const struct {
		int level, name;
	} asked[] = {{IPPROTO_IP, IP_RECVTTL}, {IPPROTO_IP, IP_RECVTOS}, {IPPROTO_IP, IP_PKTINFO},
	        {IPPROTO_IPV6, IPV6_RECVHOPLIMIT}, {IPPROTO_IPV6, IPV6_RECVPKTINFO}};
	const union name name = name_of(family, PORT);
	int fd = made_at(family, SOCK_DGRAM, PORT), peer = made_at(family, SOCK_DGRAM, OTHER_PORT), on = 1;
	for (size_t i = 0; i < COUNT(asked); i++)
		setsockopt(fd, asked[i].level, asked[i].name, &on, sizeof(on));
	for (size_t i = 1; i < 4; i++)
		sendto(peer, "hello", i, 0, &name.any, name_length(family));
	return fd;
}

// A socket that gets two descriptors with three bytes; of another family, none.
static int open_with_rights(int family)
{
	int fds[2] = {made(AF_INET, SOCK_DGRAM), made_at(AF_INET, SOCK_DGRAM, OTHER_PORT + 1)};
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(fds))];
	} control = {.header = {CMSG_LEN(sizeof(fds)), SOL_SOCKET, SCM_RIGHTS}};
	union name name = name_of(family, PORT);
	struct iovec part = {(void *)"abc", 3};
	int fd = made_at(family, SOCK_DGRAM, PORT), peer = made_at(family, SOCK_DGRAM, OTHER_PORT);
	memcpy(CMSG_DATA(&control.header), fds, sizeof(fds));
	const struct msghdr message = {.msg_name = &name,
	        .msg_namelen = name_length(family),
	        .msg_iov = &part,
	        .msg_iovlen = 1,
	        .msg_control = &control,
	        .msg_controllen = sizeof(control)};
	sendmsg(peer, &message, 0);
	return fd;
}

static const struct pot {
	const char *text;
	int (*open)(int family);
} pots[] = {{"talkative", open_talkative}, {"with rights", open_with_rights}, {"nothing", open_nothing},
        {"stream", open_stream}};

// Room for a message, of which one thing is spoilt.
struct form {
	struct msghdr *message;
	struct iovec *parts;
};

enum { CONTROL_ROOM = 200 };

static struct form draw_up(void)
{
	const struct iovec parts[2] = {{room("first", 2), 2}, {room("second", 32), 32}};
	struct form form = {.parts = put("parts", parts, sizeof(parts))};
	const struct msghdr message = {.msg_name = room("name", 140),
	        .msg_namelen = 128,
	        .msg_iov = form.parts,
	        .msg_iovlen = 2,
	        .msg_control = room("control", CONTROL_ROOM),
	        .msg_controllen = CONTROL_ROOM,
	        .msg_flags = 0x5a5a};
	form.message = put("message", &message, sizeof(message));
	return form;
}

static void good(struct form *form, size_t number)
{
	(void)form, (void)number;
}

static void spoil_name(struct form *form, size_t number)
{
	form->message->msg_name = bad_pointers[number].at;
}

static void spoil_name_length(struct form *form, size_t number)
{
	form->message->msg_namelen = odd_lengths[number];
}

static void spoil_parts(struct form *form, size_t number)
{
	form->message->msg_iov = bad_pointers[number].at;
}

static void spoil_part(struct form *form, size_t number)
{
	form->parts[0].iov_base = bad_pointers[number].at;
}

static void spoil_control(struct form *form, size_t number)
{
	form->message->msg_control = bad_pointers[number].at;
}

static const size_t odd_sizes[] = {0, 1, 15, 16, 17, 20, 24, 28, 1025, INT_MAX, SIZE_MAX};

static void spoil_control_length(struct form *form, size_t number)
{
	ASSIGN(form->message->msg_controllen, odd_sizes[number]);
}

static void spoil_part_length(struct form *form, size_t number)
{
	form->parts[0].iov_len = odd_sizes[number] > 2 ? SIZE_MAX - number : odd_sizes[number];
}

static void spoil_part_count(struct form *form, size_t number)
{
	bool too_many = odd_sizes[number] > 2 && odd_sizes[number] < 1025;
	ASSIGN(form->message->msg_iovlen, too_many ? 1025 : odd_sizes[number]);
}

static const struct {
	const char *text;
	void (*spoil)(struct form *form, size_t number);
	size_t count;
} spoilers[] = {
        {"good", good, 1},
        {"name", spoil_name, BAD_POINTERS},
        {"name length", spoil_name_length, 17},
        {"parts", spoil_parts, BAD_POINTERS},
        {"part", spoil_part, BAD_POINTERS},
        {"control", spoil_control, BAD_POINTERS},
        {"control length", spoil_control_length, COUNT(odd_sizes)},
        {"part length", spoil_part_length, COUNT(odd_sizes)},
        {"part count", spoil_part_count, COUNT(odd_sizes)},
};

static void case_of_form(int family, const struct pot *pot, size_t spoiler, size_t number, bool many)
{
	begin("%s %s, %s %zu", family_text(family), pot->text, spoilers[spoiler].text, number);
	int fd = pot->open(family);
	struct form form = draw_up(), second = draw_up();
	spoilers[spoiler].spoil(many ? &second : &form, number);
	const struct mmsghdr vector[3] = {
	        {*form.message, 4711}, {*second.message, 4711}, {*form.message, 4711}};
	attempt(many ? by_recvmmsg : by_recvmsg,
	        &(struct call){.fd = fd,
	                .bytes = many ? put("vector", vector, sizeof(vector)) : form.message,
	                .length = 3});
	drain(fd);
	end();
}

static void cases_of_forms(bool many)
{
	for (size_t i = 0; i < COUNT(families) * COUNT(pots); i++)
		for (size_t spoiler = 0; spoiler < COUNT(spoilers); spoiler++)
			for (size_t number = 0; number < spoilers[spoiler].count; number++)
				case_of_form(families[i / COUNT(pots)], &pots[i % COUNT(pots)], spoiler,
				        number, many);
}

static void cases_of_bad_messages(adapter *by)
{
	static const size_t counts[] = {0, 1, 3, UINT_MAX};
	for (size_t i = 0; i < BAD_POINTERS * COUNT(counts) * SOCKETS; i++) {
		const struct pointer *pointer = &bad_pointers[i % BAD_POINTERS];
		size_t j = i / BAD_POINTERS % COUNT(counts), k = i / BAD_POINTERS / COUNT(counts);
		begin("%zu messages at %s", counts[j], pointer->text);
		say_socket(k);
		attempt(by,
		        &(struct call){.fd = loaded_number(k), .bytes = pointer->at, .length = counts[j]});
		end();
	}
}

static void case_of_rights_with(int flags, adapter *by)
{
	begin("descriptors arrive, flags %x", (unsigned)flags);
	int fd = open_with_rights(AF_UNIX);
	struct form form = draw_up();
	const struct mmsghdr vector = {*form.message, 4711};
	attempt(by, &(struct call){.fd = fd,
	                    .bytes = by == by_recvmsg ? form.message : put("vector", &vector, sizeof(vector)),
	                    .length = 1,
	                    .flags = flags});
	end();
}

CASES(recvmsg)
{
	cases_of_receiving(by_recvmsg_of_bytes, true);
	cases_of_forms(false);
	cases_of_bad_messages(by_recvmsg);
	case_of_rights_with(MSG_CMSG_CLOEXEC, by_recvmsg);
	case_of_rights_with(MSG_PEEK, by_recvmsg);
}
ALIAS(__recvmsg, recvmsg)
ALIAS(__recvmsg64, recvmsg)

// ---- recvmmsg -------------------------------------------------------------------------------------------

static void case_of_time(int family, const char *text, adapter *by, void *time)
{
	begin("%s, timeout %s", family_text(family), text);
	int fd = open_talkative(family);
	const struct form form = draw_up();
	const struct mmsghdr vector[3] = {{*form.message, 0}, {*form.message, 0}, {*form.message, 0}};
	attempt(by,
	        &(struct call){
	                .fd = fd, .bytes = put("vector", vector, sizeof(vector)), .length = 3, .time = time});
	drain(fd);
	end();
}

static void cases_of_recvmmsg(bool wide)
{
	cases_of_receiving(by_recvmmsg_of_bytes, true);
	cases_of_forms(true);
	cases_of_bad_messages(by_recvmmsg);
	case_of_rights_with(MSG_CMSG_CLOEXEC, by_recvmmsg);
	case_of_rights_with(MSG_PEEK, by_recvmmsg);
	for (size_t i = 0; i < COUNT(families); i++) {
		for (size_t j = 0; j < BAD_POINTERS; j++)
			case_of_time(families[i], bad_pointers[j].text, by_recvmmsg, bad_pointers[j].at);
		case_of_time(families[i], "none", by_recvmmsg, time_of(0, 0, wide));
		case_of_time(families[i], "below none", by_recvmmsg, time_of(-1, 0, wide));
		case_of_time(families[i], "of too many ns", by_recvmmsg, time_of(0, 1000000000, wide));
		case_of_time(families[i], "of -1 ns", by_recvmmsg, time_of(0, -1, wide));
	}
}

CASES(recvmmsg)
{
	cases_of_recvmmsg(false);
}

CASES(__recvmmsg64)
{
	cases_of_recvmmsg(true);
}
