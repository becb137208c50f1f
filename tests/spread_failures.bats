# Several outgoing interfaces where sending by some of them fails, where they come and go, and where the socket does.

load hosts
load sanitizer
load scripts

setup() {
	hosts_up
}

teardown() {
	hosts_down
}

watch() {
	start w "${UDP[@]}" receive 0.0.0.0 6000 --control --room 1000000 --join 239.1.1.1%b0 --join 239.1.1.1%b1 "$@"
	ready w 6000
}

# came WORD LINK...: once on each.
came() {
	local word=$1 link
	shift
	for link; do
		wait_until said w " $word .*on=$link\$"
		[ "$(grep -Ec " $word .*on=$link\$" "$(out w)")" = 1 ] || fail "$word came more than once on $link"
	done
}

# A program that sends what it reads from standard input, a word a line, and prints what sendto returns.
sender() {
	mkfifo "$BATS_TEST_TMPDIR/words"
	exec {words}<>"$BATS_TEST_TMPDIR/words"
	INPUT=$BATS_TEST_TMPDIR/words script r sender grafted <<-END
		made = udp()
		for line in sys.stdin:
		    say(line.strip(), errno_of(made.sendto, line.strip().encode(), ("239.1.1.1", 6000)))
	END
}

tell() {
	echo "$1" >&"$words"
	wait_until said r "^$1 "
}

# --- interfaces that come and go ---

@test "one interface is down: one warning, and the others go on" {
	watch
	on sender ip link set a0 down
	SOCKGRAFT_INTERFACE=a0+a1 sender
	tell one
	tell two
	came one b1
	came two b1
	said r '^one 3$'
	[ "$(warnings r 'warn: fd [0-9]+ udp .*send on interface a0: Network is (down|unreachable)')" = 1 ]
	[ "$(warnings r)" = 1 ]
}

@test "one interface has no address: one warning at most, and the others go on" {
	watch
	on sender ip address flush dev a0
	SOCKGRAFT_INTERFACE=a0+a1 sender
	tell one
	tell two
	came one b1
	came two b1
	[ "$(warnings r)" -le 1 ]
}

@test "one interface is removed in between" {
	watch
	SOCKGRAFT_INTERFACE=a0+a1 sender
	tell one
	came one b0 b1
	on sender ip link delete a0
	tell two
	tell three
	came two b1
	came three b1
	said r '^two 3$'
	[ "$(warnings r 'send on interface [a0-9]+: No such device')" = 1 ]
}

@test "one interface is not there yet: one warning; it is used once it is there" {
	start w2 "${UDP[@]}" receive 0.0.0.0 6000 --control --join 239.1.1.1%b0 --join 239.1.1.1%b1
	ready w2 6000
	SOCKGRAFT_INTERFACE=a0+a2 sender
	tell one
	[ "$(warnings r 'interface=a0\+a2: No such device')" = 1 ]
	add_link 2
	stop w2
	watch --join 239.1.1.1%b2
	wait_until leaves_by_new word b2
	[ "$(warnings r)" = 1 ]
}

leaves_by_new() {
	tell "$1"
	said w " $1 .*on=$2\$"
}

@test "an interface that a pattern fits is used once it is there" {
	SOCKGRAFT_INTERFACE='a*' sender
	tell one
	add_link 2
	watch --join 239.1.1.1%b2
	wait_until leaves_by_new word b2
	silent r
}

@test "all fail: the error that one send would give" {
	on sender ip link set a0 down
	on sender ip link set a1 down
	SOCKGRAFT_INTERFACE=a0+a1 sender
	tell one
	said r '^one (ENETDOWN|ENETUNREACH)$'
	[ "$(warnings r)" = 0 ] || fail "$(cat "$(err r)")"
}

# --- errors ---

@test "what a single send refuses, each of several refuses, with the same error" {
	cat >"$BATS_TEST_TMPDIR/calls" <<-END
		import ctypes
		libc = ctypes.CDLL(None, use_errno=True)
		def call(name, *arguments):
		    ctypes.set_errno(0)
		    result = getattr(libc, name)(*arguments)
		    say(name, result, errno.errorcode.get(ctypes.get_errno(), 0))
		group = ("239.1.1.1", 6000)
		for connected in False, True:
		    made = udp()
		    number = made.fileno()
		    if connected:
		        made.connect(group)
		    to = (ctypes.create_string_buffer(struct.pack("=HH4s8x", AF_INET, socket.htons(6000),
		        socket.inet_aton("239.1.1.1"))), 16)
		    say(errno_of(made.sendto, b"x" * 65508, group))
		    for length in 65508, 2 ** 31, 2 ** 63 - 1, 2 ** 63, 2 ** 64 - 1:
		        length = ctypes.c_size_t(length)
		        for at in None, 1, ctypes.create_string_buffer(10):
		            at = at and (at if isinstance(at, ctypes.Array) else ctypes.c_void_p(at))
		            call("send", number, at, length, 0)
		            call("sendto", number, at, length, 0, *to)
		            call("write", number, at, length)
		    for count in 0, 1, 1024, 1025, -1:
		        call("writev", number, None, count)
		        call("writev", number, ctypes.c_void_p(1), count)
		        parts = ctypes.create_string_buffer(struct.pack("PN", 0, 2 ** 64 - 1) + struct.pack("PN", 1, 1) * 1030)
		        call("writev", number, parts, count)
		    call("sendmsg", number, None, 0)
		    call("sendmsg", number, ctypes.c_void_p(1), 0)
		    call("sendto", number, b"oob", 3, socket.MSG_OOB, *to)
		    call("sendto", number, b"errqueue", 3, socket.MSG_ERRQUEUE, *to)
		    call("sendto", number, b"short", 3, 0, to[0], 15)
		    call("sendto", number, b"long", 3, 0, to[0], 200)
		    call("sendto", number, b"endless", 3, 0, to[0], -1)
		    call("sendto", number, b"nowhere", 3, 0, ctypes.c_void_p(1), 16)
		    made.shutdown(socket.SHUT_WR) if connected else None
		    call("send", number, b"x", 1, socket.MSG_NOSIGNAL)
		    made.close()
		    call("sendto", number, b"closed", 3, 0, *to)
	END
	run_script plain sender <"$BATS_TEST_TMPDIR/calls"
	SOCKGRAFT_INTERFACE=a0+a1 run_script r sender grafted <"$BATS_TEST_TMPDIR/calls"
	diff "$(out plain)" "$(out r)"
	silent r
}

@test "MSG_DONTWAIT with a full buffer: the error, and nothing is held up" {
	# A link that sends one packet a minute fills the buffer.
	on sender tc qdisc replace dev a0 root tbf rate 1kbit burst 2000 limit 1000000
	on sender tc qdisc replace dev a1 root tbf rate 1kbit burst 2000 limit 1000000
	SOCKGRAFT_INTERFACE=a0+a1 SOCKGRAFT_SNDBUF=8k run_script r sender grafted <<-END
		made = udp()
		results = [errno_of(made.sendto, b"x" * 1000, socket.MSG_DONTWAIT, ("239.1.1.1", 6000)) for _ in range(100)]
		say(results[0], results[-1], *sorted(set(map(str, results))))
	END
	said r '^1000 EAGAIN 1000 EAGAIN$'
}

# --- datagrams of several calls ---

@test "what is put together from several calls leaves whole, by the first" {
	watch
	SOCKGRAFT_INTERFACE=a0+a1 run_script r sender grafted <<-END
		group = ("239.1.1.1", 6000)
		made = udp()
		say(made.sendto(b"to", socket.MSG_MORE, group), made.sendto(b"ge", socket.MSG_MORE, group))
		say(made.sendto(b"ther", group))
		peer = udp()
		peer.connect(group)
		say(peer.send(b"of-", socket.MSG_MORE), peer.send(b"a-peer"))
		corked = udp()
		corked.connect(group)
		corked.setsockopt(socket.IPPROTO_UDP, 1, 1)
		say(corked.send(b"with-"), os.write(corked.fileno(), b"a-"), corked.sendto(b"cork", group))
		corked.setsockopt(socket.IPPROTO_UDP, 1, 0)
		never = udp()
		never.setsockopt(socket.IPPROTO_UDP, 1, 0)
		say(never.sendto(b"without-one", group))
	END
	came without-one b0 b1
	came together b0
	came of-a-peer b0
	came with-a-cork b0
	refute said w '(together|peer|with-a-cork) .*on=b1$'
	[ "$(grep -vc '^at' "$(out w)")" = 5 ]
	[ "$(warnings r 'put.* together from several calls')" = 1 ]
}

# --- defaults ---

@test "a default of several is given up for the program's own, and then there is one" {
	watch
	SOCKGRAFT_INTERFACE='?a0+a1' run_script r sender grafted <<-END
		made = udp()
		made.sendto(b"before", ("239.1.1.1", 6000))
		by(made, "a1")
		made.sendto(b"after", ("239.1.1.1", 6000))
		made.sendmsg([b"sendmsg"], [], 0, ("239.1.1.1", 6000))
		made.connect(("239.1.1.1", 6000))
		made.send(b"connected")
		os.write(made.fileno(), b"written")
	END
	came before b0 b1
	came after b1
	came connected b1
	came sendmsg b1
	came written b1
	refute said w '(after|connected|sendmsg|written) .*on=b0$'
}

@test "several that are enforced stay, whatever the program says" {
	watch
	SOCKGRAFT_INTERFACE='a0+a1' run_script r sender grafted <<-END
		made = udp()
		by(made, "a1")
		made.sendto(b"word", ("239.1.1.1", 6000))
	END
	came word b0 b1
}

# --- the socket's life ---

@test "copies, children, programs that are executed or get the socket from elsewhere send on each" {
	watch
	SOCKGRAFT_INTERFACE=a0+a1 run_script r sender grafted <<-END
		group = ("239.1.1.1", 6000)
		made, peer = udp(), udp()
		made.dup().sendto(b"copy", group)
		early = peer.dup()
		peer.connect(group)
		peer.dup().send(b"copy-of-peer")
		early.send(b"early-copy")
		os.write(early.fileno(), b"written-by-copy")
		os.dup2(peer.fileno(), 50)
		os.write(50, b"copied-to-50")
		if not os.fork():
		    made.sendto(b"child", group)
		    peer.send(b"child-of-peer")
		    os._exit(0)
		os.wait()
		one, other = socket.socketpair()
		socket.send_fds(one, [b"x"], [made.fileno(), peer.fileno()])
		fds = socket.recv_fds(other, 1, 2)[1]
		socket.socket(fileno=fds[0]).sendto(b"passed", group)
		socket.socket(fileno=fds[1]).send(b"passed-peer")
		made, peer = udp(AF_INET, "10.77.0.3", 0), udp()
		peer.connect(group)
		for one in made, peer:
		    os.set_inheritable(one.fileno(), True)
		program = "import os, socket; made = socket.socket(fileno=%d);" \
		    "made.sendto(b'executed', ('239.1.1.1', 6000)); os.write(%d, b'executed-peer')" % (made.fileno(), peer.fileno())
		os.execv(sys.executable, [sys.executable, "-c", program])
	END
	for word in copy copy-of-peer early-copy written-by-copy copied-to-50 child child-of-peer passed passed-peer \
		executed executed-peer; do
		came "$word" b0 b1
	done
	said w '^10\.77\.0\.3 [0-9]+ executed .*on=b1'
	said w '^10\.78\.0\.1 [0-9]+ executed-peer .*on=b1'
	silent r
}

@test "a number that was another socket's has nothing of it" {
	watch
	SOCKGRAFT_RULES='udp port=7000: interface=a0+a1' run_script r sender grafted <<-END
		made = udp(AF_INET, "0.0.0.0", 7000)
		made.sendto(b"first", ("239.1.1.1", 6000))
		number = made.fileno()
		made.close()
		made = udp(AF_INET, "0.0.0.0", 7001)
		say(made.fileno() == number)
		made.sendto(b"second", ("239.1.1.1", 6000))
	END
	came first b0 b1
	came second b0
	refute said w ' second .*on=b1$'
	said r '^True$'
}

@test "a rule with to= alone" {
	watch
	SOCKGRAFT_RULES='udp to=239.1.0.0/16: interface=a0+a1; udp to=239.2.0.0/16: interface=a1' run_script r sender grafted <<-END
		made = udp()
		made.sendto(b"one", ("239.1.1.1", 6000))
		made.sendto(b"two", ("239.1.1.1", 6000))
		made = udp()
		made.connect(("239.1.1.1", 6000))
		made.send(b"three")
	END
	came one b0 b1
	came two b0 b1
	came three b0 b1
}

@test "more sockets than are kept in mind" {
	watch
	SOCKGRAFT_INTERFACE=a0+a1 run_script r sender grafted <<-END
		made = [udp(AF_INET, "10.77.0.3" if i % 2 else "0.0.0.0", 0) for i in range(600)]
		for i in 0, 1, 256, 257, 512, 513, 0, 1:
		    made[i].sendto(b"word%d" % i, ("239.1.1.1", 6000))
	END
	for number in 256 512; do
		came "word$number" b0 b1
		said w "^10\.77\.0\.1 .* word$number .*on=b0"
		said w "^10\.78\.0\.1 .* word$number .*on=b1"
	done
	for number in 257 513; do
		came "word$number" b0 b1
		said w "^10\.77\.0\.3 .* word$number .*on=b0"
		said w "^10\.77\.0\.3 .* word$number .*on=b1"
	done
}

# --- what it costs ---

@test "a datagram is one system call for each interface, and nothing is left behind" {
	local calls
	SOCKGRAFT_INTERFACE=a0+a1 on sender strace -f -c -o "$BATS_TEST_TMPDIR/few" -E "LD_PRELOAD=$GRAFT" \
		"${UDP[@]}" send one 239.1.1.1 6000 --count 1
	SOCKGRAFT_INTERFACE=a0+a1 on sender strace -f -c -o "$BATS_TEST_TMPDIR/many" -E "LD_PRELOAD=$GRAFT" \
		"${UDP[@]}" send one 239.1.1.1 6000 --count 501
	calls=$(($(calls_in many) - $(calls_in few)))
	[ "$calls" -ge 1000 ] && [ "$calls" -le 1030 ] || fail "$calls calls: $(cat "$BATS_TEST_TMPDIR/many")"
	SOCKGRAFT_INTERFACE=a0+a1 run_script r sender grafted <<-END
		def open_now():
		    return len(os.listdir("/proc/self/fd"))
		before = open_now()
		made = udp()
		made.sendto(b"x", ("239.1.1.1", 6000))
		maps = open("/proc/self/maps").read().count("\n")
		for _ in range(1000):
		    made.sendto(b"x", ("239.1.1.1", 6000))
		    made.sendmsg([b"x"], [(IPPROTO_IP, socket.IP_TTL, struct.pack("i", 3))] * 50, 0, ("239.1.1.1", 6000))
		say(open("/proc/self/maps").read().count("\n") - maps <= 1)
		made.close()
		say(open_now() == before)
	END
	[ "$(grep -c '^True$' "$(out r)")" = 2 ]
}

calls_in() {
	awk '$NF == "total" { print $(NF - 1) ~ /^[0-9]+$/ ? ($4 ~ /^[0-9]+$/ ? $4 : $3) : 0 }' "$BATS_TEST_TMPDIR/$1"
}
