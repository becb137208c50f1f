// A library whose getsockopt sends the process a signal, when it is told to: at a moment at which the program waits, as
// far as it knows.
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EXPORTED __attribute__((visibility("default")))

EXPORTED int signal_at_next_look; // the signal

EXPORTED int getsockopt(int fd, int level, int name, void *restrict value, socklen_t *restrict length)
{
	int number = name == SO_DOMAIN ? signal_at_next_look : 0;
	if (number) {
		signal_at_next_look = 0;
		raise(number);
	}
	return (int)syscall(SYS_getsockopt, fd, level, name, value, length);
}
