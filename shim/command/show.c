// sockgraft show: which process is a member of what, by what the kernel says of its sockets.
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../../core/policy/reader.h"
#include "command.h"
#include "json.h"
#include "rows.h"

enum { WATCH_SECONDS = 2, WATCH_AT_MOST = 86400 };

// ---- what is asked for ----------------------------------------------------------------------------------

struct request {
	const char *text;
	pid_t pid; // 0: a name
	bool found;
};

static struct {
	struct request *requests;
	unsigned request_count;
	const char *group_text; // NULL: whatever group
	union graft_address group;
	struct graft_interface on; // named NULL and without an index: any
	bool json, watch;
	double seconds;
} asked;

static int wrong(const char *text, const char *why)
{
	complain("%s: %s", text, why);
	return usage("show");
}

// "239.1.1.1", "ff15::1%eth0", "[ff15::1]%2".
static int take_group(const char *text)
{
	const char *address = text, *zone = strchr(text, '%');
	size_t length = zone ? (size_t)(zone - text) : strlen(text);
	if (length > 2 && text[0] == '[' && text[length - 1] == ']') {
		address++;
		length -= 2;
	}
	if (graft_address_parse(address, length, &asked.group) || !graft_address_is_multicast(&asked.group))
		return wrong(text, "expected a group, such as 239.1.1.1, ff15::1 or 239.1.1.1%eth0");
	graft_address_unmap(&asked.group);
	if (zone && (graft_interface_parse(zone + 1, &asked.on) || asked.on.by == GRAFT_BY_ADDRESS))
		return wrong(text, "expected the name of an interface, a pattern or an index behind the %");
	asked.group_text = text;
	return 0;
}

static bool read_seconds(const char *text, double *seconds)
{
	char *end;
	*seconds = strtod(text, &end);
	return *text >= '0' && *text <= '9' && !*end && *seconds >= 0.01 && *seconds <= WATCH_AT_MOST;
}

static int take_watch(const char *value)
{
	asked.watch = true;
	asked.seconds = WATCH_SECONDS;
	if (value && !read_seconds(value, &asked.seconds))
		return wrong(value, "expected seconds from 0.01 to 86400");
	return 0;
}

static int take_request(const char *text)
{
	struct request *request = &asked.requests[asked.request_count++];
	char *end;
	errno = 0;
	long number = strtol(text, &end, 10);
	*request = (struct request){.text = text};
	if (!*text)
		return wrong("\"\"", "expected a process's number or name");
	if (strspn(text, "0123456789") == strlen(text))
		request->pid = errno || number > INT32_MAX || number < 1 ? -1 : (pid_t)number;
	return 0;
}

// What is behind the sign in an option of this name; "": the option without one; NULL: another option.
static const char *option_value(const char *argument, const char *name)
{
	size_t length = strlen(name);
	if (strncmp(argument, name, length) != 0)
		return NULL;
	return argument[length] == '=' || !argument[length] ? argument + length : NULL;
}

static int no_such_option(const char *argument)
{
	static const char *const options[] = {"--group", "--watch", "--json", "--help"};
	struct nearest nearest = {.word = {argument, strcspn(argument, "=")}};
	const char *best = NULL;
	char why[64] = "no such option";
	for (unsigned i = 0; i < sizeof(options) / sizeof(*options) && !strncmp(argument, "--", 2); i++)
		if (nearest_is(&nearest, options[i]))
			best = options[i];
	if (best)
		snprintf(why, sizeof(why), "no such option: did you mean \"%s\"?", best);
	return wrong(argument, why);
}

static int take_option(int count, char **arguments, int *at)
{
	const char *argument = arguments[*at], *next = *at + 1 < count ? arguments[*at + 1] : NULL, *value;
	if ((value = option_value(argument, "--group"))) {
		if (*value)
			return take_group(value + 1);
		++*at;
		return next ? take_group(next) : wrong(argument, "expected a group behind it");
	}
	if ((value = option_value(argument, "--watch")))
		return take_watch(*value ? value + 1 : NULL); // a number behind it is a process's
	if (strcmp(argument, "--json") != 0)
		return no_such_option(argument);
	asked.json = true;
	return 0;
}

static int take_arguments(int count, char **arguments)
{
	int status = 0;
	bool options = true;
	for (int at = 1; at < count && !status; at++) {
		if (options && !strcmp(arguments[at], "--"))
			options = false;
		else if (options && arguments[at][0] == '-')
			status = take_option(count, arguments, &at);
		else
			status = take_request(arguments[at]);
	}
	return status;
}

// ---- one look -------------------------------------------------------------------------------------------

// What a look at all processes comes to.
struct look {
	struct table table;
	unsigned rows;
	unsigned closed;  // processes that may not be looked at
	unsigned refused; // whose sockets may not be asked
	bool too_old;     // the kernel, for that
	bool quiet;       // what there is to say was said
	const struct process *process;
	struct governed governed;
	bool governed_known;  // of this process
	bool refused_already; // of this process
};

static void add_row(struct look *look, const struct inet_socket *of, const struct joined *joined)
{
	if (!look->governed_known)
		governed_read(look->process, &look->governed);
	if (!look->governed_known && look->governed.state == GOVERNED_OPAQUE && !look->quiet)
		complain("%s (%d): its policy can't be read: %s", look->process->name,
		        (int)look->process->pid, look->governed.why);
	look->governed_known = true;
	const struct row row = {look->process, &look->governed, of, joined};
	look->rows++;
	if (asked.json)
		row_to_json(&row);
	else
		row_to_table(&row, &look->table);
}

static bool is_asked_for(const struct joined *joined)
{
	const struct graft_interface *on = &asked.on;
	if (!asked.group_text)
		return true;
	if (!graft_address_equal(&joined->membership.group, &asked.group))
		return false;
	return on->by == GRAFT_BY_INDEX ? on->index == joined->membership.index
	                                : !on->name || graft_pattern_matches(on->name, joined->interface);
}

static void note_refused(struct look *look, const struct inet_socket *of)
{
	if (!of->refused || look->refused_already)
		return;
	look->refused++;
	look->refused_already = true;
	look->too_old |= of->refused == ENOSYS;
}

static void see_socket(int fd, uint64_t inode, void *context)
{
	struct look *look = context;
	struct inet_socket of;
	if (!socket_look(look->process->pid, fd, inode, &of))
		return;
	note_refused(look, &of);
	for (unsigned i = 0; i < of.joined_count; i++)
		if (is_asked_for(&of.joined[i]))
			add_row(look, &of, &of.joined[i]);
	// Nobody knows of what may not be asked.
	bool unknown = of.refused && socket_is_message(&of);
	if (!of.joined_count && !asked.group_text && (asked.request_count || unknown))
		add_row(look, &of, NULL);
	socket_forget(&of);
}

static bool is_wanted(const struct process *process)
{
	bool wanted = !asked.request_count;
	for (unsigned i = 0; i < asked.request_count; i++) {
		struct request *request = &asked.requests[i];
		bool is = request->pid ? request->pid == process->pid
		                       : process_has_name(process, request->text);
		request->found |= is;
		wanted |= is;
	}
	return wanted;
}

static void see_process(const struct process *process, void *context)
{
	struct look *look = context;
	if (!is_wanted(process))
		return;
	look->process = process;
	look->governed_known = look->refused_already = false;
	look->closed += !process_each_socket(process->pid, see_socket, look);
	if (look->governed_known)
		governed_forget(&look->governed);
}

// ---- what it comes to -----------------------------------------------------------------------------------

static const char *plural(unsigned count)
{
	return count == 1 ? "" : "es";
}

static int tell_missing(bool quiet)
{
	int status = 0;
	for (unsigned i = 0; i < asked.request_count; i++) {
		const struct request *request = &asked.requests[i];
		if (request->found)
			continue;
		if (!quiet)
			complain("%s: no process has that %s", request->text,
			        request->pid ? "number" : "name");
		status = EXIT_FINDINGS;
	}
	return status;
}

static void tell_nothing(const struct look *look)
{
	const char *seen = look->closed || look->refused ? " that may be looked at" : "";
	if (asked.group_text)
		complain("%s: there is no member%s", asked.group_text, seen);
	else if (asked.request_count)
		complain("there is no IP socket%s", seen);
	else
		complain("there is no member of any group%s", seen);
}

static void tell_unseen(const struct look *look)
{
	static const char privilege[] = "root, or CAP_SYS_PTRACE";
	if (look->closed)
		complain("%u process%s may not be looked at: it takes %s", look->closed, plural(look->closed),
		        privilege);
	if (look->refused)
		complain(
		        "the sockets of %u process%s may not be asked for their groups and options: it takes %s",
		        look->refused, plural(look->refused), look->too_old ? "Linux 5.6" : privilege);
}

// An exit status.
static int tell(const struct look *look)
{
	int status = tell_missing(look->quiet);
	bool none = !look->rows && !status;
	if (none && !look->quiet)
		tell_nothing(look);
	if (!look->quiet)
		tell_unseen(look);
	return none && (asked.group_text || asked.request_count) ? EXIT_FINDINGS : status;
}

static bool clears_screen(void)
{
	const char *terminal = getenv("TERM");
	return asked.watch && isatty(STDOUT_FILENO) && terminal && strcmp(terminal, "dumb") != 0;
}

static int look_once(bool first)
{
	struct look look = {
	        .table = {row_columns, ROW_COLUMNS, NULL, 0, 0}, .quiet = !first && !clears_screen()};
	for (unsigned i = 0; i < asked.request_count; i++)
		asked.requests[i].found = false;
	if (asked.json)
		json_open_array(NULL);
	processes_each(see_process, &look);
	if (clears_screen())
		fputs("\033[H\033[2J", stdout);
	if (asked.json) {
		json_close_array();
		json_end();
	} else {
		if (!first && !clears_screen())
			putchar('\n');
		table_print(&look.table);
	}
	table_clear(&look.table);
	return tell(&look);
}

// ---- again and again ------------------------------------------------------------------------------------

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
	(void)number;
	interrupted = 1;
}

// So that none comes between a look at `interrupted` and the pause; `before` is what the pause lets in.
static void hold_signals(sigset_t *before)
{
	struct sigaction action = {.sa_handler = on_signal};
	sigset_t held;
	sigemptyset(&held);
	sigaddset(&held, SIGINT);
	sigaddset(&held, SIGTERM);
	sigprocmask(SIG_BLOCK, &held, before);
	sigdelset(before, SIGINT);
	sigdelset(before, SIGTERM);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	action.sa_handler = SIG_IGN; // NOLINT(performance-no-int-to-ptr)
	sigaction(SIGPIPE, &action, NULL);
}

// False: it was interrupted, or nobody reads any more.
static bool pause_between(const sigset_t *let_in)
{
	struct pollfd reader = {.fd = STDOUT_FILENO};
	time_t whole = (time_t)asked.seconds;
	struct timespec time = {whole, (long)((asked.seconds - (double)whole) * 1e9)};
	int ready = ppoll(&reader, 1, &time, let_in);
	return !interrupted && !(ready > 0 && reader.revents & POLLERR);
}

static int watch(void)
{
	sigset_t before;
	bool first = true;
	hold_signals(&before);
	do {
		look_once(first);
		first = false;
	} while (flush_output() && pause_between(&before));
	return 0;
}

int command_show(int count, char **arguments)
{
	if (wants_help("show", count, arguments))
		return 0;
	asked.requests = calloc((size_t)count, sizeof(*asked.requests));
	if (!asked.requests)
		return complain("there is no memory"), EXIT_FINDINGS;
	int status = take_arguments(count, arguments);
	if (!status && asked.watch)
		status = watch();
	else if (!status)
		status = look_once(true);
	free(asked.requests);
	return status;
}
