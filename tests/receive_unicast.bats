# A receiver bound to a unicast address hears the groups grafted onto it and its own address, nothing else.

load hosts
load receivers

setup() {
	hosts_up
}

teardown() {
	hosts_down
}

@test "python3 bound to a unicast address hears the group and its own address alone" {
	hears_group_and_own_address4 python
}

@test "socat bound to a unicast address hears the group and its own address alone" {
	hears_group_and_own_address4 socat
}

@test "nc bound to a unicast address hears the group and its own address alone" {
	hears_group_and_own_address4 nc
}

@test "a C program bound to a unicast address hears the group and its own address alone" {
	hears_group_and_own_address4 example
}

@test "IPv6: python3 bound to a unicast address hears the group and its own address alone" {
	hears_group_and_own_address6 python
}

@test "IPv6: socat bound to a unicast address hears the group and its own address alone" {
	hears_group_and_own_address6 socat
}

@test "IPv6: nc bound to a unicast address hears the group and its own address alone" {
	hears_group_and_own_address6 nc
}

@test "IPv6: a C program bound to a unicast address hears the group and its own address alone" {
	hears_group_and_own_address6 example
}

@test "without the library the same program hears its own address alone" {
	bystander group 239.1.1.1%b0
	start r "${UDP[@]}" receive 10.77.0.2 5000
	ready r 5000
	send group 239.1.1.1 5000
	send own 10.77.0.2 5000
	hears r own
	deaf r group
}

@test "a link-local IPv6 group is heard on its interface" {
	bystander other-link ff02::114%b1
	SOCKGRAFT_JOIN=ff02::114%b0 listen python fd77::2 5000
	send link ff02::114 5000 fe80::a1%a1 a1
	send group ff02::114 5000 fe80::a0%a0
	hears r group
	deaf r link
	silent r
}

@test "a link-local IPv6 address is heard beside the group" {
	SOCKGRAFT_JOIN=ff02::114%b0 listen python fe80::b0%b0 5000
	send address fd77::2 5000
	send group ff02::114 5000 fe80::a0%a0
	send own fe80::b0%a0 5000
	hears r group own
	deaf r address
	silent r
}

@test "every receiving call of python3 hears the group" {
	local how
	for how in recv recvmsg recvmsg_into read; do
		SOCKGRAFT_JOIN=239.1.1.1%b0 start "$how" grafted \
			"${UDP[@]}" receive 10.77.0.2 5000 --how "$how" --count 1 --reuse
		ready "$how" 5000
		send "$how" 239.1.1.1 5000
		hears "$how" "$how"
		finish "$how"
	done
}

@test "the program is told the address that it asked for" {
	SOCKGRAFT_JOIN=239.1.1.1%b0 listen python 10.77.0.22 5000
	said r '^at 10\.77\.0\.22 5000$'
}

@test "IPv6: the program is told the address that it asked for" {
	SOCKGRAFT_JOIN=ff15::114%b0 listen python fd77::22 5000
	said r '^at fd77::22 5000$'
}

@test "the program is told its address where the kernel picked the port" {
	SOCKGRAFT_JOIN=239.1.1.1%b0 start r grafted "${UDP[@]}" receive 10.77.0.22 0
	wait_until said r '^at 10\.77\.0\.22 [1-9][0-9]+$'
	send group 239.1.1.1 "$(awk '{ print $3 }' "$(out r)")"
	hears r group
}

# A program that asks 10.77.0.22 or the group, and prints who answers.
ask() {
	local wildcard=0.0.0.0
	[[ $1 != *:* ]] || wildcard=::
	start asker on sender "${UDP[@]}" receive "$wildcard" 0 --first-send question "$1" 5000 --interface a0 --count 1
	finish asker
}

@test "an answer to a datagram to the group leaves from the address that the program bound" {
	SOCKGRAFT_JOIN=239.1.1.1%b0 start r grafted "${UDP[@]}" receive 10.77.0.22 5000 --reply answer
	ready r 5000
	ask 239.1.1.1
	said asker '^10\.77\.0\.22 5000 answer$'
}

@test "an answer to a unicast datagram leaves from the address that the program bound" {
	SOCKGRAFT_JOIN=239.1.1.1%b0 start r grafted "${UDP[@]}" receive 10.77.0.22 5000 --reply answer
	ready r 5000
	ask 10.77.0.22
	said asker '^10\.77\.0\.22 5000 answer$'
}

@test "IPv6: an answer leaves from the address that the program bound" {
	SOCKGRAFT_JOIN=ff15::114%b0 start r grafted "${UDP[@]}" receive fd77::22 5000 --reply answer
	ready r 5000
	ask ff15::114
	said asker '^fd77::22 5000 answer$'
}

@test "socat answers from the address that it bound" {
	SOCKGRAFT_JOIN=239.1.1.1%b0 start r grafted socat UDP4-RECVFROM:5000,bind=10.77.0.22 PIPE
	ready r 5000
	ask 239.1.1.1
	said asker '^10\.77\.0\.22 5000 question$'
}

@test "nc, which connects to its first peer, answers from the address that it bound" {
	echo answer >"$BATS_TEST_TMPDIR/answer"
	INPUT=$BATS_TEST_TMPDIR/answer SOCKGRAFT_JOIN=239.1.1.1%b0 start r grafted "$NC" -u -l 10.77.0.22 5000
	ready r 5000
	ask 239.1.1.1
	said asker '^10\.77\.0\.22 5000 answer$'
}

@test "what the program sends to a group leaves from the address that it bound" {
	start watcher on sender "${UDP[@]}" receive 0.0.0.0 6000 --join 239.2.2.2%a0
	wait_until joined 239.2.2.2 a0 sender
	SOCKGRAFT_JOIN=239.1.1.1%b0 grafted "${UDP[@]}" send word 239.2.2.2 6000 --source 10.77.0.22 --source-port 5000
	hears watcher word
	said watcher '^10\.77\.0\.22 5000 word$'
}

@test "what sendmsg and send on a connected socket send leaves from the address that the program bound" {
	start watcher on sender "${UDP[@]}" receive 10.77.0.1 6000
	wait_until bound 6000 sender
	SOCKGRAFT_JOIN=239.1.1.1%b0 grafted "${UDP[@]}" send one 10.77.0.1 6000 --source 10.77.0.22 --how sendmsg
	SOCKGRAFT_JOIN=239.1.1.1%b0 grafted "${UDP[@]}" send two 10.77.0.1 6000 --source 10.77.0.22 --connect
	hears watcher one two
	said watcher '^10\.77\.0\.22 [0-9]+ one$'
	said watcher '^10\.77\.0\.22 [0-9]+ two$'
}

@test "the filter is on before the bind that widens" {
	local trace=$BATS_TEST_TMPDIR/trace
	SOCKGRAFT_JOIN=239.1.1.1%b0 start r on receiver strace -f -o "$trace" -e trace=bind,setsockopt \
		-E "LD_PRELOAD=$GRAFT" "${UDP[@]}" receive 10.77.0.2 5000
	wait_until bound 5000
	wait_until grep -q 'bind(.*htons(5000)' "$trace"
	awk '/SO_ATTACH_FILTER/ { filter = 1 } /bind\(.*htons\(5000\)/ { ok = filter; exit } END { exit !ok }' "$trace"
}
