# What the kernel refuses: one warning that says what, why and what to do, and the program goes on; or, with
# SOCKGRAFT_ON_ERROR=fail, the call fails with the kernel's error.

load hosts
load receivers

setup() {
	hosts_up
}

teardown() {
	hosts_down
}

# one_warning NAME PATTERN: exactly one line of the library, and it matches.
one_warning() {
	complains "$1" "^sockgraft\[[0-9]+\]: warn: $2"
	[ "$(warnings "$1")" = 1 ] || fail "$(cat "$(err "$1")")"
}

# unprivileged COMMAND...: on the receiver, grafted, without any capability there.
unprivileged() {
	on receiver setpriv --bounding-set=-all --inh-caps=-all env "LD_PRELOAD=$GRAFT" "$@"
}

# --- an interface that is not there yet ---

# appears GROUP COMMAND...: once the interface is there, the group is joined at one of the program's next calls,
# which the command brings about.
appears() {
	local group=$1
	shift
	add_link 2
	wait_until joined_after "$group" "$@"
}

joined_after() {
	local group=$1
	shift
	"$@"
	joined "$group" b2
}

@test "an interface that is missing: warned of once, by name, and the program goes on" {
	SOCKGRAFT_JOIN=239.1.1.1%nope0 listen python 10.77.0.2 5000
	one_warning r 'fd 3 udp 10\.77\.0\.2:5000: join 239\.1\.1\.1%nope0: .*No such device'
	send own 10.77.0.2 5000
	send again 10.77.0.2 5000
	hears r own again
	[ "$(warnings r)" = 1 ]
}

@test "IPv6: an interface that is missing: warned of once, and the program goes on" {
	SOCKGRAFT_JOIN=ff15::114%nope0 listen python fd77::2 5000
	one_warning r 'fd 3 udp \[fd77::2\]:5000: join ff15::114%nope0: .*No such device'
	send own fd77::2 5000
	hears r own
}

@test "an interface that appears is joined by a program that receives with timeouts" {
	SOCKGRAFT_JOIN=239.1.1.1%b2 start r grafted "${UDP[@]}" receive 10.77.0.2 5000 --timeout 100
	ready r 5000
	one_warning r '.*239\.1\.1\.1%b2.*No such device'
	appears 239.1.1.1 true
	send group 239.1.1.1 5000 10.79.0.1 a2
	hears r group
	[ "$(warnings r)" = 1 ]
}

# A program that is blocked makes its next call when something arrives.
poke() {
	send poke 10.77.0.2 5000
}

poke6() {
	send poke fd77::2 5000
}

@test "an interface that appears is joined by a program that blocks" {
	SOCKGRAFT_JOIN=239.1.1.1%b2 listen python 10.77.0.2 5000
	appears 239.1.1.1 poke
	send group 239.1.1.1 5000 10.79.0.1 a2
	hears r group
	one_warning r '.*239\.1\.1\.1%b2.*No such device'
}

@test "IPv6: an interface that appears is joined by a program that blocks" {
	SOCKGRAFT_JOIN=ff15::114%b2 listen python fd77::2 5000
	appears ff15::114 poke6
	send group ff15::114 5000 fd79::1 a2
	hears r group
	one_warning r '.*ff15::114%b2.*No such device'
}

@test "an interface that appears is joined by socat, which waits in select" {
	SOCKGRAFT_JOIN=239.1.1.1%b2 listen socat 10.77.0.2 5000
	appears 239.1.1.1 true
	send group 239.1.1.1 5000 10.79.0.1 a2
	hears r group
	one_warning r '.*239\.1\.1\.1%b2.*No such device'
}

@test "an interface that appears is joined by nc, which waits in poll" {
	SOCKGRAFT_JOIN=239.1.1.1%b2 listen nc 10.77.0.2 5000
	appears 239.1.1.1 true
	send group 239.1.1.1 5000 10.79.0.1 a2
	hears r group
	one_warning r '.*239\.1\.1\.1%b2.*No such device'
}

@test "an interface that appears is joined by a C program, which waits in poll" {
	SOCKGRAFT_JOIN=239.1.1.1%b2 listen example 10.77.0.2 5000
	appears 239.1.1.1 true
	send group 239.1.1.1 5000 10.79.0.1 a2
	hears r group
	one_warning r '.*239\.1\.1\.1%b2.*No such device'
}

@test "an interface that appears is joined by a program that waits in epoll" {
	SOCKGRAFT_JOIN=239.1.1.1:5000%b2 start r grafted \
		"${UDP[@]}" receive 10.77.0.2 5000 --also 10.77.0.2 5001
	ready r 5001
	appears 239.1.1.1 true
	send group 239.1.1.1 5000 10.79.0.1 a2
	hears r group
	one_warning r '.*239\.1\.1\.1.*%b2.*No such device'
}

@test "a source-specific membership comes with the interface, and nothing wider before it" {
	SOCKGRAFT_JOIN=10.79.0.1@232.7.8.9%b2 listen python 10.77.0.2 5000
	appears 232.7.8.9 poke
	wait_until mcfilter_is "1 0" b2 232.7.8.9 10.79.0.1 # the kernel's lists are not written all at once
	on sender ip address add 10.79.0.3/24 dev a2
	send unwanted 232.7.8.9 5000 10.79.0.3 a2
	send wanted 232.7.8.9 5000 10.79.0.1 a2
	hears r wanted
	deaf r unwanted
}

@test "the other group is heard while one interface is missing" {
	SOCKGRAFT_JOIN=239.1.1.1%b0,239.1.1.2%nope0 listen python 10.77.0.2 5000
	send group 239.1.1.1 5000
	hears r group
	one_warning r '.*239\.1\.1\.2%nope0.*No such device'
}

@test "an interface is looked for at most once a second" {
	local trace=$BATS_TEST_TMPDIR/trace
	SOCKGRAFT_JOIN=239.1.1.1%nope0 start r strace -f -o "$trace" -e trace=all -E "LD_PRELOAD=$GRAFT" \
		"${UDP[@]}" receive 10.77.0.2 5000
	ready r 5000
	on sender "${UDP[@]}" send 'number#' 10.77.0.2 5000 --count 200
	hears r number200
	[ "$(warnings r)" = 1 ]
	# Each look costs some call: there are few between the 200 datagrams, which took far less than a second.
	[ "$(awk '/recvfrom/ { on = 1 } on && /ioctl|MCAST|AF_NETLINK|if_index/' "$trace" | wc -l)" -lt 20 ]
}

@test "no route for a group without an interface: the warning says so" {
	on receiver ip route del default
	SOCKGRAFT_JOIN=239.1.1.1 listen python 10.77.0.2 5000
	one_warning r 'fd 3 udp 10\.77\.0\.2:5000: join 239\.1\.1\.1: .*No such device'
}

# --- too many ---

# numbered COUNT BEFORE AFTER SEPARATOR
numbered() {
	local number list=
	for ((number = 1; number <= $1; number++)); do
		list+=${list:+$4}$2$number$3
	done
	echo "$list"
}

@test "more groups than a socket may have: all that fit are joined, the warning names the sysctl" {
	SOCKGRAFT_JOIN=$(numbered 25 239.1.1. %b0 ,) listen python 10.77.0.2 5000
	one_warning r '.*No buffer space available.*net\.ipv4\.igmp_max_memberships'
	complained r '\b25\b'
	[ "$(on receiver ip maddress show dev b0 | grep -c '239\.1\.1\.')" = 20 ]
	send first 239.1.1.1 5000
	send last 239.1.1.20 5000
	hears r first last
}

@test "with the sysctl raised they all fit" {
	on receiver sh -c 'echo 25 >/proc/sys/net/ipv4/igmp_max_memberships' 2>/dev/null || skip "read-only sysctls"
	SOCKGRAFT_JOIN=$(numbered 25 239.1.1. %b0 ,) listen python 10.77.0.2 5000
	[ "$(on receiver ip maddress show dev b0 | grep -c '239\.1\.1\.')" = 25 ]
	silent r
}

@test "more sources than a group may have: all that fit are admitted, the warning names the sysctl" {
	SOCKGRAFT_JOIN=$(numbered 12 10.77.0. "" +)@232.7.8.9%b0 listen python 10.77.0.2 5000
	one_warning r '.*No buffer space available.*net\.ipv4\.igmp_max_msf'
	complained r '\b12\b'
	[ "$(grep -ci 0xe8070809 "/proc/${HOST[receiver]}/net/mcfilter")" = 10 ]
	send unwanted 232.7.8.9 5000 10.77.0.3
	send wanted 232.7.8.9 5000 10.77.0.1
	hears r wanted
}

@test "IPv6: more sources than a group may have: the warning names the sysctl" {
	SOCKGRAFT_JOIN=$(numbered 70 fd77:: "" +)@ff35::8000:9%b0 listen python fd77::2 5000
	one_warning r '.*No buffer space available.*net\.ipv6\.mld_max_msf'
	complained r '\b70\b'
	send wanted ff35::8000:9 5000 fd77::1
	hears r wanted
}

@test "as many groups as a socket may have: nothing to warn of" {
	SOCKGRAFT_JOIN=$(numbered 20 239.1.1. %b0 ,) listen python 10.77.0.2 5000
	[ "$(on receiver ip maddress show dev b0 | grep -c '239\.1\.1\.')" = 20 ]
	silent r
}

# --- not permitted ---

@test "no permission for mark: one warning, and the program goes on" {
	SOCKGRAFT_MARK=5 unprivileged "${UDP[@]}" options ipv4 udp >"$(out r)" 2>"$(err r)"
	one_warning r 'fd 3 udp.*: mark=5: Operation not permitted.*CAP_NET'
	said r '^mark=0$'
}

@test "no permission for a forced buffer: what is allowed is placed, the warning names the sysctl" {
	SOCKGRAFT_RCVBUF=64M unprivileged "${UDP[@]}" options ipv4 udp >"$(out r)" 2>"$(err r)"
	one_warning r 'fd 3 udp.*: rcvbuf=.*net\.core\.rmem_max'
	said r "^rcvbuf=$(($(cat /proc/sys/net/core/rmem_max) * 2))$"
	SOCKGRAFT_SNDBUF=64M unprivileged "${UDP[@]}" options ipv4 udp >"$(out s)" 2>"$(err s)"
	one_warning s 'fd 3 udp.*: sndbuf=.*net\.core\.wmem_max'
}

@test "a buffer below the maximum needs no permission" {
	SOCKGRAFT_RCVBUF=64k unprivileged "${UDP[@]}" options ipv4 udp >"$(out r)" 2>"$(err r)"
	said r '^rcvbuf=131072$'
	silent r
}

@test "no permission for priority 7" {
	SOCKGRAFT_PRIORITY=7 unprivileged "${UDP[@]}" options ipv4 udp >"$(out r)" 2>"$(err r)"
	one_warning r 'fd 3 udp.*: priority=7: Operation not permitted'
}

@test "a device that is not there" {
	SOCKGRAFT_DEVICE=nope0 listen python 10.77.0.2 5000
	one_warning r 'fd 3 udp.*: device=nope0: No such device'
	send own 10.77.0.2 5000
	hears r own
}

@test "an outgoing interface that is not there" {
	SOCKGRAFT_INTERFACE=nope0 grafted "${UDP[@]}" send word 10.77.0.1 6000 2>"$(err r)"
	one_warning r 'fd 3 udp.*: interface=nope0: No such device'
}

# --- a port that is taken ---

@test "a port that is taken where the bind must be widened: bound as the program asked, one warning" {
	start taken "${UDP[@]}" receive 10.77.0.22 5000
	ready taken 5000
	SOCKGRAFT_JOIN=239.1.1.1%b0 start r grafted "${UDP[@]}" receive 10.77.0.2 5000
	wait_until bound_to 10.77.0.2:5000
	one_warning r 'fd 3 udp.*10\.77\.0\.2:5000.*Address already in use'
	send own 10.77.0.2 5000
	hears r own
}

@test "a port that is taken where the program asked fails as ever" {
	start taken "${UDP[@]}" receive 10.77.0.2 5000
	ready taken 5000
	SOCKGRAFT_JOIN=239.1.1.1%b0 start r grafted "${UDP[@]}" receive 10.77.0.2 5000
	refute finish r
	complained r EADDRINUSE
}

@test "an address that this host doesn't have fails as ever" {
	SOCKGRAFT_JOIN=239.1.1.1%b0 start r grafted "${UDP[@]}" receive 10.99.0.1 5000
	refute finish r
	complained r EADDRNOTAVAIL
}

# --- SOCKGRAFT_ON_ERROR=fail ---

# fails ERROR COMMAND...: the grafted program's call fails with this error.
fails() {
	local error=$1
	shift
	SOCKGRAFT_ON_ERROR=fail start r grafted "$@"
	refute finish r
	complained r "^$error:"
}

@test "fail: a missing interface fails the bind" {
	SOCKGRAFT_JOIN=239.1.1.1%nope0 fails ENODEV "${UDP[@]}" receive 10.77.0.2 5000
}

@test "fail: too many groups fail the bind" {
	SOCKGRAFT_JOIN=$(numbered 25 239.1.1. %b0 ,) fails ENOBUFS "${UDP[@]}" receive 10.77.0.2 5000
}

@test "fail: a port that is taken fails the bind" {
	start taken "${UDP[@]}" receive 10.77.0.22 5000
	ready taken 5000
	SOCKGRAFT_JOIN=239.1.1.1%b0 fails EADDRINUSE "${UDP[@]}" receive 10.77.0.2 5000
}

@test "fail: no permission for mark fails the call that makes the socket" {
	local status=0
	SOCKGRAFT_ON_ERROR=fail SOCKGRAFT_MARK=5 unprivileged "${UDP[@]}" options ipv4 udp 2>"$(err r)" || status=$?
	[ "$status" != 0 ]
	complained r '^EPERM:'
}

@test "fail: no socket is left behind by a call that failed" {
	cat >"$BATS_TEST_TMPDIR/left.py" <<-END
		import os, socket
		before = os.listdir("/proc/self/fd")
		try:
		    socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		except OSError as error:
		    print("failed", error.errno)
		print("left", len(os.listdir("/proc/self/fd")) - len(before))
	END
	SOCKGRAFT_ON_ERROR=fail SOCKGRAFT_MARK=5 unprivileged "$PYTHON" "$BATS_TEST_TMPDIR/left.py" >"$(out r)" 2>"$(err r)"
	said r '^failed 1$'
	said r '^left 0$'
}

@test "fail: what the kernel grants goes on as ever" {
	SOCKGRAFT_ON_ERROR=fail SOCKGRAFT_JOIN=239.1.1.1%b0 listen python 10.77.0.2 5000
	send group 239.1.1.1 5000
	hears r group
	silent r
}

# --- how loud ---

@test "quiet: no warning" {
	SOCKGRAFT_LOG=quiet SOCKGRAFT_JOIN=239.1.1.1%nope0 listen python 10.77.0.2 5000
	silent r
}

@test "info: one line for each thing placed" {
	SOCKGRAFT_LOG=info SOCKGRAFT_JOIN=239.1.1.1%b0 SOCKGRAFT_TTL=9 listen python 10.77.0.2 5000
	complained r '^sockgraft\[[0-9]+\]: info: fd 3 udp .*join 239\.1\.1\.1%b0'
	complained r '^sockgraft\[[0-9]+\]: info: fd 3 udp.*ttl'
}
