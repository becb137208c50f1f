// syscall: what programs call without libc's function for it.
#include "same.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

static long by_number(const struct call *call)
{
	return FUNCTION(long, long, ...)(call->name);
}

static long by_socket(const struct call *call)
{
	return FUNCTION(long, long, ...)(SYS_socket, call->level, call->flags, 0);
}

static long by_naming(const struct call *call)
{
	return FUNCTION(long, long, ...)(call->name, call->fd, call->address, call->address_length);
}

static long by_descriptor(const struct call *call)
{
	return FUNCTION(long, long, ...)(call->name, call->fd, call->to, call->flags);
}

static long by_sendto(const struct call *call)
{
	return FUNCTION(long, long, ...)(SYS_sendto, call->fd, call->bytes, call->length, call->flags,
	        call->address, call->address_length);
}

static const struct {
	const char *text;
	long number;
	int to, flags;
} of_descriptor[] = {
        {"close", SYS_close, 0, 0},
        {"dup", SYS_dup, 0, 0},
        {"dup3", SYS_dup3, 100, O_CLOEXEC},
        {"listen", SYS_listen, 5, 0},
        {"fcntl", SYS_fcntl, F_DUPFD, 50},
};

static void cases_of_descriptors(size_t i)
{
	for (size_t j = 0; j < COUNT(of_descriptor); j++) {
		begin("%s, %s", of_descriptor[j].text, kinds[i].text);
		attempt(by_descriptor, &(struct call){.fd = kinds[i].open(),
		                               .name = (int)of_descriptor[j].number,
		                               .to = of_descriptor[j].to,
		                               .flags = of_descriptor[j].flags});
		end();
	}
}

static void cases_of_names(int family)
{
	const union name name = name_of(family, PORT);
	struct call call = {.address = (void *)&name, .address_length = name_length(family)};
	begin("bind, %s", family_text(family));
	call.fd = made(family, SOCK_DGRAM);
	call.name = SYS_bind;
	attempt(by_naming, &call);
	end();
	begin("connect, %s", family_text(family));
	made_at(family, SOCK_DGRAM, PORT);
	call.fd = made(family, SOCK_DGRAM);
	call.name = SYS_connect;
	attempt(by_naming, &call);
	end();
	begin("sendto, %s", family_text(family));
	int other = made_at(family, SOCK_DGRAM, PORT);
	call.fd = made(family, SOCK_DGRAM);
	call.bytes = put("bytes", "word", 4);
	call.length = 4;
	attempt(by_sendto, &call);
	drain(other);
	end();
}

CASES(syscall)
{
	for (size_t i = 0; i < kind_count; i++)
		cases_of_descriptors(i);
	for (size_t i = 0; i < COUNT(families); i++) {
		begin("socket, %s", family_text(families[i]));
		attempt(by_socket, &(struct call){.fd = -1, .level = families[i], .flags = SOCK_DGRAM});
		end();
		cases_of_names(families[i]);
	}
	for (size_t i = 0; i < BAD_POINTERS; i++) {
		begin("bind, address %s", bad_pointers[i].text);
		attempt(by_naming, &(struct call){.fd = made(AF_INET, SOCK_DGRAM),
		                           .name = SYS_bind,
		                           .address = bad_pointers[i].at,
		                           .address_length = 16});
		end();
	}
	begin("no such number");
	attempt(by_number, &(struct call){.fd = -1, .name = 99999});
	attempt(by_number, &(struct call){.fd = -1, .name = -1});
	end();
}
