# Each call of libc that may be a program's first on a socket, by the names that programs know it by: the plain one,
# that of _FORTIFY_SOURCE, and that of 32-bit programs whose time has 64 bits.

load hosts
load receivers

setup() {
	hosts_up
	CALLS=$BUILD/tests/calls
}

teardown() {
	hosts_down
}

RECEIVING="recv recvfrom read readv recvmsg recvmmsg poll ppoll select pselect epoll_wait"
ASKING="getsockopt setsockopt sendto sendmsg sendmmsg"
ASKING+=" setsourcefilter setipv4sourcefilter"

# call NAME PROGRAM CALL PORT [MILLISECONDS]: a grafted program whose first call this is, on a socket that came
# with it.
call() {
	start "$1" "$CALLS" bound 0.0.0.0 "$4" env "$PRELOAD_AS=$GRAFT" "$2" "$3" "${@:5}"
}

# first_calls VARIANT: each has a group of its own, as a socket hears the groups that others joined.
first_calls() {
	local number=100 name
	for name in $RECEIVING $ASKING; do
		number=$((number + 1))
		SOCKGRAFT_JOIN=239.1.1.$number%b0 call "$name" "$CALLS$1" "$name" "5$number"
	done
	number=100
	for name in $RECEIVING $ASKING; do
		number=$((number + 1))
		wait_until joined "239.1.1.$number" b0 || fail "$name"
		if [[ " $ASKING " == *" $name "* ]]; then
			wait_until said "$name" '^done$'
			continue
		fi
		send "word-$name" "239.1.1.$number" "5$number"
		hears "$name" "word-$name"
		silent "$name"
	done
}

@test "a call that is the first on a socket joins" {
	first_calls ""
}

@test "a fortified call that is the first on a socket joins" {
	first_calls _fortified
}

@test "a call with 64-bit times that is the first on a socket joins" {
	first_calls _time64
}

# waits VARIANT: for an interface that comes; and no longer than the program asked for.
waits() {
	local number=100 name
	for name in poll ppoll select pselect epoll_wait recvmmsg; do
		number=$((number + 1))
		SOCKGRAFT_JOIN=239.1.1.$number%b9 call "$name" "$CALLS$1" "$name" "5$number"
		[ "$name" = recvmmsg ] && continue # whose timeout is looked at when a datagram has come
		SOCKGRAFT_JOIN=239.1.1.$number%nope0 call "$name-briefly" "$CALLS$1" "$name" "6$number" 1200
	done
	for name in "${!STARTED[@]}"; do
		complains "$name" 'the interface is not there yet'
	done
	add_link 9
	number=100
	for name in poll ppoll select pselect epoll_wait recvmmsg; do
		number=$((number + 1))
		wait_until joined "239.1.1.$number" b9 || fail "$name"
		send "word-$name" "239.1.1.$number" "5$number" "" a9
		hears "$name" "word-$name"
		[ "$name" = recvmmsg ] && continue
		finish "$name-briefly"
		said "$name-briefly" '^waited (1[2-9]|[2-9][0-9])[0-9][0-9] ms$'
	done
}

@test "a wait for an interface that comes, and no longer than the program asked for" {
	waits ""
}

@test "a fortified wait for an interface that comes, and no longer than the program asked for" {
	waits _fortified
}

@test "a wait with 64-bit times for an interface that comes, and no longer than the program asked for" {
	waits _time64
}

@test "every copy of a descriptor made with the names for 64-bit times is told the address that was asked for" {
	SOCKGRAFT_JOIN=239.1.1.1%b0 start r grafted "$BUILD/tests/probe_time64" copies 10.77.0.22 5000
	finish r
	[ "$(grep -c ': 10.77.0.22 5000 16$' "$(out r)")" = 7 ]
	silent r
}

@test "datagrams sent with the names for 64-bit times leave from the address that the program bound" {
	start peer on sender "${UDP[@]}" receive 10.77.0.1 6000
	wait_until bound 6000 sender
	SOCKGRAFT_JOIN=239.1.1.1%b0 start r grafted "$BUILD/tests/probe_time64" send-many 10.77.0.22 5000 10.77.0.1 6000
	finish r
	said r '^sent 4: 3 3 5 4$'
	hears peer one two three four
	[ "$(grep -c '^10.77.0.22 5000 ' "$(out peer)")" = 4 ]
	answers_by_interface "$BUILD/tests/probe_time64"
}

@test "a packet filter attached with the name for 64-bit times is kept behind ours" {
	SOCKGRAFT_JOIN=239.1.1.1%b0 start r grafted "$BUILD/tests/probe_time64" filter-before 10.77.0.2 5000
	wait_until bound 5000
	send xgroup 239.1.1.1 5000
	send address 10.77.0.22 5000
	send group 239.1.1.1 5000
	send own 10.77.0.2 5000
	hears r group own
	deaf r xgroup address
}
