// vfork and clone: children that run in their parent's memory, and others.
#include "same.h"

#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

static long status_of(pid_t pid)
{
	int status = 0;
	if (pid < 0)
		return pid;
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static long by_vfork(const struct call *call)
{
	pid_t pid = FUNCTION(pid_t, void)();
	if (!pid) {
		close(call->fd);
		_exit(call->flags);
	}
	return status_of(pid);
}

CASES(vfork)
{
	for (size_t i = 0; i < kind_count; i++) {
		begin("its child closes %s", kinds[i].text);
		attempt(by_vfork, &(struct call){.fd = kinds[i].open(), .flags = (int)i});
		end();
	}
}

static int close_one(void *fd)
{
	close((int)(intptr_t)fd);
	return 7;
}

static long by_clone(const struct call *call)
{
	typedef int begins(void *);
	return status_of(FUNCTION(int, begins *, void *, int, void *)(
	        call->length ? close_one : NULL, call->bytes, call->flags, (void *)(intptr_t)call->fd));
}

CASES(clone)
{
	static char stack[65536];
	static const int flags[] = {SIGCHLD, CLONE_VM | CLONE_VFORK | SIGCHLD, CLONE_FILES | SIGCHLD};
	for (size_t i = 0; i < kind_count * COUNT(flags); i++) {
		begin("with %x it closes %s", (unsigned)flags[i % COUNT(flags)],
		        kinds[i / COUNT(flags)].text);
		attempt(by_clone, &(struct call){.fd = kinds[i / COUNT(flags)].open(),
		                          .bytes = stack + sizeof(stack),
		                          .length = 1,
		                          .flags = flags[i % COUNT(flags)]});
		end();
	}
	begin("no stack");
	attempt(by_clone, &(struct call){.fd = -1, .length = 1, .flags = SIGCHLD});
	end();
	begin("no function");
	attempt(by_clone, &(struct call){.fd = -1, .bytes = stack + sizeof(stack), .flags = SIGCHLD});
	end();
}
ALIAS(__clone, clone)
