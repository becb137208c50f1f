# What a program is told of its own membership requests where the policy rewrites them, and what becomes of them
# where several keys, descriptors, processes or threads have a say.

load hosts
load own_joins
load scripts
load sanitizer

setup() {
	hosts_up
}

teardown() {
	hosts_down
}

# --- the answers ---

# A policy for all groups of both families.
POLICIES=('SOCKGRAFT_FILTER=10.77.0.9@*%b1 fd77::9@*%b1' 'SOCKGRAFT_FILTER=!10.77.0.1@*%b* !fd77::9@*%b0+b1'
	'SOCKGRAFT_FILTER=10.77.0.1@* fd77::1@*' 'SOCKGRAFT_FILTER=*%lo' SOCKGRAFT_INTERFACE=b0+b1
	'SOCKGRAFT_REDIRECT=232.1.1.1->232.9.9.9,232.1.1.2->232.9.9.9,ff35::1->ff35::9')

# random_requests FAMILY...: whatever is asked for has the answer that it has without the library.
random_requests() {
	local family policy seed=0
	for family; do
		for policy in "${POLICIES[@]}"; do
			seed=$((seed + 1))
			export "${policy?}"
			are_alike "$family" random "$seed" 400 || fail "$policy $family random $seed"
			unset "${policy%%=*}"
		done
	done
}

@test "every request is answered as without the library" {
	random_requests ipv4 ipv4in6 ipv4-raw
}

@test "IPv6: every request is answered as without the library" {
	random_requests ipv6 ipv6-raw
}

@test "every request is answered as without the library, where a rule may come to hold" {
	SOCKGRAFT_RULES='udp port=5000: filter=10.77.0.1@*%b1' are_alike ipv4 random 1 200 bind 5001 random 2 200
}

@test "requests that the kernel refuses whatever is joined are its own" {
	SOCKGRAFT_FILTER='10.77.0.1@*%b0 fd77::1@*%b0' are_alike ipv4 join 10.1.1.1 join-source fd77::1@232.1.1.1 \
		join ff15::114 block 10.77.0.1@10.1.1.1 include ff15::1@232.1.1.1%b0
	SOCKGRAFT_FILTER='10.77.0.1@*%b0 fd77::1@*%b0' are_alike ipv6 join fd77::1 join 232.1.1.1 \
		join ::ffff:232.1.1.1 join/mreq ::ffff:232.1.1.1 join-source 10.1.1.1@ff35::1
}

@test "a second join, a leave without a join, a source twice" {
	SOCKGRAFT_FILTER=10.77.0.1@239.1.1.1%b1 asks ipv4 leave 239.1.1.1 join 239.1.1.1 join/mreq 239.1.1.1%b0 \
		block 10.77.0.9@239.1.1.1 block 10.77.0.9@239.1.1.1 join-source 10.77.0.9@239.1.1.1
	answers 'leave 239.1.1.1: Cannot assign requested address' 'join 239.1.1.1: ok' \
		'join/mreq 239.1.1.1%b0: Address already in use' 'block 10.77.0.9@239.1.1.1: ok' \
		'block 10.77.0.9@239.1.1.1: Cannot assign requested address' \
		'join-source 10.77.0.9@239.1.1.1: Invalid argument'
	members '239.1.1.1%b1 include 1'
}

@test "the kernel's limit on groups is the program's" {
	local i steps=()
	for i in {1..21}; do
		steps+=(join "239.1.1.$i")
	done
	SOCKGRAFT_FILTER=10.77.0.1@239.0.0.0/8%b0 are_alike ipv4 "${steps[@]}" leave 239.1.1.3 join 239.1.1.21
	said r '^join 239.1.1.21: No buffer space available$'
}

@test "past the kernel's limit for what the policy adds there is a warning, and the rest is joined" {
	local i steps=() sources=10.77.0.1
	for i in {1..15}; do
		steps+=(join "239.1.1.$i")
	done
	SOCKGRAFT_FILTER='239.0.0.0/8%b0+b1' asks ipv4 "${steps[@]}"
	[ "$(grep -c ': ok$' "$(out r)")" = 10 ]
	said r '^memberships: 20$'
	stop r
	for i in {101..111}; do
		sources+=+10.77.0.$i
	done
	SOCKGRAFT_FILTER="$sources@239.1.1.1%b0" asks ipv4 join 239.1.1.1
	answers 'join 239.1.1.1: ok'
	members '239.1.1.1%b0 include 10'
	complained r 'igmp_max_msf'
}

@test "what was made of a join is told at level info" {
	SOCKGRAFT_LOG=info SOCKGRAFT_FILTER='10.77.0.1@239.1.1.1%b1' SOCKGRAFT_INTERFACE=b0+b1 \
		asks ipv4 join 239.1.1.1%b0 join 239.1.1.2 join 239.1.1.3%b0
	complained r "join 239.1.1.1 of the program's is now 10.77.0.1@239.1.1.1%b1 \(SOCKGRAFT_FILTER\)$"
	complained r "join 239.1.1.2 of the program's is now 239.1.1.2%b0\+b1 \(SOCKGRAFT_INTERFACE\)$"
	refute complained r '239.1.1.3'
}

# --- groups that others joined ---

@test "groups that other sockets joined stay out where a join was rewritten, unless the policy says otherwise" {
	bystander other 239.9.9.9%b0
	SOCKGRAFT_FILTER=239.1.1.1%b0 asks ipv4 bind 5000 join 239.1.1.1
	goes_on
	send other 239.9.9.9 5000
	send wanted 239.1.1.1 5000
	hears r wanted
	deaf r other
	stop r
	SOCKGRAFT_MULTICAST_ALL=on SOCKGRAFT_FILTER=239.1.1.1%b0 asks ipv4 bind 5000 join 239.1.1.1
	goes_on
	send more 239.9.9.9 5000
	hears r more
}

# --- other keys ---

@test "interface with several names: joins that name none are made on all, others where they say" {
	SOCKGRAFT_INTERFACE=b0+b1 asks ipv4 join 239.1.1.1 join/mreq 239.1.1.2 join 239.1.1.3%b1 \
		join-source 10.77.0.1@239.1.1.4
	members '239.1.1.1%b0 exclude 0' '239.1.1.1%b1 exclude 0' '239.1.1.2%b0 exclude 0' '239.1.1.2%b1 exclude 0' \
		'239.1.1.3%b1 exclude 0' '239.1.1.4%b0 include 1' '239.1.1.4%b1 include 1'
	stop r
	SOCKGRAFT_INTERFACE='b*' asks ipv6 join ff15::114 leave ff15::114 join/mreq ff15::115 join-source fd77::1@ff35::1%b1
	members 'ff15::115%b0 exclude 0' 'ff15::115%b1 exclude 0' 'ff35::1%b1 include 1'
}

@test "interface: a join that names none and one that names the route's are both where they should be" {
	SOCKGRAFT_INTERFACE=b1 asks ipv4 join 239.1.1.1 join 239.1.1.1%b0
	answers 'join 239.1.1.1: ok' 'join 239.1.1.1%b0: Address already in use'
	members '239.1.1.1%b0 exclude 0' '239.1.1.1%b1 exclude 0'
}

@test "filter before interface" {
	SOCKGRAFT_INTERFACE=b1 SOCKGRAFT_FILTER='10.77.0.1@239.1.1.1%b0 10.77.0.1@239.1.1.2' asks ipv4 join 239.1.1.1 \
		join 239.1.1.2 join 239.1.1.2%b0
	members '239.1.1.1%b0 include 1' '239.1.1.2%b0 include 1' '239.1.1.2%b1 include 1'
}

@test "redirect: the join of one group is another's" {
	SOCKGRAFT_REDIRECT='239.1.1.1->239.2.2.2,ff15::1->ff15::2' asks ipv4 join 239.1.1.1%b0 join 239.1.1.1%b0 \
		block 10.77.0.3@239.1.1.1%b0 join 239.1.1.2%b0 bind 5000
	members '239.2.2.2%b0 exclude 1' '239.1.1.2%b0 exclude 0'
	goes_on
	send asked 239.1.1.1 5000
	send blocked 239.2.2.2 5000 10.77.0.3
	send real 239.2.2.2 5000
	hears r real
	deaf r asked blocked
	stop r
	SOCKGRAFT_REDIRECT='239.1.1.1->239.2.2.2,ff15::1->ff15::2' asks ipv6 join ff15::1%b0 join ff15::3%b0 leave ff15::1%b0
	members 'ff15::3%b0 exclude 0'
}

@test "redirect before filter: that sees the group that is joined" {
	SOCKGRAFT_REDIRECT='239.1.1.1->239.2.2.2' SOCKGRAFT_FILTER='239.1.1.1%lo 10.77.0.1@239.2.2.2%b1' \
		asks ipv4 join 239.1.1.1%b0
	members '239.2.2.2%b1 include 1'
}

@test "redirect of one port, which the bind tells" {
	export SOCKGRAFT_REDIRECT=239.1.1.1:5000-\>239.2.2.2
	asks ipv4 join 239.1.1.1%b0 bind 5000 leave 239.1.1.1%b0 join 239.1.1.1%b1
	members '239.2.2.2%b1 exclude 0'
	stop r
	asks ipv4 join 239.1.1.1%b0 bind 5000
	members '239.2.2.2%b0 exclude 0'
	stop r
	asks ipv4 join 239.1.1.1%b0 bind 5001
	members '239.1.1.1%b0 exclude 0'
}

@test "a group that is redirected to a host stays joined" {
	SOCKGRAFT_REDIRECT='239.1.1.1->10.77.0.1' asks ipv4 join 239.1.1.1%b0
	members '239.1.1.1%b0 exclude 0'
}

@test "a group of join is the policy's, and its filter changes nothing" {
	SOCKGRAFT_JOIN=10.77.0.1@239.1.1.1%b0 SOCKGRAFT_FILTER='10.77.0.3@*%b1' asks ipv4 bind 5000 join 239.1.1.1%b1 \
		join 239.1.1.2%b0 leave 239.1.1.1%b1
	answers 'join 239.1.1.1%b1: ok' 'join 239.1.1.2%b0: ok' 'leave 239.1.1.1%b1: ok'
	members '239.1.1.1%b0 include 1' '239.1.1.2%b1 include 1'
	[ "$(mcfilter b0 239.1.1.1 10.77.0.1)" = "1 0" ]
}

@test "a group that the program joined before the policy did" {
	SOCKGRAFT_JOIN=10.77.0.1@239.1.1.1%b0 SOCKGRAFT_FILTER='10.77.0.3@*%b0' asks ipv4 join 239.1.1.1%b0 bind 5000 \
		leave 239.1.1.1%b0
	answers 'join 239.1.1.1%b0: ok' 'leave 239.1.1.1%b0: ok'
	[ "$(mcfilter b0 239.1.1.1 10.77.0.1)" = "1 0" ]
}

# joins_first FAMILY GROUP SOURCE OTHER: a program that joins a group of join before it binds has by then what it would
# have if it had bound first.
joins_first() {
	local family=$1 group=$2 source=$3 other=$4 request
	export SOCKGRAFT_JOIN=$source@$group%b0
	for request in "join $group%b1" "join $group%b0" "join-source $other@$group%b0" "join-source $other@$group%b1"; do
		asks "$family" "${request% *}" "${request#* }" bind 5000 leave "$group%b0" join "$group%b1" \
			block "$other@$group%b1" leave "$group%b1"
		[ "$(grep -c ': ok$' "$(out r)")" = 5 ]
		members "$group%b0 include 1"
		[ "$(mcfilter b0 "$group" "$source")" = "1 0" ] || fail "$request"
		silent r
		stop r
	done
	export SOCKGRAFT_JOIN=$group%b0
	for request in "join $group%b1" "join-source $other@$group%b0" "join-source $other@$group%b1"; do
		asks "$family" "${request% *}" "${request#* }" bind 5000 leave "$group%b0" join "$group%b1"
		members "$group%b0 exclude 0"
		silent r
		stop r
	done
	export SOCKGRAFT_JOIN="!$other@$group%b0"
	asks "$family" join "$group%b0" join "$group%b1" bind 5000
	members "$group%b0 exclude 1"
	stop r
	unset SOCKGRAFT_JOIN
}

@test "a group of join that the program joined before it was bound is as the policy says" {
	joins_first ipv4 239.1.1.1 10.77.0.1 10.77.0.3
	joins_first ipv4in6 239.1.1.1 10.77.0.1 10.77.0.3
}

@test "IPv6: a group of join that the program joined before it was bound is as the policy says" {
	joins_first ipv6 ff15::114 fd77::1 fd77::3
}

@test "what the program joined before it was bound is heard as the policy says" {
	SOCKGRAFT_JOIN=10.77.0.1@239.1.1.1%b0 asks ipv4 join 239.1.1.1%b0 join 239.1.1.1%b1 bind 5000
	goes_on
	send link 239.1.1.1 5000 10.78.0.1 a1
	send unwanted 239.1.1.1 5000 10.77.0.3
	send wanted 239.1.1.1 5000 10.77.0.1
	hears r wanted
	deaf r link unwanted
}

# not_covered FAMILY GROUP SOURCE: joins that are not for the socket in the end leave the program its own.
not_covered() {
	local family=$1 group=$2 source=$3 named=$2
	[[ $group != *:* ]] || named=[$group]
	SOCKGRAFT_JOIN="$named:5001%b0" asks "$family" join-source "$source@$group%b1" join "$group%b0" bind 5000 \
		leave-source "$source@$group%b1" leave "$group%b1" block "$source@$group%b0" join "$group%b0"
	answers "join-source $source@$group%b1: ok" "join $group%b0: ok" "leave-source $source@$group%b1: ok" \
		"leave $group%b1: Cannot assign requested address" "block $source@$group%b0: ok" \
		"join $group%b0: Address already in use"
	members "$group%b0 exclude 1"
	stop r
	SOCKGRAFT_JOIN="$named:5000%b0" asks "$family" join-source "$source@$group%b1" bind 5000
	members "$group%b0 exclude 0"
	stop r
	SOCKGRAFT_JOIN="$group%b0" asks "$family" join "$group%b1" leave "$group%b1" join "$group%b1" bind 5000
	members "$group%b0 exclude 0"
	stop r
}

@test "a join with a port is for sockets at that port, whatever the program joined before it was bound" {
	not_covered ipv4 239.1.1.1 10.77.0.1
	not_covered ipv6 ff15::114 fd77::1
}

@test "what the program joined stays until the policy's interface is there" {
	SOCKGRAFT_JOIN=239.1.1.1%b2 asks ipv4 join 239.1.1.1%b1 bind 5000
	members '239.1.1.1%b1 exclude 0'
	goes_on
	add_link 2
	wait_until joined 239.1.1.1 b2
	wait_until eval '! joined 239.1.1.1 b1'
}

@test "a socket that the program connects, or binds to an address, keeps what it joined" {
	SOCKGRAFT_JOIN=239.1.1.1%b0 asks ipv4 join 239.1.1.1%b1 connect 10.77.0.1 9 leave 239.1.1.1%b1
	answers 'join 239.1.1.1%b1: ok' 'leave 239.1.1.1%b1: ok'
	without_members
	stop r
	SOCKGRAFT_BIND=keep SOCKGRAFT_JOIN=239.1.1.1%b0 asks ipv4 join 239.1.1.1%b1 connect 10.77.0.1 9
	members '239.1.1.1%b1 exclude 0'
}

@test "a program on a socket that is bound to an address hears no more than before" {
	SOCKGRAFT_JOIN=239.1.1.1%b0 SOCKGRAFT_FILTER=239.1.1.2%b0 start r grafted "${UDP[@]}" receive 10.77.0.2 5000 \
		--join 239.1.1.2%b0
	ready r 5000
	send own-group 239.1.1.2 5000
	send wanted 239.1.1.1 5000
	hears r wanted
	deaf r own-group
}

# --- an interface that is not there yet ---

@test "what waits for the filter's interface is joined when it appears" {
	SOCKGRAFT_FILTER=10.79.0.1@239.1.1.1%b2 asks ipv4 join 239.1.1.1%b0 join 239.1.1.1%b0 bind 5000
	answers 'join 239.1.1.1%b0: ok' 'join 239.1.1.1%b0: Address already in use'
	without_members
	complained r 'join 10.79.0.1@239.1.1.1%b2: No such device: the interface is not there yet'
	[ "$(warnings r)" = 1 ]
	goes_on
	add_link 2
	wait_until joined 239.1.1.1 b2
	send word 239.1.1.1 5000 10.79.0.1 a2
	hears r word
	[ "$(warnings r)" = 1 ]
}

@test "IPv6: what waits for the interface is joined when it appears, and left if nobody waits any more" {
	export SOCKGRAFT_INTERFACE=b1+b2
	asks ipv6 join ff15::114 bind 5000
	members 'ff15::114%b1 exclude 0'
	goes_on
	add_link 2
	wait_until joined ff15::114 b2
	stop r
	on receiver ip link del b2
	asks ipv6 join ff15::114 leave ff15::114 bind 5000
	goes_on
	add_link 2
	send word fd77::2 5000
	hears r word
	refute joined ff15::114 b2
}

@test "with SOCKGRAFT_ON_ERROR=fail the program's join fails" {
	SOCKGRAFT_ON_ERROR=fail SOCKGRAFT_FILTER=239.1.1.1%b1+b2 asks ipv4 join 239.1.1.1 join 239.1.1.1 join 239.1.1.2%b0 \
		leave 239.1.1.1
	answers 'join 239.1.1.1: No such device' 'join 239.1.1.1: No such device' 'join 239.1.1.2%b0: ok' \
		'leave 239.1.1.1: Cannot assign requested address'
	members '239.1.1.2%b0 exclude 0'
}

# --- copies and processes ---

@test "copies and children leave what was joined, and are told of what was" {
	local way
	for way in dup fork; do
		SOCKGRAFT_FILTER=10.77.0.1@239.0.0.0/8%b1 asks ipv4 join 239.1.1.1%b0 join 239.1.1.2%b0 "$way" \
			join 239.1.1.1%b0 leave 239.1.1.1%b0 join/mreq 239.1.1.3%b0
		answers 'join 239.1.1.1%b0: ok' 'join 239.1.1.2%b0: ok' 'join 239.1.1.1%b0: Address already in use' \
			'leave 239.1.1.1%b0: ok' 'join/mreq 239.1.1.3%b0: ok'
		members '239.1.1.2%b1 include 1' '239.1.1.3%b1 include 1'
		stop r
	done
}

# beside_child FAMILY GROUP SOURCE OTHER: what a child makes of the socket's memberships its parent is told as without the
# library.
beside_child() {
	local family=$1 group=$2 source=$3 other=$4
	SOCKGRAFT_FILTER="$source@*%b1" are_alike "$family" join "$group%b0" child leave "$group%b0" join "$group%b0" \
		child leave "$group%b0" leave "$group%b0" child join "$group%b0" join "$group%b0" leave "$group%b0" \
		join "$group%b0" child leave "$group%b0" block "$other@$group%b0" \
		join-source "$other@$group%b0" leave-source "$other@$group%b0" join "$group%b0"
	SOCKGRAFT_FILTER="$source@*" are_alike "$family" join "$group%b0" join "$group%b1" child leave "$group%b0" \
		join "$group%b0" join "$group%b0" join "$group%b1" child leave "$group%b1" leave "$group%b1" \
		child join "$group%b1" leave "$group%b1" child join "$group%b1" join "$group%b1" join "$group%b0" \
		leave "$group%b0" leave "$group%b1"
	SOCKGRAFT_INTERFACE=b0+b1 are_alike "$family" join "$group" child leave "$group" join "$group" leave "$group" \
		child join "$group" leave "$group" leave "$group"
}

@test "what a child joins and leaves on a socket of both is known to its parent" {
	beside_child ipv4 239.1.1.1 10.77.0.1 10.77.0.9
	beside_child ipv4in6 239.1.1.1 10.77.0.1 10.77.0.9
	SOCKGRAFT_FILTER="10.77.0.1@*%b1" asks ipv4 join-source 10.77.0.3@239.1.1.1%b0 child leave 239.1.1.1%b0 \
		join-source 10.77.0.4@239.1.1.1%b0 join 239.1.1.2%b0 child leave 239.1.1.2%b0 join 239.1.1.2%b0
	members '239.1.1.1%b1 include 1' '239.1.1.2%b1 include 1'
}

@test "IPv6: what a child joins and leaves on a socket of both is known to its parent" {
	beside_child ipv6 ff35::1 fd77::1 fd77::9
	SOCKGRAFT_FILTER=ff35::1%b1 asks ipv6 join-source fd77::3@ff35::1%b0 child leave ff35::1%b0 \
		join-source fd77::4@ff35::1%b0
	members 'ff35::1%b1 include 1'
}

@test "a new socket has nothing of the old one's" {
	SOCKGRAFT_FILTER=10.77.0.1@239.0.0.0/8%b1 asks ipv4 join 239.1.1.1%b0 again leave 239.1.1.1%b0 join 239.1.1.1%b0
	answers 'join 239.1.1.1%b0: ok' 'leave 239.1.1.1%b0: Cannot assign requested address' 'join 239.1.1.1%b0: ok'
}

@test "another program that takes the socket over leaves what was joined" {
	export SOCKGRAFT_FILTER='10.77.0.1@239.0.0.0/8%b1 fd77::1@ff15::/16%b1'
	asks ipv4 join 239.1.1.1%b0 join 239.1.1.2%b0 exec join 239.1.1.1%b0 leave 239.1.1.1%b0 join 239.1.1.3 \
		leave 239.1.1.4%b0 leave-source 10.77.0.9@239.1.1.2%b0
	answers 'join 239.1.1.1%b0: ok' 'join 239.1.1.2%b0: ok' 'join 239.1.1.1%b0: Address already in use' \
		'leave 239.1.1.1%b0: ok' 'join 239.1.1.3: ok' 'leave 239.1.1.4%b0: Cannot assign requested address' \
		'leave-source 10.77.0.9@239.1.1.2%b0: ok'
	members '239.1.1.3%b1 include 1'
	stop r
	asks ipv6 join ff15::114%b0 exec leave ff15::114%b0
	without_members
}

@test "more memberships than there are records for" {
	local fd i steps=()
	for fd in {3..8}; do
		for i in {1..100}; do
			steps+=(join "ff15::$i%b0")
		done
		steps+=(another)
	done
	for fd in {3..8}; do
		steps+=(use "$fd")
		for i in {1..100}; do
			steps+=(leave "ff15::$i%b0")
		done
		steps+=(memberships)
	done
	SOCKGRAFT_FILTER='fd77::1@ff15::/16%b1' start r grafted "$MEMBERSHIPS" ipv6 "${steps[@]}"
	finish r
	[ "$(grep -c ': ok$' "$(out r)")" = 1200 ]
	[ "$(grep -c '^memberships: 0$' "$(out r)")" = 6 ]
	silent r
}

# --- at once ---

STRESSED=('SOCKGRAFT_FILTER=239.1.1.1%b1' 'SOCKGRAFT_FILTER=10.77.0.1@239.1.1.1%b*' SOCKGRAFT_INTERFACE=b0+b1)

@test "threads, children and a signal handler that join and leave at once all succeed" {
	local policy
	for policy in "${STRESSED[@]}"; do
		export "${policy?}"
		start r grafted "$MEMBERSHIPS" ipv4 stress 2 239.1.1.1 memberships
		finish r
		said r '^[1-9][0-9]* rounds$'
		without_members
		unset "${policy%%=*}"
	done
}

@test "IPv6: threads, children and a signal handler that join and leave at once all succeed" {
	SOCKGRAFT_INTERFACE=b0+b1 start r grafted "$MEMBERSHIPS" ipv6 stress 2 ff35::1 memberships
	finish r
	said r '^[1-9][0-9]* rounds$'
	without_members
}

@test "no data race" {
	local sanitizer
	needs_tsan tests/memberships
	sanitizer=$(ldd "$TSAN/libsockgraft.so" | awk '/libtsan|libclang_rt/ { print $3 }')
	export TSAN_OPTIONS=log_path=$BATS_TEST_TMPDIR/sanitizer
	SOCKGRAFT_FILTER='239.1.1.1%b1' on receiver env LD_PRELOAD="$TSAN/libsockgraft.so $sanitizer" \
		"$TSAN/tests/memberships" ipv4 stress 2 239.1.1.1%b0 memberships >"$(out r)" 2>"$(err r)" || can_run
	said r '^[1-9][0-9]* rounds$'
	without_members
}

# --- names that a descriptor doesn't know of ---

# a_group_of_join FAMILY GROUP: requests for it succeed and change nothing, by a socket that the kernel bound before it
# refused a datagram, by a copy that was made before the bind, and by a child and its parent.
a_group_of_join() {
	SOCKGRAFT_JOIN="$2%b0" run_script r receiver grafted <<-END
		family, group = $1, "$2"
		if family == AF_INET:
		    level, names, entry = IPPROTO_IP, (35, 36), "%08X" % struct.unpack("=I", socket.inet_aton(group))
		    request = socket.inet_aton(group) + bytes(4) + struct.pack("i", index("b0"))
		    table, refused = "/proc/net/igmp", ("10.77.0.255", 6000)
		else:
		    level, names, entry = IPPROTO_IPV6, (20, 21), socket.inet_pton(family, group).hex()
		    request = socket.inet_pton(family, group) + struct.pack("I", index("b0"))
		    table, refused = "/proc/net/igmp6", ("ff02::77", 6000)
		def member():
		    return entry in open(table).read()
		def asks(made):
		    return [errno_of(made.setsockopt, level, name, request) for name in names]
		made = udp(family)
		if family == AF_INET:
		    say(errno_of(made.sendto, b"", refused))
		else:
		    bad = [(level, socket.IPV6_HOPLIMIT, struct.pack("i", 999))]
		    say(errno_of(made.sendmsg, [b""], bad, 0, ("fd77::1", 6000)))
		say("refused", made.getsockname()[1] != 0, asks(made), member())
		made = udp(family)
		copy = socket.socket(fileno=os.dup(made.fileno()))
		made.bind(("", 6000))
		say("copy", asks(copy), member())
		made, (there, here) = udp(family), socket.socketpair()
		if not os.fork():
		    here.recv(1)
		    say("child", asks(made), member())
		    os._exit(0)
		made.bind(("", 6001))
		there.send(b"!")
		os.wait()
		say("parent", asks(made), member())
	END
	diff <(tail -n +2 "$(out r)") - <<-END
		refused True [None, None] True
		copy [None, None] True
		child [None, None] True
		parent [None, None] True
	END
}

@test "a group of join is the policy's whoever has bound the socket" {
	a_group_of_join AF_INET 239.1.1.1
	said r '^EACCES$'
}

@test "IPv6: a group of join is the policy's whoever has bound the socket" {
	a_group_of_join AF_INET6 ff15::114
	said r '^EINVAL$'
}
