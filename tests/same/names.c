// bind, connect, listen, getsockname, getpeername: what sockets are called.
#include "same.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

// ---- calls that give an address -------------------------------------------------------------------------

static long by_naming(const struct call *call)
{
	return FUNCTION(int, int, const void *, socklen_t)(call->fd, call->address, call->address_length);
}

static const struct {
	const char *text;
	int port, scope;
} addresses[] = {
        {"127.0.0.1", PORT, 0},
        {"0.0.0.0", PORT, 0},
        {"10.77.0.2", PORT, 0},
        {"127.0.0.1", 0, 0},
        {"0.0.0.0", 0, 0},
        {"127.0.0.1", SILENT_PORT, 0},
        {"10.99.99.99", PORT, 0},
        {"255.255.255.255", PORT, 0},
        {"10.77.0.255", PORT, 0},
        {"239.2.2.2", PORT, 0},
        {"240.0.0.1", PORT, 0},
        {"::1", PORT, 0},
        {"::", PORT, 0},
        {"::", 0, 0},
        {"fd77::2", PORT, 0},
        {"fd99::99", PORT, 0},
        {"fe80::b0", PORT, 0},
        {"fe80::b0", PORT, 999},
        {"ff15::222", PORT, 0},
        {"::ffff:127.0.0.1", PORT, 0},
        {"::ffff:0.0.0.0", PORT, 0},
        {"::ffff:239.2.2.2", PORT, 0},
};

static union name address_number(size_t i, socklen_t *length)
{
	union name name = {.any.sa_family = strchr(addresses[i].text, ':') ? AF_INET6 : AF_INET};
	bool v4 = name.any.sa_family == AF_INET;
	inet_pton(name.any.sa_family, addresses[i].text,
	        v4 ? (void *)&name.v4.sin_addr : (void *)&name.v6.sin6_addr);
	name.v4.sin_port = htons((uint16_t)addresses[i].port);
	if (!v4)
		name.v6.sin6_scope_id = (uint32_t)addresses[i].scope;
	*length = name_length(name.any.sa_family);
	return name;
}

static const int types[] = {SOCK_DGRAM, SOCK_STREAM};

static const char *type_text(int type)
{
	return type == SOCK_DGRAM ? "datagrams" : "stream";
}

// `rest` with an address.
static struct call naming(const struct call *rest, int fd, void *address, socklen_t length)
{
	struct call call = *rest;
	call.fd = fd;
	call.address = address;
	call.address_length = length;
	return call;
}

static void cases_of_addresses(adapter *by, const struct call *rest, int family, int type)
{
	for (size_t i = 0; i < COUNT(addresses); i++) {
		socklen_t length;
		const union name name = address_number(i, &length);
		begin("%s %s, %s %d scope %d", family_text(family), type_text(type), addresses[i].text,
		        addresses[i].port, addresses[i].scope);
		const struct call call =
		        naming(rest, made(family, type), put("address", &name, sizeof(name)), length);
		attempt(by, &call);
		end();
	}
}

static void cases_of_lengths(adapter *by, const struct call *rest, int family, int type)
{
	const union name name = name_of(family, PORT);
	for (size_t i = 0; i < odd_length_count; i++) {
		begin("%s %s, length %u", family_text(family), type_text(type), odd_lengths[i]);
		const struct call call =
		        naming(rest, made(family, type), put("address", &name, sizeof(name)), odd_lengths[i]);
		attempt(by, &call);
		end();
	}
}

static void cases_of_pointers(adapter *by, const struct call *rest, int family, int type)
{
	static const socklen_t lengths[] = {0, 1, 16, 28, 128, UINT32_MAX};
	for (size_t i = 0; i < BAD_POINTERS * COUNT(lengths); i++) {
		const struct pointer *pointer = &bad_pointers[i / COUNT(lengths)];
		socklen_t length = lengths[i % COUNT(lengths)];
		begin("%s %s, address %s, length %u", family_text(family), type_text(type), pointer->text,
		        length);
		const struct call call = naming(rest, made(family, type), pointer->at, length);
		attempt(by, &call);
		end();
	}
}

static void cases_of_families(adapter *by, const struct call *rest, int family, int type)
{
	static const int others[] = {AF_UNSPEC, AF_INET, AF_INET6, AF_UNIX, AF_NETLINK, 77, 65535};
	for (size_t i = 0; i < 2 * COUNT(others); i++) {
		union name name = {.any.sa_family = (sa_family_t)others[i / 2]};
		if (i % 2)
			name.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		begin("%s %s, address %zu of family %d", family_text(family), type_text(type), i % 2,
		        others[i / 2]);
		const struct call call = naming(
		        rest, made(family, type), put("address", &name, sizeof(name)), sizeof(name.v6));
		attempt(by, &call);
		end();
	}
}

void cases_of_naming(adapter *by, const struct call *rest)
{
	const union name name = name_of(AF_INET, PORT);
	for (size_t i = 0; i < kind_count; i++) {
		begin("%s", kinds[i].text);
		const struct call call =
		        naming(rest, kinds[i].open(), put("address", &name, sizeof(name)), sizeof(name.v4));
		attempt(by, &call);
		end();
	}
	for (size_t i = 0; i < COUNT(families) * COUNT(types); i++) {
		int family = families[i / COUNT(types)], type = types[i % COUNT(types)];
		cases_of_lengths(by, rest, family, type);
		cases_of_pointers(by, rest, family, type);
		cases_of_families(by, rest, family, type);
		if (family != AF_UNIX)
			cases_of_addresses(by, rest, family, type);
	}
}

// An address that ends where the memory does.
static void case_at_edge(int family, int type)
{
	const union name name = name_of(family, PORT);
	socklen_t length = name_length(family);
	begin("%s %s, address at the edge", family_text(family), type_text(type));
	attempt(by_naming, &(struct call){.fd = made(family, type),
	                           .address = at_edge("address", &name, length),
	                           .address_length = length});
	end();
}

// ---- bind -----------------------------------------------------------------------------------------------

static void case_taken_port(int family, int type)
{
	const union name name = name_of(family, PORT);
	begin("%s %s, the port is taken", family_text(family), type_text(type));
	made_at(family, type, PORT);
	attempt(by_naming, &(struct call){.fd = made(family, type),
	                           .address = put("address", &name, sizeof(name)),
	                           .address_length = name_length(family)});
	end();
}

static void case_bound_twice(int family, int type)
{
	const union name name = name_of(family, OTHER_PORT);
	begin("%s %s, bound already", family_text(family), type_text(type));
	attempt(by_naming, &(struct call){.fd = made_at(family, type, PORT),
	                           .address = put("address", &name, sizeof(name)),
	                           .address_length = name_length(family)});
	end();
}

// A failed bind, then a good one.
static void case_second_try(int family, int type)
{
	union name name = name_of(family, PORT);
	begin("%s %s, a second try", family_text(family), type_text(type));
	struct call call = {.fd = made(family, type),
	        .address = put("address", &name, sizeof(name)),
	        .address_length = 1};
	attempt(by_naming, &call);
	call.address_length = name_length(family);
	attempt(by_naming, &call);
	end();
}

CASES(bind)
{
	cases_of_naming(by_naming, &(struct call){.fd = -1});
	for (size_t i = 0; i < COUNT(families) * COUNT(types); i++) {
		int family = families[i / COUNT(types)], type = types[i % COUNT(types)];
		case_at_edge(family, type);
		case_taken_port(family, type);
		case_bound_twice(family, type);
		case_second_try(family, type);
	}
}

// ---- connect --------------------------------------------------------------------------------------------

static void case_somebody_there(int family, int type)
{
	const union name name = name_of(family, PORT);
	begin("%s %s, to somebody", family_text(family), type_text(type));
	int there = made_at(family, type, PORT);
	struct call call = {.fd = made(family, type),
	        .address = put("address", &name, sizeof(name)),
	        .address_length = name_length(family)};
	attempt(by_naming, &call);
	send(call.fd, "word", 4, MSG_NOSIGNAL);
	drain(there);
	attempt(by_naming, &call);
	attempt(by_naming, &call);
	end();
}

static void case_disconnect(int family, int type)
{
	const struct sockaddr none = {.sa_family = AF_UNSPEC};
	const union name name = name_of(family, PORT);
	begin("%s %s, disconnected", family_text(family), type_text(type));
	made_at(family, type, PORT);
	struct call call = {.fd = made_at(family, SOCK_DGRAM, OTHER_PORT),
	        .address = put("address", &name, sizeof(name)),
	        .address_length = name_length(family)};
	attempt(by_naming, &call);
	call.address = put("none", &none, sizeof(none));
	call.address_length = sizeof(none);
	attempt(by_naming, &call);
	call.address_length = sizeof(none.sa_family);
	attempt(by_naming, &call);
	call.address_length = 1;
	attempt(by_naming, &call);
	end();
}

CASES(connect)
{
	cases_of_naming(by_naming, &(struct call){.fd = -1});
	for (size_t i = 0; i < COUNT(families) * COUNT(types); i++) {
		int family = families[i / COUNT(types)], type = types[i % COUNT(types)];
		case_at_edge(family, type);
		case_somebody_there(family, type);
		case_disconnect(family, type);
	}
}
ALIAS(__connect, connect)

// ---- listen ---------------------------------------------------------------------------------------------

static long by_listen(const struct call *call)
{
	return FUNCTION(int, int, int)(call->fd, call->flags);
}

CASES(listen)
{
	static const int backlogs[] = {0, 1, -1, INT_MAX, INT_MIN};
	for (size_t i = 0; i < kind_count; i++) {
		begin("%s", kinds[i].text);
		attempt(by_listen, &(struct call){.fd = kinds[i].open(), .flags = 5});
		end();
	}
	for (size_t i = 0; i < COUNT(families) * COUNT(backlogs); i++) {
		int backlog = backlogs[i % COUNT(backlogs)], family = families[i / COUNT(backlogs)];
		begin("%s, backlog %d", family_text(family), backlog);
		attempt(by_listen,
		        &(struct call){.fd = made_at(family, SOCK_STREAM, PORT), .flags = backlog});
		end();
	}
}

// ---- calls that ask for an address ----------------------------------------------------------------------

static long by_asking(const struct call *call)
{
	return FUNCTION(int, int, void *, socklen_t *)(call->fd, call->address, call->room);
}

static struct call asking(int fd, socklen_t length)
{
	return (struct call){.fd = fd, .address = room("address", 160), .room = put_number("length", length)};
}

void cases_of_asking(adapter *by, const char *text, int (*open)(int family), int family)
{
	for (size_t i = 0; i < odd_length_count; i++) {
		begin("%s%s, length %u", family_text(family), text, odd_lengths[i]);
		const struct call call = asking(open(family), odd_lengths[i]);
		attempt(by, &call);
		end();
	}
	for (size_t i = 0; i < 2 * BAD_POINTERS; i++) {
		begin("%s%s, address %s, length %d", family_text(family), text, bad_pointers[i / 2].text,
		        i % 2 ? 0 : 28);
		struct call call = asking(open(family), i % 2 ? 0 : 28);
		call.address = bad_pointers[i / 2].at;
		attempt(by, &call);
		end();
	}
	for (size_t i = 0; i < 2 * BAD_POINTERS; i++) {
		begin("%s%s, length %s%s", family_text(family), text, bad_pointers[i / 2].text,
		        i % 2 ? ", no address" : "");
		struct call call = asking(open(family), 0);
		call.room = bad_pointers[i / 2].at;
		if (i % 2)
			call.address = NULL;
		attempt(by, &call);
		end();
	}
}

static void cases_of_asking_kinds(void)
{
	for (size_t i = 0; i < kind_count; i++) {
		begin("%s", kinds[i].text);
		const struct call call = asking(kinds[i].open(), sizeof(union name));
		attempt(by_asking, &call);
		end();
	}
}

static int open_bound(int family)
{
	return made_at(family, SOCK_DGRAM, PORT);
}

static int open_connected(int family)
{
	const union name name = name_of(family, OTHER_PORT);
	int fd = open_bound(family);
	made_at(family, SOCK_DGRAM, OTHER_PORT);
	connect(fd, &name.any, name_length(family));
	return fd;
}

CASES(getsockname)
{
	cases_of_asking_kinds();
	for (size_t i = 0; i < COUNT(families); i++) {
		cases_of_asking(by_asking, " bound", open_bound, families[i]);
		cases_of_asking(by_asking, " connected", open_connected, families[i]);
	}
}

CASES(getpeername)
{
	cases_of_asking_kinds();
	for (size_t i = 0; i < COUNT(families); i++) {
		cases_of_asking(by_asking, " bound", open_bound, families[i]);
		cases_of_asking(by_asking, " connected", open_connected, families[i]);
	}
}
