// Makes membership requests on one socket, in every form that there is, and prints what each of them returned.
//
//	memberships FAMILY[-raw] STEP...
//
// FAMILY is ipv4, ipv6, or ipv4in6 (an AF_INET6 socket, for its IPv4 side). A step is one of
//
//	join, leave, join-source, leave-source, block, unblock, include, exclude [SOURCE+...@]GROUP[%INTERFACE]
//	        by the requests of RFC 3678; with "/mreq" and "/mreqn" behind its name by those of ip(7) and ipv6(7),
//	        the interface by its address or by its index; a list of sources with "/filter" by setsourcefilter(), with
//	        "/filter4" by setipv4sourcefilter()
//	random SEED COUNT               so many requests of all kinds, on few groups, interfaces and sources
//	stress SECONDS GROUP            threads join and leave the group on the socket, each from a source of its own;
//	                                children and a signal handler on sockets of their own
//	bind PORT, connect ADDRESS PORT
//	dup                             goes on with a copy
//	fork                            goes on in a child
//	child STEP...                   makes the next step in a child, and goes on after that
//	exec                            goes on in another program
//	again                           closes the socket and goes on with a new one
//	another                         goes on with a new one; "use NUMBER" with a descriptor that it had before
//	line                            goes on after a line of the standard input
//	receive                         prints what arrives
//	memberships                     prints what the kernel says that the socket is a member of
#include "../../core/sockgraft.h"
#include "../../core/text.h"

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <net/if.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SOURCES = 128, MEMBERSHIPS = 64 };

static const char *program, *family_name;
static int family, level, type = SOCK_DGRAM, fd;

// ---- what is asked for ------------------------------------------------------------------------------------

struct asked {
	char group[64], interface[64];
	struct sockaddr_storage address, sources[SOURCES];
	unsigned count, index;
};

static struct sockaddr_storage address_of(const char *text)
{
	struct sockaddr_storage storage = {0};
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
		memcpy(&storage, &v4, sizeof(v4));
	else if (inet_pton(AF_INET6, text, &v6.sin6_addr) == 1)
		memcpy(&storage, &v6, sizeof(v6));
	else
		errx(2, "%s: not an address", text);
	return storage;
}

static struct in_addr inner4(const struct sockaddr_storage *storage)
{
	struct sockaddr_in v4;
	memcpy(&v4, storage, sizeof(v4));
	return v4.sin_addr;
}

static struct in6_addr inner6(const struct sockaddr_storage *storage)
{
	struct sockaddr_in6 v6;
	memcpy(&v6, storage, sizeof(v6));
	return v6.sin6_addr;
}

// Splits "SOURCE+SOURCE@GROUP%INTERFACE".
static struct asked read_asked(const char *text)
{
	struct asked asked = {0};
	char copy[4096], *rest = copy, *at, *source;
	snprintf(copy, sizeof(copy), "%s", text);
	if ((at = strchr(copy, '@'))) {
		*at = '\0';
		while ((source = strsep(&rest, "+")))
			asked.sources[asked.count++] = address_of(source);
		rest = at + 1;
	}
	if ((at = strchr(rest, '%'))) {
		*at = '\0';
		snprintf(asked.interface, sizeof(asked.interface), "%s", at + 1);
		asked.index = if_nametoindex(at + 1);
		if (!asked.index) // one that isn't there, by its number
			asked.index = (unsigned)atoi(at + 1);
	}
	snprintf(asked.group, sizeof(asked.group), "%s", rest);
	asked.address = address_of(rest);
	return asked;
}

// The interface's first address, or the one that it was named by.
static struct in_addr interface_address(const struct asked *asked)
{
	struct in_addr address = {0};
	struct ifreq request = {0};
	struct sockaddr_in v4;
	int probe;
	if (!*asked->interface || inet_pton(AF_INET, asked->interface, &address) == 1)
		return address;
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%.15s", asked->interface);
	probe = socket(AF_INET, SOCK_DGRAM, 0);
	if (ioctl(probe, SIOCGIFADDR, &request))
		err(2, "the address of %s", asked->interface);
	close(probe);
	memcpy(&v4, &request.ifr_addr, sizeof(v4));
	return v4.sin_addr;
}

// ---- requests -------------------------------------------------------------------------------------------

static const struct row {
	char name[16];
	int group, mreq; // RFC 3678's option, ip(7)'s or ipv6(7)'s
	int mreq6;
} rows[] = {
        {"join", MCAST_JOIN_GROUP, IP_ADD_MEMBERSHIP, IPV6_JOIN_GROUP},
        {"leave", MCAST_LEAVE_GROUP, IP_DROP_MEMBERSHIP, IPV6_LEAVE_GROUP},
        {"join-source", MCAST_JOIN_SOURCE_GROUP, IP_ADD_SOURCE_MEMBERSHIP, 0},
        {"leave-source", MCAST_LEAVE_SOURCE_GROUP, IP_DROP_SOURCE_MEMBERSHIP, 0},
        {"block", MCAST_BLOCK_SOURCE, IP_BLOCK_SOURCE, 0},
        {"unblock", MCAST_UNBLOCK_SOURCE, IP_UNBLOCK_SOURCE, 0},
        {"include", MCAST_MSFILTER, IP_MSFILTER, 0},
        {"exclude", MCAST_MSFILTER, IP_MSFILTER, 0},
};

static int set(int name, const void *value, size_t size)
{
	return setsockopt(fd, level, name, value, (socklen_t)size);
}

static int ask_group(const struct row *row, const struct asked *asked)
{
	const struct group_req group = {asked->index, asked->address};
	struct group_source_req source = {asked->index, asked->address, asked->sources[0]};
	if (row->group == MCAST_JOIN_GROUP || row->group == MCAST_LEAVE_GROUP)
		return set(row->group, &group, sizeof(group));
	if (row->group != MCAST_MSFILTER)
		return set(row->group, &source, sizeof(source));
	struct group_filter *list = calloc(1, GROUP_FILTER_SIZE(asked->count + 1));
	list->gf_interface = asked->index;
	list->gf_group = asked->address;
	list->gf_fmode = row->name[0] == 'i' ? GRAFT_INCLUDE : GRAFT_EXCLUDE;
	list->gf_numsrc = asked->count;
	memcpy(list->gf_slist, asked->sources, asked->count * sizeof(asked->sources[0]));
	int result = set(MCAST_MSFILTER, list, GROUP_FILTER_SIZE(asked->count));
	free(list);
	return result;
}

static int ask_mreq(const struct row *row, const struct asked *asked, int with_index)
{
	const struct in_addr group = inner4(&asked->address), interface = interface_address(asked);
	const struct ip_mreq mreq = {group, interface};
	const struct ip_mreqn mreqn = {group, {0}, (int)asked->index};
	if (row->mreq == IP_ADD_MEMBERSHIP || row->mreq == IP_DROP_MEMBERSHIP)
		return with_index ? set(row->mreq, &mreqn, sizeof(mreqn))
		                  : set(row->mreq, &mreq, sizeof(mreq));
	if (row->mreq != IP_MSFILTER) {
		struct ip_mreq_source source = {0};
		source.imr_multiaddr = group;
		source.imr_interface = interface;
		source.imr_sourceaddr = inner4(&asked->sources[0]);
		return set(row->mreq, &source, sizeof(source));
	}
	struct ip_msfilter *list = calloc(1, IP_MSFILTER_SIZE(asked->count + 1));
	list->imsf_multiaddr = group;
	list->imsf_interface = interface;
	list->imsf_fmode = row->name[0] == 'i' ? GRAFT_INCLUDE : GRAFT_EXCLUDE;
	list->imsf_numsrc = asked->count;
	for (unsigned i = 0; i < asked->count; i++)
		list->imsf_slist[i] = inner4(&asked->sources[i]);
	int result = set(IP_MSFILTER, list, IP_MSFILTER_SIZE(asked->count));
	free(list);
	return result;
}

#ifdef __GLIBC__
static int ask_filter(const struct row *row, const struct asked *asked, int only4)
{
	const uint32_t mode = row->name[0] == 'i' ? GRAFT_INCLUDE : GRAFT_EXCLUDE;
	struct in_addr sources[SOURCES];
	for (unsigned i = 0; i < asked->count; i++)
		sources[i] = inner4(&asked->sources[i]);
	if (only4)
		return setipv4sourcefilter(
		        fd, interface_address(asked), inner4(&asked->address), mode, asked->count, sources);
	return setsourcefilter(fd, asked->index, (const struct sockaddr *)&asked->address,
	        asked->address.ss_family == AF_INET ? sizeof(struct sockaddr_in)
	                                            : sizeof(struct sockaddr_in6),
	        mode, asked->count, asked->sources);
}
#else
static int ask_filter(const struct row *row, const struct asked *asked, int only4)
{
	return only4 ? ask_mreq(row, asked, 0) : ask_group(row, asked);
}
#endif

static int ask_mreq6(const struct row *row, const struct asked *asked)
{
	const struct ipv6_mreq mreq = {inner6(&asked->address), asked->index};
	return set(row->mreq6, &mreq, sizeof(mreq));
}

static const struct row *find(const char *name, size_t length)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strlen(rows[i].name) == length && !memcmp(rows[i].name, name, length))
			return &rows[i];
	errx(2, "%s: no such step", name);
}

static void request(const char *step, const char *what)
{
	const char *form = strchr(step, '/');
	const struct row *row = find(step, form ? (size_t)(form - step) : strlen(step));
	const struct asked asked = read_asked(what);
	int result;
	if (form && !strncmp(form, "/filter", 7))
		result = ask_filter(row, &asked, form[7] == '4');
	else if (form && level == IPPROTO_IPV6)
		result = ask_mreq6(row, &asked);
	else if (form)
		result = ask_mreq(row, &asked, !strcmp(form, "/mreqn"));
	else
		result = ask_group(row, &asked);
	printf("%s %s: %s\n", step, what, result ? strerror(errno) : "ok");
}

// ---- many of them ---------------------------------------------------------------------------------------

static unsigned below(unsigned *seed, unsigned limit)
{
	*seed = *seed * 1103515245U + 12345U;
	return (*seed >> 16) % limit;
}

static void put_random(unsigned *seed, int ipv6)
{
	static const char *const interfaces[] = {"", "%b0", "%b1"};
	static const char *const forms[] = {"", "/mreq", "/mreqn"};
	const struct row *row = &rows[below(seed, sizeof(rows) / sizeof(rows[0]))];
	char step[32], buffer[128] = "";
	struct text what = TEXT_IN(buffer);
	unsigned form = below(seed, 3),
	         bare = row->group == MCAST_JOIN_GROUP || row->group == MCAST_LEAVE_GROUP;
	int by_function = form == 2 && row->group == MCAST_MSFILTER;
	if ((ipv6 && !row->mreq6) || (form == 2 && !bare))
		form = 0;
	snprintf(step, sizeof(step), "%s%s", row->name, by_function ? "/filter" : forms[form]);
	unsigned count = bare ? 0 : row->group == MCAST_MSFILTER ? below(seed, 4) : 1;
	for (unsigned i = 0; i < count; i++) {
		text_put(&what, i ? "+" : "");
		text_put(&what, ipv6 ? "fd77::" : "10.77.0.");
		text_put_number(&what, row->group == MCAST_MSFILTER ? i + 1 : below(seed, 3) + 1);
	}
	text_put(&what, count ? "@" : "");
	text_put(&what, ipv6 ? "ff35::" : "232.1.1.");
	text_put_number(&what, 1 + below(seed, 2));
	text_put(&what, interfaces[below(seed, 3)]);
	request(step, buffer);
}

// ---- at once --------------------------------------------------------------------------------------------

enum { THREADS = 4, PERIOD = 2000 /* us */ };

static int stopped, wrong; // read and written by all at once
static struct asked stressed;
static unsigned rounds;

static int in_and_out(int socket, unsigned number)
{
	struct group_source_req source = {stressed.index, stressed.address, stressed.sources[number]};
	return setsockopt(socket, level, MCAST_JOIN_SOURCE_GROUP, &source, sizeof(source)) ||
	       setsockopt(socket, level, MCAST_LEAVE_SOURCE_GROUP, &source, sizeof(source));
}

static void *stress_thread(void *number)
{
	while (!__atomic_load_n(&stopped, __ATOMIC_RELAXED)) {
		if (in_and_out(fd, *(unsigned *)number))
			err(1, "in a thread");
		__atomic_add_fetch(&rounds, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

static int stress_elsewhere(void)
{
	int other = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0), failed = other < 0 || in_and_out(other, 0);
	return close(other) || failed;
}

// The next one comes a while after this one has ended, however long it took.
static void set_alarm(void)
{
	setitimer(ITIMER_REAL, &(struct itimerval){.it_value = {0, PERIOD}}, NULL);
}

static void on_alarm(int number)
{
	int kept = errno;
	(void)number;
	__atomic_fetch_or(&wrong, stress_elsewhere(), __ATOMIC_RELAXED);
	set_alarm();
	errno = kept;
}

static void stress_children(time_t end)
{
	int status;
	while (time(NULL) < end) {
		pid_t child = fork();
		if (!child)
			_exit(stress_elsewhere());
		while (waitpid(child, &status, 0) < 0 && errno == EINTR)
			;
		if (child < 0 || status || __atomic_load_n(&wrong, __ATOMIC_RELAXED))
			errx(1, "a child ended with %#x, or the handler went wrong", (unsigned)status);
	}
}

static void stress(const char *seconds, const char *group)
{
	const struct itimerval none = {0};
	pthread_t threads[THREADS];
	unsigned numbers[THREADS];
	stressed = read_asked(group);
	sigaction(SIGALRM, &(struct sigaction){.sa_handler = on_alarm, .sa_flags = SA_RESTART}, NULL);
	for (unsigned i = 0; i < THREADS; i++) {
		char source[32];
		numbers[i] = i;
		snprintf(source, sizeof(source), "%s%u", level == IPPROTO_IP ? "10.77.0." : "fd77::", 1 + i);
		stressed.sources[i] = address_of(source);
	}
	for (unsigned i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, stress_thread, &numbers[i]))
			errx(1, "pthread_create");
	set_alarm();
	stress_children(time(NULL) + atoi(seconds));
	__atomic_store_n(&stopped, 1, __ATOMIC_RELAXED);
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	setitimer(ITIMER_REAL, &none, NULL);
	printf("%u rounds\n", rounds);
}

// ---- other steps ------------------------------------------------------------------------------------------

static void make(void)
{
	fd = socket(family, type, type == SOCK_RAW ? IPPROTO_UDP : 0);
	if (fd < 0)
		err(2, "socket");
}

static void name(
        int (*function)(int, const struct sockaddr *, socklen_t), const char *address, const char *port)
{
	struct sockaddr_storage at = address_of(address);
	struct sockaddr_in *v4 = (void *)&at; // the port of IPv6 is where IPv4's is
	v4->sin_port = htons((uint16_t)atoi(port));
	socklen_t length = at.ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
	if (function(fd, (struct sockaddr *)&at, length))
		err(2, "bind or connect");
}

static void go_on_in_child(void)
{
	fflush(stdout);
	pid_t child = fork();
	int status;
	if (child <= 0)
		return;
	waitpid(child, &status, 0);
	exit(WEXITSTATUS(status));
}

static _Noreturn void go_on_in_program(char **rest)
{
	char number[16], *arguments[256] = {(char *)program, (char *)family_name, "fd", number};
	snprintf(number, sizeof(number), "%d", fd);
	for (unsigned i = 0; i < 250 && rest[i]; i++)
		arguments[i + 4] = rest[i];
	fflush(stdout);
	execv(program, arguments);
	err(2, "%s", program);
}

static void receive(void)
{
	char word[256];
	for (;;) {
		ssize_t length = recv(fd, word, sizeof(word) - 1, 0);
		if (length < 0)
			err(2, "recv");
		printf("%.*s", (int)length, word);
	}
}

static void show(void)
{
	struct graft_membership list[MEMBERSHIPS];
	char address[GRAFT_ADDRESS_TEXT], interface[IF_NAMESIZE];
	int count = graft_memberships(fd, 0, list, MEMBERSHIPS);
	for (int i = 0; i < count && i < MEMBERSHIPS; i++)
		printf("member %s%%%s %s %u\n", graft_address_text(&list[i].group, address),
		        if_indextoname(list[i].index, interface),
		        list[i].mode == GRAFT_INCLUDE ? "include" : "exclude", list[i].source_count);
	printf("memberships: %d\n", count);
}

static char **take_step(char **at);

static char **take_step_in_child(char **at)
{
	fflush(stdout);
	pid_t child = fork();
	if (!child) {
		take_step(at);
		exit(0);
	}
	waitpid(child, NULL, 0);
	return at + 2; // every request has one argument
}

// Makes a step, and returns where the next one is.
static char **take_step(char **at)
{
	const char *step = *at++;
	char line[256];
	if (!strcmp(step, "dup")) {
		int copy = dup(fd);
		close(fd);
		fd = copy;
	} else if (!strcmp(step, "fork")) {
		go_on_in_child();
	} else if (!strcmp(step, "child")) {
		at = take_step_in_child(at);
	} else if (!strcmp(step, "exec")) {
		go_on_in_program(at);
	} else if (!strcmp(step, "fd")) {
		close(fd);
		fd = atoi(*at++);
	} else if (!strcmp(step, "again")) {
		close(fd);
		make();
	} else if (!strcmp(step, "another")) {
		make();
	} else if (!strcmp(step, "use")) {
		fd = atoi(*at++);
	} else if (!strcmp(step, "line")) {
		if (!fgets(line, sizeof(line), stdin))
			exit(0);
	} else if (!strcmp(step, "receive")) {
		receive();
	} else if (!strcmp(step, "memberships")) {
		show();
	} else if (!strcmp(step, "bind")) {
		name(bind, family == AF_INET ? "0.0.0.0" : "::", *at++);
	} else if (!strcmp(step, "connect")) {
		name(connect, at[0], at[1]);
		at += 2;
	} else if (!strcmp(step, "stress")) {
		stress(at[0], at[1]);
		at += 2;
	} else if (!strcmp(step, "random")) {
		unsigned seed = (unsigned)atoi(*at++);
		for (int count = atoi(*at++); count > 0; count--)
			put_random(&seed, level == IPPROTO_IPV6);
	} else {
		request(step, *at++);
	}
	return at;
}

int main(int argc, char **argv)
{
	if (argc < 3)
		errx(2, "usage: memberships FAMILY[-raw] STEP...");
	setvbuf(stdout, NULL, _IOLBF, 0);
	program = argv[0];
	family_name = argv[1];
	family = strncmp(family_name, "ipv4", 4) || !strncmp(family_name, "ipv4in6", 7) ? AF_INET6 : AF_INET;
	level = strncmp(family_name, "ipv6", 4) ? IPPROTO_IP : IPPROTO_IPV6;
	if (strstr(family_name, "-raw"))
		type = SOCK_RAW;
	make();
	for (char **at = argv + 2; *at;)
		at = take_step(at);
	return 0;
}
