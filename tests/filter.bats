# filter: what becomes of the memberships that a program asks for by itself, as the kernel has them, as reports on the
# wire say them, and as datagrams show.  The answers that the program gets are in own_joins.bats.

load hosts
load own_joins
load settings

setup() {
	hosts_up
}

teardown() {
	hosts_down
}

# from_one FAMILY GROUP SOURCE: the program's request, whatever its form, becomes a membership from that source.
from_one() {
	local family=$1 group=$2 source=$3 request
	export SOCKGRAFT_FILTER=$source@$group%b0
	shift 3
	for request; do
		asks "$family" "${request% *}" "${request#* }"
		members "$group%b0 include 1"
		[ "$(mcfilter b0 "$group" "$source")" = "1 0" ] || fail "$request"
		silent r
		stop r
		[ -z "$(mcfilter b0 "$group" "$source")" ] || fail "$request: joined still"
	done
}

@test "a join in every form is from the filter's source alone" {
	from_one ipv4 232.7.8.9 10.77.0.1 'join 232.7.8.9' 'join 232.7.8.9%b0' 'join/mreq 232.7.8.9' \
		'join/mreq 232.7.8.9%b0' 'join/mreqn 232.7.8.9%b0' 'join-source 10.77.0.3@232.7.8.9%b0' \
		'join-source/mreq 10.77.0.3@232.7.8.9%b0'
}

@test "IPv6: a join in every form is from the filter's source alone" {
	from_one ipv6 ff35::8000:9 fd77::1 'join ff35::8000:9' 'join ff35::8000:9%b0' 'join/mreq ff35::8000:9' \
		'join/mreq ff35::8000:9%b0' 'join-source fd77::3@ff35::8000:9%b0'
}

@test "the IPv4 side of an IPv6 socket, and raw sockets" {
	from_one ipv4in6 232.7.8.9 10.77.0.1 'join 232.7.8.9%b0' 'join/mreq 232.7.8.9%b0'
	from_one ipv4-raw 232.7.8.9 10.77.0.1 'join 232.7.8.9%b0'
	from_one ipv6-raw ff35::8000:9 fd77::1 'join ff35::8000:9%b0'
}

@test "lists of sources stay the filter's" {
	SOCKGRAFT_FILTER=10.77.0.1@232.7.8.9%b0 asks ipv4 join 232.7.8.9 exclude 10.77.0.1+10.77.0.3@232.7.8.9%b0 \
		include/mreq 10.77.0.4@232.7.8.9%b0
	answers 'join 232.7.8.9: ok' 'exclude 10.77.0.1+10.77.0.3@232.7.8.9%b0: ok' \
		'include/mreq 10.77.0.4@232.7.8.9%b0: ok'
	[ "$(mcfilter b0 232.7.8.9 10.77.0.1)" = "1 0" ]
	[ -z "$(mcfilter b0 232.7.8.9 10.77.0.4)" ]
}

@test "a list of more sources than can be kept is refused where the policy has a word on the group, and then alone" {
	local i many=10.77.0.9 form
	for i in {1..70}; do
		many+=+10.77.1.$i
	done
	setting ipv4/igmp_max_msf 100
	for form in '' /mreq /filter /filter4; do
		SOCKGRAFT_FILTER='10.77.0.1@232.7.8.9%b0 232.7.8.8%b0' asks ipv4 join 232.7.8.9%b0 "include$form" "$many@232.7.8.9%b0" \
			join 232.7.8.8%b1 "exclude$form" "$many@232.7.8.8%b1" join 232.7.8.7%b0 "include$form" "$many@232.7.8.7%b0"
		answers 'join 232.7.8.9%b0: ok' "include$form $many@232.7.8.9%b0: No buffer space available" \
			'join 232.7.8.8%b1: ok' "exclude$form $many@232.7.8.8%b1: No buffer space available" \
			'join 232.7.8.7%b0: ok' "include$form $many@232.7.8.7%b0: ok"
		members '232.7.8.9%b0 include 1' '232.7.8.8%b0 exclude 0' '232.7.8.7%b0 include 71'
		complained r 'more than 64 sources'
		[ "$(warnings r)" = 1 ]
		stop r
		SOCKGRAFT_JOIN='10.77.0.1@232.7.8.9%b0' asks ipv4 bind 5000 "include$form" "$many@232.7.8.9%b0"
		answers "include$form $many@232.7.8.9%b0: ok"
		members '232.7.8.9%b0 include 1'
		stop r
		SOCKGRAFT_JOIN='10.77.0.1@232.7.8.9%b0' asks ipv4 join 232.7.8.9%b0 "exclude$form" "$many@232.7.8.9%b0" bind 5000
		members '232.7.8.9%b0 include 1'
		stop r
	done
}

@test "IPv6: a list of more sources than can be kept is refused where the policy has a word on the group" {
	local i many=fd77::9
	for i in {1..70}; do
		many+=+fd77::1:$i
	done
	SOCKGRAFT_FILTER='ff35::9%b0' asks ipv6 join ff35::9%b1 "exclude" "$many@ff35::9%b1"
	answers 'join ff35::9%b1: ok' "exclude $many@ff35::9%b1: No buffer space available"
	members 'ff35::9%b0 exclude 0'
	stop r
	SOCKGRAFT_JOIN='fd77::1@ff35::9%b0' asks ipv6 bind 5000 "exclude" "$many@ff35::9%b0"
	answers "exclude $many@ff35::9%b0: ok"
	members 'ff35::9%b0 include 1'
}

# by_function FAMILY GROUP SOURCE OTHERS FORM...: the functions of RFC 3678, with few sources and with many.
by_function() {
	local family=$1 group=$2 source=$3 others=$4 form
	shift 4
	for form; do
		SOCKGRAFT_FILTER=$source@$group%b0 asks "$family" join "$group" "exclude/$form" "${others%%+*}@$group%b0" \
			"include/$form" "$others@$group%b0" "exclude/$form" "$group%b0"
		answers "join $group: ok" "exclude/$form ${others%%+*}@$group%b0: ok" "include/$form $others@$group%b0: ok" \
			"exclude/$form $group%b0: ok"
		members "$group%b0 include 1"
		[ "$(mcfilter b0 "$group" "$source")" = "1 0" ] || fail "$form"
		silent r
		stop r
		SOCKGRAFT_JOIN=$source@$group%b0 asks "$family" bind 5000 "exclude/$form" "${others%%+*}@$group%b0" \
			"include/$form" "$group%b0"
		members "$group%b0 include 1"
		[ "$(mcfilter b0 "$group" "$source")" = "1 0" ] || fail "$form"
		stop r
	done
}

@test "lists of sources that are set by setsourcefilter and setipv4sourcefilter stay the policy's" {
	by_function ipv4 232.7.8.9 10.77.0.1 10.77.0.3+10.77.0.4+10.77.0.5+10.77.0.6+10.77.0.7+10.77.0.8 filter filter4
	by_function ipv4in6 232.7.8.9 10.77.0.1 10.77.0.3+10.77.0.4 filter filter4
}

@test "IPv6: lists of sources that are set by setsourcefilter stay the policy's" {
	by_function ipv6 ff35::8000:9 fd77::1 fd77::3+fd77::4+fd77::5+fd77::6+fd77::7+fd77::8 filter
}

@test "a list that is set by a function leaves the group, or is the program's own where the policy has no word on it" {
	SOCKGRAFT_FILTER=10.77.0.1@232.7.8.9%b1 asks ipv4 join 232.7.8.9%b0 join 232.7.8.8%b0 include/filter 232.7.8.9%b0 \
		exclude/filter4 10.77.0.3@232.7.8.8%b0 exclude/filter 10.77.0.3@232.7.8.7%b0
	answers 'join 232.7.8.9%b0: ok' 'join 232.7.8.8%b0: ok' 'include/filter 232.7.8.9%b0: ok' \
		'exclude/filter4 10.77.0.3@232.7.8.8%b0: ok' 'exclude/filter 10.77.0.3@232.7.8.7%b0: Invalid argument'
	members '232.7.8.8%b0 exclude 1'
}

# --- what is heard ---

@test "only the wanted source is heard" {
	bystander everybody 239.1.1.1%b0
	SOCKGRAFT_FILTER=10.77.0.1@239.1.1.1 asks ipv4 join 239.1.1.1%b0 bind 5000
	goes_on
	send unwanted 239.1.1.1 5000 10.77.0.3
	send wanted 239.1.1.1 5000 10.77.0.1
	hears r wanted
	deaf r unwanted
	silent r
}

@test "IPv6: only the wanted source is heard" {
	bystander everybody ff15::114%b0
	SOCKGRAFT_FILTER=fd77::1@ff15::114 asks ipv6 join ff15::114%b0 bind 5000
	goes_on
	send unwanted ff15::114 5000 fd77::3
	send wanted ff15::114 5000 fd77::1
	hears r wanted
	deaf r unwanted
	silent r
}

@test "all sources but one" {
	SOCKGRAFT_FILTER='!10.77.0.3@239.1.1.1' asks ipv4 join 239.1.1.1%b0 bind 5000
	members '239.1.1.1%b0 exclude 1'
	goes_on
	send unwanted 239.1.1.1 5000 10.77.0.3
	send wanted 239.1.1.1 5000 10.77.0.1
	hears r wanted
	deaf r unwanted
}

@test "IPv6: all sources but one" {
	SOCKGRAFT_FILTER='!fd77::3@ff15::114' asks ipv6 join ff15::114%b0 bind 5000
	goes_on
	send unwanted ff15::114 5000 fd77::3
	send wanted ff15::114 5000 fd77::1
	hears r wanted
	deaf r unwanted
}

@test "the filter's interface takes the place of the program's" {
	bystander everybody 239.1.1.1%b0
	SOCKGRAFT_FILTER=239.1.1.1%b1 asks ipv4 join/mreq 239.1.1.1%b0 bind 5000
	members '239.1.1.1%b1 exclude 0'
	goes_on
	send elsewhere 239.1.1.1 5000 10.77.0.1 a0
	send there 239.1.1.1 5000 10.78.0.1 a1
	hears r there
	deaf r elsewhere
}

@test "IPv6: the filter's interface takes the place of the program's" {
	SOCKGRAFT_FILTER=ff15::114%b1 asks ipv6 join/mreq ff15::114%b0 bind 5000
	members 'ff15::114%b1 exclude 0'
	goes_on
	send elsewhere ff15::114 5000 fd77::1 a0
	send there ff15::114 5000 fd78::1 a1
	hears r there
	deaf r elsewhere
}

@test "an interface that the program names and that is not there" {
	SOCKGRAFT_FILTER=239.1.1.1%b1 asks ipv4 join 239.1.1.1%77 join/mreq 239.1.1.1%192.0.2.7 join 239.1.1.1%77 \
		leave 239.1.1.1%77 leave/mreq 239.1.1.1%192.0.2.7
	answers 'join 239.1.1.1%77: ok' 'join/mreq 239.1.1.1%192.0.2.7: ok' \
		'join 239.1.1.1%77: Address already in use' 'leave 239.1.1.1%77: ok' \
		'leave/mreq 239.1.1.1%192.0.2.7: ok'
	without_members
	stop r
	SOCKGRAFT_FILTER=10.77.0.1@239.1.1.1 asks ipv4 join 239.1.1.1%77
	answers 'join 239.1.1.1%77: No such device'
	silent r
}

@test "no route is needed where the filter names the interface" {
	on receiver ip route del default
	on receiver ip -6 route flush root ff00::/8
	SOCKGRAFT_FILTER='239.1.1.1%b1 ff15::114%b1' asks ipv4 join 239.1.1.1 join/mreq 239.1.1.1
	members '239.1.1.1%b1 exclude 0'
	answers 'join 239.1.1.1: ok' 'join/mreq 239.1.1.1: Address already in use'
}

@test "several interfaces, by name, by address and by pattern" {
	local interfaces
	for interfaces in b0+b1 '10.77.0.2+b1' 'b*'; do
		SOCKGRAFT_FILTER="10.77.0.1@239.1.1.1%$interfaces" asks ipv4 join 239.1.1.1
		members '239.1.1.1%b0 include 1' '239.1.1.1%b1 include 1'
		stop r
	done
	SOCKGRAFT_FILTER='fd77::1@ff15::114%b*' asks ipv6 join ff15::114 join-source fd77::9@ff15::115 leave ff15::114
	without_members || members 'ff15::115%b0 include 1'
}

@test "a leave leaves wherever the join was made" {
	SOCKGRAFT_FILTER='10.77.0.1+10.77.0.3@239.1.1.1%b*' asks ipv4 join/mreq 239.1.1.1%b0 leave/mreq 239.1.1.1%b0 \
		join-source 10.77.0.9@239.1.1.1 leave-source 10.77.0.9@239.1.1.1 \
		join 239.1.1.1 include 10.77.0.9@239.1.1.1 include 239.1.1.1
	without_members
	[ "$(grep -c ': ok$' "$(out r)")" = 7 ]
}

@test "a program that joins on every interface, all of it moved to one" {
	SOCKGRAFT_FILTER=10.77.0.1@239.1.1.1%b0 asks ipv4 join 239.1.1.1%lo join 239.1.1.1%b0 join 239.1.1.1%b1 \
		leave 239.1.1.1%b0 leave 239.1.1.1%lo
	members '239.1.1.1%b0 include 1'
	stop r
	SOCKGRAFT_FILTER=239.1.1.1%b0 asks ipv4 join-source 10.77.0.1@239.1.1.1%b0 \
		join-source 10.77.0.3@239.1.1.1%b1 join-source 10.77.0.1@239.1.1.1%lo leave-source 10.77.0.1@239.1.1.1%b0
	members '239.1.1.1%b0 include 2'
	stop r
	SOCKGRAFT_FILTER=239.1.1.1%b0 asks ipv4 join-source 10.77.0.1@239.1.1.1%b0 join 239.1.1.1%b1 \
		leave 239.1.1.1%b1
	members '239.1.1.1%b0 include 1'
}

# --- which filter ---

@test "by prefix, for all groups, and the first that covers the group" {
	SOCKGRAFT_FILTER='239.1.0.0/16%b1 10.77.0.1@239.0.0.0/8 232.0.0.0/8%lo *%b1' asks ipv4 join 239.1.2.3%b0 \
		join 239.2.2.3%b0 join 232.1.1.1%b0 join 224.1.2.3%b0
	members '239.1.2.3%b1 exclude 0' '239.2.2.3%b0 include 1' '232.1.1.1%lo exclude 0' '224.1.2.3%b1 exclude 0'
	stop r
	SOCKGRAFT_FILTER='fd77::1@ff35::/16 *%b1' asks ipv6 join ff35::9%b0 join ff15::9%b0
	members 'ff35::9%b0 include 1' 'ff15::9%b1 exclude 0'
}

@test "those written for the same group count together" {
	SOCKGRAFT_FILTER='10.77.0.1@239.1.1.1%b0 10.78.0.1@239.1.1.1%b1 10.77.0.3@239.1.1.1%b0 239.0.0.0/8%lo' \
		asks ipv4 join 239.1.1.1
	members '239.1.1.1%b0 include 2' '239.1.1.1%b1 include 1'
}

@test "sources of the other family are nothing for a group" {
	SOCKGRAFT_FILTER='fd77::1@* 10.77.0.1@*' asks ipv4in6 join 239.1.1.1%b0
	[ "$(mcfilter b0 239.1.1.1 10.77.0.1)" = "1 0" ]
}

@test "groups that no filter covers are as the program asked" {
	SOCKGRAFT_FILTER=10.77.0.1@239.1.1.1 asks ipv4 join 239.1.1.2%b0 block 10.77.0.3@239.1.1.2%b0
	members '239.1.1.2%b0 exclude 1'
}

@test "a filter for a port, known before the join and after it" {
	SOCKGRAFT_FILTER=10.77.0.1@239.1.1.1:5000%b0 asks ipv4 bind 5000 join 239.1.1.1%b1
	members '239.1.1.1%b0 include 1'
	stop r
	SOCKGRAFT_FILTER=10.77.0.1@239.1.1.1:5000%b0 asks ipv4 join 239.1.1.1%b1 bind 5000
	members '239.1.1.1%b0 include 1'
	stop r
	SOCKGRAFT_FILTER=10.77.0.1@239.1.1.1:5000%b0 asks ipv4 join 239.1.1.1%b1 bind 5001
	members '239.1.1.1%b1 exclude 0'
}

@test "a rule on the port, and a join before the bind" {
	export SOCKGRAFT_RULES='udp port=5000: filter=10.77.0.1@*%b0,fd77::1@*%b0'
	asks ipv4 join 239.1.1.1%b1 join 239.1.1.2%b0 bind 5000 leave 239.1.1.2%b0
	members '239.1.1.1%b0 include 1'
	stop r
	asks ipv6 join ff15::114%b1 join-source fd77::9@ff15::115%b1 bind 5000 leave-source fd77::9@ff15::115%b1
	members 'ff15::114%b0 include 1'
	silent r
}

@test "a rule on the address, which a connect tells" {
	SOCKGRAFT_RULES='udp addr=10.77.0.0/16: filter=10.77.0.1@*' asks ipv4 join 239.1.1.1%b0 connect 10.77.0.1 9
	members '239.1.1.1%b0 include 1'
}

# --- on the wire ---

# narrow_on_wire FAMILY GROUP SOURCE OTHER: neither a join, nor a change of sources, nor a leave, nor the end of the
# program asks for any source.
narrow_on_wire() {
	local family=$1 group=$2 source=$3 other=$4 pattern=${2//./\\.}
	capture wire receiver b0
	SOCKGRAFT_FILTER=$source@$group%b0 asks "$family" join "$group" memberships line \
		exclude "$other@$group%b0" leave "$group" line join-source "$other@$group%b0" \
		block "$source@$group%b0" leave-source "$other@$group%b0" line join "$group%b0"
	sees wire "gaddr $pattern (allow|is_in|to_in) \{ $source \}"
	goes_on
	wait_until said r '^leave .*: ok$'
	sees wire "gaddr $pattern block"
	goes_on
	wait_until said r '^leave-source .*: ok$'
	goes_on
	wait_until said r '^join .*%b0: ok$'
	stop r
	bystander last "$5%b0" # its report comes after those
	sees wire "gaddr ${5//./\\.} "
	refute has_captured wire "gaddr $pattern (to_ex|is_ex)"
}

@test "no IGMPv3 report asks for any source" {
	narrow_on_wire ipv4 232.7.8.9 10.77.0.1 10.77.0.3 239.9.9.9
}

@test "no MLDv2 report asks for any source" {
	narrow_on_wire ipv6 ff35::8000:9 fd77::1 fd77::3 ff15::999
}

@test "a snooping bridge has learnt the source of a join that named none" {
	hosts_down
	hosts_up bridge
	SOCKGRAFT_FILTER=10.77.0.1@232.7.8.9%b0 asks ipv4 join 232.7.8.9 bind 5000
	wait_until in_bridge 232.7.8.9 10.77.0.1
	goes_on
	send unwanted 232.7.8.9 5000 10.77.0.3
	send wanted 232.7.8.9 5000 10.77.0.1
	hears r wanted
	deaf r unwanted
}

in_bridge() {
	on bridge bridge -d mdb show | grep -Eq "port pb0 grp $1 (.*filter_mode include.*source_list .*$2/|src $2 .*filter_mode include)"
}

# --- other programs ---

@test "socat's own join" {
	SOCKGRAFT_FILTER=10.77.0.1@239.1.1.1%b0 start r grafted \
		socat -u UDP4-RECV:5000,ip-add-membership=239.1.1.1:10.78.0.2 STDOUT
	ready r 5000
	[ "$(mcfilter b0 239.1.1.1 10.77.0.1)" = "1 0" ]
	refute joined 239.1.1.1 b1
	send unwanted 239.1.1.1 5000 10.77.0.3
	send wanted 239.1.1.1 5000 10.77.0.1
	hears r wanted
	deaf r unwanted
	silent r
}

@test "IPv6: socat's own join" {
	SOCKGRAFT_FILTER=fd77::1@ff15::114%b0 start r grafted \
		socat -u 'UDP6-RECV:5000,ipv6-join-group=[ff15::114]:b1' STDOUT
	ready r 5000
	[ "$(mcfilter b0 ff15::114 fd77::1)" = "1 0" ]
	refute joined ff15::114 b1
	silent r
}

@test "python's own join" {
	SOCKGRAFT_FILTER=10.77.0.1@239.1.1.1%b0 start r grafted "$PYTHON" -c '
import socket, struct, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", 5000))
mreq = struct.pack("4sl", socket.inet_aton("239.1.1.1"), socket.INADDR_ANY)
s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, mreq)
print(s.recv(100).decode())'
	ready r 5000
	send unwanted 239.1.1.1 5000 10.77.0.3
	send wanted 239.1.1.1 5000 10.77.0.1
	hears r wanted
	deaf r unwanted
}
