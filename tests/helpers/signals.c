// Socket calls in places where little may be done. Knows no multicast.
//
//	signals handler ADDRESS BYTES    in a signal handler, while the program makes the same calls; on a stack of its own
//	                                 of so many bytes, 0: none
//	signals children ADDRESS PORT    in the children of fork, vfork and posix_spawn
//	signals between ADDRESS PORT     that comes while it waits, at whatever moment (libraries/between.c)
//	signals highest ADDRESS PORT     on the highest descriptor that it may have; waits for a datagram
#include <arpa/inet.h>
#include <dlfcn.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum { HANDLED = 500, PERIOD = 500 /* us */, HIGHEST = (1 << 20) - 1, PAGE = 4096 };

static struct sockaddr_in at;
static const struct sockaddr *const at_any = (const struct sockaddr *)&at;
static volatile sig_atomic_t handled, wrong; // the line of a call that went wrong

// All calls that may be made in a signal handler (signal-safety(7)). 0, or the line of one that went wrong.
#define MUST(good)                                                                                           \
	do                                                                                                   \
		if (!(good))                                                                                 \
			return __LINE__;                                                                     \
	while (0)

static int receive_all(int fd)
{
	char word[8];
	struct iovec part = {word, sizeof(word)};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	struct pollfd wanted = {.fd = fd, .events = POLLIN};
	struct timespec now = {0};
	MUST(poll(&wanted, 1, 1000) == 1 || errno == EINTR);
	MUST(recv(fd, word, sizeof(word), 0) == 1);
	MUST(recvfrom(fd, word, sizeof(word), 0, NULL, NULL) == 2);
	MUST(recvmsg(fd, &message, 0) == 3);
	MUST(read(fd, word, sizeof(word)) == 4);
	MUST(recv(fd, word, sizeof(word), MSG_DONTWAIT) < 0 && errno == EAGAIN);
	if (fd < FD_SETSIZE) {
		fd_set readable;
		FD_ZERO(&readable);
		FD_SET((unsigned)fd, &readable);
		MUST(pselect(fd + 1, &readable, NULL, NULL, &now, NULL) == 0 || errno == EINTR);
	}
	return 0;
}

static int send_all(int fd, const struct sockaddr *to, socklen_t length)
{
	struct iovec part = {"xxx", 3};
	const struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	MUST(sendto(fd, "x", 1, 0, to, length) == 1);
	MUST(!connect(fd, to, length));
	MUST(send(fd, "xx", 2, 0) == 2);
	MUST(sendmsg(fd, &message, 0) == 3);
	MUST(write(fd, "xxxx", 4) == 4);
	return 0;
}

// From whatever source it is asked for, and then from one less.
static int use_memberships(int fd)
{
	struct ip_mreq mreq = {.imr_interface = {htonl(INADDR_LOOPBACK)}};
	struct ip_mreq_source source = {0};
	inet_pton(AF_INET, "239.7.7.7", &mreq.imr_multiaddr);
	memcpy(&source.imr_multiaddr, &mreq.imr_multiaddr, sizeof(mreq.imr_multiaddr));
	memcpy(&source.imr_interface, &mreq.imr_interface, sizeof(mreq.imr_interface));
	memcpy(&source.imr_sourceaddr, &at.sin_addr, sizeof(at.sin_addr));
	MUST(!setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &mreq, sizeof(mreq)));
	MUST(!setsockopt(fd, IPPROTO_IP, IP_BLOCK_SOURCE, &source, sizeof(source)));
	MUST(!setsockopt(fd, IPPROTO_IP, IP_DROP_MEMBERSHIP, &mreq, sizeof(mreq)));
	return 0;
}

static int use_datagrams(void)
{
	struct sockaddr_in name = {0};
	socklen_t length = sizeof(name);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), on = 1;
	MUST(fd >= 0 && !setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on)) && !use_memberships(fd));
	MUST(!bind(fd, at_any, sizeof(at)));
	MUST(!getsockname(fd, (struct sockaddr *)&name, &length));
	MUST(name.sin_addr.s_addr == at.sin_addr.s_addr);
	int copy = dup(fd), line = send_all(fd, (struct sockaddr *)&name, length);
	MUST(copy >= 0 && fcntl(copy, F_SETFD, FD_CLOEXEC) == 0);
	MUST(!line && !getpeername(copy, (struct sockaddr *)&name, &length));
	line = receive_all(copy);
	MUST(dup2(fd, copy) == copy && !close(fd) && !close(copy));
	return line;
}

static int use_streams(void)
{
	struct sockaddr_in name = {0};
	socklen_t length = sizeof(name);
	int pair[2], listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	MUST(listener >= 0 && !bind(listener, at_any, sizeof(at)) && !listen(listener, 1));
	MUST(!getsockname(listener, (struct sockaddr *)&name, &length));
	MUST(accept(listener, NULL, NULL) < 0 && errno == EAGAIN);
	MUST(!close(listener));
	MUST(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair) && !close(pair[0]) && !close(pair[1]));
	return 0;
}

static int use_sockets(void)
{
	int line = use_datagrams();
	return line ? line : use_streams();
}

// ---- in a handler -----------------------------------------------------------------------------------------

// The next one comes a while after this one has ended, however long it took: else what it interrupts would not get on.
static void set_alarm(void)
{
	setitimer(ITIMER_REAL, &(struct itimerval){.it_value = {0, PERIOD}}, NULL);
}

static void on_alarm(int signal)
{
	(void)signal;
	int kept = errno, line = use_sockets();
	if (line && !wrong)
		wrong = line;
	handled++;
	set_alarm();
	errno = kept;
}

// A stack with a page below it that nobody may touch.
static void set_stack(size_t size)
{
	char *memory = mmap(NULL, size + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const stack_t stack = {.ss_sp = memory + PAGE, .ss_size = size};
	if (memory == MAP_FAILED || mprotect(memory, PAGE, PROT_NONE) || sigaltstack(&stack, NULL))
		err(2, "a stack of %zu bytes", size);
}

static int in_handler(const char *bytes)
{
	struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART | SA_ONSTACK};
	const struct itimerval none = {0};
	if (atoi(bytes) && getauxval(AT_MINSIGSTKSZ) > (unsigned long)atoi(bytes) / 2) {
		puts("too much of it is the kernel's");
		return 0;
	}
	if (atoi(bytes))
		set_stack((size_t)atoi(bytes));
	sigaction(SIGALRM, &action, NULL);
	// Once before: the loader looks up a function at its first call, which alone takes 3 KiB of the stack.
	int first = use_sockets();
	if (first)
		errx(1, "outside of the handler: line %d: %s", first, strerror(errno));
	set_alarm();
	while (handled < HANDLED && !wrong) {
		int line = use_sockets();
		if (line)
			errx(1, "outside of the handler: line %d: %s", line, strerror(errno));
	}
	setitimer(ITIMER_REAL, &none, NULL);
	if (wrong)
		errx(1, "in the handler: line %d", (int)wrong);
	puts("all went well");
	return 0;
}

// ---- in children ------------------------------------------------------------------------------------------

static void print_name(const char *after, int fd)
{
	struct sockaddr_in name = {0};
	socklen_t length = sizeof(name);
	char text[INET_ADDRSTRLEN] = "?";
	if (getsockname(fd, (struct sockaddr *)&name, &length))
		err(1, "getsockname");
	inet_ntop(AF_INET, &name.sin_addr, text, sizeof(text));
	printf("after %s: %s %d\n", after, text, ntohs(name.sin_port));
	fflush(stdout);
}

static void wait_for(pid_t child, const char *what)
{
	int status = 0;
	if (child < 0 || waitpid(child, &status, 0) != child || status)
		errx(1, "the child of %s: %#x", what, (unsigned)status);
}

// What a child does with its copy is nothing to its parent: it closes it, and puts another socket in its place.
static int replace(int fd)
{
	MUST(!close(fd) && !use_sockets());
	int other = socket(AF_INET, SOCK_DGRAM, 0);
	MUST(other == fd && !bind(other, at_any, sizeof(at)));
	return 0;
}

static int in_children(const char *port)
{
	extern char **environ;
	char *const arguments[] = {"/bin/true", NULL};
	posix_spawn_file_actions_t actions;
	struct sockaddr_in named = at;
	named.sin_port = htons((uint16_t)atoi(port));
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&named, sizeof(named)))
		err(1, "bind");
	pid_t child = fork();
	if (!child)
		_exit(replace(fd) != 0);
	wait_for(child, "fork");
	print_name("fork", fd);
	child = vfork();
	if (!child)
		_exit(replace(fd) != 0);
	wait_for(child, "vfork");
	print_name("vfork", fd);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addclose(&actions, fd);
	posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, fd);
	if (posix_spawn(&child, arguments[0], &actions, NULL, arguments, environ))
		errx(1, "posix_spawn");
	posix_spawn_file_actions_destroy(&actions);
	wait_for(child, "posix_spawn");
	print_name("posix_spawn", fd);
	return 0;
}

// ---- between two looks at an interface --------------------------------------------------------------------

enum { PATIENCE = 5 }; // seconds

static void on_signal(int number)
{
	(void)number;
}

static void tell(const char *what, ssize_t result)
{
	printf("%s: %s\n", what, result >= 0 ? "not interrupted" : strerror(errno));
}

static int between(const char *port)
{
	int *armed = dlsym(RTLD_DEFAULT, "signal_at_next_look"), fd = socket(AF_INET, SOCK_DGRAM, 0);
	const struct timespec time = {PATIENCE, 0};
	const struct timeval patience = {PATIENCE, 0};
	struct pollfd wanted = {.fd = fd, .events = POLLIN};
	struct epoll_event event = {.events = EPOLLIN};
	int epoll = epoll_create1(0);
	sigset_t none;
	fd_set set;
	char word[8];
	sigemptyset(&none);
	FD_ZERO(&set);
	FD_SET((unsigned)fd, &set);
	at.sin_port = htons((uint16_t)atoi(port));
	sigaction(SIGUSR1, &(struct sigaction){.sa_handler = on_signal}, NULL);
	if (!armed || bind(fd, at_any, sizeof(at)) || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event))
		errx(1, "bind");
#define TELL(name, ...) *armed = SIGUSR1, tell(#name, name(__VA_ARGS__))
	TELL(poll, &wanted, 1, PATIENCE * 1000);
	TELL(ppoll, &wanted, 1, &time, &none);
	TELL(select, fd + 1, &set, NULL, NULL, &(struct timeval){PATIENCE, 0});
	TELL(pselect, fd + 1, &set, NULL, NULL, &time, NULL);
	TELL(epoll_wait, epoll, &event, 1, PATIENCE * 1000);
	TELL(epoll_pwait, epoll, &event, 1, PATIENCE * 1000, &none);
	sigaction(SIGALRM, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
	setitimer(ITIMER_REAL, &(struct itimerval){.it_value = patience}, NULL);
	TELL(recv, fd, word, sizeof(word), 0);
#undef TELL
	return 0;
}

// ---- on the highest descriptor ----------------------------------------------------------------------------

static int on_highest(const char *port)
{
	struct rlimit limit = {HIGHEST + 1, HIGHEST + 1};
	char word[8] = "";
	at.sin_port = htons((uint16_t)atoi(port));
	if (setrlimit(RLIMIT_NOFILE, &limit) && !getrlimit(RLIMIT_NOFILE, &limit)) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	int fd = socket(AF_INET, SOCK_DGRAM, 0), highest = (int)limit.rlim_cur - 1;
	if (dup2(fd, highest) != highest || close(fd) || bind(highest, at_any, sizeof(at)))
		err(1, "bind");
	printf("descriptor %d\n", highest);
	print_name("bind", highest);
	if (recv(highest, word, sizeof(word) - 1, 0) < 0)
		err(1, "recv");
	puts(word);
	return close(highest);
}

int main(int count, char **arguments)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	at.sin_family = AF_INET;
	if (count != 4 || inet_pton(AF_INET, arguments[2], &at.sin_addr) != 1)
		errx(2, "usage: signals handler|children|between|highest ADDRESS BYTES|PORT");
	if (!strcmp(arguments[1], "handler"))
		return in_handler(arguments[3]);
	if (!strcmp(arguments[1], "children"))
		return in_children(arguments[3]);
	if (!strcmp(arguments[1], "between"))
		return between(arguments[3]);
	return on_highest(arguments[3]);
}
