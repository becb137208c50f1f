// A library whose bind is an indirect function (STT_GNU_IFUNC): which one it is, the loader asks when it is needed.
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

typedef int bind_function(int fd, const struct sockaddr *address, socklen_t length);

static int bind_aloud(int fd, const struct sockaddr *address, socklen_t length)
{
	static const char line[] = "indirect: bind\n";
	int kept = errno;
	(void)!write(STDERR_FILENO, line, strlen(line));
	errno = kept;
	return (int)syscall(SYS_bind, fd, address, length);
}

// Called before the library is relocated.
__attribute__((used)) static bind_function *choose(void)
{
	return bind_aloud;
}

__attribute__((visibility("default"), ifunc("choose"))) bind_function bind;
