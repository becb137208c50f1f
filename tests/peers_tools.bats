# socat, nc, iperf and ssmping, told to send and to join one way, under a policy that has it another way.

load hosts
load receivers
load peers

setup() {
	hosts_up
}

teardown() {
	hosts_down
}

# question WORD: a file that holds it, for the standard input of what is started.
question() {
	echo "$1" >"$BATS_TEST_TMPDIR/question"
	echo "$BATS_TEST_TMPDIR/question"
}

# socat's addresses name their family.
socat_to() {
	if [[ $2 == *:* ]]; then
		echo "${1}6${4-}:[$2]:$3"
	else
		echo "${1}4${4-}:$2:$3"
	fi
}

# --- socat ---

# It takes answers only from where it sends to.
socat_heeds_the_answer() {
	addresses "$1"
	server
	capture wire sender a0
	INPUT=$(question question) SOCKGRAFT_REDIRECT="$(at "$NOWHERE" 7000)->$(at "$SERVER" 6000)" \
		start p on sender grafted socat -t 10 - "$(socat_to UDP "$NOWHERE" 7000 -SENDTO)"
	hears p answer
	printed p answer
	said server "^heard $SOURCE question\$"
	nothing_to wire "$NOWHERE"
}

@test "socat heeds the answer of the peer that it was redirected to, and no other" {
	socat_heeds_the_answer 4
}

@test "IPv6, socat heeds the answer of the peer that it was redirected to, and no other" {
	socat_heeds_the_answer 6
}

@test "socat's broadcasts go to a group" {
	addresses 4
	watch 6000
	capture wire sender a0
	SOCKGRAFT_REDIRECT="10.77.0.255->$GROUP" on sender grafted \
		socat -u STDIN UDP4-DATAGRAM:10.77.0.255:6000,broadcast <<<word
	hears w word
	sees wire ' > 239\.1\.1\.1\.6000: '
	nothing_to wire 10.77.0.255
}

# socat_held_to_values FAMILY OPTIONS: its options of what the policy has otherwise change nothing.
socat_held_to_values() {
	addresses "$1"
	watch 6000
	SOCKGRAFT_MULTICAST_TTL=16 SOCKGRAFT_MULTICAST_HOPLIMIT=16 SOCKGRAFT_DSCP=ef SOCKGRAFT_INTERFACE=a0 \
		on sender grafted socat -u STDIN "$(socat_to UDP "$GROUP" 6000 -DATAGRAM),$2" <<<word
	hears w word
	said w "word hops=16 class=0xba to=$GROUP on=b0\$"
	[ "$(times w word)" = 1 ]
}

@test "socat is held to TTL, class and interface" {
	socat_held_to_values 4 ip-multicast-ttl=1,ip-tos=0x4a,ip-multicast-if=10.78.0.1
}

@test "IPv6, socat is held to hop limit, class and interface" {
	local index
	index=$(on sender ip -oneline link show dev a1 | cut -d: -f1)
	socat_held_to_values 6 "setsockopt-int=41:18:1,ipv6-tclass=0x4a,setsockopt-int=41:17:$index"
}

socat_sent_by_each_interface() {
	addresses "$1"
	watch 6000
	SOCKGRAFT_INTERFACE=a0+a1 on sender grafted socat -u STDIN "$(socat_to UDP "$GROUP" 6000)" <<<word
	many w word 2
	said w "^$SOURCE .* word .*on=b0\$"
	said w "^$SOURCE_A1 .* word .*on=b1\$"
}

@test "what socat writes to a connected socket leaves by each interface" {
	socat_sent_by_each_interface 4
}

@test "IPv6, what socat writes to a connected socket leaves by each interface" {
	socat_sent_by_each_interface 6
}

# socat joins before it binds.
socat_joins_as_filtered() {
	addresses "$1"
	capture wire receiver b0
	SOCKGRAFT_FILTER="$SOURCE@$GROUP%b0" start r grafted socat -u "$2" STDOUT
	ready r 6000
	[ "$(mcfilter b0 "$GROUP" "$SOURCE")" = "1 0" ]
	refute joined "$GROUP" b1
	reports wire "$GROUP" "$SOURCE"
	no_any_source_report wire "$GROUP"
	bystanders "$GROUP"
	send source2 "$GROUP" 6000 "$SOURCE2"
	send wanted "$GROUP" 6000 "$SOURCE"
	hears r wanted
	printed r wanted
}

@test "socat's any-source join is made where and for whom the filter says" {
	socat_joins_as_filtered 4 UDP4-RECV:6000,ip-add-membership=239.1.1.1:b1
}

@test "IPv6, socat's any-source join is made where and for whom the filter says" {
	socat_joins_as_filtered 6 'UDP6-RECV:6000,ipv6-join-group=[ff15::114]:b1'
}

# --- nc ---

# A TTL and a class of its own, and a peer that it connects to.
nc_sends_by_policy() {
	addresses "$1"
	watch 6000
	capture wire sender a0
	SOCKGRAFT_MULTICAST_TTL=16 SOCKGRAFT_MULTICAST_HOPLIMIT=16 SOCKGRAFT_DSCP=ef SOCKGRAFT_INTERFACE=a0+a1 \
		SOCKGRAFT_REDIRECT="$NOWHERE->$GROUP" \
		on sender grafted "$NC" -u -M 3 -T 0x4a -q 0 -w 1 "$NOWHERE" 6000 <<<word
	many w word 2
	said w "^$SOURCE .* word hops=16 class=0xba .*on=b0\$"
	said w "^$SOURCE_A1 .* word hops=16 class=0xba .*on=b1\$"
	sees wire " > $(literally "$GROUP")\.6000: "
	nothing_to wire "$NOWHERE"
}

@test "what nc sends to an address goes to a group, by each interface, with TTL and class of the policy" {
	nc_sends_by_policy 4
}

@test "IPv6, what nc sends to an address goes to a group, by each interface, with hop limit and class of the policy" {
	nc_sends_by_policy 6
}

nc_hears_the_answer() {
	addresses "$1"
	server
	INPUT=$(question question) asks_with "$NC" -u -w 10
	hears p answer
	printed p answer
	nothing_to wire "$NOWHERE"
}

# asks_with COMMAND...: the program asks an address that the policy has elsewhere.
asks_with() {
	capture wire sender a0
	SOCKGRAFT_REDIRECT="$(at "$NOWHERE" 7000)->$(at "$SERVER" 6000)" start p on sender grafted "$@" "$NOWHERE" 7000
}

@test "nc hears the peer that it was redirected to" {
	nc_hears_the_answer 4
}

@test "IPv6, nc hears the peer that it was redirected to" {
	nc_hears_the_answer 6
}

nc_hears_the_answer_by_tcp() {
	addresses "$1"
	start server "${UDP[@]}" serve "$SERVER" 6000
	wait_until said server '^at '
	INPUT=$(question question) asks_with "$NC" -N
	finish p
	printed p answer
	nothing_to wire "$NOWHERE"
}

@test "nc hears the peer that it was redirected to by TCP" {
	nc_hears_the_answer_by_tcp 4
}

@test "IPv6, nc hears the peer that it was redirected to by TCP" {
	nc_hears_the_answer_by_tcp 6
}

# --- iperf ---

# Few and small datagrams, of which it sends one more than it counts bytes for.
IPERF=(iperf -u -p 5001 -l 100)

# iperf_client ADDRESS OPTION...: five datagrams from the sender, grafted onto.
iperf_client() {
	local address=$1
	shift
	start client on sender grafted "$@" "${IPERF[@]}" -n 400 -c "$address" "${VERSION[@]}"
}

# iperf_setup FAMILY
iperf_setup() {
	needs iperf iperf
	addresses "$1"
	VERSION=()
	[ "$1" = 4 ] || VERSION=(-V)
}

# Both ends have a group and no source in mind, and the sender a TTL of one.
iperf_moved() {
	iperf_setup "$1"
	capture wire receiver b0
	SOCKGRAFT_REDIRECT="$OTHER->$GROUP" SOCKGRAFT_FILTER="$SOURCE@$GROUP%b0" \
		start r grafted "${IPERF[@]}" -s -B "$OTHER" "${VERSION[@]}"
	wait_until joined "$GROUP" b0
	[ "$(mcfilter b0 "$GROUP" "$SOURCE")" = "1 0" ]
	reports wire "$GROUP" "$SOURCE"
	iperf_client "$OTHER" "SOCKGRAFT_REDIRECT=$OTHER->$GROUP" SOCKGRAFT_MULTICAST_TTL=16 \
		SOCKGRAFT_MULTICAST_HOPLIMIT=16 SOCKGRAFT_DSCP=ef
}

# iperf_hears: all has arrived, and both ends believe that it was the group that they had in mind.
iperf_hears() {
	finish client
	wait_until said r ' 0/5 \(0%\)'
	said client "connected with $OTHER port 5001"
	said r "local $OTHER port 5001 connected with $SOURCE port"
	silent client
	silent r
}

@test "iperf's group is another one at both ends, heard from one source, sent with TTL and class of the policy" {
	iperf_moved 4
	iperf_hears
	sees wire 'tos 0xb8, ttl 16, .* > 239\.1\.1\.1\.5001: '
	nothing_to wire 239.9.9.9
	no_any_source_report wire 239.1.1.1
	refute joined 239.9.9.9 b0
}

@test "IPv6, iperf's group is another one at both ends, heard from one source, sent with hop limit and class of the policy" {
	iperf_moved 6
	iperf_hears
	sees wire 'class 0xb8, .*hlim 16, .* > ff15::114\.5001: '
	nothing_to wire ff15::999
	no_any_source_report wire ff15::114
	refute joined ff15::999 b0
}

# It waits for the server's report, on a connected socket.
iperf_hears_the_report() {
	iperf_setup "$1"
	start server "${IPERF[@]}" -s "${VERSION[@]}"
	wait_until bound 5001
	capture wire sender a0
	iperf_client "$NOWHERE" "SOCKGRAFT_REDIRECT=$NOWHERE->$SERVER"
	finish client
	said client "connected with $NOWHERE port 5001"
	said client 'Server Report'
	said client ' 0/5 \(0%\)'
	silent client
	nothing_to wire "$NOWHERE"
}

@test "iperf hears the report of the server that it was redirected to" {
	iperf_hears_the_report 4
}

@test "IPv6, iperf hears the report of the server that it was redirected to" {
	iperf_hears_the_report 6
}

# captured_times NAME PATTERN NUMBER: so many packets match.
captured_times() {
	[ "$(captured "$1" | grep -Ec -e "$2")" = "$3" ]
}

iperf_sent_by_each_interface() {
	iperf_setup "$1"
	capture wire0 receiver b0
	capture wire1 receiver b1
	iperf_client "$GROUP" SOCKGRAFT_INTERFACE=a0+a1
	finish client
	silent client
	wait_until captured_times wire0 " $(literally "$SOURCE")\.[0-9]* > $(literally "$GROUP")\.5001: " 5
	wait_until captured_times wire1 " $(literally "$SOURCE_A1")\.[0-9]* > $(literally "$GROUP")\.5001: " 5
}

@test "what iperf sends leaves by each interface" {
	iperf_sent_by_each_interface 4
}

@test "IPv6, what iperf sends leaves by each interface" {
	iperf_sent_by_each_interface 6
}
