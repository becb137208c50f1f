# Descriptors that were not made under the library: they are grafted onto at the first call that it sees.

load hosts
load receivers

setup() {
	hosts_up
}

teardown() {
	hosts_down
}

# hand_over ADDRESS DESCRIPTOR COMMAND...: a parent that knows nothing of the library binds port 5000, and
# becomes the grafted command with the socket as that descriptor.
hand_over() {
	local address=$1 descriptor=$2
	shift 2
	start r "${UDP[@]}" hand "$address" 5000 "$descriptor" env "LD_PRELOAD=$GRAFT" "$@"
}

# The group is heard by a socket that was bound to the wildcard; another group and link are not.
hears_adopted4() {
	wait_until joined 239.1.1.1 b0
	wait_until asleep r
	bystanders 239.9.9.9 239.1.1.1
	send group9 239.9.9.9 5000
	send link 239.1.1.1 5000 10.78.0.1 a1
	send group 239.1.1.1 5000
	hears r group
	deaf r group9 link
}

@test "a descriptor handed down as in socket activation" {
	SOCKGRAFT_JOIN=239.1.1.1%b0 hand_over 0.0.0.0 3 "${UDP[@]}" receive --fd 3
	hears_adopted4
	said r '^at 0\.0\.0\.0 5000$'
	silent r
}

@test "a descriptor handed down, where receiving is the first call" {
	local how
	for how in recvfrom recvmsg recv read; do
		SOCKGRAFT_JOIN=239.1.1.1%b0 hand_over 0.0.0.0 3 "${UDP[@]}" receive --fd 3 --silent --how "$how"
		hears_adopted4
		stop r
		stop other-group
		stop other-link
	done
}

@test "IPv6: a descriptor handed down as in socket activation" {
	SOCKGRAFT_JOIN=ff15::114%b0 hand_over :: 3 "${UDP[@]}" receive --fd 3
	wait_until joined ff15::114 b0
	wait_until asleep r
	bystanders ff15::999 ff15::114
	send group9 ff15::999 5000
	send link ff15::114 5000 fd78::1 a1
	send group ff15::114 5000
	hears r group
	deaf r group9 link
	silent r
}

@test "a socket as standard input, as inetd hands it: read by python3" {
	SOCKGRAFT_JOIN=239.1.1.1%b0 hand_over 0.0.0.0 0 "${UDP[@]}" receive --fd 0 --silent
	hears_adopted4
	silent r
}

@test "a socket as standard input, as inetd hands it: read by cat" {
	SOCKGRAFT_JOIN=239.1.1.1%b0 hand_over 0.0.0.0 0 cat
	hears_adopted4
	silent r
}

@test "a socket as standard input, as inetd hands it: read by socat" {
	SOCKGRAFT_JOIN=239.1.1.1%b0 hand_over 0.0.0.0 0 socat -u STDIN STDOUT
	hears_adopted4
}

@test "a source-specific membership on a descriptor handed down" {
	SOCKGRAFT_JOIN=10.77.0.1@232.7.8.9%b0 hand_over 0.0.0.0 3 "${UDP[@]}" receive --fd 3
	wait_until joined 232.7.8.9 b0
	wait_until asleep r
	[ "$(mcfilter b0 232.7.8.9 10.77.0.1)" = "1 0" ]
	send unwanted 232.7.8.9 5000 10.77.0.3
	send wanted 232.7.8.9 5000 10.77.0.1
	hears r wanted
	deaf r unwanted
}

@test "a membership for another port leaves a descriptor handed down alone" {
	SOCKGRAFT_JOIN=239.1.1.1:6000%b0 hand_over 0.0.0.0 3 "${UDP[@]}" receive --fd 3
	ready r 5000
	send own 10.77.0.2 5000
	hears r own
	refute joined 239.1.1.1 b0
	silent r
}

@test "a descriptor that is bound to a unicast address can't be widened: one warning says so" {
	SOCKGRAFT_JOIN=239.1.1.1%b0 hand_over 10.77.0.2 3 "${UDP[@]}" receive --fd 3
	complains r 'warn: fd 3 udp 10\.77\.0\.2:5000: '
	wait_until asleep r
	send own 10.77.0.2 5000
	hears r own
	[ "$(warnings r)" = 1 ]
}

@test "marks are placed on a descriptor handed down" {
	SOCKGRAFT_TTL=9 SOCKGRAFT_TOS=0x28 hand_over 0.0.0.0 3 "${UDP[@]}" receive --fd 3 --reply answer
	ready r 5000
	start asker on sender "${UDP[@]}" receive --first-send question 10.77.0.2 5000 --control --count 1
	finish asker
	said asker 'answer hops=9 class=0x28'
}

@test "systemd-socket-activate" {
	command -v systemd-socket-activate >/dev/null || skip "systemd-socket-activate is not installed"
	start r systemd-socket-activate --datagram --listen 0.0.0.0:5000 \
		-E "LD_PRELOAD=$GRAFT" -E SOCKGRAFT_JOIN=239.1.1.1%b0 -E "ASAN_OPTIONS=$ASAN_OPTIONS" \
		"${UDP[@]}" receive --fd 3
	wait_until bound 5000
	send first 10.77.0.2 5000
	hears r first
	hears_adopted4
}

@test "a descriptor passed over a Unix socket" {
	local path=$BATS_TEST_TMPDIR/socket
	SOCKGRAFT_JOIN=239.1.1.1%b0 start r grafted "${UDP[@]}" receive --from-unix "$path"
	wait_until test -S "$path"
	on receiver "${UDP[@]}" pass 0.0.0.0 5000 "$path"
	hears_adopted4
	silent r
}

@test "IPv6: a descriptor passed over a Unix socket" {
	local path=$BATS_TEST_TMPDIR/socket
	SOCKGRAFT_JOIN=ff15::114%b0 start r grafted "${UDP[@]}" receive --from-unix "$path"
	wait_until test -S "$path"
	on receiver "${UDP[@]}" pass :: 5000 "$path"
	wait_until joined ff15::114 b0
	wait_until asleep r
	send group ff15::114 5000
	hears r group
	silent r
}
