// How descriptors are made, copied and ended.
#include "same.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

// ---- socket, socketpair ---------------------------------------------------------------------------------

static long by_socket(const struct call *call)
{
	return FUNCTION(int, int, int, int)(call->level, call->flags, call->name);
}

static long by_socketpair(const struct call *call)
{
	return FUNCTION(int, int, int, int, void *)(call->level, call->flags, call->name, call->bytes);
}

// Where no descriptor can be had.
static long without_room(adapter *by, const struct call *call)
{
	struct rlimit before, none;
	getrlimit(RLIMIT_NOFILE, &before);
	none = before;
	none.rlim_cur = 3;
	setrlimit(RLIMIT_NOFILE, &none);
	long result = by(call);
	int error = errno;
	setrlimit(RLIMIT_NOFILE, &before);
	errno = error;
	return result;
}

static long by_socket_without_room(const struct call *call)
{
	return without_room(by_socket, call);
}

static long by_socketpair_without_room(const struct call *call)
{
	return without_room(by_socketpair, call);
}

static const struct {
	const char *text;
	int family, type, protocol;
} sorts[] = {
        {"udp4", AF_INET, SOCK_DGRAM, 0},
        {"udp4 said so", AF_INET, SOCK_DGRAM, IPPROTO_UDP},
        {"udp4 with flags", AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0},
        {"tcp4", AF_INET, SOCK_STREAM, 0},
        {"mptcp", AF_INET, SOCK_STREAM, 262},
        {"sctp", AF_INET, SOCK_SEQPACKET, 132},
        {"udplite", AF_INET, SOCK_DGRAM, 136},
        {"ping", AF_INET, SOCK_DGRAM, IPPROTO_ICMP},
        {"raw icmp", AF_INET, SOCK_RAW, IPPROTO_ICMP},
        {"raw any", AF_INET, SOCK_RAW, IPPROTO_RAW},
        {"raw nothing", AF_INET, SOCK_RAW, 0},
        {"tcp protocol, datagrams", AF_INET, SOCK_DGRAM, IPPROTO_TCP},
        {"no such protocol", AF_INET, SOCK_DGRAM, 9999},
        {"protocol -1", AF_INET, SOCK_DGRAM, -1},
        {"type 0", AF_INET, 0, 0},
        {"type 15", AF_INET, 15, 0},
        {"type -1", AF_INET, -1, 0},
        {"unknown flag", AF_INET, SOCK_DGRAM | 1 << 20, 0},
        {"udp6", AF_INET6, SOCK_DGRAM, 0},
        {"udp6 with flags", AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0},
        {"tcp6", AF_INET6, SOCK_STREAM, 0},
        {"raw6", AF_INET6, SOCK_RAW, IPPROTO_ICMPV6},
        {"unix datagrams", AF_UNIX, SOCK_DGRAM, 0},
        {"unix stream", AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0},
        {"unix packets", AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0},
        {"unix, protocol 5", AF_UNIX, SOCK_DGRAM, 5},
        {"netlink", AF_NETLINK, SOCK_RAW, 0},
        {"packets", AF_PACKET, SOCK_DGRAM, 0},
        {"no family", AF_UNSPEC, SOCK_DGRAM, 0},
        {"family -1", -1, SOCK_DGRAM, 0},
        {"family 999", 999, SOCK_DGRAM, 0},
};

static struct call of_sort(size_t i)
{
	return (struct call){
	        .fd = -1, .level = sorts[i].family, .flags = sorts[i].type, .name = sorts[i].protocol};
}

CASES(socket)
{
	for (size_t i = 0; i < COUNT(sorts); i++) {
		const struct call call = of_sort(i);
		begin("%s", sorts[i].text);
		attempt(by_socket, &call);
		end();
		begin("%s, no descriptor left", sorts[i].text);
		attempt(by_socket_without_room, &call);
		end();
	}
}

CASES(socketpair)
{
	for (size_t i = 0; i < COUNT(sorts); i++) {
		struct call call = of_sort(i);
		begin("%s", sorts[i].text);
		call.bytes = room("fds", 2 * sizeof(int));
		attempt(by_socketpair, &call);
		end();
		begin("%s, no descriptor left", sorts[i].text);
		call.bytes = room("fds", 2 * sizeof(int));
		attempt(by_socketpair_without_room, &call);
		end();
	}
	for (size_t i = 0; i < 2 * BAD_POINTERS; i++) {
		begin("%s, fds %s", i % 2 ? "udp4" : "unix", bad_pointers[i / 2].text);
		attempt(by_socketpair, &(struct call){.fd = -1,
		                               .level = i % 2 ? AF_INET : AF_UNIX,
		                               .flags = SOCK_DGRAM,
		                               .bytes = bad_pointers[i / 2].at});
		end();
	}
}

// ---- accept ---------------------------------------------------------------------------------------------

static long by_accept(const struct call *call)
{
	return FUNCTION(int, int, void *, socklen_t *)(call->fd, call->address, call->room);
}

static long by_accept4(const struct call *call)
{
	return FUNCTION(int, int, void *, socklen_t *, int)(call->fd, call->address, call->room, call->flags);
}

static long by_accept_without_room(const struct call *call)
{
	return without_room(by_accept, call);
}

static long by_accept4_without_room(const struct call *call)
{
	return without_room(by_accept4, call);
}

// A listener with a connection from a known port.
static int open_asked(int family)
{
	const union name name = name_of(family, PORT);
	int fd = made_at(family, SOCK_STREAM, PORT);
	connect(made_for_stream(family, OTHER_PORT), &name.any, name_length(family));
	return fd;
}

static void cases_of_accepting(adapter *by, adapter *by_without_room)
{
	for (size_t i = 0; i < kind_count; i++) {
		begin("%s", kinds[i].text);
		attempt(by, &(struct call){.fd = kinds[i].open()});
		end();
	}
	for (size_t i = 0; i < COUNT(families); i++) {
		cases_of_asking(by, " asked", open_asked, families[i]);
		begin("%s, no address", family_text(families[i]));
		const struct call call = {.fd = open_asked(families[i])};
		attempt(by, &call);
		attempt(by, &call);
		end();
		begin("%s, no descriptor left", family_text(families[i]));
		attempt(by_without_room, &(struct call){.fd = open_asked(families[i])});
		end();
	}
}

CASES(accept)
{
	cases_of_accepting(by_accept, by_accept_without_room);
}

CASES(accept4)
{
	static const int flags[] = {
	        SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_CLOEXEC | SOCK_NONBLOCK, 1, 1 << 20, -1};
	cases_of_accepting(by_accept4, by_accept4_without_room);
	for (size_t i = 0; i < COUNT(families) * COUNT(flags); i++) {
		int family = families[i / COUNT(flags)], flag = flags[i % COUNT(flags)];
		begin("%s, flags %x", family_text(family), (unsigned)flag);
		attempt(by_accept4, &(struct call){.fd = open_asked(family), .flags = flag});
		end();
	}
}

// ---- dup, dup2, dup3 ------------------------------------------------------------------------------------

static long by_dup(const struct call *call)
{
	return FUNCTION(int, int)(call->fd);
}

static long by_dup2(const struct call *call)
{
	return FUNCTION(int, int, int)(call->fd, call->to);
}

static long by_dup3(const struct call *call)
{
	return FUNCTION(int, int, int, int)(call->fd, call->to, call->flags);
}

static long by_dup_without_room(const struct call *call)
{
	return without_room(by_dup, call);
}

CASES(dup)
{
	for (size_t i = 0; i < kind_count; i++) {
		begin("%s", kinds[i].text);
		attempt(by_dup, &(struct call){.fd = kinds[i].open()});
		end();
		begin("%s, no descriptor left", kinds[i].text);
		attempt(by_dup_without_room, &(struct call){.fd = kinds[i].open()});
		end();
	}
}

static const int targets[] = {-1, INT_MIN, INT_MAX, 1 << 20, 100};

static void cases_of_target(adapter *by, size_t i, int flags)
{
	for (size_t j = 0; j < COUNT(targets); j++) {
		begin("%s to %d, flags %x", kinds[i].text, targets[j], (unsigned)flags);
		attempt(by, &(struct call){.fd = kinds[i].open(), .to = targets[j], .flags = flags});
		end();
	}
	begin("%s to itself, flags %x", kinds[i].text, (unsigned)flags);
	int fd = kinds[i].open();
	attempt(by, &(struct call){.fd = fd, .to = fd, .flags = flags});
	end();
	begin("%s to a socket that is open, flags %x", kinds[i].text, (unsigned)flags);
	const int to = made_at(AF_INET, SOCK_DGRAM, OTHER_PORT + 1);
	attempt(by, &(struct call){.fd = kinds[i].open(), .to = to, .flags = flags});
	say("; the other");
	describe(to);
	end();
}

CASES(dup2)
{
	for (size_t i = 0; i < kind_count; i++)
		cases_of_target(by_dup2, i, 0);
}

ALIAS(__dup2, dup2)

CASES(dup3)
{
	static const int flags[] = {0, O_CLOEXEC, O_NONBLOCK, -1};
	for (size_t i = 0; i < kind_count * COUNT(flags); i++)
		cases_of_target(by_dup3, i / COUNT(flags), flags[i % COUNT(flags)]);
}

// ---- close and its like ---------------------------------------------------------------------------------

static long by_close(const struct call *call)
{
	return FUNCTION(int, int)(call->fd);
}

CASES(close)
{
	for (size_t i = 0; i < kind_count; i++) {
		begin("%s", kinds[i].text);
		const struct call call = {.fd = kinds[i].open()};
		attempt(by_close, &call);
		attempt(by_close, &call);
		end();
	}
}
ALIAS(__close, close)

// Three descriptors, none above. The first.
static int a_few(void)
{
	int fd = made_at(AF_INET, SOCK_DGRAM, PORT);
	dup2(fd, 40);
	dup2(fd, 60);
	return 40;
}

static long by_close_range(const struct call *call)
{
	return FUNCTION(int, unsigned, unsigned, int)((unsigned)call->fd, (unsigned)call->to, call->flags);
}

CASES(close_range)
{
	static const int flags[] = {0, 4 /* CLOSE_RANGE_CLOEXEC */, 8, -1};
	for (size_t i = 0; i < kind_count * COUNT(flags); i++) {
		begin("%s and a socket, flags %x", kinds[i / COUNT(flags)].text,
		        (unsigned)flags[i % COUNT(flags)]);
		int from = kinds[i / COUNT(flags)].open(), to = made_at(AF_INET, SOCK_DGRAM, OTHER_PORT + 1);
		attempt(by_close_range,
		        &(struct call){.fd = from, .to = to, .flags = flags[i % COUNT(flags)]});
		end();
	}
	begin("to the greatest");
	attempt(by_close_range, &(struct call){.fd = a_few(), .to = -1});
	end();
	begin("the wrong way round");
	attempt(by_close_range, &(struct call){.fd = 20, .to = 10});
	end();
}

static long by_closefrom(const struct call *call)
{
	FUNCTION(void, int)(call->fd);
	return 0;
}

CASES(closefrom)
{
	begin("a few");
	attempt(by_closefrom, &(struct call){.fd = a_few()});
	end();
	begin("nothing there");
	attempt(by_closefrom, &(struct call){.fd = 70});
	attempt(by_closefrom, &(struct call){.fd = INT_MAX});
	end();
}

static long by_fclose(const struct call *call)
{
	return FUNCTION(int, void *)(call->bytes);
}

CASES(fclose)
{
	for (size_t i = 0; i < kind_count; i++) {
		begin("%s", kinds[i].text);
		int fd = kinds[i].open();
		FILE *file = fdopen(fd, "r");
		say("%s", file ? "" : ", which can't be a file");
		if (file)
			attempt(by_fclose, &(struct call){.fd = fd, .bytes = file});
		end();
	}
	begin("what is written arrives first");
	int to = made_at(AF_INET, SOCK_DGRAM, OTHER_PORT);
	FILE *file = fdopen(connected_to(AF_INET, SOCK_DGRAM, OTHER_PORT), "w");
	fputs("word", file);
	attempt(by_fclose, &(struct call){.fd = -1, .bytes = file});
	drain(to);
	end();
}
ALIAS(_IO_fclose, fclose)

// ---- fcntl ----------------------------------------------------------------------------------------------

static long by_fcntl(const struct call *call)
{
	return FUNCTION(int, int, int, ...)(call->fd, call->name, call->bytes);
}

static long by_fcntl_of_number(const struct call *call)
{
	return FUNCTION(int, int, int, ...)(call->fd, call->name, call->flags);
}

static long by_fcntl_of_nothing(const struct call *call)
{
	return FUNCTION(int, int, int, ...)(call->fd, call->name);
}

static const struct {
	const char *text;
	int command, argument;
} of_number[] = {
        {"F_DUPFD 0", F_DUPFD, 0},
        {"F_DUPFD 100", F_DUPFD, 100},
        {"F_DUPFD -1", F_DUPFD, -1},
        {"F_DUPFD INT_MAX", F_DUPFD, INT_MAX},
        {"F_DUPFD_CLOEXEC 0", F_DUPFD_CLOEXEC, 0},
        {"F_DUPFD_CLOEXEC 1 << 20", F_DUPFD_CLOEXEC, 1 << 20},
        {"F_SETFD", F_SETFD, FD_CLOEXEC},
        {"F_SETFD -1", F_SETFD, -1},
        {"F_SETFL nothing", F_SETFL, 0},
        {"F_SETFL all", F_SETFL, -1},
        {"F_SETFL O_NONBLOCK", F_SETFL, O_NONBLOCK},
        {"F_SETOWN nobody", F_SETOWN, 0},
        {"F_SETOWN INT_MAX", F_SETOWN, INT_MAX},
        {"F_SETSIG", F_SETSIG, 10},
        {"F_SETSIG 999", F_SETSIG, 999},
        {"F_SETLEASE", F_SETLEASE, F_RDLCK},
        {"F_NOTIFY", F_NOTIFY, 0},
        {"F_SETPIPE_SZ", F_SETPIPE_SZ, 4096},
        {"F_SETPIPE_SZ -1", F_SETPIPE_SZ, -1},
        {"F_ADD_SEALS", F_ADD_SEALS, F_SEAL_SEAL},
        {"9999", 9999, 0},
        {"-1", -1, -1},
};

static const struct {
	const char *text;
	int command;
} of_nothing[] = {
        {"F_GETFD", F_GETFD},
        {"F_GETFL", F_GETFL},
        {"F_GETOWN", F_GETOWN},
        {"F_GETSIG", F_GETSIG},
        {"F_GETLEASE", F_GETLEASE},
        {"F_GETPIPE_SZ", F_GETPIPE_SZ},
        {"F_GET_SEALS", F_GET_SEALS},
};

static const struct {
	const char *text;
	int command;
} of_memory[] = {
        {"F_GETLK", F_GETLK},
        {"F_SETLK", F_SETLK},
        {"F_OFD_GETLK", F_OFD_GETLK},
        {"F_OFD_SETLK", F_OFD_SETLK},
        {"F_GETOWN_EX", F_GETOWN_EX},
        {"F_SETOWN_EX", F_SETOWN_EX},
        {"F_GET_RW_HINT", F_GET_RW_HINT},
};

enum { FIRST_UNLOCKED = 4 }; // of_memory: F_GETOWN_EX

static void cases_of_memory(size_t i)
{
	const struct flock lock = {.l_type = F_WRLCK, .l_start = 3, .l_len = 5};
	// All of these on the host are one file to a lock: another process may have it.
	bool locks = strcmp(kinds[i].text, "eventfd") && strcmp(kinds[i].text, "epoll");
	for (size_t j = locks ? 0 : FIRST_UNLOCKED; j < COUNT(of_memory); j++) {
		begin("%s, %s", kinds[i].text, of_memory[j].text);
		attempt(by_fcntl, &(struct call){.fd = kinds[i].open(),
		                          .name = of_memory[j].command,
		                          .bytes = put("argument", &lock, sizeof(lock))});
		end();
	}
	for (size_t j = 0; j < COUNT(of_memory) * BAD_POINTERS; j++) {
		const struct pointer *pointer = &bad_pointers[j % BAD_POINTERS];
		begin("%s, %s, %s", kinds[i].text, of_memory[j / BAD_POINTERS].text, pointer->text);
		attempt(by_fcntl, &(struct call){.fd = kinds[i].open(),
		                          .name = of_memory[j / BAD_POINTERS].command,
		                          .bytes = pointer->at});
		end();
	}
}

CASES(fcntl)
{
	for (size_t i = 0; i < kind_count; i++) {
		for (size_t j = 0; j < COUNT(of_number); j++) {
			begin("%s, %s", kinds[i].text, of_number[j].text);
			attempt(by_fcntl_of_number, &(struct call){.fd = kinds[i].open(),
			                                    .name = of_number[j].command,
			                                    .flags = of_number[j].argument});
			end();
		}
		for (size_t j = 0; j < COUNT(of_nothing); j++) {
			begin("%s, %s", kinds[i].text, of_nothing[j].text);
			attempt(by_fcntl_of_nothing,
			        &(struct call){.fd = kinds[i].open(), .name = of_nothing[j].command});
			end();
		}
		cases_of_memory(i);
	}
}
ALIAS(fcntl64, fcntl)
ALIAS(__fcntl, fcntl)
ALIAS(__fcntl_time64, fcntl)
