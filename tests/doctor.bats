# sockgraft doctor: each step passing and failing on the test hosts, and the path from one to the other.

load hosts
load settings

setup() {
	hosts_up
	set_up_receiver
}

teardown() {
	hosts_down
}

# doctor STATUS ARGUMENT...: on the receiver; what it prints, on stderr too, is in $output.
doctor() {
	local status=0 wanted=$1
	shift
	output=$(on receiver env PATH="$BATS_TEST_TMPDIR/bin:$PATH" "$BUILD/sockgraft" doctor "$@" 2>&1) || status=$?
	[ "$status" = "$wanted" ] || fail "status $status:" "$output"
}

says() {
	grep -Eq -e "$1" <<<"$output" || fail "no line matches $1 in:" "$output"
}

clean() {
	refute grep -E '^(warning|error): ' <<<"$output"
}

# talker TARGET [OPTION...]: the sender sends numbered datagrams to it, until the test is over.
talker() {
	start talker on sender "$BUILD/sockgraft" doctor --send --count 100000 --interval 0.02 "$@"
}

# member GROUP%INTERFACE: a program on the receiver, on port 5000.
member() {
	local wildcard=0.0.0.0
	[[ $1 != *:* ]] || wildcard=::
	start r "${UDP[@]}" receive "$wildcard" 5000 --join "$1"
	ready r 5000
}

# --- all is well ---

@test "all is well, IPv4" {
	member 239.1.1.1%b0
	talker 239.1.1.1:5000%a0
	doctor 0 239.1.1.1:5000%b0 --time 0.5
	clean
	says '^ok: b0 is up, running and able to multicast'
	says '^ok: b0 has the IPv4 address 10.77.0.2'
	says '^ok: rp_filter is 0 on b0'
	says '^ok: IGMP is spoken in version 3 on b0'
	says '^ok: 239.1.1.1 is joined on b0, by 1 socket$'
	says '^ok: b0 has counted [1-9][0-9]* packets within 0.5 s'
	says '^ok: the sockets on UDP port 5000 have dropped nothing'
	says '^ok: [1-9][0-9]* datagrams from 10.77.0.1 for 239.1.1.1 port 5000 reached doctor.s own socket by b0, TTL 64$'
}

@test "all is well, IPv6, on the interface of the route" {
	talker '[ff15::114]:5000%a0'
	member ff15::114%b0
	on receiver ip -6 route add multicast ff15::/16 dev b0 table local
	doctor 0 ff15::114 --port 5000 --time 0.5
	clean
	says '^ok: the route to ff15::114 leaves by b0'
	says '^ok: b0 has the link-local IPv6 address fe80::b0'
	says '^ok: MLD is spoken in version 2 on b0'
	says '^ok: ff15::114 is joined on b0, by 1 socket$'
	says '^ok: [1-9][0-9]* datagrams from (fd77::1|fe80::a0) for ff15::114 port 5000 reached doctor.s own socket by b0, TTL 64$'
}

@test "all is well from one source, with any port" {
	SOCKGRAFT_JOIN=10.77.0.1@232.7.8.9%b0 start r grafted "${UDP[@]}" receive 0.0.0.0 5000
	ready r 5000
	talker 10.77.0.1@232.7.8.9:5000%a0
	doctor 0 10.77.0.1@232.7.8.9%b0 --time 0.5
	says '^note: sockets on b0 that admit 10.77.0.1 to 232.7.8.9: 1; that leave it out: 0'
	says '^ok: what 10.77.0.1 sends passes rp_filter \(0\) on b0'
	says '^ok: [1-9][0-9]* datagrams from 10.77.0.1 for 232.7.8.9 port 5000 reached'
	clean
}

@test "without a group: every interface" {
	on receiver ip link add unused type veth peer name other
	doctor 0 --time 0.1
	says '^ok: b0 is up'
	says '^ok: b1 is up'
	says '^note: unused is down'
	says '^ok: a socket may join [0-9]+ IPv4 groups, with [0-9]+ sources each'
	clean
	on receiver ip address flush dev b1 scope global
	doctor 1 --time 0.1
	says '^warning: b1 has no IPv4 address: '
}

# --- the host ---

@test "an interface that is missing, down, or without multicast" {
	doctor 1 239.1.1.1%b7 --time 0.1
	says '^warning: there is no interface b7: '
	on receiver ip link set b0 multicast off
	doctor 1 239.1.1.1%b0 --time 0.1
	says '^warning: b0 has no MULTICAST flag: .*; to mend it: ip link set b0 multicast on'
	on receiver ip link set b0 multicast on down
	doctor 1 239.1.1.1%b0 --time 0.1
	says '^warning: b0 is down: .*; to mend it: ip link set b0 up'
	on sender ip link set a1 down
	doctor 1 239.1.1.1%b1 --time 0.1
	says '^warning: b1 is up, but not running: '
}

@test "an interface without an address" {
	on receiver ip address flush dev b0
	doctor 1 239.1.1.1%b0 --time 0.1
	says '^warning: b0 has no IPv4 address: '
	doctor 1 ff15::114%b0 --time 0.1
	says '^warning: b0 has no link-local IPv6 address: '
}

@test "no route where no interface is named" {
	on receiver ip route flush all
	on receiver ip -6 route flush table all
	doctor 1 239.1.1.1 --time 0.1
	says '^warning: there is no route to 239.1.1.1, '
	doctor 1 ff15::114 --time 0.1
	says '^warning: there is no route to ff15::114, '
}

@test "rp_filter keeps out what comes in" {
	talker 10.78.0.1@239.1.1.1:5000%a0
	on sender tee /proc/sys/net/ipv4/conf/all/rp_filter <<<0
	member 239.1.1.1%b0
	doctor 0 239.1.1.1:5000%b0 --time 0.3
	clean
	setting ipv4/conf/b0/rp_filter 1
	doctor 1 239.1.1.1:5000%b0 --time 0.3
	says '^note: rp_filter is 1 on b0: '
	says '^warning: the route back to the source 10.78.0.1 leaves by b1, and rp_filter is 1 on b0: '
	says '^error: [0-9]+ datagrams from 10.78.0.1 for 239.1.1.1 came in on b0, and none reached a socket: rp_filter drops them'
}

@test "rp_filter keeps out a source without a route back, which is asked for" {
	on sender ip address add 10.99.0.1/32 dev a0
	on receiver ip route delete default
	setting ipv4/conf/b0/rp_filter 1
	POLICY=SOCKGRAFT_JOIN=10.99.0.1@239.1.1.1%b0 program 0.0.0.0 5000
	talker 10.99.0.1@239.1.1.1:5000%a0
	doctor 1 10.99.0.1@239.1.1.1%b0 --port 5000 --time 0.3
	says '^warning: there is no route back to the source 10.99.0.1, and rp_filter is 1 on b0: '
	says '^error: [0-9]+ datagrams from 10.99.0.1 for 239.1.1.1 came in on b0, and none reached a socket: rp_filter drops them'
	refute grep -q 'firewall of this host drops' <<<"$output"
}

@test "the setting of an interface with a dot in its name" {
	on receiver ip link set b0 down
	on receiver ip link set b0 name v.1
	on receiver ip link set v.1 up
	wait_until link_up sender a0
	on receiver tee /proc/sys/net/ipv4/conf/v.1/rp_filter <<<1
	talker 10.78.0.1@239.1.1.1:5000%a0
	doctor 1 239.1.1.1%v.1 --port 5000 --time 0.3
	says '^note: rp_filter is 1 on v.1: .*; to mend it: sysctl -w net/ipv4/conf/v.1/rp_filter=2$'
	says '^warning: the route back to .*; to mend it: sysctl -w net/ipv4/conf/v.1/rp_filter=2$'
	says '^error: .*came in on v.1, and none reached a socket: .* sysctl net/ipv4/conf/v.1/rp_filter show it$'
}

@test "a join that is refused: nothing is said of what could not be heard" {
	member 239.1.1.1%b0
	talker 239.1.1.1:5000%a0
	setting ipv4/igmp_max_memberships 0
	doctor 1 239.1.1.1:5000%b0 --time 0.3
	says '^error: the kernel refuses to join 239.1.1.1 on b0: '
	says '^ok: [1-9][0-9]* datagrams from 10.77.0.1 for 239.1.1.1 port 5000 came in on b0: no socket of doctor.s own was there'
	refute grep -Eq 'firewall of this host drops|root can listen|none reached' <<<"$output"
}

@test "something drops what comes in" {
	member ff15::114%b0
	talker '[ff15::114]:5000%a0'
	doctor 0 '[ff15::114]:5000%b0' --time 0.3
	clean
	on receiver ip -6 rule add pref 1 lookup local
	on receiver ip -6 rule delete pref 0
	on receiver ip -6 rule add pref 0 iif b0 to ff15::114 blackhole
	doctor 1 '[ff15::114]:5000%b0' --time 0.3
	says '^error: [0-9]+ datagrams from .* for ff15::114 came in on b0, and none reached a socket: a firewall of this host'
}

@test "a version of IGMP or MLD without sources" {
	setting ipv4/conf/b0/force_igmp_version 2
	setting ipv6/conf/b0/force_mld_version 1
	doctor 1 10.77.0.1@232.7.8.9%b0 --time 0.1
	says '^warning: IGMP is forced to version 2 on b0 '
	doctor 1 fd77::1@ff35::8000:9%b0 --time 0.1
	says '^warning: MLD is forced to version 1 on b0 '
}

# firewall NAME OUTPUT: a command of that name that prints this.
firewall() {
	mkdir -p "$BATS_TEST_TMPDIR/bin"
	printf '#!/bin/sh\ncat <<END\n%s\nEND\n' "$2" >"$BATS_TEST_TMPDIR/bin/$1"
	chmod +x "$BATS_TEST_TMPDIR/bin/$1"
}

@test "a firewall's rules, as far as they can be seen" {
	firewall nft 'table inet t { chain input { type filter hook input priority 0; policy accept; } }'
	firewall iptables '-P INPUT ACCEPT'
	doctor 1 239.1.1.1%b0 --time 0.1
	says '^ok: nft list ruleset shows nothing that drops'
	says '^ok: iptables -S shows nothing that drops'
	firewall nft 'ip daddr 239.1.1.1 drop'
	firewall ip6tables '-P INPUT DROP'
	doctor 1 ff15::114%b0 --time 0.1
	says '^note: nft list ruleset shows drop or reject in 1 line: '
	says '^note: ip6tables -S shows drop or reject in 1 line'
}

@test "firewall rules that can't be seen" {
	local tool
	for tool in nft iptables; do
		mkdir -p "$BATS_TEST_TMPDIR/bin"
		printf '#!/bin/sh\nexit 1\n' >"$BATS_TEST_TMPDIR/bin/$tool"
		chmod +x "$BATS_TEST_TMPDIR/bin/$tool"
	done
	doctor 1 239.1.1.1%b0 --time 0.1
	says '^note: firewall rules can.t be seen: '
}

# --- membership and arrival ---

@test "nobody is a member, or on another interface" {
	doctor 1 239.1.1.1%b0 --time 0.1
	says '^warning: no program on this host is a member of 239.1.1.1 on b0: '
	member 239.1.1.1%b1
	doctor 1 239.1.1.1%b0 --time 0.1
	says '^warning: 239.1.1.1 is joined on b1, and not on b0: .*; to mend it: sockgraft run --join 239.1.1.1%b0 PROGRAM'
}

@test "members of another source" {
	SOCKGRAFT_JOIN='10.77.0.3@232.7.8.9%b0,fd77::3@ff35::8000:9%b0' start r grafted "${UDP[@]}" receive :: 5000
	ready r 5000
	doctor 1 10.77.0.1@232.7.8.9%b0 --time 0.1
	says '^note: sockets on b0 that admit 10.77.0.3 to 232.7.8.9: 1; '
	says '^warning: no member on b0 admits the source 10.77.0.1: '
	doctor 1 fd77::1@ff35::8000:9%b0 --time 0.1
	says '^warning: no member on b0 admits the source fd77::1: '
	doctor 1 fd77::3@ff35::8000:9%b0 --time 0.1
	refute says 'no member on b0'
}

@test "nothing comes in" {
	member 239.1.1.1%b0
	doctor 1 239.1.1.1%b0 --time 0.1
	says '^error: nothing for 239.1.1.1 came in within 0.1 s: '
	[ "$(grep -Ec '^(warning|error)' <<<"$output")" = 1 ]
}

@test "it comes in for another port, or on another interface" {
	member 239.1.1.1%b0
	talker 239.1.1.1:5001%a0
	doctor 1 239.1.1.1:5000%b0 --time 0.3
	says '^error: [0-9]+ datagrams from 10.77.0.1 for 239.1.1.1 came for port 5001, and none for port 5000: '
	bystander other 239.1.1.1%b1
	doctor 1 239.1.1.1%b1 --time 0.3
	says '^error: [0-9]+ datagrams from 10.77.0.1 for 239.1.1.1 came in on b0, where it is not to be joined: '
}

@test "no socket has the port, or one doesn't read" {
	talker 239.1.1.1:5000%a0
	doctor 1 239.1.1.1:5000%b0 --time 0.3
	says '^warning: no socket on this host is bound to UDP port 5000: '
	member 239.1.1.1%b0
	kill -STOP "${STARTED[r]}"
	on sender "$BUILD/sockgraft" doctor --send 239.1.1.1:5000%a0 --count 2000 --interval 0
	doctor 1 239.1.1.1:5000%b0 --time 0.3
	says '^warning: the sockets on UDP port 5000 have dropped [0-9]+ datagrams so far, [1-9][0-9]* of them just now: '
	says '^note: [1-9][0-9]* UDP datagrams were dropped for a full buffer'
}

@test "it comes from another source" {
	SOCKGRAFT_JOIN=10.77.0.3@232.7.8.9%b0 start r grafted "${UDP[@]}" receive 0.0.0.0 5000
	ready r 5000
	talker 10.77.0.1@232.7.8.9:5000%a0
	doctor 1 10.77.0.3@232.7.8.9:5000%b0 --time 0.3
	says '^error: [0-9]+ datagrams from 10.77.0.1 for 232.7.8.9 came in on b0, and that is no source of the membership: '
	start wanted on sender "$BUILD/sockgraft" doctor --send --count 10000 --interval 0.02 10.77.0.3@232.7.8.9:5000%a0
	doctor 0 10.77.0.3@232.7.8.9:5000%b0 --time 0.3
	says '^note: [0-9]+ datagrams from 10.77.0.1 for 232.7.8.9 came in on b0, and that is no source'
	says '^ok: [0-9]+ datagrams from 10.77.0.3 for 232.7.8.9 port 5000 reached doctor.s own socket by b0'
}

@test "without the permission to see what comes in" {
	member 239.1.1.1%b0
	talker 239.1.1.1:5000%a0
	output=$(on receiver setpriv --bounding-set=-all --inh-caps=-all "$BUILD/sockgraft" doctor 239.1.1.1%b0 --time 0.1)
	says '^note: what comes in at the interfaces can.t be seen: Operation not permitted'
	says '^note: what reaches a socket can.t be seen: Operation not permitted: .*; to mend it: sockgraft doctor --port PORT'
	clean
	output=$(on receiver setpriv --bounding-set=-all --inh-caps=-all "$BUILD/sockgraft" doctor 239.1.1.1:5000%b0 \
		--time 0.3)
	says '^note: what reaches a socket can.t be seen: Address (already )?in use: a program has the port for itself'
	stop r
	SOCKGRAFT_REUSE=addr start r grafted "${UDP[@]}" receive 0.0.0.0 5000 --join 239.1.1.1%b0
	ready r 5000
	output=$(on receiver setpriv --bounding-set=-all --inh-caps=-all "$BUILD/sockgraft" doctor 239.1.1.1:5000%b0 \
		--time 0.3)
	says '^ok: [1-9][0-9]* datagrams from 10.77.0.1 for 239.1.1.1 port 5000 reached doctor.s own socket by b0, TTL 64$'
	clean
}

@test "the same by two interfaces" {
	member 239.1.1.1%b0
	talker 10.77.0.1@239.1.1.1:5000%a0+a1
	doctor 1 239.1.1.1:5000%b0+b1 --time 0.3
	says '^warning: [1-9][0-9]* datagrams for 239.1.1.1 came in on two interfaces: '
}

@test "a TTL that ends here" {
	member 239.1.1.1%b0
	talker 239.1.1.1:5000%a0 --ttl 1
	doctor 0 239.1.1.1:5000%b0 --time 0.3
	says '^note: what 10.77.0.1 sends to 239.1.1.1 arrives with TTL 1: '
}

@test "a source-specific group from any source" {
	doctor 1 232.7.8.9%b0 --time 0.1
	says '^warning: 232.7.8.9 is a group of source-specific multicast, and no source is given \(as given\): '
}

@test "a link-local group on two interfaces" {
	member ff02::114%b0
	bystander other ff02::114%b1
	start t0 on sender "$BUILD/sockgraft" doctor --send --count 10000 --interval 0.02 '[ff02::114]:5000%a0+a1' --ttl 1
	doctor 0 '[ff02::114]:5000%b0+b1' --time 0.4
	says '^ok: [1-9][0-9]* datagrams from fe80::a0 for ff02::114 port 5000 reached doctor.s own socket by b0, TTL 1$'
	says '^ok: [1-9][0-9]* datagrams from fe80::a1 for ff02::114 port 5000 reached doctor.s own socket by b1, TTL 1$'
	refute says 'arrives with TTL 1'
}

@test "queriers" {
	member 239.1.1.1%b0
	doctor 1 239.1.1.1%b0 --time 0.1
	says '^note: no query for memberships was heard within 0.1 s: '
	hosts_down
	hosts_up bridge
	on bridge ip link set br0 type bridge mcast_query_interval 100 mcast_startup_query_interval 100 mcast_querier 0
	on bridge ip link set br0 type bridge mcast_querier 1
	doctor 0 --time 2.5
	says '^ok: 0.0.0.0 asks for memberships on b0, by IGMP version 3'
	says '^ok: fe80::bb asks for memberships on b0, by MLD version 2'
	on bridge ip link set br0 type bridge mcast_igmp_version 2
	wait_until older_querier
	doctor 1 10.77.0.1@232.7.8.9%b0 --time 0.5
	says '^warning: a querier of IGMP version 2 was heard on b0: '
}

older_querier() {
	on receiver grep -q 'b0 .*V2' /proc/net/igmp
}

@test "IPv6, from another source or by another interface" {
	POLICY='SOCKGRAFT_JOIN=fd77::3@ff35::8000:9%b0' program :: 5000
	talker 'fd77::1@[ff35::8000:9]:5000%a0'
	bystander all ff35::8000:9%b0
	doctor 1 'fd77::3@[ff35::8000:9]:5000%b0' --time 0.3
	says '^error: [0-9]+ datagrams from fd77::1 for ff35::8000:9 came in on b0, and that is no source of the membership: '
	refute grep -q reached <<<"$output"
	stop talker
	talker '[ff15::114]:5000%a0'
	bystander other ff15::114%b0
	on receiver ip -6 route add multicast ff15::/16 dev b1 table local metric 1
	doctor 1 ff15::114 --port 5000 --time 0.3
	says '^ok: the route to ff15::114 leaves by b1'
	says '^error: [0-9]+ datagrams from .* for ff15::114 came in on b0, where it is not to be joined: '
	refute grep -q reached <<<"$output"
	doctor 1 ff15::114 --time 0.3
	refute grep -q reached <<<"$output"
}

# --- what a member's own socket keeps out ---

# program ADDRESS PORT [OPTION...]: a program on the receiver, without the shim unless a policy is in POLICY.
program() {
	# shellcheck disable=SC2086 # several variables
	start "${NAME-r}" ${POLICY:+grafted env $POLICY} "${UDP[@]}" receive "$@"
	ready "${NAME-r}" "$2"
}

# mended ADDRESS PORT [OPTION...]: a program with the POLICY that doctor names as the mend hears port 5000.
mended() {
	# shellcheck disable=SC2086 # several variables
	start m grafted env $POLICY "${UDP[@]}" receive "$@"
	ready m 5000
	wait_until said m 'sockgraft path'
}

@test "a member that is bound to one address" {
	talker 239.1.1.1:5000%a0
	start t6 on sender "$BUILD/sockgraft" doctor --send --count 100000 --interval 0.02 '[ff15::114]:5000%a0'
	program 10.77.0.2 5000 --join 239.1.1.1%b0
	doctor 1 239.1.1.1:5000%b0 --time 0.3
	says "^warning: python3.* \(pid ${STARTED[r]}, fd 3\) is a member of 239.1.1.1 on b0, and is bound to 10.77.0.2:5000: .*; to mend it: sockgraft run --join 239.1.1.1%b0 PROGRAM$"
	doctor 1 239.1.1.1%b0 --time 0.3
	says '^warning: .* and is bound to 10.77.0.2:5000: '
	says "^ok: [1-9][0-9]* datagrams from 10.77.0.1 for 239.1.1.1 port 5000 reached doctor's own socket"
	stop r
	POLICY=SOCKGRAFT_JOIN=239.1.1.1%b0 mended 10.77.0.2 5000 --join 239.1.1.1%b0
	doctor 0 239.1.1.1:5000%b0 --time 0.3
	clean
	says "^ok: python3.* \(pid ${STARTED[m]}, fd 3\) is a member of 239.1.1.1 on b0, bound to 0.0.0.0:5000, and is handed what 10.77.0.1 sends"
	stop m
	program fd77::2 5000 --join ff15::114%b0
	doctor 1 '[ff15::114]:5000%b0' --time 0.3
	says "^warning: .*, fd 3\) is a member of ff15::114 on b0, and is bound to \[fd77::2\]:5000: .*; to mend it: sockgraft run --join ff15::114%b0 PROGRAM$"
}

@test "one address, of both families' sockets, and one that is bound to the group" {
	talker 239.1.1.1:5000%a0
	program ::ffff:10.77.0.2 5000 --both-families --join 239.1.1.1%b0
	doctor 1 239.1.1.1:5000%b0 --time 0.3
	says '^warning: .* is a member of 239.1.1.1 on b0, and is bound to '
	stop r
	program 239.1.1.1 5000 --join 239.1.1.1%b0
	doctor 0 239.1.1.1:5000%b0 --time 0.3
	clean
	stop r
	program :: 5000 --both-families --join 239.1.1.1%b0
	doctor 0 239.1.1.1:5000%b0 --time 0.3
	clean
}

@test "one member hears it, and another doesn't" {
	talker 239.1.1.1:5000%a0
	POLICY=SOCKGRAFT_REUSE=addr NAME=fine program 0.0.0.0 5000 --join 239.1.1.1%b0
	POLICY=SOCKGRAFT_REUSE=addr NAME=wrong program 10.77.0.2 5000 --join 239.1.1.1%b0
	doctor 1 239.1.1.1:5000%b0 --time 0.3
	says "^warning: .*\(pid ${STARTED[wrong]}, fd 3\) "
	says "^ok: .*\(pid ${STARTED[fine]}, fd 3\) .* is handed what 10.77.0.1 sends"
	[ "$(grep -Ec '^(warning|error)' <<<"$output")" = 1 ]
}

@test "a program with two members, of which one hears it" {
	talker 239.1.1.1:5000%a0
	cat >"$BATS_TEST_TMPDIR/two.py" <<-'END'
		import signal, socket
		made = []
		for address in "10.77.0.2", "0.0.0.0":
		    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
		    one.bind((address, 5000))
		    one.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
		                   socket.inet_aton("239.1.1.1") + socket.inet_aton("10.77.0.2"))
		    made.append(one)
		print("up", flush=True)
		signal.pause()
	END
	start r "$PYTHON" "$BATS_TEST_TMPDIR/two.py"
	wait_until said r up
	doctor 0 239.1.1.1:5000%b0 --time 0.3
	says '^note: .*, fd 3\) is a member of 239.1.1.1 on b0, and is bound to 10.77.0.2:5000: '
	clean
}

@test "a member of another source than the one that sends" {
	talker 10.77.0.1@232.7.8.9:5000%a0
	start t6 on sender "$BUILD/sockgraft" doctor --send --count 100000 --interval 0.02 'fd77::1@[ff35::8000:9]:5000%a0'
	POLICY='SOCKGRAFT_JOIN=10.77.0.3@232.7.8.9%b0,fd77::3@ff35::8000:9%b0' program :: 5000 --both-families
	doctor 1 232.7.8.9:5000%b0 --time 0.3
	says '^warning: .* is a member of 232.7.8.9 on b0 from 10.77.0.3 alone, and 10.77.0.1 sends: .*; to mend it: sockgraft run --join 10.77.0.1@232.7.8.9%b0 PROGRAM$'
	doctor 1 '[ff35::8000:9]:5000%b0' --time 0.3
	says '^warning: .* is a member of ff35::8000:9 on b0 from fd77::3 alone, and fd77::1 sends: .*; to mend it: sockgraft run --join fd77::1@ff35::8000:9%b0 PROGRAM$'
	stop r
	POLICY='SOCKGRAFT_JOIN=10.77.0.3@232.7.8.9%b0,10.77.0.1@232.7.8.9%b0' mended 0.0.0.0 5000
	doctor 1 232.7.8.9:5000%b0 --time 0.3
	[ "$(grep -Ec '^(warning|error)' <<<"$output")" = 1 ]
	says '^warning: 232.7.8.9 is a group of source-specific multicast'
	says '^ok: .* is handed what 10.77.0.1 sends'
}

@test "a member that leaves out the source that sends" {
	talker 10.77.0.1@239.1.1.1:5000%a0
	POLICY='SOCKGRAFT_JOIN=!10.77.0.1@239.1.1.1%b0' program 0.0.0.0 5000
	doctor 1 239.1.1.1:5000%b0 --time 0.3
	says '^warning: .* is a member of 239.1.1.1 on b0, and leaves out 10.77.0.1, which sends: '
	stop r
	POLICY='SOCKGRAFT_JOIN=!10.77.0.3@239.1.1.1%b0' program 0.0.0.0 5000
	doctor 0 239.1.1.1:5000%b0 --time 0.3
	clean
}

@test "a member of the source that is asked for, and one of another" {
	talker 10.77.0.1@232.7.8.9:5000%a0
	POLICY='SOCKGRAFT_REUSE=addr SOCKGRAFT_JOIN=10.77.0.1@232.7.8.9%b0' NAME=fine program 0.0.0.0 5000
	POLICY='SOCKGRAFT_REUSE=addr SOCKGRAFT_JOIN=10.77.0.3@232.7.8.9%b0' NAME=other program 0.0.0.0 5000
	doctor 0 10.77.0.1@232.7.8.9:5000%b0 --time 0.3
	clean
	says "^note: .*\(pid ${STARTED[other]}, fd 3\) .* from 10.77.0.3 alone, and 10.77.0.1 sends: "
}

@test "a member that is connected to another peer" {
	talker 239.1.1.1:5000%a0
	program 0.0.0.0 5000 --join 239.1.1.1%b0 --connect 10.77.0.3 6000
	doctor 1 239.1.1.1:5000%b0 --time 0.3
	says '^warning: .* is a member of 239.1.1.1 on b0, and is connected to 10.77.0.3:6000, while 10.77.0.1:[0-9]+ sends: '
	local mend
	mend=$(sed -n "s/.*connected to 10.77.0.3:6000,.*--redirect '\([^']*\)' PROGRAM$/\1/p" <<<"$output")
	stop r
	POLICY="SOCKGRAFT_BIND=group SOCKGRAFT_JOIN=239.1.1.1%b0 SOCKGRAFT_REDIRECT=$mend" \
		mended 0.0.0.0 5000 --connect 10.77.0.3 6000
	doctor 0 239.1.1.1:5000%b0 --time 0.3
	clean
	says '^ok: .*, bound to 239.1.1.1:5000, and is handed what 10.77.0.1 sends'
	stop m
	program 239.1.1.1 5000 --join 239.1.1.1%b0 --connect 10.77.0.1 7000
	doctor 1 239.1.1.1:5000%b0 --time 0.3
	says '^warning: .* connected to 10.77.0.1:7000, while 10.77.0.1:[0-9]+ sends: '
	stop r
	start t6 on sender "$BUILD/sockgraft" doctor --send --count 100000 --interval 0.02 '[ff15::114]:5000%a0'
	program :: 5000 --join ff15::114%b0 --connect fd77::3 6000
	doctor 1 '[ff15::114]:5000%b0' --time 0.3
	says '^warning: .* is a member of ff15::114 on b0, and is connected to \[fd77::3\]:6000, while '
}

@test "a member that is bound to another device" {
	talker 239.1.1.1:5000%a0
	start t6 on sender "$BUILD/sockgraft" doctor --send --count 100000 --interval 0.02 '[ff15::114]:5000%a0'
	POLICY=SOCKGRAFT_DEVICE=b1 program :: 5000 --both-families --join 239.1.1.1%b0 --join ff15::114%b0
	doctor 1 239.1.1.1:5000%b0 --time 0.3
	says '^warning: .* is a member of 239.1.1.1 on b0, and is bound to the device b1: .*; to mend it: sockgraft run --device b0 PROGRAM$'
	doctor 1 '[ff15::114]:5000%b0' --time 0.3
	says '^warning: .* is a member of ff15::114 on b0, and is bound to the device b1: '
	stop r
	POLICY=SOCKGRAFT_DEVICE=b0 program :: 5000 --both-families --join 239.1.1.1%b0 --join ff15::114%b0
	doctor 0 239.1.1.1:5000%b0 --time 0.3
	clean
	doctor 0 '[ff15::114]:5000%b0' --time 0.3
	clean
}

@test "a member with another port" {
	talker 239.1.1.1:5000%a0
	program 0.0.0.0 5001 --join 239.1.1.1%b0
	doctor 1 239.1.1.1%b0 --time 0.3
	says '^warning: .* is a member of 239.1.1.1 on b0, and is bound to port 5001, while what came is for port 5000: .*; to mend it: sockgraft run --bind 0.0.0.0:5000 PROGRAM'
	NAME=fine program 0.0.0.0 5000 --join 239.1.1.1%b0
	doctor 0 239.1.1.1%b0 --time 0.3
	clean
	says '^note: .* and is bound to port 5001, while what came is for port 5000'
	doctor 0 239.1.1.1:5000%b0 --time 0.3
	refute says 'port 5001'
	stop r
	stop fine
	POLICY=SOCKGRAFT_BIND=0.0.0.0:5000 mended 0.0.0.0 5001 --join 239.1.1.1%b0
	doctor 0 239.1.1.1%b0 --time 0.3
	clean
}

@test "members on another host are not taken for ours" {
	talker 239.1.1.1:5000%a0
	member 239.1.1.1%b0
	start far on sender "${UDP[@]}" receive 10.77.0.1 5000 --join 239.1.1.1%a0
	wait_until bound 5000 sender
	doctor 0 239.1.1.1:5000%b0 --time 0.3
	clean
}

@test "members that may not be looked at" {
	POLICY=SOCKGRAFT_REUSE=addr program 10.77.0.2 5000 --join 239.1.1.1%b0
	talker 239.1.1.1:5000%a0
	output=$(on receiver setpriv --bounding-set=-all --inh-caps=-all "$BUILD/sockgraft" doctor 239.1.1.1:5000%b0 \
		--time 0.3)
	says '^note: of 1 socket that joined 239.1.1.1 on b0, 1 can.t be looked at: .*root, or CAP_SYS_PTRACE'
	clean
}

# --- the path ---

# path STATUS ARGUMENT...: --receive on the receiver, while the sender sends with the arguments in SENDING; what is
# received is in $output.
path() {
	local status=0 wanted=$1
	shift
	start path "$BUILD/sockgraft" doctor --receive "$@"
	wait_until bound 5201
	wait_until asleep path
	on sender "$BUILD/sockgraft" doctor --send "${SENDING[@]}" >"$BATS_TEST_TMPDIR/sent"
	finish path || status=$?
	output=$(<"$(out path)")
	[ "$status" = "$wanted" ] || fail "status $status:" "$output"
}

@test "the path, IPv4" {
	SENDING=(239.1.1.1%a0 --interval 0.01)
	path 0 239.1.1.1%b0
	grep -q '^ok: 10 datagrams were sent to 239.1.1.1 port 5201 with TTL 64, by 1 interface$' "$BATS_TEST_TMPDIR/sent"
	says '^ok: from 10.77.0.1 by b0: 10 of 10 datagrams arrived, 0 lost, 0 late, 0 twice, TTL 64, delay within [0-9.]+ ms$'
	clean
}

@test "the path, IPv6, link-local too" {
	SENDING=(ff15::114%a0 --interval 0.01 --ttl 9 --count 3)
	path 0 ff15::114%b0
	says '^ok: from .* by b0: 3 of 3 datagrams arrived, 0 lost, 0 late, 0 twice, TTL 9, '
	SENDING=(ff02::114%a0+a1 --interval 0.01 --count 4)
	path 0 ff02::114%b0+b1
	says '^ok: from fe80::a0 by b0: 4 of 4 datagrams arrived'
	says '^ok: from fe80::a1 by b1: 4 of 4 datagrams arrived'
	SENDING=(ff02::114%a1 --interval 0.01 --count 3)
	path 0 ff02::114%b1
	says '^ok: from fe80::a1 by b1: 3 of 3 datagrams arrived'
}

@test "the path from one source" {
	SENDING=(10.77.0.3@232.7.8.9%a0 --interval 0.01)
	path 0 10.77.0.3@232.7.8.9%b0
	says '^ok: from 10.77.0.3 by b0: 10 of 10 '
	path 1 10.77.0.1@232.7.8.9%b0 --time 0.5
	says '^error: nothing for 232.7.8.9 port 5201 arrived within 0.5 s: '
	SENDING=(fd77::3@ff35::8000:9%a0 --interval 0.01)
	path 0 fd77::3@ff35::8000:9%b0
	says '^ok: from fd77::3 by b0: 10 of 10 '
}

@test "the path from two sources" {
	SENDING=(10.77.0.1+10.77.0.3@239.1.1.1%a0 --interval 0.01)
	path 0 239.1.1.1%b0
	grep -q '^ok: 20 datagrams were sent to 239.1.1.1 port 5201 with TTL 64, by 1 interface, from 2 sources$' \
		"$BATS_TEST_TMPDIR/sent"
	says '^ok: from 10.77.0.1 by b0: 10 of 10 .* 0 twice'
	says '^ok: from 10.77.0.3 by b0: 10 of 10 .* 0 twice'
	refute grep -q 'comes in by b0 and by b0' <<<"$output"
	SENDING=(fd77::1+fd77::3@ff35::8000:9%a0 --interval 0.01)
	path 0 fd77::1+fd77::3@ff35::8000:9%b0
	says '^ok: from fd77::1 by b0: 10 of 10 '
	says '^ok: from fd77::3 by b0: 10 of 10 '
}

@test "two paths" {
	SENDING=(239.1.1.1%a0+a1 --interval 0.01)
	path 0 239.1.1.1%b0+b1
	says '^ok: from 10.77.0.1 by b0: 10 of 10 '
	says '^ok: from 10.78.0.1 by b1: 10 of 10 '
	says '^note: what 10.77.0.1 sends comes in by b0 and by b1|^note: what 10.78.0.1 sends comes in by b1 and by b0'
}

@test "a path that loses, for a full buffer" {
	start path "$BUILD/sockgraft" doctor --receive 239.1.1.1%b0 --time 3
	wait_until bound 5201
	wait_until asleep path
	kill -STOP "${STARTED[path]}"
	on sender "$BUILD/sockgraft" doctor --send 239.1.1.1%a0 --count 2000 --interval 0
	kill -CONT "${STARTED[path]}"
	refute finish path
	said path '^error: from 10.77.0.1 by b0: [0-9]+ of 2000 datagrams arrived, [1-9][0-9]* lost, 0 late, 0 twice, '
}

@test "a path that loses, for a link that is too slow" {
	on sender tc qdisc add dev a0 root tbf rate 8kbit burst 300 limit 300 || skip "no tbf in this kernel"
	SENDING=(10.77.0.1@239.1.1.1%a0 --count 20 --interval 0.05)
	path 1 239.1.1.1%b0 --time 5
	says '^error: from 10.77.0.1 by b0: [1-9][0-9]* of 20 datagrams arrived, [1-9][0-9]* lost, '
}

# taken N: UDP sockets on the receiver have been given so many datagrams.
taken() {
	local given
	given=$(awk '/^Udp: [0-9]/ { print $2 }' "/proc/${HOST[receiver]}/net/snmp")
	[ "$given" -ge "$1" ]
}

@test "--receive tells what came so far when it is interrupted" {
	local signal status
	for signal in INT TERM; do
		start path "$BUILD/sockgraft" doctor --receive 239.1.1.1%b0
		wait_until bound 5201
		wait_until asleep path
		kill -"$signal" "${STARTED[path]}"
		status=0
		finish path || status=$?
		[ "$status" = 1 ]
		said path '^error: nothing for 239.1.1.1 port 5201 arrived within [0-9]\.[0-9] s: '
	done
	start path "$BUILD/sockgraft" doctor --receive 239.1.1.1%b0
	wait_until bound 5201
	wait_until asleep path
	start s on sender "$BUILD/sockgraft" doctor --send 239.1.1.1%a0 --count 10000 --interval 0.01
	wait_until taken 5
	kill -INT "${STARTED[path]}"
	finish path
	output=$(<"$(out path)")
	says '^ok: from 10.77.0.1 by b0: ([0-9]+) of \1 datagrams arrived, 0 lost, .*: the sender.s last one did not come in this time'
}

# crafted NUMBER...: datagrams with these numbers of 6, as --send has them, and the last.
crafted() {
	on sender "$PYTHON" - "$@" <<-'END'
		import socket, struct, sys
		sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("10.77.0.1"))
		for word in sys.argv[1:] + ["last"]:
		    number = 6 if word == "last" else int(word)
		    sock.sendto(struct.pack("!16sQIIIIq", b"sockgraft path 1", 7, number, 6, word == "last", 0, 0),
		                ("239.1.1.1", 5201))
	END
}

@test "lost, late and twice" {
	start path "$BUILD/sockgraft" doctor --receive --json 239.1.1.1%b0
	wait_until bound 5201
	wait_until asleep path
	crafted 0 3 1 4 4
	refute finish path
	"$PYTHON" - "$(out path)" <<-'END'
		import json, sys
		document = json.load(open(sys.argv[1]))
		(path,) = document["paths"]
		wanted = {"source": "10.77.0.1", "interface": "b0", "sent": 6, "received": 4, "lost": 2, "late": 1, "twice": 1,
		          "hops_least": 1, "hops_most": 1, "ended": True}
		assert {key: path[key] for key in wanted} == wanted, path
		assert "error" in [finding["level"] for finding in document["findings"]]
	END
}

@test "sending is refused" {
	on sender ip route flush all
	on sender ip address flush dev a0
	on sender ip link set a0 down
	local status=0
	output=$(on sender "$BUILD/sockgraft" doctor --send 239.1.1.1%a0 --count 1 --interval 0) || status=$?
	[ "$status" = 1 ]
	says '^error: the kernel refuses to send to 239.1.1.1 by a0: '
}

@test "sending is dropped by a firewall" {
	on sender nft 'add table inet t; add chain inet t o { type filter hook output priority 0; }' ||
		skip "no nftables here"
	on sender nft 'add rule inet t o ip daddr 239.1.1.1 drop; add rule inet t o ip6 daddr ff15::114 drop' ||
		skip "no nftables here"
	refused_by_firewall 239.1.1.1%a0 'nft list ruleset and iptables -S OUTPUT show it'
	refused_by_firewall ff15::114%a0 'nft list ruleset and ip6tables -S OUTPUT show it'
}

# refused_by_firewall TARGET MEND
refused_by_firewall() {
	local status=0
	output=$(on sender "$BUILD/sockgraft" doctor --send "$1" --count 1 --interval 0) || status=$?
	[ "$status" = 1 ]
	says "^error: the kernel refuses to send to .* by a0: Operation not permitted: a firewall .*; to mend it: $2\$"
}

# --- form ---

@test "as JSON" {
	member 239.1.1.1%b0
	talker 239.1.1.1:5000%a0
	on receiver "$BUILD/sockgraft" doctor --json 239.1.1.1:5000%b0 --time 0.3 >"$BATS_TEST_TMPDIR/json"
	"$PYTHON" - "$BATS_TEST_TMPDIR/json" <<-'END'
		import json, sys
		document = json.load(open(sys.argv[1]))
		assert document["target"] == "239.1.1.1:5000%b0" and document["paths"] == [], document
		words = {finding["word"]: finding["level"] for finding in document["findings"]}
		assert words["joined"] == words["received"] == words["interface"] == "ok", words
	END
}

@test "options that are wrong" {
	local arguments
	while read -r arguments; do
		# shellcheck disable=SC2086 # several words
		doctor 2 $arguments
	done <<-'END'
		10.0.0.1
		239.1.1.1%
		ff02::1
		239.1.1.1 239.1.1.2
		--send
		--receive
		--send --receive 239.1.1.1%b0
		--port 0 239.1.1.1
		--port
		--time x 239.1.1.1
		--count 0 --send 239.1.1.1%b0
		--interval -1 --send 239.1.1.1%b0
		--sned 239.1.1.1
		--ttl 3 239.1.1.1
		--count 3 --receive 239.1.1.1
		--time 3 --send 239.1.1.1%b0
	END
	doctor 2 10.0.0.1
	says '^sockgraft doctor: "10.0.0.1": expected a multicast group'
	doctor 2 --port 70000
	says '^sockgraft doctor: --port: "70000": expected a port from 1 to 65535$'
}
