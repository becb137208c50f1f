# Rules, the file, and precedence, as programs feel them.  What text means is in the tests of the policy.

# shellcheck disable=SC2030,SC2031 # every test is a process of its own
load hosts

setup() {
	hosts_up
	start w "${UDP[@]}" receive 0.0.0.0 6000 --control \
		--join 239.1.1.1%b0 --join 239.1.1.1%b1 --join 232.1.1.1%b0 --join 232.1.1.1%b1
	ready w 6000
}

teardown() {
	hosts_down
}

grafted_send() {
	local word=$1 address=$2
	shift 2
	on sender grafted "${UDP[@]}" send "$word" "$address" 6000 "$@"
	hears w "$word"
}

# arrived WORD HOPS CLASS INTERFACE
arrived() {
	said w " $1 hops=$2 class=$3 .*on=$4\$"
}

@test "a rule for a destination prefix leaves others alone" {
	export SOCKGRAFT_RULES='udp to=239.0.0.0/8: multicast-ttl=16 dscp=ef interface=a1'
	grafted_send one 239.1.1.1
	grafted_send two 232.1.1.1
	grafted_send three 10.77.0.2
	arrived one 16 0xb8 b1
	arrived two 1 0x00 b0
	arrived three 64 0x00 b0
}

@test "a rule for a destination works with sendmsg and on a connected socket" {
	export SOCKGRAFT_RULES='udp to=239.0.0.0/8: multicast-ttl=16 dscp=ef'
	grafted_send one 239.1.1.1 --how sendmsg
	grafted_send two 239.1.1.1 --connect
	arrived one 16 0xb8 b0
	arrived two 16 0xb8 b0
}

@test "a rule for a destination and its port" {
	export SOCKGRAFT_RULES='udp to=10.77.0.2:6001: ttl=5; udp to=10.77.0.2:6000: ttl=9'
	grafted_send one 10.77.0.2
	arrived one 9 0x00 b0
}

@test "a rule for the local port" {
	export SOCKGRAFT_RULES='udp port=7000-7002: ttl=9; udp port=7005,7006: ttl=5'
	grafted_send one 10.77.0.2 --source-port 7001
	grafted_send two 10.77.0.2 --source-port 7006
	grafted_send three 10.77.0.2 --source-port 7003
	arrived one 9 0x00 b0
	arrived two 5 0x00 b0
	arrived three 64 0x00 b0
}

@test "a rule for the local address" {
	export SOCKGRAFT_RULES='udp addr=10.77.0.3/32: ttl=9'
	grafted_send one 10.77.0.2 --source 10.77.0.3
	grafted_send two 10.77.0.2 --source 10.77.0.1
	arrived one 9 0x00 b0
	arrived two 64 0x00 b0
}

@test "rules for kinds of sockets and for families" {
	local rules='udp: ttl=9; tcp: ttl=5; ipv6: hoplimit=7; raw: ttl=3'
	SOCKGRAFT_RULES=$rules grafted "${UDP[@]}" options ipv4 udp >"$(out udp)"
	SOCKGRAFT_RULES=$rules grafted "${UDP[@]}" options ipv4 tcp >"$(out tcp)"
	SOCKGRAFT_RULES=$rules grafted "${UDP[@]}" options ipv4 raw >"$(out raw)"
	SOCKGRAFT_RULES=$rules grafted "${UDP[@]}" options ipv6 udp >"$(out six)"
	said udp '^ttl=9$'
	said tcp '^ttl=5$'
	said raw '^ttl=3$'
	said six '^hoplimit=7$'
}

@test "a rule for the program's name" {
	export SOCKGRAFT_RULES='exe=multicast-s*: dscp=ef; exe=socat: dscp=af11'
	on sender grafted "$EXAMPLES/multicast-sender" 10.77.0.2 6000
	on sender grafted socat -u STDIN UDP4-SENDTO:10.77.0.2:6000 <<<socat
	grafted_send python 10.77.0.2
	hears w datagram socat
	said w 'datagram 1 hops=64 class=0xb8'
	said w 'socat hops=64 class=0x28'
	arrived python 64 0x00 b0
}

@test "tcp port=8000: the server's SYN-ACK is marked, its client's SYN is not" {
	capture wire sender a0
	SOCKGRAFT_RULES='tcp port=8000: dscp=af11' start server grafted "${UDP[@]}" serve 0.0.0.0 8000
	wait_until said server '^at '
	SOCKGRAFT_RULES='tcp port=8000: dscp=af11' on sender grafted "${UDP[@]}" ask 10.77.0.2 8000
	sees wire 'tos 0x28,.*10\.77\.0\.2\.8000 > .*Flags \[S\.\]'
	sees wire 'tos 0x0,.*> 10\.77\.0\.2\.8000: Flags \[S\]'
}

@test "tcp to=10.77.0.0/24: the SYN is marked" {
	capture wire sender a0
	start server "${UDP[@]}" serve 0.0.0.0 8000
	wait_until said server '^at '
	SOCKGRAFT_RULES='tcp to=10.77.0.0/24: tos=0x28' on sender grafted "${UDP[@]}" ask 10.77.0.2 8000
	sees wire 'tos 0x28,.*> 10\.77\.0\.2\.8000: Flags \[S\]'
}

@test "tcp to=10.77.0.0/24: a connection to another network is not marked" {
	capture wire sender a1
	start server "${UDP[@]}" serve 0.0.0.0 8000
	wait_until said server '^at '
	SOCKGRAFT_RULES='tcp to=10.77.0.0/24: tos=0x28' on sender grafted "${UDP[@]}" ask 10.78.0.2 8000
	sees wire 'tos 0x0,.*> 10\.78\.0\.2\.8000: Flags \[S\]'
}

@test "only programs of this name are governed" {
	export SOCKGRAFT_TTL=9 SOCKGRAFT_ONLY='socat multicast-*'
	on sender grafted "$EXAMPLES/multicast-sender" 10.77.0.2 6000
	grafted_send python 10.77.0.2
	hears w datagram
	said w 'datagram 1 hops=9 '
	arrived python 64 0x00 b0
}

@test "programs of this name are left alone" {
	export SOCKGRAFT_TTL=9 SOCKGRAFT_SKIP='socat,python*'
	on sender grafted "$EXAMPLES/multicast-sender" 10.77.0.2 6000
	grafted_send python 10.77.0.2
	hears w datagram
	said w 'datagram 1 hops=9 '
	arrived python 64 0x00 b0
}

@test "rules come before variables, variables before the file" {
	local file=$BATS_TEST_TMPDIR/policy
	printf '%s\n' '# a comment' 'udp: ttl=3 tos=4' 'udp: tos=8 priority=3' >"$file"
	SOCKGRAFT_FILE=$file grafted "${UDP[@]}" options ipv4 udp >"$(out file)"
	said file '^ttl=3$'
	said file '^tos=4$'
	said file '^priority=3$'
	SOCKGRAFT_FILE=$file SOCKGRAFT_TTL=5 grafted "${UDP[@]}" options ipv4 udp >"$(out variable)"
	said variable '^ttl=5$'
	said variable '^tos=4$'
	SOCKGRAFT_FILE=$file SOCKGRAFT_TTL=5 SOCKGRAFT_RULES='udp: ttl=7; udp: ttl=8' grafted \
		"${UDP[@]}" options ipv4 udp >"$(out rules)"
	said rules '^ttl=7$'
	said rules '^tos=4$'
}

@test "joins of rules, variables and file add up" {
	local file=$BATS_TEST_TMPDIR/policy
	echo 'udp: join=239.3.3.3%b0' >"$file"
	SOCKGRAFT_FILE=$file SOCKGRAFT_JOIN=239.2.2.2%b0 SOCKGRAFT_RULES='udp: join=239.4.4.4%b0; port=5000: join=239.5.5.5%b0' \
		start r grafted "${UDP[@]}" receive 10.77.0.2 5000
	ready r 5000
	joined 239.2.2.2 b0
	joined 239.3.3.3 b0
	joined 239.4.4.4 b0
	joined 239.5.5.5 b0
	send two 239.2.2.2 5000
	send five 239.5.5.5 5000
	hears r two five
}

@test "a program without a socket that any rule matches runs on as it is" {
	SOCKGRAFT_RULES='tcp port=8000: dscp=af11' grafted_send word 10.77.0.2
	arrived word 64 0x00 b0
}

# --- policies that can't be read ---

# stops PATTERN COMMAND...: exit status 125 before main, with one line that matches.
stops() {
	local pattern=$1 status=0
	shift
	grafted "$@" echo main >"$(out r)" 2>"$(err r)" || status=$?
	[ "$status" = 125 ] || fail "exit status $status"
	[ ! -s "$(out r)" ]
	[ "$(wc -l <"$(err r)")" = 1 ]
	complained r "$pattern"
}

@test "a policy that can't be read stops the program before main" {
	stops 'SOCKGRAFT_TTL: .*256' env SOCKGRAFT_TTL=256
	stops 'SOCKGRAFT_JOIN: .*10\.0\.0\.1' env SOCKGRAFT_JOIN=10.0.0.1
	stops 'SOCKGRAFT_RULES.*ttll.*ttl' env 'SOCKGRAFT_RULES=udp: ttll=3'
	stops 'SOCKGRAFT_TTLL.*SOCKGRAFT_TTL' env SOCKGRAFT_TTLL=3
}

@test "a file that can't be read stops the program, with its name and line" {
	printf 'udp: ttl=3\n\nudp: ttl=999\n' >"$BATS_TEST_TMPDIR/policy"
	stops 'policy:3.*999' env "SOCKGRAFT_FILE=$BATS_TEST_TMPDIR/policy"
	stops 'missing.*No such file' env "SOCKGRAFT_FILE=$BATS_TEST_TMPDIR/missing"
}

@test "a second connect gets what holds for the second destination" {
	SOCKGRAFT_RULES='udp to=10.77.0.1: dscp=ef; udp: dscp=cs1' start r grafted \
		"$BUILD/tests/probe" two-connects 10.77.0.1 9 10.78.0.1 9
	finish r
	said r '^10.77.0.1: tos=184 '
	said r '^10.78.0.1: tos=32 '
}

@test "a priority outlives a class that is placed later" {
	SOCKGRAFT_RULES='udp: priority=5; udp to=10.77.0.1: dscp=ef' start r grafted \
		"$BUILD/tests/probe" two-connects 10.77.0.1 9 10.78.0.1 9
	finish r
	said r '^10.77.0.1: tos=184 priority=5$'
}

@test "port= sees the port that the kernel chose" {
	SOCKGRAFT_RULES='udp port=1024-65535: dscp=ef' start r grafted "$BUILD/tests/probe" kernel-port 10.77.0.2 0
	finish r
	said r '^tos=184$'
}
