# Several outgoing interfaces: each datagram to a group leaves by each, with the source of each, and the program is told
# what one send would tell it.

load hosts
load scripts

setup() {
	hosts_up
}

teardown() {
	hosts_down
}

# A receiver named w on each link of the receiver.
watch4() {
	start w "${UDP[@]}" receive 0.0.0.0 6000 --control --room 1000000 --join 239.1.1.1%b0 --join 239.1.1.1%b1
	ready w 6000
}

watch6() {
	start w "${UDP[@]}" receive :: 6000 --control --room 1000000 --join ff15::114%b0 --join ff15::114%b1 \
		--join ff02::114%b0 --join ff02::114%b1
	ready w 6000
}

# on_both WORD SOURCE0 SOURCE1: it arrived once on each link, from these sources.
on_both() {
	on_link "$1" b0 "$2"
	on_link "$1" b1 "$3"
}

on_link() {
	wait_until said w "^$3 [0-9]+ $1 .*on=$2\$"
	[ "$(grep -Ec " $1 .*on=$2\$" "$(out w)")" = 1 ] || fail "$1 came more than once on $2"
}

# on_none LINK WORD...: what was sent before another that has arrived there.
not_on() {
	local link=$1 word
	shift
	for word; do
		refute said w " $word .*on=$link\$"
	done
}

# --- the calls ---

# calls GROUP: what each call returns; nothing is sent by the last.
calls() {
	cat <<-END
		family = AF_INET6 if ":" in "$1" else AF_INET
		group = ("$1", 6000)
		open, peer = udp(family), udp(family)
		say(open.sendto(b"sendto", group), open.sendmsg([b"send", b"msg"], [], 0, group))
		peer.connect(group)
		say(peer.send(b"send"), peer.sendall(b"sendall"), peer.sendmsg([b"sendmsg-to-peer"]))
		say(os.write(peer.fileno(), b"write"), os.writev(peer.fileno(), [b"write", b"", b"v"]))
		say(peer.sendto(b"sendto-past-peer", group), peer.sendto(b"", group), os.write(peer.fileno(), b""))
		say(os.writev(peer.fileno(), [b"", b""]), open.sendto(b"end", group))
	END
}

# by_each_call GROUP WATCH SOURCE0 SOURCE1
by_each_call() {
	local word
	calls "$1" | run_script plain sender
	$2
	calls "$1" | SOCKGRAFT_INTERFACE=a0+a1 run_script r sender grafted
	diff "$(out plain)" "$(out r)"
	silent r
	for word in sendto sendmsg send sendall sendmsg-to-peer write writev sendto-past-peer end; do
		on_both "$word" "$3" "$4"
	done
	[ "$(grep -c '[0-9]  hops' "$(out w)")" = 4 ] # of nothing
}

@test "every call sends on each interface, and returns what one send returns" {
	by_each_call 239.1.1.1 watch4 10.77.0.1 10.78.0.1
}

@test "IPv6: every call sends on each interface, and returns what one send returns" {
	by_each_call ff15::114 watch6 fd77::1 fd78::1
}

@test "a mapped group on an AF_INET6 socket" {
	watch4
	SOCKGRAFT_INTERFACE=a0+a1 run_script r sender grafted <<-END
		made = udp(AF_INET6)
		say(made.sendto(b"mapped", ("::ffff:239.1.1.1", 6000)))
		made.connect(("::ffff:239.1.1.1", 6000))
		say(made.send(b"to-peer"))
	END
	on_both mapped 10.77.0.1 10.78.0.1
	on_both to-peer 10.77.0.1 10.78.0.1
}

@test "a group that is local to the link leaves by each, whichever zone it has" {
	watch6
	SOCKGRAFT_INTERFACE=a0+a1 run_script r sender grafted <<-END
		made = udp(AF_INET6)
		say(made.sendto(b"no-zone", ("ff02::114", 6000)))
		say(made.sendto(b"zone", ("ff02::114", 6000, 0, index("a1"))))
		say(made.sendmsg([b"zone-by-sendmsg"], [], 0, ("ff02::114", 6000, 0, index("a0"))))
	END
	on_both no-zone fe80::a0 fe80::a1
	on_both zone fe80::a0 fe80::a1
	on_both zone-by-sendmsg fe80::a0 fe80::a1
	silent r
}

# --- the source ---

@test "a socket that the program bound to an address sends from that on each" {
	watch4
	SOCKGRAFT_INTERFACE=a0+a1 run_script r sender grafted <<-END
		made = udp(AF_INET, "10.77.0.3", 0)
		made.sendto(b"bound", ("239.1.1.1", 6000))
		made.connect(("239.1.1.1", 6000))
		made.send(b"connected")
		copied = udp()
		copy = copied.dup()
		copied.bind(("10.77.0.3", 0))
		copy.sendto(b"by-copy", ("239.1.1.1", 6000))
	END
	on_both bound 10.77.0.3 10.77.0.3
	on_both connected 10.77.0.3 10.77.0.3
	on_both by-copy 10.77.0.3 10.77.0.3
}

@test "IPv6: a socket that the program bound to an address sends from that on each" {
	watch6
	SOCKGRAFT_INTERFACE=a0+a1 run_script r sender grafted <<-END
		made = udp(AF_INET6, "fd77::3", 0)
		made.sendto(b"bound", ("ff15::114", 6000))
		made.connect(("ff15::114", 6000))
		made.send(b"connected")
		copied = udp(AF_INET6)
		copy = copied.dup()
		copied.bind(("fd77::3", 0))
		copy.sendto(b"by-copy", ("ff15::114", 6000))
	END
	on_both bound fd77::3 fd77::3
	on_both connected fd77::3 fd77::3
	on_both by-copy fd77::3 fd77::3
}

@test "a socket that is bound to a port alone sends from each interface's address" {
	watch4
	SOCKGRAFT_INTERFACE=a0+a1 run_script r sender grafted <<-END
		udp(AF_INET, "0.0.0.0", 7000).sendto(b"port", ("239.1.1.1", 6000))
	END
	said w '^10\.77\.0\.1 7000 port .*on=b0$'
	said w '^10\.78\.0\.1 7000 port .*on=b1$'
}

@test "a widened socket sends from the address that the program bound" {
	watch4
	SOCKGRAFT_JOIN=239.2.2.2%a0 SOCKGRAFT_INTERFACE=a0+a1 run_script r sender grafted <<-END
		made = udp(AF_INET, "10.77.0.3", 0)
		made.sendto(b"widened", ("239.1.1.1", 6000))
		say(made.getsockname()[0])
	END
	on_both widened 10.77.0.3 10.77.0.3
	said r '^10\.77\.0\.3$'
}

@test "the source of a control message is that on each, its interface gives way" {
	watch4
	SOCKGRAFT_INTERFACE=a0+a1 run_script r sender grafted <<-END
		def info(name, source):
		    data = struct.pack("=i4s4s", name and index(name), socket.inet_aton(source), b"")
		    return [(IPPROTO_IP, socket.IP_PKTINFO if hasattr(socket, "IP_PKTINFO") else 8, data)]
		made = udp()
		say(made.sendmsg([b"source"], info(0, "10.77.0.3"), 0, ("239.1.1.1", 6000)))
		say(made.sendmsg([b"interface"], info("a1", "0.0.0.0"), 0, ("239.1.1.1", 6000)))
		say(made.sendmsg([b"ttl"], [(IPPROTO_IP, socket.IP_TTL, struct.pack("i", 33))], 0, ("239.1.1.1", 6000)))
	END
	on_both source 10.77.0.3 10.77.0.3
	on_both interface 10.77.0.1 10.78.0.1
	on_both ttl 10.77.0.1 10.78.0.1
	[ "$(grep -c ' ttl hops=33 ' "$(out w)")" = 2 ]
}

@test "a socket that was connected to a group has no source of it left" {
	watch6
	SOCKGRAFT_INTERFACE=a0+a1 run_script r sender grafted <<-END
		import ctypes
		made = udp(AF_INET6)
		made.connect(("ff02::114", 6000, 0, index("a0")))
		ctypes.CDLL(None).connect(made.fileno(), ctypes.create_string_buffer(16), 16)
		made.sendto(b"again", ("ff15::114", 6000))
	END
	on_both again fd77::1 fd78::1
}

# --- sendmmsg ---

# many DATAGRAM...: what one sendmmsg returns is the same with the library and without; then a receiver hears it.
many() {
	on sender "$BUILD/tests/vector" 6000 "$@" >"$(out plain)"
	${watching:-watch4}
	SOCKGRAFT_INTERFACE=a0+a1 on sender grafted "$BUILD/tests/vector" 6000 "$@" >"$(out r)" 2>"$(err r)"
	diff "$(out plain)" "$(out r)"
	silent r
}

@test "sendmmsg: many datagrams" {
	local word words=()
	for word in {1..40}; do
		words+=("word$word@239.1.1.1")
	done
	many "${words[@]}"
	for word in {1..40}; do
		on_both "word$word" 10.77.0.1 10.78.0.1
	done
}

@test "sendmmsg: as many as the kernel takes" {
	many times=1500 word@239.1.1.1
	said r '^sent 1024: '
}

@test "sendmmsg: multicast and unicast, with control messages and without" {
	many one@239.1.1.1 two@10.77.0.2 three@10.77.0.2+ttl four@239.1.1.1+ttl five@239.1.1.1 six@239.1.1.1 seven@10.78.0.2
	for word in one four five six; do
		on_both "$word" 10.77.0.1 10.78.0.1
	done
	[ "$(grep -c ' four hops=33 ' "$(out w)")" = 2 ]
	on_link two b0 10.77.0.1
	on_link three b0 10.77.0.1
	said w ' three hops=33 '
	on_link seven b1 10.78.0.1
	not_on b1 two three
	not_on b0 seven
}

@test "IPv6: sendmmsg: multicast and unicast, with control messages and without" {
	watching=watch6 many one@ff15::114 two@fd77::2 three@ff02::114%a1 four@ff02::114%a0 five@ff15::114+ttl six@ff15::114
	on_both one fd77::1 fd78::1
	on_both three fe80::a0 fe80::a1
	on_both four fe80::a0 fe80::a1
	on_both five fd77::1 fd78::1
	on_both six fd77::1 fd78::1
	on_link two b0 fd77::1
}

@test "sendmmsg: to the peer" {
	many connect=239.1.1.1 one@ two@ three@
	on_both one 10.77.0.1 10.78.0.1
	on_both two 10.77.0.1 10.78.0.1
	on_both three 10.77.0.1 10.78.0.1
}

@test "sendmmsg: from the address that the program bound" {
	many bind=10.77.0.3 one@239.1.1.1 two@239.1.1.1
	on_both one 10.77.0.3 10.77.0.3
	on_both two 10.77.0.3 10.77.0.3
}

@test "sendmmsg: what can't be sent ends it, wherever it stands" {
	many one@239.1.1.1 two@239.1.1.1+large three@239.1.1.1
	on_both one 10.77.0.1 10.78.0.1
	stop w
	many one@239.1.1.1 two@239.1.1.1+bad three@239.1.1.1
	stop w
	many two@239.1.1.1+bad three@239.1.1.1
	stop w
	many two@239.1.1.1+large
}

# --- what the kernel tells of it ---

# told GROUP [open]: sends in every way, or in those that need no peer, and says what the kernel tells of each datagram:
# SO_TIMESTAMPING by both of its names, MSG_ZEROCOPY.
told() {
	cat <<-END
		family = AF_INET6 if ":" in "$1" else AF_INET
		group, ttl = ("$1", 6000), [(IPPROTO_IP, socket.IP_TTL, struct.pack("i", 33))]
		TX_SOFTWARE, SOFTWARE, OPT_ID, OPT_TSONLY = 1 << 1, 1 << 4, 1 << 7, 1 << 11
		SO_TIMESTAMPING_OLD, SO_TIMESTAMPING_NEW, SO_ZEROCOPY = 37, 65, 60
		MSG_ZEROCOPY, MSG_ERRQUEUE = 0x4000000, 0x2000
		IP_RECVERR, IPV6_RECVERR = 11, 25
		def told(made, milliseconds=5000):
		    errors, found = select.poll(), []
		    errors.register(made, 0)
		    while errors.poll(0 if found else milliseconds):
		        for level, name, data in made.recvmsg(64, 512, MSG_ERRQUEUE)[1]:
		            if (level, name) in ((IPPROTO_IP, IP_RECVERR), (IPPROTO_IPV6, IPV6_RECVERR)):
		                found.append("%d-%d" % struct.unpack("=II", data[8:16])) # ee_info, ee_data
		    return found
		def all_of(made, flags=0):
		    say(made.sendto(b"one", flags, group), told(made))
		    say(made.sendmsg([b"two"], [], flags, group), told(made))
		    say(made.sendmsg([b"three"], ttl, flags, group), told(made))
		    if "${2-}" == "open":
		        return
		    made.connect(group)
		    say(made.send(b"four", flags), told(made))
		    if not flags:
		        say(os.write(made.fileno(), b"five"), told(made))
		for name in SO_TIMESTAMPING_OLD, SO_TIMESTAMPING_NEW:
		    made = udp(family)
		    made.setsockopt(SOL_SOCKET, name, TX_SOFTWARE | SOFTWARE | OPT_ID | OPT_TSONLY)
		    all_of(made)
		    made.setsockopt(SOL_SOCKET, name, 0)
		    say(made.sendto(b"six", group), told(made, 0))
		made = udp(family)
		made.setsockopt(SOL_SOCKET, SO_ZEROCOPY, 1)
		all_of(made, MSG_ZEROCOPY)
	END
}

told_of_one() {
	told "$1" | run_script plain sender
	told "$1" | SOCKGRAFT_INTERFACE=a0+a1 run_script r sender grafted
	silent r
	diff "$(out plain)" "$(out r)"
	said r "^5 ..0-2..$"
	said r "^5 ..2-2..$"
}

# told_of_next GROUP: the first of three interfaces is down.
told_of_next() {
	told "$1" open | SOCKGRAFT_INTERFACE=a1 run_script plain sender grafted
	told "$1" open | SOCKGRAFT_INTERFACE=a0+a1+a2 run_script r sender grafted
	diff "$(out plain)" "$(out r)"
	said r "^5 ..0-2..$"
}

@test "a datagram that leaves by several interfaces has one timestamp, and one completion" {
	told_of_one 239.1.1.1
}

@test "IPv6: a datagram that leaves by several interfaces has one timestamp, and one completion" {
	told_of_one ff15::114
}

@test "where the first interface fails, what leaves by the next has the timestamp" {
	add_link 2
	on sender ip link set a0 down
	told_of_next 239.1.1.1
	told_of_next ff15::114
}

@test "sendmmsg: a datagram that leaves by several interfaces has one timestamp, and one completion" {
	many stamped one@239.1.1.1 two@239.1.1.1+ttl three@239.1.1.1
	on_both three 10.77.0.1 10.78.0.1
	said r '^told 3 times, at last of 2$'
	stop w
	many zerocopy one@239.1.1.1 two@239.1.1.1 three@239.1.1.1
	on_both three 10.77.0.1 10.78.0.1
	said r '^told 3 times, at last of 2$'
}

@test "IPv6: sendmmsg: a datagram that leaves by several interfaces has one timestamp, and one completion" {
	watching=watch6 many stamped one@ff15::114 two@ff15::114+ttl three@ff15::114
	on_both three fd77::1 fd78::1
	said r '^told 3 times, at last of 2$'
	stop w
	watching=watch6 many zerocopy one@ff15::114 two@ff15::114 three@ff15::114
	on_both three fd77::1 fd78::1
	said r '^told 3 times, at last of 2$'
}

# --- unicast ---

@test "unicast leaves once, as ever" {
	watch4
	SOCKGRAFT_INTERFACE=a0+a1 run_script r sender grafted <<-END
		made = udp()
		made.sendto(b"one", ("10.77.0.2", 6000))
		made.sendto(b"two", ("10.78.0.2", 6000))
		made.connect(("10.77.0.2", 6000))
		made.send(b"three")
		made.sendto(b"both", ("239.1.1.1", 6000))
	END
	on_both both 10.77.0.1 10.78.0.1
	on_link one b0 10.77.0.1
	on_link two b1 10.78.0.1
	on_link three b0 10.77.0.1
	not_on b1 one three
	not_on b0 two
}

# --- a zone ---

@test "a group's zone gives way to the interface of the policy, in every call" {
	watch6
	SOCKGRAFT_INTERFACE=a1 run_script r sender grafted <<-END
		made, group = udp(AF_INET6), ("ff02::114", 6000, 0, index("a0"))
		for word in b"first", b"second":
		    made.sendto(word, group)
		made.sendmsg([b"message"], [], 0, group)
		made.connect(group)
		made.send(b"connected")
		made.sendto(b"end", ("ff02::114", 6000, 0, index("a1")))
	END
	for word in first second message connected end; do
		on_link "$word" b1 fe80::a1
	done
	not_on b0 first second message connected
}

# --- which interfaces ---

@test "three interfaces, by name, index, address and pattern" {
	local number interfaces
	add_link 2
	start w "${UDP[@]}" receive 0.0.0.0 6000 --control --join 239.1.1.1%b0 --join 239.1.1.1%b1 --join 239.1.1.1%b2
	ready w 6000
	number=$(on sender ip -oneline link show dev a1 | cut -d: -f1)
	for interfaces in "a0+a1+a2" "a2+$number+10.77.0.1" "a*" "a1+a*" "a?+a0"; do
		SOCKGRAFT_INTERFACE=$interfaces on sender grafted "${UDP[@]}" send "by-$number" 239.1.1.1 6000 2>"$(err r)"
		silent r
		on_both "by-$number" 10.77.0.1 10.78.0.1
		on_link "by-$number" b2 10.79.0.1
		number=$((number + 100))
		stop w
		start w "${UDP[@]}" receive 0.0.0.0 6000 --control --join 239.1.1.1%b0 --join 239.1.1.1%b1 --join 239.1.1.1%b2
		ready w 6000
	done
}

@test "one interface that a pattern fits: what is connected sends from its address, with no word about it" {
	local link
	watch4
	for link in 0 1; do
		SOCKGRAFT_INTERFACE="*$link" strace_sends "239.1.1.1" "on-$link"
		on_link "on-$link" "b$link" "10.7$((7 + link)).0.1"
	done
	not_on b0 on-1
	not_on b1 on-0
	stop w
	watch6
	for link in 0 1; do
		SOCKGRAFT_INTERFACE="*$link" strace_sends "ff15::114" "on-$link"
		on_link "on-$link" "b$link" "fd7$((7 + link))::1"
	done
	not_on b0 on-1
	not_on b1 on-0
}

# strace_sends GROUP WORD: what a connected socket sends goes to the kernel by the call that the program makes.
strace_sends() {
	on sender strace -f -e trace=sendto,sendmsg -o "$(out trace)" env "$PRELOAD_AS=$GRAFT" "$PYTHON" -c '
import socket, sys
made = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
made.connect((sys.argv[1], 6000))
made.send(sys.argv[2].encode())' "$1" "$2" 2>"$(err r)"
	silent r
	grep -q "sendto(.*\"$2\".*NULL, 0)" "$(out trace)" || fail "$(cat "$(out trace)")"
	refute grep sendmsg "$(out trace)"
}

# --- control messages ---

@test "what is held counts for what goes to a peer, group or not" {
	watch4
	SOCKGRAFT_RULES='udp: interface=a0+a1 dscp=ef multicast-ttl=16 ttl=9' run_script r sender grafted <<-END
		tos = [(IPPROTO_IP, socket.IP_TOS, struct.pack("i", 0x20)), (IPPROTO_IP, socket.IP_TTL, struct.pack("i", 5))]
		for name, word in ("239.1.1.1", b"group"), ("10.77.0.2", b"single"):
		    made = udp()
		    made.connect((name, 6000))
		    made.sendmsg([word], tos)
	END
	wait_until said w ' group hops=16 class=0xb8 .*on=b0$'
	wait_until said w ' group hops=16 class=0xb8 .*on=b1$'
	wait_until said w ' single hops=9 class=0xb8 .*on=b0$'
}
