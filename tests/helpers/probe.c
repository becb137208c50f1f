// One thing each that programs do with a UDP socket, in plain C: probe WHAT ADDRESS PORT [ARGUMENT...].
// Knows no multicast.
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static socklen_t make_address(union address *address, const char *text, const char *port)
{
	memset(address, 0, sizeof(*address));
	uint16_t number = htons((uint16_t)atoi(port));
	if (inet_pton(AF_INET, text, &address->v4.sin_addr) == 1) {
		address->v4.sin_family = AF_INET;
		address->v4.sin_port = number;
		return sizeof(address->v4);
	}
	if (inet_pton(AF_INET6, text, &address->v6.sin6_addr) != 1)
		errx(2, "%s: not an address", text);
	address->v6.sin6_family = AF_INET6;
	address->v6.sin6_port = number;
	return sizeof(address->v6);
}

static int bound_socket(char **arguments)
{
	union address address;
	socklen_t length = make_address(&address, arguments[0], arguments[1]);
	int fd = socket(address.any.sa_family, SOCK_DGRAM, 0);
	if (fd < 0 || bind(fd, &address.any, length))
		err(1, "bind");
	return fd;
}

static void print_name(const char *what, int fd)
{
	union address address = {0};
	socklen_t length = sizeof(address);
	char text[INET6_ADDRSTRLEN];
	if (getsockname(fd, &address.any, &length)) {
		printf("%s: %s\n", what, strerror(errno));
		return;
	}
	bool v4 = address.any.sa_family == AF_INET;
	inet_ntop(address.any.sa_family, v4 ? (void *)&address.v4.sin_addr : (void *)&address.v6.sin6_addr,
	        text, sizeof(text));
	printf("%s: %s %d %d\n", what, text, ntohs(v4 ? address.v4.sin_port : address.v6.sin6_port),
	        (int)length);
}

// Prints what comes in, a datagram a line, until one says "end".
static void print_datagrams(int fd)
{
	char payload[2048] = "";
	while (strcmp(payload, "end") != 0) {
		ssize_t length = recv(fd, payload, sizeof(payload) - 1, 0);
		if (length < 0)
			err(1, "recv");
		payload[length] = '\0';
		payload[strcspn(payload, "\n")] = '\0';
		puts(payload);
	}
}

// ---- what -----------------------------------------------------------------------------------------------

static void copies(char **arguments)
{
	int fd = bound_socket(arguments);
	print_name("socket", fd);
	print_name("dup", dup(fd));
	print_name("dup2", dup2(fd, 100));
	print_name("dup3", dup3(fd, 101, O_CLOEXEC));
	print_name("F_DUPFD", fcntl(fd, F_DUPFD, 200));
	print_name("F_DUPFD_CLOEXEC", fcntl(fd, F_DUPFD_CLOEXEC, 300));
	close(fd);
	print_name("dup2, the first closed", 100);
}

static void next_life(char **arguments)
{
	int fd = bound_socket(arguments);
	close(fd);
	int next = socket(AF_INET, SOCK_DGRAM, 0);
	union address any;
	socklen_t length = make_address(&any, "0.0.0.0", "5999");
	bind(next, &any.any, length);
	printf("%s number\n", next == fd ? "the same" : "another");
	print_name("next", next);
	dup2(next, 50);
	dup2(bound_socket(arguments), 50);
	print_name("dup2 over it", 50);
}

// A system call past libc, where the shim can't see it.
static long unseen(long number, long a, long b, long c)
{
#ifdef __x86_64__
	long result;
	__asm__ volatile("syscall"
	                 : "=a"(result)
	                 : "a"(number), "D"(a), "S"(b), "d"(c)
	                 : "rcx", "r11", "memory");
	return result;
#else
	return syscall(number, a, b, c);
#endif
}

static void close_by(const char *way, int fd)
{
	if (!strcmp(way, "fclose"))
		fclose(fdopen(fd, "r"));
	else if (!strcmp(way, "close_range"))
		syscall(SYS_close_range, fd, fd, 0);
	else if (!strcmp(way, "syscall"))
		syscall(SYS_close, fd);
	else
		unseen(SYS_close, fd, 0, 0);
}

// Closes a bound socket in each way, makes another of its number, where the shim doesn't see it, and binds that.
static void other_ends(char **arguments)
{
	static const char *const ways[] = {"fclose", "close_range", "syscall", "unseen"};
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		int fd = bound_socket(arguments), all = -1;
		close_by(ways[i], fd);
		int next = (int)unseen(SYS_socket, AF_INET, SOCK_DGRAM, 0);
		union address any;
		socklen_t length = make_address(&any, "0.0.0.0", "5999");
		if (next != fd || bind(next, &any.any, length))
			err(1, "%s", ways[i]);
		length = sizeof(all);
		getsockopt(next, IPPROTO_IP, IP_MULTICAST_ALL, &all, &length);
		printf("multicast-all=%d ", all);
		print_name(ways[i], next);
		close(next);
	}
}

static void children(char **arguments)
{
	int fd = bound_socket(arguments);
	fflush(stdout);
	if (!vfork()) {
		close(fd);
		dup2(0, fd);
		_exit(0);
	}
	print_name("after a vfork child closed it", fd);
	fflush(stdout);
	if (!fork()) {
		if (!vfork()) {
			close(fd);
			_exit(0);
		}
		print_name("in a fork child", fd);
		fflush(stdout);
		_exit(0);
	}
	wait(NULL);
	char number[12];
	snprintf(number, sizeof(number), "%d", fd);
	execl("/proc/self/exe", "probe", "executed", number, NULL);
	err(1, "exec");
}

// A vfork child puts a socket at ARGUMENTS in the place of another, as one does that is about to execute a program.
static void child_copies(char **arguments)
{
	static char any[] = "0.0.0.0", port[] = "5999";
	int fd = bound_socket(arguments), other = bound_socket((char *[]){any, port});
	fflush(stdout);
	if (!vfork()) {
		dup2(fd, other);
		_exit(0);
	}
	print_name("after a vfork child copied over it", other);
}

static void executed(char **arguments)
{
	int fd = atoi(arguments[0]);
	print_name("after exec", fd);
	fflush(stdout);
	print_datagrams(fd);
}

// Sends four datagrams at once to arguments[2], port arguments[3]; the third with a TTL of its own.
static void send_many(char **arguments)
{
	enum { MANY = 4, WITH_TTL = 2, TTL = 33 };
	int fd = bound_socket(arguments);
	union address to;
	socklen_t length = make_address(&to, arguments[2], arguments[3]);
	bool v4 = to.any.sa_family == AF_INET;
	static char texts[MANY][8] = {"one", "two", "three", "four"};
	struct iovec parts[MANY];
	struct mmsghdr messages[MANY] = {0};
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr header;
	} control = {.header = {.cmsg_level = v4 ? IPPROTO_IP : IPPROTO_IPV6,
	                     .cmsg_type = v4 ? IP_TTL : IPV6_HOPLIMIT,
	                     .cmsg_len = CMSG_LEN(sizeof(int))}};
	memcpy(CMSG_DATA(&control.header), &(int){TTL}, sizeof(int));
	for (int i = 0; i < MANY; i++) {
		parts[i] = (struct iovec){texts[i], strlen(texts[i])};
		messages[i].msg_hdr = (struct msghdr){
		        .msg_name = &to, .msg_namelen = length, .msg_iov = &parts[i], .msg_iovlen = 1};
	}
	messages[WITH_TTL].msg_hdr.msg_control = &control;
	messages[WITH_TTL].msg_hdr.msg_controllen = sizeof(control);
	int sent = sendmmsg(fd, messages, MANY, 0);
	printf("sent %d: %u %u %u %u\n", sent, messages[0].msg_len, messages[1].msg_len, messages[2].msg_len,
	        messages[3].msg_len);
	bool as_it_was = messages[0].msg_hdr.msg_control == NULL &&
	                 messages[WITH_TTL].msg_hdr.msg_controllen == sizeof(control);
	puts(as_it_was ? "the caller's messages are as they were" : "the caller's messages were changed");
}

// A filter of the program's own that refuses datagrams whose payload starts with an x.
static int attach(int fd)
{
	struct sock_filter code[] = {
	        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 8),
	        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 'x', 0, 1),
	        BPF_STMT(BPF_RET | BPF_K, 0),
	        BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
	};
	struct sock_fprog program = {sizeof(code) / sizeof(code[0]), code};
	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

static void filter_before(char **arguments)
{
	union address address;
	socklen_t length = make_address(&address, arguments[0], arguments[1]);
	int fd = socket(address.any.sa_family, SOCK_DGRAM, 0);
	if (attach(fd) || bind(fd, &address.any, length))
		err(1, "filter, bind");
	print_datagrams(fd);
}

static void filter_after(char **arguments)
{
	int fd = bound_socket(arguments);
	if (!setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &fd, sizeof(fd)) || errno != ENOENT)
		errx(1, "there is no filter to detach");
	if (attach(fd))
		err(1, "attach");
	print_datagrams(fd);
	if (setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &fd, sizeof(fd)))
		err(1, "detach");
	print_datagrams(fd);
}

static void filter_invalid(char **arguments)
{
	int fd = bound_socket(arguments);
	struct sock_filter code[] = {BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 8)}; // no return
	struct sock_fprog program = {1, code};
	int result = setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
	printf("%d %s\n", result, strerror(errno));
	print_datagrams(fd);
}

static void no_family(char **arguments)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in any = {.sin_port = htons((uint16_t)atoi(arguments[1]))};
	if (bind(fd, (struct sockaddr *)&any, sizeof(any)))
		err(1, "bind");
	print_datagrams(fd);
}

static void *receive_for_ever(void *fd)
{
	char payload[16];
	recv(*(int *)fd, payload, sizeof(payload), 0);
	return NULL;
}

// A thread that blocks in recv holds up nobody else.
static void threads(char **arguments)
{
	int fd = bound_socket(arguments);
	pthread_t thread;
	pthread_create(&thread, NULL, receive_for_ever, &fd);
	for (int i = 0; i < 1000; i++) {
		int other = socket(AF_INET, SOCK_DGRAM, 0);
		union address any;
		socklen_t length = make_address(&any, "127.0.0.1", "0");
		if (bind(other, &any.any, length) || close(other))
			err(1, "bind");
	}
	puts("a thousand sockets meanwhile");
}

static void on_alarm(int signal)
{
	(void)signal;
}

// An alarm interrupts a receive that blocks.
static void interrupted(char **arguments)
{
	int fd = bound_socket(arguments);
	char payload[16];
	struct sigaction action = {.sa_handler = on_alarm};
	sigaction(SIGALRM, &action, NULL);
	alarm(1);
	ssize_t length = recv(fd, payload, sizeof(payload), 0);
	printf("%zd %s\n", length, strerror(errno));
}

static void say_alarm(int signal)
{
	(void)signal;
	if (write(STDOUT_FILENO, "alarm\n", 6) < 0)
		_exit(1);
}

// An alarm whose handler has SA_RESTART does not end a receive that blocks.
static void restarted(char **arguments)
{
	int fd = bound_socket(arguments);
	struct sigaction action = {.sa_handler = say_alarm, .sa_flags = SA_RESTART};
	sigaction(SIGALRM, &action, NULL);
	alarm(1);
	print_datagrams(fd);
}

// Sends `text` to to[0], port to[1], with control messages.
static ssize_t send_with(int fd, char **to, const char *text, void *control, size_t control_length)
{
	union address address;
	socklen_t length = make_address(&address, to[0], to[1]);
	struct iovec part = {(void *)text, strlen(text)};
	const struct msghdr message = {.msg_name = &address,
	        .msg_namelen = length,
	        .msg_iov = &part,
	        .msg_iovlen = 1,
	        .msg_control = control,
	        .msg_controllen = (socklen_t)control_length};
	return sendmsg(fd, &message, 0);
}

// Sends with a control message, and zero bytes behind it.
static void control_tail(char **arguments)
{
	int fd = bound_socket(arguments);
	union {
		char room[CMSG_SPACE(sizeof(int)) + 8];
		struct cmsghdr header;
	} control = {
	        .header = {.cmsg_level = IPPROTO_IP, .cmsg_type = IP_TTL, .cmsg_len = CMSG_LEN(sizeof(int))}};
	memcpy(CMSG_DATA(&control.header), &(int){9}, sizeof(int));
	printf("sent %zd\n", send_with(fd, arguments + 2, "tail", &control, sizeof(control)));
}

static void failed_connect(char **arguments)
{
	int fd = bound_socket(arguments);
	union address to;
	socklen_t length = make_address(&to, "255.255.255.255", "9");
	print_name("name", fd);
	int result = connect(fd, &to.any, length);
	printf("%d %s\n", result, strerror(errno));
	print_name("name", fd);
}

// Connects to one address after the other, and shows what the policy has made of the marks.
static void two_connects(char **arguments)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	for (int i = 0; i < 4; i += 2) {
		union address to;
		socklen_t length = make_address(&to, arguments[i], arguments[i + 1]);
		int tos = -1, priority = -1;
		connect(fd, &to.any, length);
		length = sizeof(int);
		getsockopt(fd, IPPROTO_IP, IP_TOS, &tos, &length);
		getsockopt(fd, SOL_SOCKET, SO_PRIORITY, &priority, &length);
		printf("%s: tos=%d priority=%d\n", arguments[i], tos, priority);
	}
}

static void kernel_port(char **arguments)
{
	int fd = bound_socket(arguments), tos = -1;
	socklen_t length = sizeof(tos);
	getsockopt(fd, IPPROTO_IP, IP_TOS, &tos, &length);
	printf("tos=%d\n", tos);
}

// A descriptor that does not exist, at the end of the table.
static void no_descriptor(char **arguments)
{
	char byte;
	for (int fd = 1048400; fd < 1048700; fd++)
		if (recv(fd, &byte, 1, 0) >= 0 || errno != EBADF || !close(fd))
			errx(1, "%d", fd);
	print_name("bound", bound_socket(arguments));
}

static void error_queue(char **arguments)
{
	int fd = bound_socket(arguments);
	char byte;
	ssize_t length = recv(fd, &byte, 1, MSG_ERRQUEUE);
	printf("%zd %s\n", length, strerror(errno));
}

// Answers one datagram with a control message that names the interface alone.
static void by_interface(char **arguments)
{
	int fd = bound_socket(arguments);
	union {
		char room[CMSG_SPACE(sizeof(struct in6_pktinfo))];
		struct cmsghdr header;
	} control = {.header = {.cmsg_level = IPPROTO_IPV6,
	                     .cmsg_type = IPV6_PKTINFO,
	                     .cmsg_len = CMSG_LEN(sizeof(struct in6_pktinfo))}};
	const struct in6_pktinfo info = {.ipi6_ifindex = if_nametoindex("b0")};
	memcpy(CMSG_DATA(&control.header), &info, sizeof(info));
	if (send_with(fd, arguments + 2, "by-interface", &control, sizeof(control)) < 0)
		err(1, "sendmsg");
}

static const struct {
	const char *name;
	void (*run)(char **arguments);
	int arguments;
} rows[] = {
        {"copies", copies, 2},
        {"next-life", next_life, 2},
        {"other-ends", other_ends, 2},
        {"children", children, 2},
        {"child-copies", child_copies, 2},
        {"executed", executed, 1},
        {"send-many", send_many, 4},
        {"filter-before", filter_before, 2},
        {"filter-after", filter_after, 2},
        {"filter-invalid", filter_invalid, 2},
        {"no-family", no_family, 2},
        {"threads", threads, 2},
        {"interrupted", interrupted, 2},
        {"restarted", restarted, 2},
        {"control-tail", control_tail, 4},
        {"failed-connect", failed_connect, 2},
        {"two-connects", two_connects, 4},
        {"kernel-port", kernel_port, 2},
        {"no-descriptor", no_descriptor, 2},
        {"error-queue", error_queue, 2},
        {"by-interface", by_interface, 4},
};

int main(int count, char **arguments)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) && count > 1; i++)
		if (!strcmp(arguments[1], rows[i].name) && count == 2 + rows[i].arguments) {
			rows[i].run(arguments + 2);
			return 0;
		}
	errx(2, "usage: probe WHAT ADDRESS PORT [ARGUMENT...]");
}
