# Values that the policy enforces: whatever the program says succeeds, or fails, as it would without us, and changes
# nothing.

load hosts
load scripts

# Of everything something else than programs have from the kernel.
ALL='tos=0x20 tclass=0x20 ttl=9 hoplimit=9 multicast-ttl=16 multicast-hoplimit=16 multicast-loop=off multicast-all=off
	rcvbuf=64k sndbuf=64k mark=7 priority=3 interface=b0 device=b0 reuse=both'

setup() {
	hosts_up
}

teardown() {
	hosts_down
}

# set_options NAME KIND [unprivileged]: with the library, which says nothing but what `says` matches, and without.
set_options() {
	local name=$1
	shift
	on receiver "$BUILD/tests/options_set" "$@" >"$BATS_TEST_TMPDIR/$name.without" || fail "without: $*"
	on receiver grafted "$BUILD/tests/options_set" "$@" >"$BATS_TEST_TMPDIR/$name.with" 2>"$(err "$name")" ||
		fail "with: $*"
	if [ -z "${says-}" ] || grep -qv "$says" "$(err "$name")"; then
		silent "$name"
	fi
	grep -q '^changed' "$BATS_TEST_TMPDIR/$name.without" # there is something to hold on to
	diff <(grep -v '^changed' "$BATS_TEST_TMPDIR/$name.without") <(grep -v '^changed' "$BATS_TEST_TMPDIR/$name.with") ||
		fail "$name: results differ"
}

# What has changed of a socket; of a stream nothing of multicast is the policy's, nor what of IPv4 a socket of ICMPv6 is told.
changes() {
	local others="^$"
	case $1 in
	tcp*) others=' IP(V6)?_MULTICAST' ;;
	ping6) others=' IP_' ;;
	esac
	grep '^changed' "$BATS_TEST_TMPDIR/$1.with" | grep -Ev -e "$others" || :
}

# --- setsockopt ---

@test "every spelling of every option, good and bad, gives what it gives without us, and changes nothing" {
	local kind
	for kind in udp4 udp6 tcp4 tcp6 raw4 raw6; do
		SOCKGRAFT_RULES=$ALL set_options "$kind" "$kind"
		[ -z "$(changes "$kind")" ] || fail "$kind: $(changes "$kind")"
	done
}

@test "without privileges it is the same" {
	local kind
	for kind in udp4 udp6 tcp4 tcp6; do
		SOCKGRAFT_RULES=$ALL set_options "$kind" "$kind" unprivileged
		[ -z "$(changes "$kind")" ] || fail "$kind: $(changes "$kind")"
	done
}

@test "on sockets of ICMP datagrams too" {
	local kind
	on receiver sysctl -qw net.ipv4.ping_group_range="0 0" || skip "no ICMP datagram sockets here"
	for kind in ping4 ping6; do
		SOCKGRAFT_RULES=$ALL set_options "$kind" "$kind"
		[ -z "$(changes "$kind")" ] || fail "$kind: $(changes "$kind")"
	done
}

# Each alone: nothing else holds what it should.
@test "what one value alone enforces" {
	local rule option says
	while read -r rule option; do
		says=
		# The program's own device comes before it.
		[[ $rule != interface=* ]] || says="$rule: Invalid argument: .*; device= overrides it\$"
		SOCKGRAFT_RULES=$rule set_options r udp6
		refute grep -E "^changed ($option):" "$BATS_TEST_TMPDIR/r.with"
		grep -q '^changed' "$BATS_TEST_TMPDIR/r.with" # what is left to the program
	done <<-END
		tos=0x20 IP_TOS
		tclass=0x20 IPV6_TCLASS
		ttl=9 IP_TTL
		hoplimit=9 IPV6_UNICAST_HOPS
		multicast-ttl=9 IP_MULTICAST_TTL
		multicast-hoplimit=9 IPV6_MULTICAST_HOPS
		multicast-loop=off IP(V6)?_MULTICAST_LOOP
		multicast-all=off IP(V6)?_MULTICAST_ALL
		rcvbuf=64k SO_RCVBUF
		sndbuf=64k SO_SNDBUF
		mark=7 SO_MARK
		priority=3 SO_PRIORITY
		interface=b0 IP(V6)?_MULTICAST_IF
		interface=b0+b1 IP(V6)?_MULTICAST_IF
		device=b0 SO_BINDTOIFINDEX
		reuse=addr SO_REUSEADDR
		reuse=port SO_REUSEPORT
	END
}

@test "reuse=addr leaves SO_REUSEPORT to the program" {
	SOCKGRAFT_REUSE=addr set_options r udp4
	grep -q '^changed SO_REUSEPORT: 0 to 1' "$BATS_TEST_TMPDIR/r.with"
}

# judged FAMILY [grafted]: what each number gives where no descriptor is left, and in a line that begins with "changed" what
# has changed.
judged() {
	run_script r receiver "${2-}" <<-END
		import resource
		IP = [1, 2, 33, 34, 49] # IP_TOS, IP_TTL, IP_MULTICAST_TTL, _LOOP, _ALL
		IPV6 = [67, 16, 18, 19, 29] # IPV6_TCLASS, _UNICAST_HOPS, _MULTICAST_HOPS, _LOOP, _ALL
		SOCKET = [2, 15, 12, 36] # SO_REUSEADDR, SO_REUSEPORT, SO_PRIORITY, SO_MARK
		options = [(IPPROTO_IP, name) for name in IP] + [(SOL_SOCKET, name) for name in SOCKET]
		options += [(IPPROTO_IPV6, name) for name in IPV6] if $1 == AF_INET6 else []
		def stand(made):
		    return [made.getsockopt(*option) for option in options]
		made = udp($1)
		before = stand(made)
		resource.setrlimit(resource.RLIMIT_NOFILE, (made.fileno() + 1, 1000))
		say(errno_of(udp))
		for option in options:
		    for value in -2, -1, 0, 1, 7, 33, 256, 999, b"", b"\x07", b"\x07\0", b"\x07" * 8:
		        say(option, value, errno_of(made.setsockopt, *option, value))
		        if stand(made) != before:
		            say("changed", option, value, before, stand(made))
		            before = stand(made)
	END
}

@test "where no descriptor is left it is the same" {
	local family
	for family in AF_INET AF_INET6; do
		judged "$family"
		said r '^EMFILE$'
		grep -v '^changed' "$(out r)" >"$BATS_TEST_TMPDIR/without"
		SOCKGRAFT_RULES=$ALL judged "$family" grafted
		diff "$BATS_TEST_TMPDIR/without" "$(out r)"
		silent r
	done
}

@test "interface: the program is told the address of the policy's" {
	local interfaces
	for interfaces in a1 a1+a0; do
		SOCKGRAFT_INTERFACE=$interfaces run_script r sender grafted <<-END
			def told(made, length=4):
			    value = made.getsockopt(IPPROTO_IP, socket.IP_MULTICAST_IF, length)
			    return socket.inet_ntoa(value) if len(value) == 4 else value
			made = udp()
			before = told(made)
			made.setsockopt(IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("10.77.0.1"))
			say(before, told(made), told(made, 64), told(made.dup()), told(made, 3), errno_of(told, socket.socket()))
			say(udp(AF_INET6).getsockopt(IPPROTO_IPV6, socket.IPV6_MULTICAST_IF) == index("a1"))
		END
		diff "$(out r)" - <<-END
			10.78.0.1 10.78.0.1 10.78.0.1 10.78.0.1 b'\x00\x00\x00' 0.0.0.0
			True
		END
		silent r
	done
}

# --- the class ---

@test "dscp: of a class the program sets the ECN bits" {
	SOCKGRAFT_DSCP=ef set_options r udp6
	grep -q '^changed IP_TOS: 184 to 187$' "$BATS_TEST_TMPDIR/r.with"
	grep -q '^changed IPV6_TCLASS: 184 to 187$' "$BATS_TEST_TMPDIR/r.with"
	refute grep -E '^changed IP(V6)?_T(OS|CLASS): 184 to [^1]|to 18[^4-7]|to 1[^8]' \
		<(grep -E '^changed IP(V6)?_T(OS|CLASS)' "$BATS_TEST_TMPDIR/r.with")
}

@test "dscp: on the wire too, TCP's own ECN aside" {
	start w "${UDP[@]}" receive 0.0.0.0 6000 --control
	ready w 6000
	SOCKGRAFT_DSCP=ef run_script r sender grafted <<-END
		made = udp()
		made.setsockopt(IPPROTO_IP, socket.IP_TOS, 0x2a)
		made.sendto(b"word", ("10.77.0.2", 6000))
		made = socket.socket()
		made.setsockopt(IPPROTO_IP, socket.IP_TOS, 0x2a)
		say(made.getsockopt(IPPROTO_IP, socket.IP_TOS))
	END
	hears w word
	said w 'word .*class=0xba'
	said r '^184$'
}

@test "a class of the program's own leaves the priority that is enforced" {
	SOCKGRAFT_PRIORITY=3 run_script r sender grafted <<-END
		for family in AF_INET, AF_INET6:
		    made = udp(family)
		    made.setsockopt(IPPROTO_IP, socket.IP_TOS, 0x10)
		    say(made.getsockopt(IPPROTO_IP, socket.IP_TOS), made.getsockopt(SOL_SOCKET, socket.SO_PRIORITY))
	END
	[ "$(grep -c '^16 3$' "$(out r)")" = 2 ]
}

# --- the wire ---

@test "what is sent after the program has said otherwise, unicast, multicast and TCP" {
	start w "${UDP[@]}" receive 0.0.0.0 6000 --control --join 239.1.1.1%b0 --join 239.1.1.1%b1
	ready w 6000
	start server "${UDP[@]}" serve 0.0.0.0 8000
	wait_until said server '^at '
	capture wire receiver b0
	SOCKGRAFT_RULES='ttl=9 multicast-ttl=16 dscp=ef interface=a1' run_script r sender grafted <<-END
		def say_otherwise(made):
		    made.setsockopt(IPPROTO_IP, socket.IP_TOS, 0x20)
		    made.setsockopt(IPPROTO_IP, socket.IP_TTL, 33)
		    return made
		made = say_otherwise(udp())
		made.setsockopt(IPPROTO_IP, socket.IP_MULTICAST_TTL, b"\x22")
		made.setsockopt(IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("10.77.0.1"))
		made.sendto(b"unicast", ("10.77.0.2", 6000))
		made.sendto(b"multicast", ("239.1.1.1", 6000))
		made = say_otherwise(socket.socket())
		made.connect(("10.77.0.2", 8000))
		say_otherwise(made).sendall(b"question")
		say(made.recv(100))
	END
	hears w unicast multicast
	said w ' unicast hops=9 class=0xb8 .*on=b0'
	said w ' multicast hops=16 class=0xb8 .*on=b1'
	sees wire 'tos 0xb8, ttl 9,.*> 10\.77\.0\.2\.8000: Flags \[P'
	refute has_captured wire '(tos 0x2|ttl 33).*> 10\.77\.0\.2\.8000'
}

# --- defaults ---

# own NAME SOCKET-CODE: a program that sets everything, and then does what makes rules apply.
own() {
	run_script r sender grafted <<-END
		WANTED = [(IPPROTO_IP, socket.IP_TOS, 0x28), (IPPROTO_IP, socket.IP_TTL, 33),
		    (IPPROTO_IP, socket.IP_MULTICAST_TTL, 34), (IPPROTO_IP, socket.IP_MULTICAST_LOOP, 1),
		    (IPPROTO_IP, 49, 1), (SOL_SOCKET, socket.SO_PRIORITY, 5), (SOL_SOCKET, 36, 8)]
		BUFFERS = [(SOL_SOCKET, socket.SO_RCVBUF, 9000), (SOL_SOCKET, socket.SO_SNDBUF, 9000)]
		def set_own(made):
		    for level, name, value in WANTED + BUFFERS:
		        made.setsockopt(level, name, value)
		def has_own(made):
		    for level, name, value in WANTED:
		        if made.getsockopt(level, name) != value:
		            return (level, name, made.getsockopt(level, name))
		    for level, name, value in BUFFERS:
		        if made.getsockopt(level, name) != 2 * value:
		            return (level, name, made.getsockopt(level, name))
		    return True
		$(cat)
	END
}

DEFAULTS='tos=?0x20 ttl=?9 multicast-ttl=?16 multicast-loop=?off multicast-all=?off rcvbuf=?64k sndbuf=?64k mark=?7
	priority=?3'

@test "defaults: the program's own wins, wherever the default would be placed" {
	local rules
	for rules in "udp: $DEFAULTS" "udp port=7000-7009: $DEFAULTS" "udp to=10.77.0.0/24: $DEFAULTS" \
		"udp: $DEFAULTS; udp port=7000: tos=?0x30 ttl=?7 rcvbuf=?32k; udp to=10.77.0.2: mark=?9 priority=?4"; do
		SOCKGRAFT_RULES=$rules own <<-END
			for how in "connect", "sendto":
			    made = udp()
			    set_own(made)
			    made.bind(("0.0.0.0", 7000))
			    say(has_own(made))
			    made.connect(("10.77.0.2", 6000)) if how == "connect" else made.sendto(b"x", ("10.77.0.2", 6000))
			    say(has_own(made))
			    say(has_own(made.dup()))
			    made.close()
		END
		[ "$(grep -c '^True$' "$(out r)")" = 6 ] || fail "$rules"
	done
}

@test "defaults: what the program says nothing of is the policy's, also where it comes late" {
	SOCKGRAFT_RULES='udp: tos=?0x20; udp port=7000: ttl=?9; udp to=10.77.0.2: multicast-ttl=?16' run_script r sender grafted <<-END
		made = udp()
		made.setsockopt(SOL_SOCKET, socket.SO_PRIORITY, 1)
		made.bind(("0.0.0.0", 7000))
		made.sendto(b"x", ("10.77.0.2", 6000))
		say(*(made.getsockopt(IPPROTO_IP, name) for name in (socket.IP_TOS, socket.IP_TTL, socket.IP_MULTICAST_TTL)))
	END
	said r '^32 9 16$'
}

@test "defaults: what the program sets once the policy has placed it counts, on copies and accepted connections too" {
	SOCKGRAFT_RULES='tcp port=8000: dscp=?ef; tcp to=10.77.0.0/16: ttl=?7; tcp: ttl=?9 tos=?0x20' run_script r sender grafted <<-END
		listener = socket.create_server(("10.77.0.1", 8000))
		def have(made):
		    return made.getsockopt(IPPROTO_IP, socket.IP_TTL), made.getsockopt(IPPROTO_IP, socket.IP_TOS)
		say("placed", *have(listener))
		listener.setsockopt(IPPROTO_IP, socket.IP_TTL, 33)
		listener.setsockopt(IPPROTO_IP, socket.IP_TOS, 0x30)
		client = socket.create_connection(("10.77.0.1", 8000))
		accepted, _ = listener.accept()
		say("copy", *have(listener.dup()))
		say("accepted", *have(accepted))
	END
	diff "$(out r)" - <<-END
		placed 9 184
		copy 33 48
		accepted 33 48
	END
}

@test "defaults: what the program had set is still there in a program that it executes" {
	SOCKGRAFT_RULES="udp: $DEFAULTS tclass=?0x20 hoplimit=?9 multicast-hoplimit=?16" run_script r sender grafted <<-END
		made, other = udp(AF_INET6), udp(AF_INET6)
		for level, name, value in ((IPPROTO_IP, socket.IP_TTL, 33), (IPPROTO_IPV6, socket.IPV6_TCLASS, 0x30),
		    (IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, 34), (SOL_SOCKET, 36, 8), (SOL_SOCKET, socket.SO_PRIORITY, 5)):
		    made.setsockopt(level, name, value)
		for one in made, other:
		    os.set_inheritable(one.fileno(), True)
		program = "import socket\nfor fd in %d, %d: made = socket.socket(fileno=fd); made.getsockname();" \
		    "print(*(made.getsockopt(*what) for what in ((0, 2), (41, 67), (41, 16), (1, 36), (1, 12), (0, 33))))" \
		    % (made.fileno(), other.fileno())
		os.execv(sys.executable, [sys.executable, "-c", program])
	END
	diff "$(out r)" - <<-END
		33 48 34 8 5 16
		9 32 9 7 3 16
	END
}

@test "defaults: several interfaces are still there in a program that is executed" {
	start w "${UDP[@]}" receive :: 6000 --control --join ff15::114%b0 --join ff15::114%b1
	ready w 6000
	SOCKGRAFT_INTERFACE='?a0+a1' run_script r sender grafted <<-END
		made, own = udp(AF_INET6), udp(AF_INET6)
		by(own, "a1")
		for one in made, own:
		    os.set_inheritable(one.fileno(), True)
		program = "import socket; socket.socket(fileno=%d).sendto(b'own', ('ff15::114', 6000));" \
		    "socket.socket(fileno=%d).sendto(b'word', ('ff15::114', 6000))" % (own.fileno(), made.fileno())
		os.execv(sys.executable, [sys.executable, "-c", program])
	END
	wait_until said w ' word .*on=b0$'
	wait_until said w ' word .*on=b1$'
	said w ' own .*on=b1$'
	refute said w ' own .*on=b0$'
}

# --- rules that apply late ---

@test "what a rule with to= has placed stays, whatever the program says later" {
	start w "${UDP[@]}" receive 0.0.0.0 6000 --control
	ready w 6000
	SOCKGRAFT_RULES='udp to=10.77.0.2: ttl=9 dscp=ef' run_script r sender grafted <<-END
		made = udp()
		made.setsockopt(IPPROTO_IP, socket.IP_TTL, 33)
		say(made.getsockopt(IPPROTO_IP, socket.IP_TTL))
		made.sendto(b"one", ("10.77.0.2", 6000))
		made.setsockopt(IPPROTO_IP, socket.IP_TTL, 34)
		made.setsockopt(IPPROTO_IP, socket.IP_TOS, 0x20)
		say(made.getsockopt(IPPROTO_IP, socket.IP_TTL))
		made.sendto(b"two", ("10.77.0.2", 6000))
	END
	hears w one two
	said w 'one hops=9 class=0xb8'
	said w 'two hops=9 class=0xb8'
	diff "$(out r)" - <<<$'33\n9'
}

# --- the socket's life ---

@test "copies, children, accepted connections and programs that are executed hold on to it" {
	SOCKGRAFT_TTL=9 run_script r sender grafted <<-END
		def try_on(what, made):
		    made.setsockopt(IPPROTO_IP, socket.IP_TTL, 33)
		    say(what, made.getsockopt(IPPROTO_IP, socket.IP_TTL))
		made, listener = udp(), socket.create_server(("10.77.0.1", 8000))
		try_on("copy", made.dup())
		os.dup2(made.fileno(), 50)
		try_on("dup2", socket.socket(fileno=50))
		client = socket.create_connection(("10.77.0.1", 8000))
		try_on("client", client)
		try_on("accepted", listener.accept()[0])
		if not os.fork():
		    try_on("child", made)
		    os._exit(0)
		os.wait()
		one, other = socket.socketpair()
		socket.send_fds(one, [b"x"], [made.fileno()])
		try_on("passed", socket.socket(fileno=socket.recv_fds(other, 1, 1)[1][0]))
		os.set_inheritable(made.fileno(), True)
		program = "import socket; made = socket.socket(fileno=%d); made.setsockopt(0, 2, 33);" \
		    "print('executed', made.getsockopt(0, 2))" % made.fileno()
		os.execv(sys.executable, [sys.executable, "-c", program])
	END
	[ "$(grep -c ' 9$' "$(out r)")" = 7 ] || fail "$(cat "$(out r)")"
}

# --- what is said ---

@test "each call is told at info, and nothing below it" {
	SOCKGRAFT_LOG=info SOCKGRAFT_RULES='ttl=9 multicast-ttl=?16 interface=a0' run_script r sender grafted <<-END
		made = udp()
		for _ in range(3):
		    made.setsockopt(IPPROTO_IP, socket.IP_TTL, 33)
		errno_of(made.setsockopt, IPPROTO_IP, socket.IP_TTL, 333)
		made.setsockopt(IPPROTO_IP, socket.IP_MULTICAST_TTL, 33)
		by(made, "a1")
		six = udp(AF_INET6)
		six.setsockopt(IPPROTO_IPV6, socket.IPV6_PKTINFO, b"\0" * 16 + struct.pack("I", index("a1")))
		six.setsockopt(IPPROTO_IPV6, socket.IPV6_PKTINFO, b"\0" * 20)
	END
	[ "$(warnings r "info: fd [0-9]+ udp unbound: ttl: the program's own value changes nothing .SOCKGRAFT_RULES rule 1")" = 3 ]
	[ "$(warnings r "interface: the program's own value changes nothing")" = 2 ]
	[ "$(warnings r "changes nothing")" = 5 ]
}
