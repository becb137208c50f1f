// A program with the socket calls of many, which writes down what each of them did; and makes each call fail that
// libsockgraft.so makes meanwhile, one after the other, with each errno of its manual page:
//
//	host plain udp|tcp ADDRESS       prints what it wrote down
//	host sweep udp|tcp ADDRESS FILE  under libsockgraft.so and faults.so. FILE: what it wrote down without them
//	host some udp|tcp ADDRESS FILE   each call with one of these errnos, the next one each time
//
// A call may only ever fail if the library made that very call for the program, or if the policy wants calls to
// fail; and then a second one does what the first should have done. Knows no multicast but the groups that it joins
// as any program might.
#include "../libraries/faults.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <dlfcn.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LINES = 48, LINE = 96, PORT = 5000, PEER_PORT = 6000, PATIENCE = 2 /* seconds */ };

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

// What a run leaves behind, in memory that parent and child share.
static struct record {
	char lines[LINES][LINE];
	int count;
	unsigned calls;
	bool fired, ended;
	int leaked, printed, warned; // descriptors, bytes on stdout and on stderr
} * record;

static struct fault *injector; // of faults.so, if it is there
static bool may_fail;          // SOCKGRAFT_ON_ERROR=fail

static const char *address_text; // what the program binds to
static bool v4;

__attribute__((format(printf, 1, 2))) static void note(const char *format, ...)
{
	va_list list;
	va_start(list, format);
	if (record->count < LINES)
		vsnprintf(record->lines[record->count++], LINE, format, list);
	va_end(list);
}

// ---- calls that may fail for a reason ---------------------------------------------------------------------

static void announce(enum fault_function function, int number, const void *pointer)
{
	if (injector)
		injector->own = (struct fault_call){function, number, pointer};
	errno = 0;
}

// Whether a call failed of the injected error, and had the right to. Only one ever does. An mmap has only one error
// that means anything to core; and where calls may fail, they fail of what the missing one led to.
static bool is_excused(bool fired_before)
{
	if (!injector || !injector->fired || fired_before)
		return false;
	int error = injector->function == FAULT_mmap ? ENOMEM : injector->error;
	return may_fail || (injector->fired_own && errno == error);
}

// The result of a call, or of the second one where the first failed and may have.
#define CALL(function, number, pointer, call)                                                                \
	__extension__({                                                                                      \
		bool fired = injector && injector->fired;                                                    \
		announce(function, number, pointer);                                                         \
		__typeof__(call) result_ = (call);                                                           \
		if (result_ < 0 && is_excused(fired))                                                        \
			result_ = (call);                                                                    \
		int kept_ = errno;                                                                           \
		announce(FAULT_NONE, 0, NULL);                                                               \
		errno = kept_;                                                                               \
		result_;                                                                                     \
	})

static void note_result(const char *what, ssize_t result)
{
	note("%s: %zd %s", what, result, result < 0 ? strerror(errno) : "");
}

// ---- addresses --------------------------------------------------------------------------------------------

static union address address_of(const char *text, int port)
{
	union address address = {0};
	if (inet_pton(AF_INET, text, &address.v4.sin_addr) == 1) {
		address.v4.sin_family = AF_INET;
		address.v4.sin_port = htons((uint16_t)port);
	} else if (inet_pton(AF_INET6, text, &address.v6.sin6_addr) == 1) {
		address.v6.sin6_family = AF_INET6;
		address.v6.sin6_port = htons((uint16_t)port);
	} else {
		errx(2, "%s: not an address", text);
	}
	return address;
}

static socklen_t length_of(const union address *address)
{
	return address->any.sa_family == AF_INET ? sizeof(address->v4) : sizeof(address->v6);
}

static int port_of(const union address *address)
{
	return ntohs(v4 ? address->v4.sin_port : address->v6.sin6_port);
}

static void note_address(const char *what, const union address *address, bool with_port)
{
	char text[INET6_ADDRSTRLEN] = "?";
	inet_ntop(address->any.sa_family, v4 ? (void *)&address->v4.sin_addr : (void *)&address->v6.sin6_addr,
	        text, sizeof(text));
	note("%s: %s %d", what, text, with_port ? port_of(address) : port_of(address) != 0);
}

static void note_name(const char *what, int fd, bool with_port)
{
	union address address = {0};
	socklen_t length = sizeof(address);
	int result = CALL(FAULT_getsockname, fd, &address, getsockname(fd, &address.any, &length));
	if (result)
		note_result(what, result);
	else
		note_address(what, &address, with_port);
}

static void note_peer(const char *what, int fd, bool with_port)
{
	union address address = {0};
	socklen_t length = sizeof(address);
	int result = CALL(FAULT_getpeername, fd, &address, getpeername(fd, &address.any, &length));
	if (result)
		note_result(what, result);
	else
		note_address(what, &address, with_port);
}

// ---- the others: what the library doesn't see -------------------------------------------------------------

// libc's own functions, past whatever is preloaded.
static struct {
	int (*socket)(int family, int type, int protocol);
	int (*setsockopt)(int fd, int level, int name, const void *value, socklen_t length);
	int (*bind)(int fd, const struct sockaddr *address, socklen_t length);
	ssize_t (*sendto)(int fd, const void *bytes, size_t length, int flags, const struct sockaddr *to,
	        socklen_t to_length);
	ssize_t (*recvfrom)(
	        int fd, void *bytes, size_t length, int flags, struct sockaddr *from, socklen_t *from_length);
	int (*close)(int fd);
} libc;

static void *libc_function(const char *name)
{
	void *function = dlsym(dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD), name);
	if (!function)
		errx(2, "no %s in libc", name);
	return function;
}

static void find_libc(void)
{
	libc.socket = (__typeof__(libc.socket))libc_function("socket");
	libc.setsockopt = (__typeof__(libc.setsockopt))libc_function("setsockopt");
	libc.bind = (__typeof__(libc.bind))libc_function("bind");
	libc.sendto = (__typeof__(libc.sendto))libc_function("sendto");
	libc.recvfrom = (__typeof__(libc.recvfrom))libc_function("recvfrom");
	libc.close = (__typeof__(libc.close))libc_function("close");
}

static const char *home(void)
{
	return v4 ? "10.77.0.2" : "fd77::2"; // the first address of the interface, and not the one bound to
}

// A socket of somebody else, bound to this port (0: any), whose multicast leaves by the first interface.
static int other_socket(int port)
{
	int fd = libc.socket(v4 ? AF_INET : AF_INET6, SOCK_DGRAM, 0);
	const union address address = address_of(home(), port);
	const struct timeval patience = {PATIENCE, 0};
	const struct in_addr interface = {htonl(0x0a4d0002)};
	libc.setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (v4)
		libc.setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &interface, sizeof(interface));
	if (libc.bind(fd, &address.any, length_of(&address)))
		err(2, "%s:%d", home(), port);
	return fd;
}

static void other_sends(int other, const char *word, const char *to, int port)
{
	const union address address = address_of(to, port);
	if (libc.sendto(other, word, strlen(word), 0, &address.any, length_of(&address)) < 0)
		note("the other can't send %s: %s", word, strerror(errno));
}

// What arrives at the other, and from where.
static union address other_hears(int other, const char *what, bool with_port)
{
	union address from = {0};
	socklen_t length = sizeof(from);
	char word[32] = "";
	if (libc.recvfrom(other, word, sizeof(word) - 1, 0, &from.any, &length) < 0)
		note("%s: nothing: %s", what, strerror(errno));
	else
		note_address(word, &from, with_port);
	return from;
}

// ---- what the program does --------------------------------------------------------------------------------

static int make_socket(int type)
{
	int fd = CALL(FAULT_socket, type, NULL, socket(v4 ? AF_INET : AF_INET6, type, 0));
	const struct timeval patience = {PATIENCE, 0};
	note_result("socket", fd < 0 ? fd : 0);
	note_result(
	        "setsockopt", CALL(FAULT_setsockopt, fd, &patience,
	                              setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience))));
	return fd;
}

static void bind_to(int fd, int port)
{
	const union address address = address_of(address_text, port);
	note_result("bind", CALL(FAULT_bind, fd, NULL, bind(fd, &address.any, length_of(&address))));
}

static void connect_to(int fd, const union address *address)
{
	note_result(
	        "connect", CALL(FAULT_connect, fd, address, connect(fd, &address->any, length_of(address))));
}

// A close that fails has closed all the same (close(2)).
static void end(int fd)
{
	bool fired = injector && injector->fired;
	announce(FAULT_close, fd, NULL);
	int result = close(fd);
	note_result("close", result && is_excused(fired) ? 0 : result);
	announce(FAULT_NONE, 0, NULL);
}

static ssize_t receive(int fd, char *word, size_t size, bool by_message)
{
	struct iovec part = {word, size};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	return by_message ? CALL(FAULT_NONE, 0, NULL, recvmsg(fd, &message, 0))
	                  : CALL(FAULT_NONE, 0, NULL, recvfrom(fd, word, size, 0, NULL, NULL));
}

// Notes the words that arrive until one says "end"; the groups' may arrive, or not.
static void note_words(int fd)
{
	char words[64] = "", word[32] = "";
	size_t used = 0;
	for (int i = 0; strcmp(word, "end") != 0; i++) {
		memset(word, 0, sizeof(word));
		ssize_t length = receive(fd, word, sizeof(word) - 1, i % 2);
		if (length < 0) {
			note("after%s: %s", words, strerror(errno));
			return;
		}
		if (strcmp(word, "group") != 0 && used < sizeof(words))
			used += (size_t)snprintf(words + used, sizeof(words) - used, " %s", word);
	}
	note("heard:%s", words);
}

// The program's own membership, of a group that the policy has joined too.
static void change_membership(int fd, int request)
{
	struct group_req group = {.gr_interface = 0};
	const union address address = address_of(v4 ? "239.1.1.3" : "ff15::113", 0);
	memcpy(&group.gr_group, &address, length_of(&address));
	note_result(request == MCAST_JOIN_GROUP ? "join" : "leave",
	        CALL(FAULT_setsockopt, fd, &group,
	                setsockopt(fd, v4 ? IPPROTO_IP : IPPROTO_IPV6, request, &group, sizeof(group))));
}

// A filter of the program's own, that lets everything in. What goes wrong with it on the way to the kernel is the
// call's own failure: without the library's part of it the socket would stand open.
static void change_filter(int fd, int request)
{
	struct sock_filter code[] = {BPF_STMT(BPF_RET | BPF_K, UINT32_MAX)};
	struct sock_fprog program = {1, code};
	bool fired = injector && injector->fired;
	int result = setsockopt(fd, SOL_SOCKET, request, &program, sizeof(program));
	if (injector && injector->fired)
		injector->fired_own = true;
	if (result && is_excused(fired))
		result = setsockopt(fd, SOL_SOCKET, request, &program, sizeof(program));
	note_result(request == SO_ATTACH_FILTER ? "attach" : "detach", result);
}

// What is sent to the groups, to another address of the host and to the program's.
static void send_words(int other)
{
	static const char *const groups[2][3] = {
	        {"ff15::114", "ff35::8000:9", "ff15::115"}, {"239.1.1.1", "232.7.8.9", "239.1.1.2"}};
	bool any = !strcmp(address_text, v4 ? "0.0.0.0" : "::");
	other_sends(other, "group", groups[v4][0], PORT);
	other_sends(other, "source", groups[v4][1], PORT);
	other_sends(other, "excluded", groups[v4][2], PORT);
	other_sends(other, "other", home(), PORT);
	other_sends(other, "end", any ? home() : address_text, PORT);
}

static void send_bound(int fd, int other, const union address *to)
{
	struct iovec part = {"message", 7};
	const struct msghdr message = {
	        .msg_name = (void *)to, .msg_namelen = length_of(to), .msg_iov = &part, .msg_iovlen = 1};
	note_result(
	        "sendto", CALL(FAULT_NONE, 0, NULL, sendto(fd, "datagram", 8, 0, &to->any, length_of(to))));
	other_hears(other, "sendto", true);
	note_result("sendmsg", CALL(FAULT_NONE, 0, NULL, sendmsg(fd, &message, 0)));
	other_hears(other, "sendmsg", true);
}

static void use_bound(int other, const union address *to)
{
	int fd = make_socket(SOCK_DGRAM), copy = dup(fd);
	bind_to(fd, PORT);
	note_name("copy", copy, true);
	end(copy);
	note_name("bound", fd, true);
	change_filter(fd, SO_ATTACH_FILTER);
	send_words(other);
	note_words(fd);
	change_filter(fd, SO_DETACH_FILTER);
	change_membership(fd, MCAST_JOIN_GROUP);
	other_sends(other, "joined", v4 ? "239.1.1.3" : "ff15::113", PORT);
	send_words(other);
	note_words(fd);
	change_membership(fd, MCAST_LEAVE_GROUP);
	send_bound(fd, other, to);
	connect_to(fd, to);
	note_name("connected", fd, true);
	note_peer("peer", fd, true);
	note_result("send", CALL(FAULT_send, fd, "connected", send(fd, "connected", 9, 0)));
	other_hears(other, "send", true);
	end(fd);
}

static void use_unbound(int other, const union address *to)
{
	int fd = make_socket(SOCK_DGRAM);
	note_result("sendto", CALL(FAULT_NONE, 0, NULL, sendto(fd, "first", 5, 0, &to->any, length_of(to))));
	union address from = other_hears(other, "sendto", false);
	other_sends(other, "end", home(), port_of(&from));
	note_words(fd);
	end(fd);
	fd = make_socket(SOCK_DGRAM);
	connect_to(fd, to);
	note_name("unbound, connected", fd, false);
	end(fd);
}

static void run_udp(void)
{
	const union address to = address_of(home(), PEER_PORT);
	int other = other_socket(PEER_PORT);
	use_bound(other, &to);
	use_unbound(other, &to);
	libc.close(other);
}

static int accept_one(int listener, int *client, const union address *to)
{
	bool fired = injector && injector->fired;
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (fd >= 0 || !is_excused(fired))
		return fd;
	close(*client); // its connection is lost
	*client = make_socket(SOCK_STREAM);
	record->count -= 2;
	connect(*client, &to->any, length_of(to));
	return accept(listener, NULL, NULL);
}

static void run_tcp(void)
{
	union address to = {0};
	socklen_t length = sizeof(to);
	int listener = make_socket(SOCK_STREAM);
	bind_to(listener, 0);
	note_result("listen", CALL(FAULT_NONE, 0, NULL, listen(listener, 4)));
	note_name("listener", listener, false);
	CALL(FAULT_getsockname, listener, &to, getsockname(listener, &to.any, &length));
	int client = make_socket(SOCK_STREAM);
	connect_to(client, &to);
	int server = accept_one(listener, &client, &to);
	note_result("accept", server < 0 ? server : 0);
	note_name("server", server, false);
	note_peer("peer", server, false);
	char word[8] = "";
	note_result("send", CALL(FAULT_send, client, "word", send(client, "word", 4, 0)));
	note_result("recv", CALL(FAULT_recv, server, word, recv(server, word, sizeof(word), 0)));
	note("%s", word);
	end(client);
	end(server);
	end(listener);
}

// ---- one run ----------------------------------------------------------------------------------------------

static void (*scenario)(void);

static int count_descriptors(void)
{
	DIR *all = opendir("/proc/self/fd");
	int count = 0;
	while (all && readdir(all))
		count++;
	if (all)
		closedir(all);
	return count;
}

// `injected`: NULL for what FAULT says.
static void run(const struct fault *injected)
{
	memset(record, 0, sizeof(*record));
	int descriptors = count_descriptors();
	if (injector && injected)
		*injector = *injected;
	scenario();
	struct fault fired = {0};
	if (injector) {
		fired = *injector;
		*injector = (struct fault){0};
	}
	record->calls = fired.calls;
	record->fired = fired.fired;
	record->leaked = count_descriptors() - descriptors;
	record->ended = true;
}

// The same in a child, whose stdout nobody of ours may write to. Its exit status.
static int run_in_child(const struct fault *injected)
{
	int output = memfd_create("stdout", MFD_CLOEXEC), status;
	int warnings = memfd_create("stderr", MFD_CLOEXEC);
	fcntl(warnings, F_SETFL, O_APPEND);
	pid_t child = fork();
	if (!child) {
		alarm(PATIENCE * 5);
		dup2(output, STDOUT_FILENO);
		dup2(warnings, STDERR_FILENO);
		run(injected);
		_exit(0);
	}
	waitpid(child, &status, 0);
	record->printed = (int)lseek(output, 0, SEEK_END);
	record->warned = (int)lseek(warnings, 0, SEEK_END);
	close(output);
	close(warnings);
	return status;
}

// ---- all runs ---------------------------------------------------------------------------------------------

static const struct {
	const char *name;
	enum fault_function function;
	int errors[20];
} manual[] = {
        {"socket", FAULT_socket,
                {EACCES, EAFNOSUPPORT, EINVAL, EMFILE, ENFILE, ENOBUFS, ENOMEM, EPROTONOSUPPORT}},
        {"close", FAULT_close, {EINTR, EIO, ENOSPC, EDQUOT}},
        {"bind", FAULT_bind, {EACCES, EADDRINUSE, EBADF, EINVAL, ENOTSOCK, EADDRNOTAVAIL, EFAULT, ENOMEM}},
        {"connect", FAULT_connect,
                {EACCES, EPERM, EADDRINUSE, EADDRNOTAVAIL, EAFNOSUPPORT, EAGAIN, EALREADY, EBADF,
                        ECONNREFUSED, EFAULT, EINPROGRESS, EINTR, EISCONN, ENETUNREACH, ENOTSOCK, EPROTOTYPE,
                        ETIMEDOUT}},
        {"getsockname", FAULT_getsockname, {EBADF, EFAULT, EINVAL, ENOBUFS, ENOTSOCK}},
        {"getpeername", FAULT_getpeername, {EBADF, EFAULT, EINVAL, ENOBUFS, ENOTCONN, ENOTSOCK}},
        {"getsockopt", FAULT_getsockopt, {EBADF, EFAULT, EINVAL, ENOPROTOOPT, ENOTSOCK}},
        {"setsockopt", FAULT_setsockopt,
                {EBADF, EFAULT, EINVAL, ENOPROTOOPT, ENOTSOCK, EPERM, EADDRINUSE, EADDRNOTAVAIL, ENODEV,
                        ENOBUFS, ENOMEM}},
        {"send", FAULT_send,
                {EACCES, EAGAIN, EALREADY, EBADF, ECONNRESET, EDESTADDRREQ, EFAULT, EINTR, EINVAL, EISCONN,
                        EMSGSIZE, ENOBUFS, ENOMEM, ENOTCONN, ENOTSOCK, EOPNOTSUPP, EPIPE}},
        {"recv", FAULT_recv,
                {EAGAIN, EBADF, ECONNREFUSED, EFAULT, EINTR, EINVAL, ENOMEM, ENOTCONN, ENOTSOCK}},
        {"ioctl", FAULT_ioctl, {EBADF, EFAULT, EINVAL, ENOTTY, ENODEV}},
        {"mmap", FAULT_mmap, {EACCES, EAGAIN, EBADF, EINVAL, ENFILE, ENODEV, ENOMEM, EOVERFLOW, EPERM}},
};

static struct record plain, unharmed; // without the library, and with it where all calls succeed

static bool begins(const char *line, const char *with)
{
	return !strncmp(line, with, strlen(with));
}

// What can't be otherwise, if one of these calls fails, which they never do on a socket.
static bool is_inevitable(const char *said, const struct fault *injected)
{
	enum fault_function function = injected->function;
	// The one way to know what was done to a socket through another descriptor is to ask for it.
	if (begins(said, "copy: "))
		return function == FAULT_getsockname || function == FAULT_getsockopt ||
		       function == FAULT_mmap;
	// The source can't be restored: a warning says so.
	if (begins(said, "connected: "))
		return record->warned;
	// By this error the kernel says that the address is a broadcast address, and no source.
	if (begins(said, "datagram: ") || begins(said, "message: "))
		return function == FAULT_setsockopt && injected->error == EADDRNOTAVAIL;
	return false;
}

static bool is_expected(int line, const struct fault *injected)
{
	const char *said = record->lines[line];
	return !strcmp(said, plain.lines[line]) || !strcmp(said, unharmed.lines[line]) ||
	       is_inevitable(said, injected);
}

// What is wrong with a run: printed. true: nothing.
static bool judge(const char *what, int status, const struct fault *injected)
{
	bool good = true;
	if (status || !record->ended || record->leaked || record->printed) {
		printf("%s: %s, status %#x, %d descriptors left, %d bytes on stdout\n", what,
		        record->ended ? "ended" : "did not end", (unsigned)status, record->leaked,
		        record->printed);
		good = false;
	}
	int most = record->count > plain.count ? record->count : plain.count;
	for (int line = 0; line < most && good; line++)
		if (!is_expected(line, injected)) {
			printf("%s: line %d: \"%s\", not \"%s\"\n", what, line, record->lines[line],
			        plain.lines[line]);
			good = false;
		}
	return good;
}

static bool some; // one error of each call

static unsigned count_errors(size_t row)
{
	unsigned count = 0;
	while (manual[row].errors[count])
		count++;
	return count;
}

// All errors of one call. false: there is no such call.
static bool fail_call(size_t row, unsigned nth, unsigned *runs, unsigned *bad)
{
	unsigned count = count_errors(row), first = some ? nth % count : 0;
	for (unsigned i = first; i < (some ? first + 1 : count); i++) {
		int error = manual[row].errors[i];
		const struct fault injected = {.function = manual[row].function, .nth = nth, .error = error};
		char what[64];
		int status = run_in_child(&injected);
		if (record->ended && !record->fired)
			return false;
		snprintf(what, sizeof(what), "%s %u %s", manual[row].name, nth, strerror(error));
		*bad += !judge(what, status, &injected);
		++*runs;
	}
	return true;
}

static int sweep(void)
{
	unsigned bad = 0;
	const struct fault none = {0};
	int status = run_in_child(&none);
	unharmed = *record;
	bad += !judge("unharmed", status, &none);
	for (size_t row = 0; row < sizeof(manual) / sizeof(manual[0]); row++) {
		unsigned nth = 1, runs = 0;
		while (fail_call(row, nth, &runs, &bad))
			nth++;
		printf("%s: %u calls, %u runs\n", manual[row].name, nth - 1, runs);
	}
	printf("%u wrong\n", bad);
	return bad != 0;
}

static void read_plain(const char *path)
{
	FILE *file = fopen(path, "r");
	if (!file)
		err(2, "%s", path);
	while (plain.count < LINES && fgets(plain.lines[plain.count], LINE, file)) {
		plain.lines[plain.count][strcspn(plain.lines[plain.count], "\n")] = '\0';
		plain.count++;
	}
	fclose(file);
}

static int print_plain(void)
{
	run(NULL);
	for (int i = 0; i < record->count; i++)
		puts(record->lines[i]);
	return 0;
}

int main(int count, char **arguments)
{
	if (count < 4 || (strcmp(arguments[1], "plain") != 0 && count != 5))
		errx(2, "usage: host plain|sweep|some udp|tcp ADDRESS [FILE]");
	setvbuf(stdout, NULL, _IOLBF, 0);
	const char *on_error = getenv("SOCKGRAFT_ON_ERROR");
	some = !strcmp(arguments[1], "some");
	may_fail = on_error && !strcmp(on_error, "fail");
	scenario = strcmp(arguments[2], "tcp") != 0 ? run_udp : run_tcp;
	address_text = arguments[3];
	v4 = !strchr(address_text, ':');
	record = mmap(NULL, sizeof(*record), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	injector = dlsym(RTLD_DEFAULT, "fault_armed");
	find_libc();
	if (count == 4)
		return print_plain();
	if (!injector)
		errx(2, "faults.so is not preloaded");
	read_plain(arguments[4]);
	return sweep();
}
