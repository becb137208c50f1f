# What is known of a socket goes with it: to its copies, its children and programs that it is handed to, and to
# nobody else.

load hosts
load receivers

setup() {
	hosts_up
	PROBE=$BUILD/tests/probe
}

teardown() {
	hosts_down
}

@test "every copy of a descriptor is told the address that the program asked for" {
	SOCKGRAFT_JOIN=239.1.1.1%b0 start r grafted "$PROBE" copies 10.77.0.22 5000
	finish r
	[ "$(grep -c ': 10.77.0.22 5000 16$' "$(out r)")" = 7 ]
	silent r
}

@test "IPv6: every copy of a descriptor is told the address that the program asked for" {
	SOCKGRAFT_JOIN=ff15::114%b0 start r grafted "$PROBE" copies fd77::22 5000
	finish r
	[ "$(grep -c ': fd77::22 5000 28$' "$(out r)")" = 7 ]
}

@test "a number's next socket is not taken for the one before" {
	SOCKGRAFT_JOIN=239.1.1.1%b0 start r grafted "$PROBE" next-life 10.77.0.22 5000
	finish r
	said r '^the same number$'
	said r '^next: 0.0.0.0 5999 16$'
	said r '^dup2 over it: 10.77.0.22 5000 16$'
}

@test "a socket that was made and closed past the shim is governed like any other" {
	SOCKGRAFT_JOIN=239.1.1.1%b0 start r grafted "$PROBE" other-ends 10.77.0.22 5000
	finish r
	[ "$(grep -c '^multicast-all=0 .*: 0.0.0.0 5999 16$' "$(out r)")" = 4 ]
	silent r
}

@test "children of vfork and fork, and a program that it becomes, know what the program asked for" {
	SOCKGRAFT_JOIN=239.1.1.1%b0 start r grafted "$PROBE" children 10.77.0.22 5000
	wait_until said r '^after exec: 10.77.0.22 5000 16$'
	said r '^after a vfork child closed it: 10.77.0.22 5000 16$'
	said r '^in a fork child: 10.77.0.22 5000 16$'
	send address 10.77.0.2 5000
	send group 239.1.1.1 5000
	send end 10.77.0.22 5000
	hears r group end
	deaf r address
	silent r
}

@test "what a child of vfork copies over a number is not what its parent has there" {
	SOCKGRAFT_RULES='udp port=5000: join=239.1.1.1%b0' start r grafted "$PROBE" child-copies 10.77.0.22 5000
	finish r
	said r '^after a vfork child copied over it: 0.0.0.0 5999 16$'
}

@test "a program without the shim can take such a socket over: it stays as narrow" {
	SOCKGRAFT_INHERIT=no SOCKGRAFT_JOIN=239.1.1.1%b0 start r grafted "$PROBE" children 10.77.0.22 5000
	wait_until said r '^after exec: 0.0.0.0 5000 16$'
	send address 10.77.0.2 5000
	send group 239.1.1.1 5000
	send end 10.77.0.22 5000
	hears r group end
	deaf r address
}

@test "all datagrams of a sendmmsg leave from the address that the program bound" {
	start peer on sender "${UDP[@]}" receive 10.77.0.1 6000 --control
	ready_on_sender peer 6000
	SOCKGRAFT_JOIN=239.1.1.1%b0 start r grafted "$PROBE" send-many 10.77.0.22 5000 10.77.0.1 6000
	finish r
	said r '^sent 4: 3 3 5 4$'
	said r "^the caller's messages are as they were$"
	hears peer one two three four
	[ "$(grep -c '^10.77.0.22 5000 ' "$(out peer)")" = 4 ]
	grep -w three "$(out peer)" | grep -w 33
}

@test "IPv6: all datagrams of a sendmmsg leave from the address that the program bound" {
	start peer on sender "${UDP[@]}" receive fd77::1 6000
	ready_on_sender peer 6000
	SOCKGRAFT_JOIN=ff15::114%b0 start r grafted "$PROBE" send-many fd77::22 5000 fd77::1 6000
	finish r
	said r '^sent 4: 3 3 5 4$'
	hears peer one two three four
	[ "$(grep -c '^fd77::22 5000 ' "$(out peer)")" = 4 ]
}

ready_on_sender() {
	wait_until bound "$2" sender
	wait_until asleep "$1"
}

@test "a thread that blocks in a receive holds up no other thread" {
	SOCKGRAFT_JOIN=239.1.1.1%b0 start r grafted "$PROBE" threads 10.77.0.2 5000
	finish r
	said r '^a thousand sockets meanwhile$'
}

@test "a signal interrupts a receive as it would without the shim, a membership that waits or not" {
	SOCKGRAFT_JOIN=239.1.1.1%b0 start r grafted "$PROBE" interrupted 10.77.0.2 5000
	finish r
	said r '^-1 Interrupted system call$'
	SOCKGRAFT_JOIN=239.1.1.1%nope0 start r grafted "$PROBE" interrupted 10.77.0.2 5000
	finish r
	said r '^-1 Interrupted system call$'
}

@test "a wildcard address without its family is one all the same" {
	SOCKGRAFT_JOIN=239.1.1.1%b0 start r grafted "$PROBE" no-family 0.0.0.0 5000
	ready r 5000
	send end 239.1.1.1 5000
	finish r
}

@test "descriptors that do not exist stay what they are, at the end of the table too" {
	SOCKGRAFT_JOIN=239.1.1.1%b0 start r grafted "$PROBE" no-descriptor 10.77.0.22 5000
	finish r
	said r '^bound: 10.77.0.22 5000 16$'
}

@test "a connect that fails leaves the socket its address and port" {
	SOCKGRAFT_JOIN=239.1.1.1%b0 start r grafted "$PROBE" failed-connect 10.77.0.22 0
	finish r
	said r '^-1 Permission denied$'
	[ "$(grep -c '^name: 10.77.0.22 [1-9]' "$(out r)")" = 2 ]
	[ "$(grep '^name' "$(out r)" | sort -u | wc -l)" = 1 ]
}

@test "the error queue is read without waiting, a membership that waits or not" {
	SOCKGRAFT_JOIN=239.1.1.1%nope0 start r grafted "$PROBE" error-queue 10.77.0.22 5000
	finish r
	said r '^-1 Resource temporarily unavailable$'
}

@test "IPv6: a control message that names an interface alone leaves the source as it is bound" {
	answers_by_interface "$PROBE"
}
