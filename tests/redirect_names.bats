# What a program is told of sockets whose peers and groups are others than it asked for.

load hosts
load receivers
load scripts

setup() {
	hosts_up
}

teardown() {
	hosts_down
}

serve() {
	start server "${UDP[@]}" serve "$1" 8000
	wait_until said server '^at '
}

# --- TCP ---

# asks FROM TO: blocking and not.
asks() {
	SOCKGRAFT_REDIRECT="$1->$2" run_script r sender grafted <<-END
		family = AF_INET6 if ":" in "$1" else AF_INET
		name = ("$1", 8000)
		made = socket.socket(family)
		made.connect(name)
		say(made.getpeername()[:2] == name)
		made.sendall(b"question\n")
		say(made.recv(100))
		made = socket.socket(family)
		made.setblocking(False)
		say(errno.errorcode[made.connect_ex(name)])
		select.select([], [made], [], 10)
		say(made.getsockopt(SOL_SOCKET, socket.SO_ERROR), made.getpeername()[:2] == name)
		say(made.connect_ex(name) in (0, errno.EISCONN), made.getpeername()[:2] == name)
		made.sendall(b"question\n")
		wait_for(made)
		say(made.recv(100))
	END
	diff "$(out r)" - <<-END
		True
		b'answer\n'
		EINPROGRESS
		0 True
		True True
		b'answer\n'
	END
}

@test "TCP" {
	serve 0.0.0.0
	asks 10.99.9.9 10.77.0.2
}

@test "IPv6: TCP" {
	serve ::
	asks fd99::9 fd77::2
}

@test "TCP: socat and nc" {
	serve 0.0.0.0
	SOCKGRAFT_REDIRECT='10.99.9.9->10.77.0.2' on sender grafted socat - TCP4:10.99.9.9:8000 <<<question >"$(out socat)"
	said socat '^answer$'
	SOCKGRAFT_REDIRECT='10.99.9.9->10.77.0.2' on sender grafted "$NC" 10.99.9.9 8000 <<<question >"$(out nc)"
	said nc '^answer$'
}

@test "TCP: what nobody listens to is refused, and the socket can be connected again" {
	serve 0.0.0.0
	SOCKGRAFT_REDIRECT='10.99.9.9:8001->10.77.0.2,10.99.9.9:8000->10.77.0.2' run_script r sender grafted <<-END
		made = socket.socket()
		say(errno_of(made.connect, ("10.99.9.9", 8001)), errno_of(made.getpeername))
		say(errno_of(made.connect, ("10.99.9.9", 8000)), made.getpeername())
	END
	said r '^ECONNREFUSED ENOTCONN$'
	said r "^None \('10.99.9.9', 8000\)$"
}

@test "TCP: a client that is accepted is told as it is" {
	SOCKGRAFT_REDIRECT='10.99.9.9->10.77.0.1' script r receiver grafted <<-END
		listener = socket.create_server(("10.77.0.2", 8000))
		say("listens")
		accepted, name = listener.accept()
		say(name[0], accepted.getpeername()[0])
		accepted.recv(100)
		accepted.sendall(b"answer")
	END
	wait_until said r listens
	on sender "${UDP[@]}" ask 10.77.0.2 8000
	finish r
	said r '^10\.77\.0\.1 10\.77\.0\.1$'
}

# --- connecting again ---

@test "connected again, and disconnected" {
	answerer4
	SOCKGRAFT_REDIRECT='10.99.9.9->10.77.0.2' run_script r sender grafted <<-END
		import ctypes
		made = udp()
		made.connect(("10.99.9.9", 6000))
		say(made.getpeername()[0])
		made.connect(("10.77.0.22", 6000))
		say(made.getpeername()[0])
		made.connect(("10.77.0.2", 6000))
		say(made.getpeername()[0])
		made.connect(("10.99.9.9", 6000))
		say(made.getpeername()[0])
		ctypes.CDLL(None).connect(made.fileno(), ctypes.create_string_buffer(16), 16)
		say(errno_of(made.getpeername))
		made.sendto(b"to", ("10.99.9.9", 6000))
		say(made.recvfrom(100)[1][0])
	END
	diff "$(out r)" - <<-END
		10.99.9.9
		10.77.0.22
		10.77.0.2
		10.99.9.9
		ENOTCONN
		10.99.9.9
	END
}

# --- who has the socket then ---

@test "a copy, a child, and a program that is executed know the peer by the same name" {
	answerer4
	SOCKGRAFT_REDIRECT='10.99.9.9->10.77.0.2' run_script r sender grafted <<-END
		import subprocess
		made = udp()
		early = made.dup()
		made.connect(("10.99.9.9", 6000))
		say(made.dup().getpeername()[0], early.getpeername()[0])
		if not os.fork():
		    say(made.getpeername()[0])
		    made.send(b"child")
		    say(made.recvfrom(100)[1][0])
		    os._exit(0)
		os.wait()
		program = "import socket; made = socket.socket(fileno=%d); print(made.getpeername()[0], flush=True);" \
		    "made.send(b'executed'); print(made.recvfrom(100)[1][0], flush=True)" % made.fileno()
		os.set_inheritable(made.fileno(), True)
		os.execv(sys.executable, [sys.executable, "-c", program])
	END
	diff "$(out r)" - <<-END
		10.99.9.9 10.99.9.9
		10.99.9.9
		10.99.9.9
		10.99.9.9
		10.99.9.9
	END
	hears w child executed
}

# --- groups ---

# bound_elsewhere FROM TO: a program binds to a group, and is told so.
bound_elsewhere() {
	bystander here "$2%b0"
	bystander there "$1%b0"
	SOCKGRAFT_REDIRECT="$1->$2" start r grafted "${UDP[@]}" receive "$1" 5000 --count 1
	wait_until said r "^at $1 5000\$"
	wait_until bound_to "${3-$2}:5000"
	send unwanted "$1" 5000
	send group "$2" 5000
	finish r
	hears r group
	deaf r unwanted
	silent r
}

@test "a socket that is bound to a group is bound to the other" {
	bound_elsewhere 239.9.9.9 239.1.1.1
}

@test "IPv6: a socket that is bound to a group is bound to the other" {
	bound_elsewhere ff15::999 ff15::114 '[ff15::114]'
}

@test "a port of its own leads a group elsewhere at that port alone" {
	SOCKGRAFT_REDIRECT='239.9.9.9:5000->239.1.1.1' run_script r receiver grafted <<-END
		for port in 5000, 5001:
		    made = udp(AF_INET, "239.9.9.9", port)
		    say(made.getsockname()[0])
		    os.system("ss -H -uan | awk '{ print \$4 }'")
	END
	said r '^239\.1\.1\.1:5000$'
	said r '^239\.9\.9\.9:5001$'
	[ "$(grep -c '^239.9.9.9$' "$(out r)")" = 2 ]
}

# told_by GROUP MOVED OTHER OPTION OPTION: what comes says which group it was sent to, as the program knows it; the other
# group is its own, and stays.
told_by() {
	SOCKGRAFT_INTERFACE=b0 SOCKGRAFT_REDIRECT="$1->$2" script r receiver grafted <<-END
		family = AF_INET6 if ":" in "$1" else AF_INET
		level = IPPROTO_IPV6 if family == AF_INET6 else IPPROTO_IP
		made = udp(family, "", 5000)
		for option in $4, $5:
		    made.setsockopt(level, option, 1)
		for group in "$1", "$3":
		    if family == AF_INET6:
		        made.setsockopt(level, socket.IPV6_JOIN_GROUP, socket.inet_pton(family, group) + struct.pack("I", 0))
		    else:
		        made.setsockopt(level, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(group) + bytes(4))
		say("ready")
		for i in range(3):
		    text, control, flags, sender = made.recvmsg(100, 1000)
		    for level, kind, data in control:
		        if kind not in ($4, $5) and kind != socket.IPV6_PKTINFO:
		            continue
		        say(text.decode().strip(), [name for name in ("$1", "$2", "$3") if socket.inet_pton(family, name) in data])
	END
	wait_until said r ready
	send moved "$2" 5000
	send other "$3" 5000
	if [[ $1 == *:* ]]; then send single fd77::2 5000; else send single 10.77.0.2 5000; fi
	finish r || fail "$(cat "$(err r)")"
	diff "$(out r)" - <<-END
		ready
		moved ['$1']
		moved ['$1']
		other ['$3']
		other ['$3']
		single []
		single []
	END
}

@test "what comes by a group in another's place says that it came by the one that was asked for" {
	told_by 239.9.9.9 239.1.1.1 239.2.2.2 8 20 # IP_PKTINFO, IP_RECVORIGDSTADDR
}

@test "IPv6: what comes by a group in another's place says that it came by the one that was asked for" {
	told_by ff15::999 ff15::114 ff15::222 socket.IPV6_RECVPKTINFO 74 # IPV6_RECVORIGDSTADDR
}

@test "a group is told as the one that was asked for at its socket's port" {
	local redirects='239.9.9.9:5000->239.1.1.1,239.9.9.8:5001->239.1.1.1'
	SOCKGRAFT_INTERFACE=b0 SOCKGRAFT_REDIRECT=$redirects script r receiver grafted <<-END
		made = []
		for port, group in (5000, "239.9.9.9"), (5001, "239.9.9.8"):
		    made.append(udp(AF_INET, "", port))
		    made[-1].setsockopt(IPPROTO_IP, 8, 1) # IP_PKTINFO
		    made[-1].setsockopt(IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(group) + bytes(4))
		say("ready")
		for one in made:
		    text, control, flags, sender = one.recvmsg(100, 1000)
		    say(text.decode().strip(), socket.inet_ntoa(control[0][2][8:12]))
	END
	wait_until said r ready
	send first 239.1.1.1 5000
	send second 239.1.1.1 5001
	finish r || fail "$(cat "$(err r)")"
	said r '^first 239\.9\.9\.9$'
	said r '^second 239\.9\.9\.8$'
}

# --- rooms ---

@test "where there is little room for an address nothing is written past it" {
	answerer4
	on sender grafted env SOCKGRAFT_REDIRECT='10.99.9.9->10.77.0.2' "$BUILD/tests/rooms" 10.99.9.9 6000 >"$(out r)" ||
		fail "$(cat "$(out r)")"
}

@test "IPv6: where there is little room for an address nothing is written past it" {
	answerer6
	on sender grafted env SOCKGRAFT_REDIRECT='fd99::9->fd77::2' "$BUILD/tests/rooms" fd99::9 6000 >"$(out r)" ||
		fail "$(cat "$(out r)")"
}

@test "_FORTIFY_SOURCE's recvfrom" {
	answerer4
	on sender grafted env SOCKGRAFT_REDIRECT='10.99.9.9->10.77.0.2' "$BUILD/tests/rooms_fortified" 10.99.9.9 6000 \
		>"$(out r)" || fail "$(cat "$(out r)")"
}

# --- rules ---

@test "rules with udp, tcp, port= and to=" {
	answerer4
	serve 0.0.0.0
	SOCKGRAFT_RULES='tcp: redirect=10.99.9.1->10.77.0.2; udp port=7000: redirect=10.99.9.2->10.77.0.2;
		udp to=10.99.9.3: redirect=10.99.9.3->10.77.0.2' run_script r sender grafted <<-END
		say(errno_of(socket.socket().connect, ("10.99.9.1", 8000)))
		plain, bound = udp(), udp(AF_INET, "0.0.0.0", 7000)
		plain.sendto(b"not-for-udp", ("10.99.9.1", 6000))
		plain.sendto(b"not-for-this-port", ("10.99.9.2", 6000))
		bound.sendto(b"for-this-port", ("10.99.9.2", 6000))
		say(bound.recvfrom(100)[1][0])
		plain.sendto(b"for-this-destination", ("10.99.9.3", 6000))
		say(plain.recvfrom(100)[1][0])
	END
	diff "$(out r)" - <<-END
		None
		10.99.9.2
		10.99.9.3
	END
	hears w for-this-port for-this-destination
	deaf w not-for-udp not-for-this-port
}

@test "to= covers the destination as it was asked for, and as it is" {
	answerer4
	SOCKGRAFT_RULES='udp: redirect=10.99.9.9->10.77.0.2; udp to=10.99.9.9: ttl=9; udp to=10.77.0.2: dscp=ef' \
		on sender grafted "${UDP[@]}" send word 10.99.9.9 6000
	hears w word
	said w 'word hops=9 class=0xb8'
}

# --- addresses of all sorts ---

@test "a mapped address stays one" {
	answerer4
	SOCKGRAFT_REDIRECT='10.99.9.9->10.77.0.2' run_script r sender grafted <<-END
		made = udp(AF_INET6)
		made.sendto(b"mapped", ("::ffff:10.99.9.9", 6000))
		say(made.recvfrom(100)[1][0])
		made.connect(("::ffff:10.99.9.9", 6000))
		say(made.getpeername()[0])
	END
	said w ' mapped .*to=10\.77\.0\.2 '
	[ "$(grep -c '^::ffff:10.99.9.9$' "$(out r)")" = 2 ]
}

@test "addresses that are local to the link stay on it" {
	answerer6
	SOCKGRAFT_REDIRECT='fe80::99->fe80::b0,fe80::98->fd77::2' run_script r sender grafted <<-END
		zone = index("a0")
		for address in "fe80::99", "fe80::98":
		    made = udp(AF_INET6)
		    made.sendto(b"word", (address, 6000, 0, zone))
		    say(made.recvfrom(100)[1] == (address, 6000, 0, zone))
		    made.connect((address, 6000, 0, zone))
		    say(made.getpeername() == (address, 6000, 0, zone))
	END
	said w '^fe80::a0.* word .*to=fe80::b0'
	said w '^fd77::1 .* word .*to=fd77::2'
	[ "$(grep -c '^True$' "$(out r)")" = 4 ]
}

# --- beside the rest ---

@test "a widened socket sends from its address, and hears the answer in the other's name" {
	answerer4
	SOCKGRAFT_JOIN=239.2.2.2%a0 SOCKGRAFT_REDIRECT='10.99.9.9->10.77.0.2' run_script r sender grafted <<-END
		made = udp(AF_INET, "10.77.0.3", 7000)
		made.sendto(b"widened", ("10.99.9.9", 6000))
		say(made.recvfrom(100)[1][0], made.getsockname()[0])
		made.connect(("10.99.9.9", 6000))
		say(made.getpeername()[0], made.getsockname()[0])
		made.send(b"connected")
		say(made.recvfrom(100)[1][0])
	END
	diff "$(out r)" - <<-END
		10.99.9.9 10.77.0.3
		10.99.9.9 10.77.0.3
		10.99.9.9
	END
	said w '^10\.77\.0\.3 7000 widened '
	said w '^10\.77\.0\.3 7000 connected '
}

@test "what is sent to a single host leaves by several interfaces where it goes to a group" {
	start w "${UDP[@]}" receive 0.0.0.0 6000 --control --join 239.1.1.1%b0 --join 239.1.1.1%b1
	ready w 6000
	SOCKGRAFT_INTERFACE=a0+a1 SOCKGRAFT_REDIRECT='10.77.0.22->239.1.1.1' run_script r sender grafted <<-END
		made = udp()
		made.sendto(b"sendto", ("10.77.0.22", 6000))
		made.connect(("10.77.0.22", 6000))
		made.send(b"send")
		say(made.getpeername()[0])
	END
	hears w sendto send
	said w '^10\.77\.0\.1 .* sendto .*on=b0'
	said w '^10\.78\.0\.1 .* sendto .*on=b1'
	wait_until said w '^10\.77\.0\.1 .* send .*on=b0'
	wait_until said w '^10\.78\.0\.1 .* send .*on=b1'
	said r '^10\.77\.0\.22$'
}

@test "more control messages than anybody sends, and the datagram goes elsewhere all the same" {
	answerer4 --room 4000000
	capture wire sender a0
	SOCKGRAFT_REDIRECT='10.77.0.22->10.77.0.2' SOCKGRAFT_TTL=9 on sender grafted \
		"$BUILD/tests/controls" 10.77.0.22 6000 a0 10.77.0.1 >"$(out r)"
	hears w a-hundred
	hears w end
	refute has_captured wire '> 10\.77\.0\.22'
}

@test "an error that comes back is of whom the program sent to" {
	SOCKGRAFT_REDIRECT='10.99.9.9->10.77.0.2' run_script r sender grafted <<-END
		made = udp()
		made.setsockopt(IPPROTO_IP, 11, 1) # IP_RECVERR
		made.sendto(b"nobody", ("10.99.9.9", 6009))
		poll = select.poll()
		poll.register(made, 0)
		poll.poll(10000)
		data, controls, flags, name = made.recvmsg(100, 512, socket.MSG_ERRQUEUE)
		say(data, name)
	END
	said r "^b'nobody' \('10.99.9.9', 6009\)$"
}
