// send, sendto, sendmsg, sendmmsg and write.
#include "same.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

static char large[1 << 18];

// ---- each, as the sending of some bytes -----------------------------------------------------------------

static long by_send(const struct call *call)
{
	return FUNCTION(ssize_t, int, const void *, size_t, int)(
	        call->fd, call->bytes, call->length, call->flags);
}

static long by_write(const struct call *call)
{
	return FUNCTION(ssize_t, int, const void *, size_t)(call->fd, call->bytes, call->length);
}

static long by_sendto(const struct call *call)
{
	return FUNCTION(ssize_t, int, const void *, size_t, int, const void *, socklen_t)(
	        call->fd, call->bytes, call->length, call->flags, call->address, call->address_length);
}

static struct msghdr message_of(const struct call *call, struct iovec *part)
{
	*part = (struct iovec){call->bytes, call->length};
	return (struct msghdr){.msg_name = call->address,
	        .msg_namelen = call->address_length,
	        .msg_iov = part,
	        .msg_iovlen = 1};
}

static long by_sendmsg_of_bytes(const struct call *call)
{
	struct iovec part;
	const struct msghdr message = message_of(call, &part);
	return FUNCTION(ssize_t, int, const void *, int)(call->fd, &message, call->flags);
}

static long by_sendmmsg_of_bytes(const struct call *call)
{
	struct iovec part;
	struct mmsghdr message = {.msg_hdr = message_of(call, &part), .msg_len = 4711};
	long result = FUNCTION(int, int, void *, unsigned, int)(call->fd, &message, 1, call->flags);
	int error = errno;
	say(": length %u", message.msg_len);
	errno = error;
	return result;
}

// ---- cases of all ---------------------------------------------------------------------------------------

// A socket that is connected to one that listens for what comes.
static int connected_pair(int family, int type, int *other)
{
	*other = made_at(family, type, OTHER_PORT);
	int fd = connected_to(family, type, OTHER_PORT);
	if (type == SOCK_STREAM)
		*other = accept4(*other, NULL, NULL, SOCK_NONBLOCK);
	return fd;
}

static const int types[] = {SOCK_DGRAM, SOCK_STREAM};

static void case_of_bytes(adapter *by, size_t i, const char *text, struct call call)
{
	int other, family = families[i / COUNT(types)], type = types[i % COUNT(types)];
	say(" (%s %s%s)", family_text(family), type == SOCK_DGRAM ? "datagrams" : "stream", text);
	call.fd = connected_pair(family, type, &other);
	attempt(by, &call);
	drain(other);
	end();
}

static const size_t lengths[] = {0, 1, 2, 2000, 65507, 65508, 100000};

static void cases_of_bytes(adapter *by, size_t i)
{
	static const size_t bad_lengths[] = {0, 1, 2, 9000, SSIZE_MAX, SIZE_MAX};
	for (size_t j = 0; j < COUNT(lengths); j++) {
		begin("%zu bytes", lengths[j]);
		case_of_bytes(by, i, "", (struct call){.bytes = large, .length = lengths[j]});
	}
	for (size_t j = 0; j < BAD_POINTERS * COUNT(bad_lengths); j++) {
		const struct pointer *pointer = &bad_pointers[j / COUNT(bad_lengths)];
		begin("%zu bytes at %s", bad_lengths[j % COUNT(bad_lengths)], pointer->text);
		case_of_bytes(by, i, "",
		        (struct call){.bytes = pointer->at, .length = bad_lengths[j % COUNT(bad_lengths)]});
	}
	begin("bytes at the edge");
	void *edge = at_edge("bytes", "at the edge", 11);
	case_of_bytes(by, i, "", (struct call){.bytes = edge, .length = 11});
}

static void cases_of_flags(adapter *by, size_t i)
{
	static const int flags[] = {MSG_OOB, MSG_DONTROUTE, MSG_EOR, MSG_CONFIRM, MSG_DONTWAIT, MSG_NOSIGNAL,
	        MSG_PEEK, MSG_ERRQUEUE, MSG_TRUNC, MSG_FASTOPEN, MSG_ZEROCOPY, 1 << 23, INT_MIN};
	for (size_t j = 0; j < COUNT(flags); j++) {
		begin("flags %x", (unsigned)flags[j]);
		case_of_bytes(by, i, "", (struct call){.bytes = large, .length = 3, .flags = flags[j]});
	}
}

// Nobody is at the port: the second call hears of it.
static void case_of_error(adapter *by, int family)
{
	begin("%s, an error waits", family_text(family));
	const struct call call = {.fd = connected_to(family, SOCK_DGRAM, SILENT_PORT),
	        .bytes = put("bytes", "word", 4),
	        .length = 4};
	attempt(by, &call);
	attempt(by, &call);
	attempt(by, &call);
	end();
}

static void cases_of_sending(adapter *by, bool has_flags)
{
	for (size_t i = 0; i < COUNT(families); i++)
		case_of_error(by, families[i]);
	for (size_t i = 0; i < kind_count; i++) {
		begin("%s", kinds[i].text);
		const struct call call = {.fd = kinds[i].open(), .bytes = (void *)"word", .length = 4};
		attempt(by, &call);
		attempt(by, &call);
		end();
	}
	for (size_t i = 0; i < COUNT(families) * COUNT(types); i++) {
		cases_of_bytes(by, i);
		if (has_flags)
			cases_of_flags(by, i);
	}
}

// ---- to an address --------------------------------------------------------------------------------------

static void case_to_somebody(adapter *by, int family, bool bound, bool whole)
{
	const union name name = name_of(family, OTHER_PORT);
	socklen_t length = name_length(family);
	begin("%s%s to an address%s", family_text(family), bound ? ", bound," : "",
	        whole ? "" : " at the edge");
	int other = made_at(family, SOCK_DGRAM, OTHER_PORT);
	struct call call = {.fd = bound ? made_at(family, SOCK_DGRAM, PORT) : made(family, SOCK_DGRAM),
	        .bytes = put("bytes", "word", 4),
	        .length = 4,
	        .address = whole ? put("address", &name, sizeof(name)) : at_edge("address", &name, length),
	        .address_length = length};
	attempt(by, &call);
	drain(other);
	call.bytes = bad_pointers[1].at;
	attempt(by, &call);
	drain(other);
	call.bytes = put("more", "more", 4);
	attempt(by, &call);
	drain(other);
	end();
}

// A connected socket may send to another address than its peer's.
static void case_past_peer(adapter *by, int family)
{
	const union name name = name_of(family, OTHER_PORT);
	begin("%s, connected, to another", family_text(family));
	int other = made_at(family, SOCK_DGRAM, OTHER_PORT);
	made_at(family, SOCK_DGRAM, OTHER_PORT + 1);
	attempt(by, &(struct call){.fd = connected_to(family, SOCK_DGRAM, OTHER_PORT + 1),
	                    .bytes = put("bytes", "word", 4),
	                    .length = 4,
	                    .address = put("address", &name, sizeof(name)),
	                    .address_length = name_length(family)});
	drain(other);
	end();
}

static void cases_of_addressing(adapter *by)
{
	cases_of_naming(by, &(struct call){.fd = -1, .bytes = (void *)"word", .length = 4});
	for (size_t i = 0; i < COUNT(families); i++) {
		case_to_somebody(by, families[i], false, true);
		case_to_somebody(by, families[i], true, true);
		case_to_somebody(by, families[i], false, false);
		case_past_peer(by, families[i]);
	}
}

// ---- messages -------------------------------------------------------------------------------------------

static long by_sendmsg(const struct call *call)
{
	return FUNCTION(ssize_t, int, const void *, int)(call->fd, call->bytes, call->flags);
}

static long by_sendmmsg(const struct call *call)
{
	return FUNCTION(int, int, void *, unsigned, int)(
	        call->fd, call->bytes, (unsigned)call->length, call->flags);
}

// A message of some parts to the other socket, with a control message.
struct letter {
	struct msghdr *message;
	struct iovec *parts;
	struct cmsghdr *control;
};

enum { PARTS = 3 };

static struct letter write_letter(const union name *to, socklen_t length, int level, int type, int value)
{
	static const struct iovec words[PARTS] = {
	        {(void *)"one ", 4}, {(void *)"two ", 4}, {(void *)"three", 5}};
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control = {.header = {CMSG_LEN(sizeof(int)), level, type}};
	memcpy(CMSG_DATA(&control.header), &value, sizeof(value));
	struct letter letter = {.parts = put("parts", words, sizeof(words)),
	        .control = put("control", &control, sizeof(control))};
	const struct msghdr message = {.msg_name = put("name", to, sizeof(*to)),
	        .msg_namelen = length,
	        .msg_iov = letter.parts,
	        .msg_iovlen = PARTS,
	        .msg_control = type ? letter.control : NULL,
	        .msg_controllen = type ? sizeof(control) : 0};
	letter.message = put("message", &message, sizeof(message));
	return letter;
}

static void good(struct letter *letter, size_t number)
{
	(void)letter, (void)number;
}

static void spoil_name(struct letter *letter, size_t number)
{
	letter->message->msg_name = bad_pointers[number].at;
}

static void spoil_parts(struct letter *letter, size_t number)
{
	letter->message->msg_iov = bad_pointers[number].at;
}

static void spoil_part(struct letter *letter, size_t number)
{
	letter->parts[1].iov_base = bad_pointers[number].at;
}

static void spoil_control(struct letter *letter, size_t number)
{
	letter->message->msg_control = bad_pointers[number].at;
	letter->message->msg_controllen = CMSG_SPACE(sizeof(int));
}

static void spoil_name_length(struct letter *letter, size_t number)
{
	letter->message->msg_namelen = odd_lengths[number];
}

static const size_t odd_sizes[] = {0, 1, 2, 15, 16, 17, 19, 20, 24, 1025, 4096, INT_MAX, SIZE_MAX};

static void spoil_part_length(struct letter *letter, size_t number)
{
	letter->parts[1].iov_len = odd_sizes[number] > 4 ? SIZE_MAX - number : odd_sizes[number];
}

static void spoil_part_count(struct letter *letter, size_t number)
{
	bool too_many = odd_sizes[number] > 2 && odd_sizes[number] < 1025;
	ASSIGN(letter->message->msg_iovlen, too_many ? 1025 : odd_sizes[number]);
}

static void spoil_control_length(struct letter *letter, size_t number)
{
	ASSIGN(letter->message->msg_controllen, odd_sizes[number]);
}

static void spoil_control_header(struct letter *letter, size_t number)
{
	ASSIGN(letter->control->cmsg_len, odd_sizes[number]);
}

static void spoil_flags(struct letter *letter, size_t number)
{
	letter->message->msg_flags = (int)(number - 1);
}

static void leave_name(struct letter *letter, size_t number)
{
	letter->message->msg_name = NULL;
	letter->message->msg_namelen = number ? 16 : 0;
}

static const struct {
	const char *text;
	void (*spoil)(struct letter *letter, size_t number);
	size_t count;
} spoilers[] = {
        {"good", good, 1},
        {"name", spoil_name, BAD_POINTERS},
        {"parts", spoil_parts, BAD_POINTERS},
        {"part", spoil_part, BAD_POINTERS},
        {"control", spoil_control, BAD_POINTERS},
        {"name length", spoil_name_length, 17},
        {"part length", spoil_part_length, COUNT(odd_sizes)},
        {"part count", spoil_part_count, COUNT(odd_sizes)},
        {"control length", spoil_control_length, COUNT(odd_sizes)},
        {"control header", spoil_control_header, COUNT(odd_sizes)},
        {"flags", spoil_flags, 3},
        {"no name", leave_name, 2},
};

static const struct {
	const char *text;
	int level, type, value;
} controls[] = {
        {"nothing", 0, 0, 0},
        {"IP_TTL", IPPROTO_IP, IP_TTL, 9},
        {"IP_TTL 999", IPPROTO_IP, IP_TTL, 999},
        {"IP_TOS", IPPROTO_IP, IP_TOS, 16},
        {"IP_PKTINFO", IPPROTO_IP, IP_PKTINFO, 0},
        {"IPV6_HOPLIMIT", IPPROTO_IPV6, IPV6_HOPLIMIT, 9},
        {"IPV6_PKTINFO", IPPROTO_IPV6, IPV6_PKTINFO, 0},
        {"IP 9999", IPPROTO_IP, 9999, 0},
        {"SCM_RIGHTS", SOL_SOCKET, SCM_RIGHTS, 0},
        {"SCM_RIGHTS -1", SOL_SOCKET, SCM_RIGHTS, -1},
        {"level 9999", 9999, 1, 0},
};

static void case_of_letter(int family, size_t control, size_t spoiler, size_t number, bool many)
{
	const union name name = name_of(family, OTHER_PORT);
	begin("%s, %s, %s %zu", family_text(family), controls[control].text, spoilers[spoiler].text, number);
	int other = made_at(family, SOCK_DGRAM, OTHER_PORT), fd = made(family, SOCK_DGRAM);
	struct letter letter = write_letter(&name, name_length(family), controls[control].level,
	        controls[control].type, controls[control].value);
	spoilers[spoiler].spoil(&letter, number);
	struct mmsghdr second = {.msg_hdr = *letter.message, .msg_len = 4711},
	               vector[3] = {second, second, second};
	vector[0].msg_hdr = vector[2].msg_hdr = (struct msghdr){.msg_name = put("name", &name, sizeof(name)),
	        .msg_namelen = name_length(family),
	        .msg_iov = letter.parts,
	        .msg_iovlen = 1};
	attempt(many ? by_sendmmsg : by_sendmsg,
	        &(struct call){.fd = fd,
	                .bytes = many ? put("vector", vector, sizeof(vector)) : letter.message,
	                .length = 3});
	drain(other);
	end();
}

static void cases_of_letters(bool many)
{
	for (size_t family = 0; family < COUNT(families); family++) {
		for (size_t control = 0; control < COUNT(controls); control++)
			case_of_letter(families[family], control, 0, 0, many);
		for (size_t spoiler = 0; spoiler < COUNT(spoilers); spoiler++)
			for (size_t number = 0; number < spoilers[spoiler].count; number++)
				for (size_t control = 0; control < 2; control++)
					case_of_letter(families[family], control, spoiler, number, many);
	}
}

static const struct {
	const char *text;
	int family, type;
} senders[] = {{"udp4", AF_INET, SOCK_DGRAM}, {"udp6", AF_INET6, SOCK_DGRAM}, {"tcp4", AF_INET, SOCK_STREAM},
        {"unix", AF_UNIX, SOCK_DGRAM}};

static void cases_of_bad_messages(adapter *by)
{
	static const size_t counts[] = {0, 1, 3, 1024, UINT_MAX};
	for (size_t i = 0; i < BAD_POINTERS * COUNT(counts) * COUNT(senders); i++) {
		const struct pointer *pointer = &bad_pointers[i % BAD_POINTERS];
		const size_t j = i / BAD_POINTERS % COUNT(counts), k = i / BAD_POINTERS / COUNT(counts);
		begin("%s, %zu messages at %s", senders[k].text, counts[j], pointer->text);
		attempt(by, &(struct call){.fd = made(senders[k].family, senders[k].type),
		                    .bytes = pointer->at,
		                    .length = counts[j]});
		end();
	}
}

CASES(send)
{
	cases_of_sending(by_send, true);
}
ALIAS(__send, send)

CASES(write)
{
	cases_of_sending(by_write, false);
}
ALIAS(__write, write)

static long by_writev_of_bytes(const struct call *call)
{
	const struct iovec parts[2] = {{call->bytes, call->length}, {NULL, 0}};
	return FUNCTION(ssize_t, int, const void *, int)(call->fd, parts, 2);
}

static long by_writev(const struct call *call)
{
	return FUNCTION(ssize_t, int, const void *, int)(call->fd, call->bytes, (int)call->length);
}

CASES(writev)
{
	cases_of_sending(by_writev_of_bytes, false);
	cases_of_bad_messages(by_writev);
}

CASES(sendto)
{
	cases_of_sending(by_sendto, true);
	cases_of_addressing(by_sendto);
}

CASES(sendmsg)
{
	cases_of_sending(by_sendmsg_of_bytes, true);
	cases_of_addressing(by_sendmsg_of_bytes);
	cases_of_letters(false);
	cases_of_bad_messages(by_sendmsg);
}
ALIAS(__sendmsg, sendmsg)
ALIAS(__sendmsg64, sendmsg)

// Some of the messages lie beyond the edge.
static void case_of_straddling_messages(int family)
{
	const union name name = name_of(family, OTHER_PORT);
	begin("%s, two messages, and more said", family_text(family));
	int other = made_at(family, SOCK_DGRAM, OTHER_PORT);
	struct letter letter = write_letter(&name, name_length(family), 0, 0, 0);
	const struct mmsghdr vector[2] = {{*letter.message, 4711}, {*letter.message, 4711}};
	attempt(by_sendmmsg, &(struct call){.fd = made(family, SOCK_DGRAM),
	                             .bytes = at_edge("vector", vector, sizeof(vector)),
	                             .length = 4});
	drain(other);
	end();
}

CASES(sendmmsg)
{
	cases_of_sending(by_sendmmsg_of_bytes, true);
	cases_of_addressing(by_sendmmsg_of_bytes);
	cases_of_letters(true);
	cases_of_bad_messages(by_sendmmsg);
	for (size_t i = 0; i < COUNT(families); i++)
		case_of_straddling_messages(families[i]);
}
ALIAS(__sendmmsg, sendmmsg)
ALIAS(__sendmmsg64, sendmmsg)
