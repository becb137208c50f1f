# Where little may be done: in signal handlers, on small stacks, in the children of fork and vfork, on the last
# descriptor that there can be.

load hosts

GROUPS4=239.1.1.1%b0,10.77.0.9@232.7.8.9%b0,239.1.1.2

setup() {
	hosts_up
	PROBE=$BUILD/tests/signals
}

teardown() {
	hosts_down
}

# handles MEMBERSHIPS BYTES: the calls that a handler may make succeed there, and those that they interrupt.
handles() {
	SOCKGRAFT_LOG=error SOCKGRAFT_DSCP=ef SOCKGRAFT_JOIN=$1 grafted "$PROBE" handler 10.77.0.22 "$2" >"$(out r)"
	! said r "^too much of it is the kernel's$" || skip "the kernel's own part of such a stack is too large here"
	said r '^all went well$'
}

@test "every call that a signal handler may make works there, and in what it interrupts" {
	handles "$GROUPS4" 0
}

@test "the same, while a membership waits" {
	handles "$GROUPS4,239.1.1.3%nope0" 0
}

@test "the same, on a stack of 8 KiB" {
	[[ $GRAFT != *" "* ]] || skip "the sanitizers need more of it"
	handles "$GROUPS4" 8192
}

@test "the same, where the program's joins are rewritten" {
	export SOCKGRAFT_FILTER='10.77.0.1+10.77.0.3+10.77.0.4+10.77.0.5+10.77.0.6@*%b*'
	handles "$GROUPS4" 0
	[[ $GRAFT == *" "* ]] || handles "$GROUPS4" 8192
}

@test "the same, where datagrams leave by several interfaces, and some are redirected" {
	export SOCKGRAFT_INTERFACE=b0+b1 SOCKGRAFT_REDIRECT='10.99.9.9->10.77.0.1,239.9.9.9->239.8.8.8'
	handles "$GROUPS4" 0
	[[ $GRAFT == *" "* ]] || handles "$GROUPS4" 8192
}

@test "what children close, open and bind leaves the parent's sockets as they are" {
	SOCKGRAFT_JOIN=239.1.1.1%b0 start r grafted "$PROBE" children 10.77.0.22 5000
	finish r
	said r '^after fork: 10.77.0.22 5000$'
	said r '^after vfork: 10.77.0.22 5000$'
	said r '^after posix_spawn: 10.77.0.22 5000$'
}

@test "a signal ends a wait, in whatever moment it comes, while a membership waits" {
	local call list="$GRAFT:$BUILD/tests/between.so"
	[[ $GRAFT != *" "* ]] || list="$GRAFT $BUILD/tests/between.so"
	GRAFT=$list SOCKGRAFT_JOIN=239.1.1.1%nope0 start r grafted "$PROBE" between 10.77.0.22 5000
	finish r
	for call in poll ppoll select pselect epoll_wait epoll_pwait recv; do
		said r "^$call: Interrupted system call\$"
	done
}

# 1048575, where the limit may be raised.
@test "the highest descriptor that there can be is governed" {
	local highest
	SOCKGRAFT_JOIN=239.1.1.1%b0 start r grafted "$PROBE" highest 10.77.0.22 5000
	wait_until said r '^after bind: 10.77.0.22 5000$'
	joined 239.1.1.1 b0
	highest=$(sed -n 's/^descriptor //p' "$(out r)")
	[ -e "/proc/${STARTED[r]}/fd/$highest" ]
	! prlimit --nofile=1048576:1048576 true 2>/dev/null || [ "$highest" = 1048575 ]
	send group 239.1.1.1 5000
	finish r
	said r '^group$'
}
