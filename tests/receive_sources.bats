# Which sources are admitted: include and exclude lists, as the kernel has them, as the reports on the wire
# say them, and as a snooping bridge understood them.

load hosts
load receivers

setup() {
	hosts_up
}

teardown() {
	hosts_down
}

@test "python3 hears the wanted source alone" {
	hears_wanted_source4 python
}

@test "socat hears the wanted source alone" {
	hears_wanted_source4 socat
}

@test "nc hears the wanted source alone" {
	hears_wanted_source4 nc
}

@test "a C program hears the wanted source alone" {
	hears_wanted_source4 example
}

@test "IPv6: python3 hears the wanted source alone" {
	hears_wanted_source6 python
}

@test "IPv6: socat hears the wanted source alone" {
	hears_wanted_source6 socat
}

@test "IPv6: nc hears the wanted source alone" {
	hears_wanted_source6 nc
}

@test "IPv6: a C program hears the wanted source alone" {
	hears_wanted_source6 example
}

@test "an unwanted source that another program has joined is not heard" {
	bystander everybody 232.7.8.9%b0
	hears_wanted_source4 python
}

@test "IPv6: an unwanted source that another program has joined is not heard" {
	bystander everybody ff35::8000:9%b0
	hears_wanted_source6 python
}

@test "the kernel has an include list" {
	SOCKGRAFT_JOIN=10.77.0.1@232.7.8.9%b0 listen python 10.77.0.2 5000
	[ "$(mcfilter b0 232.7.8.9 10.77.0.1)" = "1 0" ]
}

@test "IPv6: the kernel has an include list" {
	SOCKGRAFT_JOIN=fd77::1@ff35::8000:9%b0 listen python fd77::2 5000
	[ "$(mcfilter b0 ff35::8000:9 fd77::1)" = "1 0" ]
}

@test "the IGMPv3 report names the source, and no report asks for all" {
	capture wire receiver b0
	SOCKGRAFT_JOIN=10.77.0.1@232.7.8.9%b0 listen python 10.77.0.2 5000
	sees wire 'igmp v3 report.*gaddr 232\.7\.8\.9 (allow|is_in|to_in) \{ 10\.77\.0\.1 \}'
	refute has_captured wire 'gaddr 232\.7\.8\.9 (to_ex|is_ex)'
}

@test "the MLDv2 report names the source, and no report asks for all" {
	capture wire receiver b0
	SOCKGRAFT_JOIN=fd77::1@ff35::8000:9%b0 listen python fd77::2 5000
	sees wire 'report v2.*gaddr ff35::8000:9 (allow|is_in|to_in) \{ fd77::1 \}'
	refute has_captured wire 'gaddr ff35::8000:9 (to_ex|is_ex)'
}

# in_bridge GROUP SOURCE MODE: what a bridge that snoops has understood.
in_bridge() {
	on bridge bridge -d mdb show | grep -Eq "port pb0 grp $1 .*filter_mode $3.*source_list .*$2/" ||
		on bridge bridge -d mdb show | grep -Eq "port pb0 grp $1 src $2 .*filter_mode $3"
}

@test "a snooping bridge has learnt the source" {
	hosts_down
	hosts_up bridge
	SOCKGRAFT_JOIN=10.77.0.1@232.7.8.9%b0 listen python 10.77.0.2 5000
	wait_until in_bridge 232.7.8.9 10.77.0.1 include
	send wanted 232.7.8.9 5000 10.77.0.1
	hears r wanted
}

@test "IPv6: a snooping bridge has learnt the source" {
	hosts_down
	hosts_up bridge
	SOCKGRAFT_JOIN=fd77::1@ff35::8000:9%b0 listen python fd77::2 5000
	wait_until in_bridge ff35::8000:9 fd77::1 include
	send wanted ff35::8000:9 5000 fd77::1
	hears r wanted
}

@test "two sources are admitted, a third is not" {
	on sender ip address add 10.77.0.4/24 dev a0
	SOCKGRAFT_JOIN=10.77.0.1+10.77.0.4@232.7.8.9%b0 listen python 10.77.0.2 5000
	send unwanted 232.7.8.9 5000 10.77.0.3
	send one 232.7.8.9 5000 10.77.0.1
	send four 232.7.8.9 5000 10.77.0.4
	hears r one four
	deaf r unwanted
	[ "$(mcfilter b0 232.7.8.9 10.77.0.4)" = "1 0" ]
	silent r
}

@test "two entries of one group add up to one include list" {
	SOCKGRAFT_JOIN="10.77.0.1@232.7.8.9%b0 10.77.0.4@232.7.8.9%b0" listen python 10.77.0.2 5000
	[ "$(mcfilter b0 232.7.8.9 10.77.0.1)" = "1 0" ]
	[ "$(mcfilter b0 232.7.8.9 10.77.0.4)" = "1 0" ]
	send unwanted 232.7.8.9 5000 10.77.0.3
	send wanted 232.7.8.9 5000 10.77.0.1
	hears r wanted
	deaf r unwanted
	silent r
}

@test "each group has its own source" {
	SOCKGRAFT_JOIN="10.77.0.1@232.7.8.9%b0,10.77.0.3@232.7.8.10%b0" listen python 10.77.0.2 5000
	send unwanted1 232.7.8.9 5000 10.77.0.3
	send unwanted2 232.7.8.10 5000 10.77.0.1
	send wanted1 232.7.8.9 5000 10.77.0.1
	send wanted2 232.7.8.10 5000 10.77.0.3
	hears r wanted1 wanted2
	deaf r unwanted1 unwanted2
	silent r
}

@test "the unwanted source is heard still at the program's own address" {
	SOCKGRAFT_JOIN=10.77.0.1@232.7.8.9%b0 listen python 10.77.0.2 5000
	send group 232.7.8.9 5000 10.77.0.3
	send own 10.77.0.2 5000 10.77.0.3
	hears r own
	deaf r group
}

@test "all sources but one" {
	hears_all_but_one python 239.1.1.1 10.77.0.2 10.77.0.1 10.77.0.3
}

@test "IPv6: all sources but one" {
	hears_all_but_one python ff15::114 fd77::2 fd77::1 fd77::3
}

@test "all sources but one, though another program hears them all" {
	bystander everybody 239.1.1.1%b0
	SOCKGRAFT_JOIN='!10.77.0.3@239.1.1.1%b0' listen socat 10.77.0.2 5000
	send unwanted 239.1.1.1 5000 10.77.0.3
	send wanted 239.1.1.1 5000 10.77.0.1
	hears r wanted
	deaf r unwanted
}

@test "all sources but two" {
	on sender ip address add 10.77.0.4/24 dev a0
	SOCKGRAFT_JOIN='!10.77.0.3+10.77.0.4@239.1.1.1%b0' listen python 10.77.0.2 5000
	send unwanted3 239.1.1.1 5000 10.77.0.3
	send unwanted4 239.1.1.1 5000 10.77.0.4
	send wanted 239.1.1.1 5000 10.77.0.1
	hears r wanted
	deaf r unwanted3 unwanted4
	silent r
}

@test "the IGMPv3 report leaves the source out" {
	capture wire receiver b0
	SOCKGRAFT_JOIN='!10.77.0.3@239.1.1.1%b0' listen python 10.77.0.2 5000
	sees wire 'igmp v3 report.*gaddr 239\.1\.1\.1 (to_ex|is_ex|block) \{ 10\.77\.0\.3 \}'
}

@test "the MLDv2 report leaves the source out" {
	capture wire receiver b0
	SOCKGRAFT_JOIN='!fd77::3@ff15::114%b0' listen python fd77::2 5000
	sees wire 'report v2.*gaddr ff15::114 (to_ex|is_ex|block) \{ fd77::3 \}'
}

@test "a program that ends leaves the group" {
	SOCKGRAFT_JOIN=239.1.1.1%b0 listen python 10.77.0.2 5000
	joined 239.1.1.1 b0
	stop r
	wait_until refute joined 239.1.1.1 b0 2>/dev/null
}

@test "sources left out past the kernel's limit stay out" {
	local sources=10.77.0.3 i
	for i in {101..112}; do
		sources=10.77.0.$i+$sources
	done
	SOCKGRAFT_JOIN="!$sources@239.1.1.1%b0" listen python 0.0.0.0 5000
	send unwanted 239.1.1.1 5000 10.77.0.3
	send wanted 239.1.1.1 5000 10.77.0.1
	hears r wanted
	deaf r unwanted
	complains r igmp_max_msf
}

@test "a source of one entry does not narrow another, that names no interface" {
	SOCKGRAFT_JOIN='239.1.1.1 10.77.0.1@239.1.1.1%b0' listen python 0.0.0.0 5000
	send any 239.1.1.1 5000 10.77.0.3
	hears r any
}

@test "IPv6: each interface has its own sources of one group" {
	SOCKGRAFT_JOIN='fd77::1@ff35::1%b0,fd78::1@ff35::1%b1' listen python :: 5000
	send third ff35::1 5000 fd77::3 a0
	send first ff35::1 5000 fd77::1 a0
	send second ff35::1 5000 fd78::1 a1
	hears r first second
	deaf r third
}
