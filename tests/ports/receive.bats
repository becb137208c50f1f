# The main job, by programs that were built along with the library: for a library that the machine's own programs
# can't load, of 32 bits or for another libc.

load ../hosts
load ../receivers

setup() {
	hosts_up
	PROBE=$BUILD/tests/probe
}

teardown() {
	hosts_down
}

@test "a program bound to a unicast address hears the group and its own address alone" {
	hears_group_and_own_address4 example
}

@test "IPv6: a program bound to a unicast address hears the group and its own address alone" {
	hears_group_and_own_address6 example
}

@test "the wanted source alone is heard, and in the kernel's list" {
	hears_wanted_source4 example
	[ "$(mcfilter b0 232.7.8.9 10.77.0.1)" = "1 0" ]
}

@test "IPv6: the wanted source alone is heard, and in the kernel's list" {
	hears_wanted_source6 example
	[ "$(mcfilter b0 ff35::8000:9 fd77::1)" = "1 0" ]
}

@test "all sources but one" {
	hears_all_but_one example 239.1.1.1 10.77.0.2 10.77.0.1 10.77.0.3
}

@test "IPv6: all sources but one" {
	hears_all_but_one example ff15::114 fd77::2 fd77::1 fd77::3
}

@test "the kernel has an include list of two sources, and reports it" {
	capture wire receiver b0
	SOCKGRAFT_JOIN=10.77.0.1+10.77.0.4@232.7.8.9%b0 listen example 0.0.0.0 5000
	[ "$(mcfilter b0 232.7.8.9 10.77.0.1)" = "1 0" ]
	[ "$(mcfilter b0 232.7.8.9 10.77.0.4)" = "1 0" ]
	sees wire 'igmp v3 report.*gaddr 232\.7\.8\.9 (allow|is_in|to_in) \{ 10\.77\.0\.'
	refute has_captured wire 'gaddr 232\.7\.8\.9 (to_ex|is_ex)'
}

@test "a rule for a port, patterns of interfaces, and a group without an interface" {
	SOCKGRAFT_RULES='udp port=5000: join=239.1.1.1%b*,239.1.1.2,ff15::114%b1' listen example 0.0.0.0 5000
	joined 239.1.1.1 b0
	joined 239.1.1.1 b1
	joined 239.1.1.2 b0
	refute joined ff15::114 b1
	silent r
}

@test "IPv6: datagrams and control messages leave from the address that the program bound" {
	answers_by_interface "$PROBE"
}

@test "values for a destination are on each connection" {
	SOCKGRAFT_RULES='to=10.0.0.0/8: dscp=ef priority=3' \
		start r grafted "$PROBE" two-connects 10.77.0.1 9 10.77.0.3 9
	finish r
	[ "$(grep -c 'tos=184 priority=3' "$(out r)")" = 2 ]
}

@test "what is sent carries class and TTL, and leaves by the interface" {
	sends_marked 0.0.0.0 239.1.1.1
}

@test "IPv6: what is sent carries class and hop limit, and leaves by the interface" {
	sends_marked :: ff15::114
}

@test "an interface that appears is joined by a program that sleeps in poll" {
	SOCKGRAFT_JOIN=239.1.1.1%b9,ff15::114%b9 listen example 10.77.0.2 5000
	complains r 'the interface is not there yet'
	add_link 9
	wait_until joined 239.1.1.1 b9
	send group 239.1.1.1 5000 "" a9
	hears r group
}

@test "a policy that can't be read stops the program before main" {
	local status=0
	SOCKGRAFT_TTL=300 grafted "$PROBE" copies 10.77.0.2 5000 2>"$(err r)" >"$(out r)" || status=$?
	[ "$status" = 125 ]
	complained r '^sockgraft\[[0-9]+\]: error: SOCKGRAFT_TTL: "300": expected a number from 1 to 255$'
	[ ! -s "$(out r)" ]
}

@test "a policy in a file, and a log in one that is longer than a 32-bit offset" {
	echo 'udp: join=239.1.1.1%b0' >"$BATS_TEST_TMPDIR/policy"
	truncate -s 3G "$BATS_TEST_TMPDIR/log"
	SOCKGRAFT_FILE=$BATS_TEST_TMPDIR/policy SOCKGRAFT_LOG=info SOCKGRAFT_LOG_FILE=$BATS_TEST_TMPDIR/log \
		listen example 10.77.0.2 5000
	joined 239.1.1.1 b0
	tail -c 80 "$BATS_TEST_TMPDIR/log" | grep -aq 'join 239.1.1.1%b0'
	silent r
}

@test "without a policy nothing is different" {
	listen example 10.77.0.2 5000
	bystander group 239.1.1.1%b0
	send group 239.1.1.1 5000
	send own 10.77.0.2 5000
	hears r own
	deaf r group
	silent r
}
