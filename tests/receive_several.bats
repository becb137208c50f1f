# Several groups and interfaces, however they are named; memberships for one port; two processes on one port.

load hosts
load receivers

setup() {
	hosts_up
}

teardown() {
	hosts_down
}

# on_both_links NAME GROUP PREFIX: a datagram by each link arrives.
on_both_links() {
	send zero "$2" 5000 "${3}77${4}" a0
	send one "$2" 5000 "${3}78${4}" a1
	hears "$1" zero one
}

@test "several groups, separated by commas and blanks" {
	SOCKGRAFT_JOIN="239.1.1.1%b0, 239.1.1.2%b0 239.1.1.3%b1" listen python 10.77.0.2 5000
	bystander three 239.1.1.3%b0
	send three 239.1.1.3 5000
	send first 239.1.1.1 5000
	send second 239.1.1.2 5000
	send third 239.1.1.3 5000 10.78.0.1 a1
	hears r first second third
	deaf r three
	silent r
}

@test "IPv6: several groups" {
	SOCKGRAFT_JOIN="ff15::1%b0,ff15::2%b0,ff15::3%b1" listen python fd77::2 5000
	bystander three ff15::3%b0
	send three ff15::3 5000
	send first ff15::1 5000
	send second ff15::2 5000
	send third ff15::3 5000 fd78::1 a1
	hears r first second third
	deaf r three
	silent r
}

@test "a group on two interfaces" {
	SOCKGRAFT_JOIN=239.1.1.1%b0+b1 listen python 10.77.0.2 5000
	on_both_links r 239.1.1.1 10. .0.1
	silent r
}

@test "IPv6: a group on two interfaces" {
	SOCKGRAFT_JOIN=ff15::114%b0+b1 listen python fd77::2 5000
	on_both_links r ff15::114 fd ::1
	silent r
}

@test "interfaces by a pattern" {
	SOCKGRAFT_JOIN='239.1.1.1%b*' listen python 10.77.0.2 5000
	on_both_links r 239.1.1.1 10. .0.1
	refute joined 239.1.1.1 lo
	silent r
}

@test "IPv6: interfaces by a pattern" {
	SOCKGRAFT_JOIN='ff15::114%b*' listen python fd77::2 5000
	on_both_links r ff15::114 fd ::1
	refute joined ff15::114 lo
	silent r
}

@test "all interfaces that can" {
	SOCKGRAFT_JOIN='239.1.1.1%*' listen python 10.77.0.2 5000
	joined 239.1.1.1 b0
	joined 239.1.1.1 b1
	on_both_links r 239.1.1.1 10. .0.1
	silent r
}

@test "IPv6: all interfaces that can" {
	SOCKGRAFT_JOIN='ff15::114%*' listen python fd77::2 5000
	joined ff15::114 b0
	joined ff15::114 b1
	on_both_links r ff15::114 fd ::1
	silent r
}

@test "all interfaces leave out one that is down" {
	on receiver ip link set b1 down
	SOCKGRAFT_JOIN='239.1.1.1%*' listen python 10.77.0.2 5000
	joined 239.1.1.1 b0
	silent r
}

index_of() {
	on receiver cat "/proc/net/igmp" | awk -v name="$1" '$2 == name { print $1 }'
}

@test "an interface by its index" {
	SOCKGRAFT_JOIN=239.1.1.1%$(index_of b1) listen python 10.77.0.2 5000
	joined 239.1.1.1 b1
	refute joined 239.1.1.1 b0
	silent r
}

@test "an interface by its address" {
	SOCKGRAFT_JOIN=239.1.1.1%10.78.0.2 listen python 10.77.0.2 5000
	joined 239.1.1.1 b1
	refute joined 239.1.1.1 b0
	silent r
}

@test "IPv6: an interface by its index" {
	SOCKGRAFT_JOIN=ff15::114%$(index_of b1) listen python fd77::2 5000
	joined ff15::114 b1
	refute joined ff15::114 b0
	silent r
}

@test "IPv6: an interface by its address" {
	SOCKGRAFT_JOIN=ff15::114%fd78::2 listen python fd77::2 5000
	joined ff15::114 b1
	refute joined ff15::114 b0
	silent r
}

@test "without an interface, the one that the route picks" {
	on receiver ip route add 239.1.0.0/16 dev b1
	SOCKGRAFT_JOIN=239.1.1.1,239.2.2.2 listen python 10.77.0.2 5000
	joined 239.1.1.1 b1
	refute joined 239.1.1.1 b0
	joined 239.2.2.2 b0
	send one 239.1.1.1 5000 10.78.0.1 a1
	send two 239.2.2.2 5000
	hears r one two
	silent r
}

@test "IPv6: without an interface, the one that the route picks" {
	on receiver ip -6 route add ff15::114/128 dev b1 table local
	SOCKGRAFT_JOIN=ff15::114 listen python fd77::2 5000
	joined ff15::114 b1
	refute joined ff15::114 b0
	send one ff15::114 5000 fd78::1 a1
	hears r one
	silent r
}

@test "a source on several interfaces" {
	SOCKGRAFT_JOIN=10.77.0.1@232.7.8.9%b0+b1 listen python 10.77.0.2 5000
	[ "$(mcfilter b0 232.7.8.9 10.77.0.1)" = "1 0" ]
	[ "$(mcfilter b1 232.7.8.9 10.77.0.1)" = "1 0" ]
	silent r
}

@test "one source on one interface, another on the other" {
	SOCKGRAFT_JOIN="10.77.0.1@232.7.8.9%b0 10.78.0.1@232.7.8.9%b1" listen python 10.77.0.2 5000
	send unwanted 232.7.8.9 5000 10.77.0.3
	on_both_links r 232.7.8.9 10. .0.1
	deaf r unwanted
	silent r
}

# Of the program's two sockets at OWN, ports 5000 and 5001, the first alone hears GROUP: hears_group_at_5000_alone
# GROUP OWN.
hears_group_at_5000_alone() {
	local group=$1 own=$2 at=$2
	[[ $own != *:* ]] || at="[$own]"
	ready r 5001
	bound_to "$at:5001"
	send other "$group" 5001
	send wanted "$group" 5000
	send own "$own" 5001
	hears r wanted own
	deaf r other
	silent r
}

@test "a membership for one port leaves the program's other socket alone" {
	SOCKGRAFT_JOIN=239.1.1.1:5000%b0 start r grafted \
		"${UDP[@]}" receive 10.77.0.2 5000 --also 10.77.0.2 5001
	hears_group_at_5000_alone 239.1.1.1 10.77.0.2
}

@test "IPv6: a membership for one port leaves the program's other socket alone" {
	SOCKGRAFT_JOIN='[ff15::114]:5000%b0' start r grafted \
		"${UDP[@]}" receive fd77::2 5000 --also fd77::2 5001
	hears_group_at_5000_alone ff15::114 fd77::2
}

@test "each of two sockets has its own group" {
	SOCKGRAFT_JOIN=239.1.1.1:5000%b0,239.1.1.2:5001%b0 start r grafted \
		"${UDP[@]}" receive 10.77.0.2 5000 --also 10.77.0.2 5001
	ready r 5001
	send one-wrong 239.1.1.1 5001
	send two-wrong 239.1.1.2 5000
	send one-right 239.1.1.1 5000
	send two-right 239.1.1.2 5001
	hears r one-right two-right
	deaf r one-wrong two-wrong
	silent r
}

@test "a rule joins for one port only" {
	SOCKGRAFT_RULES='udp port=5000: join=239.1.1.1%b0' start r grafted \
		"${UDP[@]}" receive 10.77.0.2 5000 --also 10.77.0.2 5001
	hears_group_at_5000_alone 239.1.1.1 10.77.0.2
}

@test "two processes share a port where the policy says so" {
	local policy=(SOCKGRAFT_JOIN=239.1.1.1%b0 SOCKGRAFT_REUSE=both)
	start one grafted "${policy[@]}" "${UDP[@]}" receive 10.77.0.2 5000
	start two grafted "${policy[@]}" "$EXAMPLES/unicast-receiver" 10.77.0.2 5000
	ready one 5000
	ready two 5000
	wait_until two_sockets 5000
	wait_until asleep two
	send word 239.1.1.1 5000
	hears one word
	hears two word
	silent one
	silent two
}

@test "IPv6: two processes share a port where the policy says so" {
	local policy=(SOCKGRAFT_JOIN=ff15::114%b0 SOCKGRAFT_REUSE=both)
	start one grafted "${policy[@]}" "${UDP[@]}" receive fd77::2 5000
	start two grafted "${policy[@]}" "$EXAMPLES/unicast-receiver" fd77::2 5000
	wait_until two_sockets 5000
	ready one 5000
	ready two 5000
	send word ff15::114 5000
	hears one word
	hears two word
	silent one
	silent two
}

two_sockets() {
	[ "$(udp_sockets receiver | grep -c ":$1\$")" = 2 ]
}

@test "two processes don't share a port where the policy doesn't say so" {
	SOCKGRAFT_JOIN=239.1.1.1%b0 listen python 10.77.0.2 5000
	SOCKGRAFT_JOIN=239.1.1.1%b0 start two grafted "${UDP[@]}" receive 10.77.0.2 5000
	refute finish two
	complained two EADDRINUSE
}
