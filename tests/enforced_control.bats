# Control messages can't get round what the policy enforces: the datagram leaves as the policy has it, or fails as it
# would without us, and the caller's memory stays as it is.

load hosts
load scripts

ALL='tos=0x20 tclass=0x20 ttl=9 hoplimit=9 multicast-ttl=16 multicast-hoplimit=16 mark=7 priority=3 interface=a1'

setup() {
	hosts_up
}

teardown() {
	hosts_down
}

# controls NAME ADDRESS [many]: sends without the library and with it; the results are the same, and a receiver named w
# tells of what was sent with it.
controls() {
	local name=$1 address=$2 source=10.77.0.3 wildcard=0.0.0.0 groups=(--join 239.1.1.1%b0 --join 239.1.1.1%b1)
	shift 2
	if [[ $address == *:* ]]; then
		source=fd77::3 wildcard=:: groups=(--join ff15::114%b0 --join ff15::114%b1)
	fi
	on sender "$BUILD/tests/controls" "$address" 6000 a0 "$source" "$@" >"$BATS_TEST_TMPDIR/$name.without"
	start w "${UDP[@]}" receive "$wildcard" 6000 --control --room 4000000 "${groups[@]}"
	ready w 6000
	on sender grafted "$BUILD/tests/controls" "$address" 6000 a0 "$source" "$@" \
		>"$BATS_TEST_TMPDIR/$name.with" 2>"$(err "$name")"
	silent "$name"
	diff "$BATS_TEST_TMPDIR/$name.without" "$BATS_TEST_TMPDIR/$name.with"
	refute grep CHANGED "$BATS_TEST_TMPDIR/$name.with"
	hears w end
	hears w several-readonly
}

# same_controls ADDRESS SOURCE [many]: a socket that is bound to the source sends the same, from the same source, with the
# library and without.
same_controls() {
	local way preload wildcard=0.0.0.0
	[[ $1 != *:* ]] || wildcard=::
	for way in without with; do
		preload=
		[ "$way" = without ] || preload=grafted
		start w "${UDP[@]}" receive "$wildcard" 6000 --control --room 4000000
		ready w 6000
		# shellcheck disable=SC2086 # "grafted" or nothing
		on sender $preload "$BUILD/tests/controls" "$1" 6000 a0 "$2" bound "${@:3}" \
			>"$BATS_TEST_TMPDIR/$way" 2>"$(err c)"
		silent c
		hears w end
		sed 's/ [0-9]* / /' "$(out w)" >"$BATS_TEST_TMPDIR/$way.heard" # ports
		stop w
	done
	diff "$BATS_TEST_TMPDIR/without" "$BATS_TEST_TMPDIR/with"
	diff "$BATS_TEST_TMPDIR/without.heard" "$BATS_TEST_TMPDIR/with.heard"
}

# all_are PATTERN: what the receiver heard.
all_are() {
	local others
	others=$(grep -v '^at ' "$(out w)" | grep -Ev -e "$1" || :)
	[ -z "$others" ] || fail "$others"
}

# also_many ADDRESS PATTERN: by sendmsg and by sendmmsg.
also_many() {
	SOCKGRAFT_RULES=$ALL controls c "$1"
	all_are "$2"
	stop w
	SOCKGRAFT_RULES=$ALL controls c "$1" many
	all_are "$2"
}

@test "multicast" {
	also_many 239.1.1.1 ' hops=16 class=0x20 to=239\.1\.1\.1 on=b1$'
}

@test "unicast" {
	also_many 10.77.0.2 ' hops=9 class=0x20 to=10\.77\.0\.2 on=b0$'
}

@test "IPv6: multicast" {
	also_many ff15::114 ' hops=16 class=0x20 to=ff15::114 on=b1$'
}

@test "IPv6: unicast" {
	also_many fd77::2 ' hops=9 class=0x20 to=fd77::2 on=b0$'
}

# --- the class ---

@test "dscp: the ECN bits of the program's messages go through" {
	SOCKGRAFT_RULES='udp: dscp=af11' controls c 239.1.1.1
	all_are ' class=0x2[8-b] '
	said w ' tos hops=1 class=0x28 '
	said w ' ttl hops=33 class=0x28 '
	said w ' a-hundred hops=33 class=0x29 '
	said w ' tos-of-1 hops=1 class=0x29 '
}

@test "IPv6: dscp: the ECN bits of the program's messages go through" {
	SOCKGRAFT_RULES='udp: dscp=af11' controls c ff15::114
	all_are ' class=0x2[8-b] '
	said w ' tclass hops=1 class=0x28 '
	said w ' tclass-of-socket hops=1 class=0x28 '
	said w ' a-hundred hops=33 class=0x29 '
}

# --- the priority ---

# prioritised [messages]: from now on the sender's host lets out no datagram of another priority than 5: it is the call
# that fails. With "messages", only where the kernel takes a priority in a control message (Linux 6.13).
prioritised() {
	command -v nft >/dev/null || skip "needs nft"
	on sender nft -f - <<-END || skip "this kernel has no nftables"
		table inet t {
			chain out {
				type filter hook output priority 0;
				udp dport 6000 meta priority != 0:5 drop
			}
		}
	END
	start w "${UDP[@]}" receive :: 6000 --control
	ready w 6000
	run_script known sender <<-END
		for data in [(SOL_SOCKET, 12, struct.pack("i", 5))], []: # SO_PRIORITY
		    say(errno_of(udp().sendmsg, [b"known"], data, 0, ("10.77.0.2", 6000)))
	END
	said known '^EPERM$'
	[ -z "${1-}" ] || said known '^5$' || skip "this kernel takes no priority in a control message"
}

# classes LISTS: sends datagrams by each version of IP, each with the classes of a list, a message for each.
classes() {
	cat <<-END
		opened = os.listdir("/proc/self/fd")
		def message(level, name, value):
		    return [(level, name, struct.pack("i", value))]
		for family, name in (AF_INET, "10.77.0.2"), (AF_INET, "239.1.1.1"), (AF_INET6, "::ffff:10.77.0.2"), \\
		        (AF_INET6, "fd77::2"), (AF_INET6, "ff15::114"):
		    made = udp(family)
		    for connected in False, True:
		        for classes in $*:
		            data = []
		            for value in classes:
		                data += message(IPPROTO_IP, socket.IP_TOS, value)
		                if family == AF_INET6:
		                    data += message(IPPROTO_IPV6, socket.IPV6_TCLASS, value)
		            say(errno_of(made.sendmsg, [b"word"], data, 0, *([] if connected else [(name, 6000)])))
		        made.connect((name, 6000))
		made.close()
		say(os.listdir("/proc/self/fd") == opened)
	END
}

all_leave() {
	[ "$(grep -c '^4$' "$(out r)")" = "$1" ] || fail "$(cat "$(out r)")"
	said r '^True$'
	silent r
}

@test "priority: what says the class that is held anyway leaves it as it is" {
	prioritised
	classes "[0x10], [0xb8], [0]" | SOCKGRAFT_RULES='udp: priority=5 dscp=ef interface=a0+a1' run_script r sender grafted
	all_leave 30
}

@test "priority: a message with a class does not change it" {
	prioritised messages
	classes "[0x10], [0x11], [0xb9, 0xb8], [0x11, 0xb8, 0x10]" |
		SOCKGRAFT_RULES='udp: priority=5 dscp=ef' run_script r sender grafted
	all_leave 40
	classes "[0x10], [0]" | SOCKGRAFT_RULES='udp: priority=5 interface=a0+a1' run_script r sender grafted
	all_leave 20
	SOCKGRAFT_RULES='udp: priority=5 dscp=ef' run_script r sender grafted <<-END
		def tos(*values):
		    return [(IPPROTO_IP, socket.IP_TOS, struct.pack("i", value)) for value in values]
		for word, values in (b"one", [1]), (b"two", [1, 0]), (b"three", [0, 2]), (b"four", [0]):
		    udp().sendmsg([word], tos(*values), 0, ("10.77.0.2", 6000))
	END
	hears w four
	said w ' one .*class=0xb9 '
	said w ' two .*class=0xb8 '
	said w ' three .*class=0xba '
	said w ' four .*class=0xb8 '
}

@test "priority: one that takes a permission, which the program has given up, fails no datagram" {
	start w "${UDP[@]}" receive 0.0.0.0 6000 --control
	ready w 6000
	SOCKGRAFT_PRIORITY=9 run_script r sender grafted <<-END
		import ctypes
		tos = [(IPPROTO_IP, socket.IP_TOS, struct.pack("i", 0x10))]
		made = udp()
		say(made.sendmsg([b"before"], tos, 0, ("10.77.0.2", 6000)))
		say(ctypes.CDLL(None).capset(struct.pack("=II", 0x20080522, 0), bytes(24)), errno_of(
		    made.setsockopt, SOL_SOCKET, 38, 9))
		say(made.getsockopt(SOL_SOCKET, 12))
		say(made.sendmsg([b"after"], tos, 0, ("10.77.0.2", 6000)))
	END
	hears w before after
	said w ' after .*class=0x10 '
}

# --- defaults ---

@test "what the program says in a message comes before a default" {
	SOCKGRAFT_RULES='udp: tos=?0x20 ttl=?9 multicast-ttl=?16 interface=?a1' controls c 239.1.1.1
	said w ' none hops=16 class=0x20 .*on=b1$'
	said w ' tos hops=16 class=0x10 .*on=b1$'
	said w ' ttl hops=33 class=0x20 .*on=b1$'
	said w ' interface hops=16 class=0x20 .*on=b0$'
}

@test "IPv6: what the program says in a message comes before a default" {
	SOCKGRAFT_RULES='udp: tclass=?0x20 hoplimit=?9 multicast-hoplimit=?16 interface=?a1' controls c ff15::114
	said w ' none hops=16 class=0x20 .*on=b1$'
	said w ' tclass hops=16 class=0x10 .*on=b1$'
	said w ' hoplimit hops=33 class=0x20 .*on=b1$'
	said w ' interface hops=16 class=0x20 .*on=b0$'
}

# --- a device ---

@test "device: a message that names another interface changes nothing" {
	SOCKGRAFT_RULES='udp: device=a1' controls c 239.1.1.1
	all_are ' on=b1$'
}

@test "IPv6: device: a message that names another interface changes nothing" {
	SOCKGRAFT_RULES='udp: device=a1' controls c ff15::114
	all_are ' on=b1$'
}

@test "device: what a connected AF_INET6 socket says of IPv4 counts where its peer is mapped, and only there" {
	start w "${UDP[@]}" receive :: 6000 --control
	ready w 6000
	SOCKGRAFT_RULES='udp: device=a1' run_script r sender grafted <<-END
		for name, word in ("::ffff:10.78.0.2", b"mapped"), ("fd78::2", b"single"):
		    made = udp(AF_INET6)
		    made.connect((name, 6000))
		    for number, by in enumerate((index("a0"), 99)):
		        data = struct.pack("=iII", by, 0, 0)
		        say(made.sendmsg([b"%s%d" % (word, number)], [(IPPROTO_IP, 8, data)])) # IP_PKTINFO
	END
	hears w single1
	[ "$(grep -Ec ' (mapped|single)[01] .*on=b1$' "$(out w)")" = 4 ]
}

# --- a widened socket ---

@test "a widened socket sends what it would send without, and fails where it would" {
	SOCKGRAFT_JOIN=239.7.7.7%a0 same_controls 10.77.0.2 10.77.0.3
	SOCKGRAFT_JOIN=239.7.7.7%a0 same_controls 10.77.0.2 10.77.0.3 many
}

@test "IPv6: a widened socket sends what it would send without, and fails where it would" {
	SOCKGRAFT_JOIN=ff15::777%a0 same_controls fd77::2 fd77::3
	SOCKGRAFT_JOIN=ff15::777%a0 same_controls fd77::2 fd77::3 many
}

@test "a widened AF_INET6 socket sends to mapped addresses what it would send without" {
	SOCKGRAFT_JOIN=239.7.7.7%a0 same_controls ::ffff:10.77.0.2 ::ffff:10.77.0.3
	SOCKGRAFT_JOIN=239.7.7.7%a0 same_controls ::ffff:10.77.0.2 ::ffff:10.77.0.3 many
}

# --- several interfaces ---

@test "control messages that are none fail for several interfaces as they do for one" {
	SOCKGRAFT_RULES='udp: interface=?a0+a1' controls c 239.1.1.1
	stop w
	SOCKGRAFT_RULES='udp: interface=?a0+a1' controls m 239.1.1.1 many
}

@test "IPv6: control messages that are none fail for several interfaces as they do for one" {
	SOCKGRAFT_RULES='udp: interface=?a0+a1' controls c ff15::114
	stop w
	SOCKGRAFT_RULES='udp: interface=?a0+a1' controls m ff15::114 many
}

# --- what is said ---

@test "what messages say is told once for each" {
	SOCKGRAFT_LOG=info SOCKGRAFT_RULES=$ALL on sender grafted "$BUILD/tests/controls" 239.1.1.1 6000 a0 10.77.0.3 \
		>"$(out r)" 2>"$(err r)"
	[ "$(warnings r 'tos: what a control message of the program.s says changes nothing')" = 1 ]
	[ "$(warnings r 'multicast-ttl: what a control message of the program.s says changes nothing')" = 1 ]
	[ "$(warnings r 'interface: what a control message of the program.s says changes nothing')" = 1 ]
	[ "$(warnings r 'mark: what a control message of the program.s says changes nothing')" = 1 ]
	[ "$(warnings r 'priority: what a control message of the program.s says changes nothing')" = 1 ]
	[ "$(warnings r 'what a control message')" = 5 ]
}
