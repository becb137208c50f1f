# A library for another processor, whose programs an emulator runs. It passes on plain socket options and packet
# filters, but not the requests to join groups.

load ../hosts
load ../receivers

setup() {
	hosts_up
	PROBE=$BUILD/tests/probe
}

teardown() {
	hosts_down
}

# sends_marked WILDCARD ADDRESS: what a program sends carries the marks of the policy.
sends_marked() {
	start w "${UDP[@]}" receive "$1" 6000 --control
	ready w 6000
	SOCKGRAFT_DSCP=ef SOCKGRAFT_TTL=9 SOCKGRAFT_HOPLIMIT=9 \
		on sender grafted "$EXAMPLES/multicast-sender" "$2" 6000
	hears w datagram
	said w 'datagram 1 hops=9 class=0xb8 '
}

@test "what is sent carries class and TTL" {
	sends_marked 0.0.0.0 10.77.0.2
}

@test "IPv6: what is sent carries class and hop limit" {
	sends_marked :: fd77::2
}

@test "a join that is refused is one warning, and the program hears its own address alone" {
	SOCKGRAFT_JOIN=239.1.1.1%b0 listen example 10.77.0.2 5000
	complains r 'join 239\.1\.1\.1%b0: Protocol not available'
	[ "$(warnings r)" = 1 ]
	send address 10.77.0.22 5000
	send own 10.77.0.2 5000
	hears r own
	deaf r address
}

@test "IPv6: a join that is refused is one warning, and the program hears its own address alone" {
	SOCKGRAFT_JOIN=ff15::114%b0 listen example fd77::2 5000
	complains r 'join ff15::114%b0: Protocol not available'
	[ "$(warnings r)" = 1 ]
	send address fd77::22 5000
	send own fd77::2 5000
	hears r own
	deaf r address
}

@test "every copy of a descriptor is told the address that the program asked for" {
	SOCKGRAFT_JOIN=239.1.1.1%b0 start r grafted "$PROBE" copies 10.77.0.22 5000
	finish r
	[ "$(grep -c ': 10.77.0.22 5000 16$' "$(out r)")" = 7 ]
}

@test "IPv6: datagrams leave from the address that the program bound" {
	start peer on sender "${UDP[@]}" receive fd77::1 6000
	wait_until bound 6000 sender
	SOCKGRAFT_JOIN=ff15::114%b0 start r grafted "$PROBE" send-many fd77::22 5000 fd77::1 6000
	finish r
	hears peer one two three four
	[ "$(grep -c '^fd77::22 5000 ' "$(out peer)")" = 4 ]
}

@test "a policy that can't be read stops the program before main" {
	local status=0
	SOCKGRAFT_TTL=300 grafted "$PROBE" copies 10.77.0.2 5000 2>"$(err r)" >"$(out r)" || status=$?
	[ "$status" = 125 ]
	complained r '^sockgraft\[[0-9]+\]: error: SOCKGRAFT_TTL: "300": expected a number from 1 to 255$'
	[ ! -s "$(out r)" ]
}

@test "without a policy nothing is different" {
	listen example 10.77.0.2 5000
	send own 10.77.0.2 5000
	hears r own
	silent r
}

@test "what core reads and writes without the kernel" {
	local program name
	for program in addresses headers messages names; do
		for name in $("$BUILD/tests/core/$program"); do
			"$BUILD/tests/core/$program" "$name" || fail "$program $name"
		done
	done
}
