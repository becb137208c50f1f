// Calls every interposed function in many ways, good and bad, and prints a line for each: what it returned, errno,
// what it wrote, which descriptors it opened and closed, and what has become of the one it was called on. Run with
// and without the library, the output has to be the same.
//
// The lines hold nothing that differs from run to run: what the kernel may choose is not printed.
#ifndef SAME_H
#define SAME_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

// The cases of one function; every row of shim/functions.h has to have some. What other names of the function
// add is one line: ALIAS(__connect, connect). Cases of functions that have no row are not run.
#define CASES(name) void cases_##name(void)
#define ALIAS(alias, name)                                                                                   \
	CASES(name);                                                                                         \
	CASES(alias)                                                                                         \
	{                                                                                                    \
		cases_##name();                                                                              \
	}

// The function that is tested, as what it is called as.
extern void *under_test;
#define FUNCTION(result, ...) ((result(*)(__VA_ARGS__))under_test)

// A number that the field may be too narrow for: each libc has its own types for some of them.
#define ASSIGN(field, value) ((field) = (__typeof__(field))(value))

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

// The arguments of a call; each function takes those that it has.
struct call {
	int fd, to, flags, level, name, patience;
	void *bytes; // data, or what a structure is
	size_t length, size;
	void *address, *room; // room: a socklen_t
	socklen_t address_length;
	void *time, *mask;
};
typedef long adapter(const struct call *call);

// ---- a case (harness.c) ---------------------------------------------------------------------------------

// Runs what `--only` of the program's arguments leaves, all cases of a function.
void function_run(const char *name, void (*cases)(void));

// A case: begin, lay out what the call is given, attempt, say more if there is more to say, end. `end` closes
// all descriptors that the case has opened.
__attribute__((format(printf, 1, 2))) void begin(const char *format, ...);
long attempt(adapter *by, const struct call *call);
__attribute__((format(printf, 1, 2))) void say(const char *format, ...);
void end(void);

// A signal's number for kill; its handler only counts.
void expect_signal(int signal);

// ---- memory that a call is given (memory.c) -------------------------------------------------------------
//
// All of it lies in one place, with marks between; `memory_say` tells what a call has changed, marks included.

void memory_reset(void);
void *room(const char *label, size_t size);                   // nothing in it yet
void *put(const char *label, const void *bytes, size_t size); // a copy
void *put_number(const char *label, uint32_t number);
void *at_edge(const char *label, const void *bytes, size_t size); // and behind it no memory
void memory_keep(void);
void memory_say(void);

// Pointers to what is no memory, or not enough of it.
struct pointer {
	const char *text;
	void *at;
};
enum { BAD_POINTERS = 5 };
extern struct pointer bad_pointers[BAD_POINTERS];

// Lengths that are none.
extern const uint32_t odd_lengths[];
extern const size_t odd_length_count;

// ---- descriptors (fixtures.c) ---------------------------------------------------------------------------

enum { PORT = 5000, OTHER_PORT = 5001, SILENT_PORT = 5009 };

struct kind {
	const char *text;
	int (*open)(void);
};
extern const struct kind kinds[]; // all sorts of descriptors, and numbers that are none
extern const size_t kind_count;

union name {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr_un local;
	struct sockaddr_storage storage;
};

union name name_of(int family, int port); // on the loopback; of AF_UNIX, an abstract name
socklen_t name_length(int family);

int made(int family, int type);              // not blocking
int made_at(int family, int type, int port); // bound; a stream listens
int connected_to(int family, int type, int port);
int made_for_stream(int family, int port); // bound to connect; leaves nothing behind for the next case

void describe(int fd); // says what it is and how it stands
void drain(int fd);    // says what has arrived
void say_name(const union name *name, socklen_t length);

// A socket of each family with a datagram for it.
extern const int families[3];
const char *family_text(int family);
int loaded(int family, int type, const char *word);

// Calls that take an address besides `rest` (names.c).
void cases_of_naming(adapter *by, const struct call *rest);

// A time in seconds and the parts of a second that the call counts; wide: 64 bits each on every machine (waits.c).
void *time_of(long seconds, long parts, bool wide);

// Calls that write an address, on what `open` opens (names.c).
void cases_of_asking(adapter *by, const char *text, int (*open)(int family), int family);

#endif
