# Groups grafted onto receivers that are bound in other ways: to the wildcard, to the group, to loopback, by
# the first send, by the policy; and onto ones that connect.

load hosts
load receivers
load scripts

setup() {
	hosts_up
}

teardown() {
	hosts_down
}

@test "bound to the wildcard: the group and every address, but no other group or link" {
	bystanders 239.9.9.9 239.1.1.1
	SOCKGRAFT_JOIN=239.1.1.1%b0 listen python 0.0.0.0 5000
	send group9 239.9.9.9 5000
	send link 239.1.1.1 5000 10.78.0.1 a1
	send group 239.1.1.1 5000
	send address 10.77.0.22 5000
	hears r group address
	deaf r group9 link
	silent r
}

@test "IPv6: bound to the wildcard: the group and every address, but no other group or link" {
	bystanders ff15::999 ff15::114
	SOCKGRAFT_JOIN=ff15::114%b0 listen python :: 5000
	send group9 ff15::999 5000
	send link ff15::114 5000 fd78::1 a1
	send group ff15::114 5000
	send address fd77::22 5000
	hears r group address
	deaf r group9 link
	silent r
}

@test "bound to the group itself: the group alone" {
	bystanders 239.9.9.9 239.1.1.1
	SOCKGRAFT_JOIN=239.1.1.1%b0 listen python 239.1.1.1 5000
	send own 10.77.0.2 5000
	send link 239.1.1.1 5000 10.78.0.1 a1
	send group 239.1.1.1 5000
	hears r group
	deaf r own link
	said r '^at 239\.1\.1\.1 5000$'
	silent r
}

@test "IPv6: bound to the group itself: the group alone" {
	bystanders ff15::999 ff15::114
	SOCKGRAFT_JOIN=ff15::114%b0 listen python ff15::114 5000
	send own fd77::2 5000
	send link ff15::114 5000 fd78::1 a1
	send group ff15::114 5000
	hears r group
	deaf r own link
	silent r
}

@test "bound to one of two groups: both, and nothing else" {
	SOCKGRAFT_JOIN=239.1.1.1%b0,239.2.2.2%b0 listen python 239.1.1.1 5000
	send own 10.77.0.2 5000
	send one 239.1.1.1 5000
	send two 239.2.2.2 5000
	hears r one two
	deaf r own
	silent r
}

@test "bound to loopback: the group and loopback, no other address" {
	SOCKGRAFT_JOIN=239.1.1.1%b0 listen python 127.0.0.1 5000
	send address 10.77.0.2 5000
	send group 239.1.1.1 5000
	on receiver "${UDP[@]}" send own 127.0.0.1 5000
	hears r group own
	deaf r address
	said r '^at 127\.0\.0\.1 5000$'
	silent r
}

@test "IPv6: bound to loopback: the group and loopback, no other address" {
	SOCKGRAFT_JOIN=ff15::114%b0 listen python ::1 5000
	send address fd77::2 5000
	send group ff15::114 5000
	on receiver "${UDP[@]}" send own ::1 5000
	hears r group own
	deaf r address
	said r '^at ::1 5000$'
	silent r
}

@test "a group on loopback is heard there alone" {
	SOCKGRAFT_JOIN=239.1.1.1%lo listen python 127.0.0.1 5000
	bystander elsewhere 239.1.1.1%b0
	send link 239.1.1.1 5000
	on receiver "${UDP[@]}" send group 239.1.1.1 5000 --interface lo
	hears r group
	deaf r link
	silent r
}

# The port that the first send has bound.
port_of_r() {
	wait_until said r '^at ' && awk '/^at / { print $3 }' "$(out r)"
}

@test "not bound at all: heard from the first send on" {
	SOCKGRAFT_JOIN=239.1.1.1%b0 start r grafted \
		"${UDP[@]}" receive --unbound --first-send hello 10.77.0.1 6000
	send link 239.1.1.1 "$(port_of_r)" 10.78.0.1 a1
	send group 239.1.1.1 "$(port_of_r)"
	hears r group
	deaf r link
	silent r
}

@test "IPv6: not bound at all: heard from the first send on" {
	SOCKGRAFT_JOIN=ff15::114%b0 start r grafted \
		"${UDP[@]}" receive :: --unbound --first-send hello fd77::1 6000
	send group ff15::114 "$(port_of_r)"
	hears r group
	silent r
}

@test "a socket that is connected hears its peer alone, and one warning says so" {
	SOCKGRAFT_JOIN=239.1.1.1%b0 start r grafted \
		"${UDP[@]}" receive 10.77.0.2 5000 --connect 10.77.0.1 6000
	ready r 5000
	send group 239.1.1.1 5000
	on sender "${UDP[@]}" send peer 10.77.0.2 5000 --source 10.77.0.1 --source-port 6000
	hears r peer
	deaf r group
	[ "$(warnings r)" = 1 ]
	complained r 'warn: fd 3 udp .*connect'
}

@test "a connected socket keeps the address that the program bound" {
	SOCKGRAFT_JOIN=239.1.1.1%b0 start r grafted \
		"${UDP[@]}" receive 10.77.0.22 5000 --connect 10.77.0.1 6000
	wait_until said r '^at 10\.77\.0\.22 5000$'
}

@test "IPv6: a connected socket keeps the address that the program bound, and warns once" {
	SOCKGRAFT_JOIN=ff15::114%b0 start r grafted \
		"${UDP[@]}" receive fd77::22 5000 --connect fd77::1 6000
	wait_until said r '^at fd77::22 5000$'
	on sender "${UDP[@]}" send peer fd77::22 5000 --source fd77::1 --source-port 6000
	hears r peer
	[ "$(warnings r)" = 1 ]
}

@test "a dual-stack socket joins groups of both families" {
	SOCKGRAFT_JOIN="239.1.1.1%b0 ff15::114%b0" start r grafted "${UDP[@]}" receive :: 5000 --both-families
	ready r 5000
	bystanders 239.9.9.9 239.1.1.1
	send group9 239.9.9.9 5000
	send link 239.1.1.1 5000 10.78.0.1 a1
	send four 239.1.1.1 5000
	send six ff15::114 5000
	hears r four six
	deaf r group9 link
	said r '^::ffff:10\.77\.0\.1 .* four$'
	silent r
}

@test "a dual-stack socket admits one source of an IPv4 group and one of an IPv6 group" {
	SOCKGRAFT_JOIN="10.77.0.1@232.7.8.9%b0 fd77::1@ff35::8000:9%b0" start r grafted \
		"${UDP[@]}" receive :: 5000 --both-families
	ready r 5000
	send unwanted4 232.7.8.9 5000 10.77.0.3
	send unwanted6 ff35::8000:9 5000 fd77::3
	send wanted4 232.7.8.9 5000 10.77.0.1
	send wanted6 ff35::8000:9 5000 fd77::1
	hears r wanted4 wanted6
	deaf r unwanted4 unwanted6
	silent r
}

@test "an IPv4 group alone leaves a socket of IPv6 only as it is" {
	SOCKGRAFT_JOIN=239.1.1.1%b0 start r grafted "${UDP[@]}" receive fd77::2 5000
	ready r 5000
	bound_to '[fd77::2]:5000'
	silent r
}

@test "bind=keep: bound as the program asked" {
	SOCKGRAFT_JOIN=239.1.1.1%b0 SOCKGRAFT_BIND=keep listen python 10.77.0.2 5000
	bound_to 10.77.0.2:5000
	send group 239.1.1.1 5000
	send own 10.77.0.2 5000
	hears r own
	deaf r group
}

@test "bind=any: every address" {
	SOCKGRAFT_JOIN=239.1.1.1%b0 SOCKGRAFT_BIND=any listen python 10.77.0.2 5000
	bound_to 0.0.0.0:5000
	send group 239.1.1.1 5000
	send address 10.77.0.22 5000
	hears r group address
	silent r
}

@test "bind=group: the group alone" {
	SOCKGRAFT_JOIN=239.1.1.1%b0 SOCKGRAFT_BIND=group listen python 10.77.0.2 5000
	bound_to 239.1.1.1:5000
	send own 10.77.0.2 5000
	send group 239.1.1.1 5000
	hears r group
	deaf r own
	silent r
}

@test "bind=ADDRESS:PORT moves the socket" {
	SOCKGRAFT_BIND=10.77.0.22:6000 start r grafted "${UDP[@]}" receive 10.77.0.2 5000
	ready r 6000
	bound_to 10.77.0.22:6000
	send moved 10.77.0.22 6000
	hears r moved
	silent r
}

@test "bind=ADDRESS keeps the port that the program asked for" {
	SOCKGRAFT_BIND=10.77.0.22 start r grafted "${UDP[@]}" receive 0.0.0.0 5000
	ready r 5000
	bound_to 10.77.0.22:5000
	silent r
}

@test "a program without a join is bound as it asked" {
	SOCKGRAFT_TTL=9 listen python 10.77.0.2 5000
	bound_to 10.77.0.2:5000
}

@test "bound to a broadcast address: the group and broadcasts, and what it sends has a source" {
	SOCKGRAFT_JOIN=239.1.1.1%b0 start r grafted "${UDP[@]}" receive 10.77.0.255 5000 --reply answer
	ready r 5000
	said r '^at 10.77.0.255 5000$'
	send own 10.77.0.2 5000
	send group 239.1.1.1 5000
	on sender "${UDP[@]}" send broadcast 10.77.0.255 5000 --broadcast
	hears r group broadcast
	deaf r own
	silent r
}

@test "IPv6: bound to a joined group: not from another link, though a second group is joined" {
	SOCKGRAFT_JOIN='ff15::114%b0 ff15::115%b0' listen python ff15::114 5000
	bystander other ff15::114%b1
	send link ff15::114 5000 fd78::1 a1
	send group ff15::114 5000
	send second ff15::115 5000
	hears r group second
	deaf r link
}

@test "bound to one of two groups, a program can send" {
	start peer on sender "${UDP[@]}" receive 10.77.0.1 6000
	wait_until bound 6000 sender
	SOCKGRAFT_JOIN='239.1.1.1%b0 239.1.1.2%b0' start r grafted "${UDP[@]}" receive 239.1.1.1 5000 \
		--first-send hello 10.77.0.1 6000
	hears peer hello
}

@test "bind=group: bound to the group though its interface is not there yet" {
	SOCKGRAFT_BIND=group SOCKGRAFT_JOIN=239.1.1.1%b5 start r grafted "${UDP[@]}" receive 10.77.0.2 5000
	wait_until bound_to 239.1.1.1:5000
}

@test "IPv6: a bind to a group of a link that isn't said, or isn't there, fails as without us" {
	local host
	for host in plain grafted; do
		SOCKGRAFT_JOIN='ff15::114%b0' run_script $host receiver ${host#plain} <<-END
			for zone in 0, 99, index("b0"):
			    made = udp(AF_INET6)
			    say(errno_of(made.bind, ("ff12::2", 6002, 0, zone)), made.getsockname()[3] == zone)
			    made.close()
		END
	done
	diff "$(out plain)" "$(out grafted)"
	said grafted '^EINVAL True$'
	said grafted '^ENODEV False$'
	said grafted '^None True$'
}
