# Sends and connects that go elsewhere, and programs that don't know it.

load hosts
load receivers
load scripts

setup() {
	hosts_up
}

teardown() {
	hosts_down
}

# went_to WORD ADDRESS: and nowhere else.
went_to() {
	hears w "$1"
	said w " $1 .*to=$2 on=b0\$"
	[ "$(grep -c " $1 " "$(out w)")" = 1 ]
}

# --- who is sent to: python3, socat, nc ---

# sends_on FROM TO: by every call, connected and not.
sends_on() {
	SOCKGRAFT_REDIRECT="$1->$2" run_script r sender grafted <<-END
		family = AF_INET6 if ":" in "$1" else AF_INET
		name = ("$1", 6000)
		made = udp(family)
		say(made.sendto(b"sendto", name), made.sendmsg([b"send", b"msg"], [], 0, name))
		made.connect(name)
		say(made.send(b"send"), made.sendmsg([b"sendmsg-to-peer"]), os.write(made.fileno(), b"write"))
		say(made.getpeername()[:2] == name, made.sendto(b"sendto-past-peer", name))
	END
	on sender grafted env SOCKGRAFT_REDIRECT="$1->$2" "$BUILD/tests/vector" 6000 "many@$1" "more@$1+ttl" \
		"connected@$1" >"$(out vector)"
	said vector '^sent 3: 4 4 9$'
	local word
	for word in sendto sendmsg send sendmsg-to-peer write sendto-past-peer many more connected; do
		went_to "$word" "${3-$2}"
	done
	diff "$(out r)" - <<-END
		6 7
		4 15 5
		True 16
	END
	silent r
}

@test "unicast to unicast" {
	answerer4
	sends_on 10.99.9.9 10.77.0.2
}

@test "IPv6: unicast to unicast" {
	answerer6
	sends_on fd99::9 fd77::2
}

@test "a broadcaster, to a group" {
	answerer4
	sends_on 10.77.0.255 239.1.1.1
}

@test "unicast to a group" {
	answerer4
	sends_on 10.77.0.22 239.1.1.1
}

@test "IPv6: unicast to a group" {
	answerer6
	sends_on fd77::22 ff15::114
}

@test "a group to a group, and a group to unicast" {
	answerer4
	sends_on 239.9.9.9 239.1.1.1
	stop w
	answerer4
	sends_on 239.9.9.9 10.77.0.2
}

@test "IPv6: a group to a group, and a group to unicast" {
	answerer6
	sends_on ff15::999 ff15::114
	stop w
	answerer6
	sends_on ff15::999 fd77::2
}

@test "another port" {
	answerer4
	SOCKGRAFT_REDIRECT='10.77.0.2:7000->10.77.0.2:6000' run_script r sender grafted <<-END
		made = udp()
		made.sendto(b"word", ("10.77.0.2", 7000))
		say(made.recvfrom(100)[1])
		made.connect(("10.77.0.2", 7000))
		say(made.getpeername())
	END
	went_to word 10.77.0.2
	said r "^\('10.77.0.2', 7000\)$"
	[ "$(sort -u "$(out r)" | wc -l)" = 1 ]
}

@test "socat and nc send where they are sent" {
	answerer4
	SOCKGRAFT_REDIRECT='10.99.9.9->10.77.0.2' on sender grafted socat -u STDIN UDP4-SENDTO:10.99.9.9:6000 <<<socat-sendto
	SOCKGRAFT_REDIRECT='10.99.9.9->10.77.0.2' on sender grafted socat -u STDIN UDP4-DATAGRAM:10.99.9.9:6000 <<<socat-datagram
	SOCKGRAFT_REDIRECT='10.99.9.9->239.1.1.1' on sender grafted socat -u STDIN UDP4:10.99.9.9:6000 <<<socat-connected
	SOCKGRAFT_REDIRECT='10.99.9.9->239.1.1.1' on sender grafted "$NC" -u -q 0 -w 1 10.99.9.9 6000 <<<netcat
	went_to socat-sendto 10.77.0.2
	went_to socat-datagram 10.77.0.2
	went_to socat-connected 239.1.1.1
	went_to netcat 239.1.1.1
}

@test "IPv6: socat and nc send where they are sent" {
	answerer6
	SOCKGRAFT_REDIRECT='fd99::9->fd77::2' on sender grafted socat -u STDIN 'UDP6-SENDTO:[fd99::9]:6000' <<<socat-sendto
	SOCKGRAFT_REDIRECT='fd99::9->ff15::114' on sender grafted socat -u STDIN 'UDP6:[fd99::9]:6000' <<<socat-connected
	SOCKGRAFT_REDIRECT='fd99::9->ff15::114' on sender grafted "$NC" -u -q 0 -w 1 fd99::9 6000 <<<netcat
	went_to socat-sendto fd77::2
	went_to socat-connected ff15::114
	went_to netcat ff15::114
}

@test "nothing goes where the program sent it" {
	capture wire sender a0
	answerer4
	sends_on 10.77.0.22 10.77.0.2
	refute has_captured wire '> 10\.77\.0\.22'
}

# --- who answers ---

# answers FROM TO: each receiving call shows the one that was asked.
answers() {
	SOCKGRAFT_REDIRECT="$1->$2" run_script r sender grafted <<-END
		family = AF_INET6 if ":" in "$1" else AF_INET
		name = ("$1", 6000)
		made = udp(family)
		for how in "recvfrom", "recvfrom_into", "recvmsg", "recvmsg_into", "read":
		    made.sendto(how.encode(), name)
		    wait_for(made)
		    if how == "recvfrom":
		        say(how, made.recvfrom(100)[1][:2] == name)
		    elif how == "recvfrom_into":
		        say(how, made.recvfrom_into(bytearray(100))[1][:2] == name)
		    elif how == "recvmsg":
		        say(how, made.recvmsg(100)[3][:2] == name)
		    elif how == "recvmsg_into":
		        say(how, made.recvmsg_into([bytearray(100)])[3][:2] == name)
		    else:
		        say(how, os.read(made.fileno(), 100))
		made.connect(name)
		made.send(b"connected")
		say("connected", made.recvfrom(100)[1][:2] == name, made.getpeername()[:2] == name)
	END
	diff "$(out r)" - <<-END
		recvfrom True
		recvfrom_into True
		recvmsg True
		recvmsg_into True
		read b'answer\n'
		connected True True
	END
}

@test "an answer comes from whom the program asked" {
	answerer4
	answers 10.99.9.9 10.77.0.2
}

@test "IPv6: an answer comes from whom the program asked" {
	answerer6
	answers fd99::9 fd77::2
}

@test "an answer that a thread waits for, which began to before anything was sent" {
	answerer4
	SOCKGRAFT_REDIRECT="10.99.9.9->10.77.0.2" run_script r sender grafted <<-END
		import threading
		made = udp(AF_INET, "0.0.0.0", 7000)
		for call in lambda: made.recvfrom(100)[1], lambda: made.recvmsg(100)[3]:
		    waiting = threading.Thread(target=lambda: say(call()))
		    waiting.start()
		    task = "/proc/self/task/%d/stat" % waiting.native_id
		    while ") S " not in open(task).read():
		        pass
		    made.sendto(b"question", ("10.99.9.9", 6000))
		    waiting.join()
		    made.close()
		    made = udp(AF_INET, "0.0.0.0", 7001)
	END
	diff "$(out r)" - <<-END
		('10.99.9.9', 6000)
		('10.99.9.9', 6000)
	END
}

@test "of several that lead to one, the one that was asked last answers" {
	answerer4
	SOCKGRAFT_REDIRECT="10.99.9.8->10.77.0.2 10.99.9.9->10.77.0.2" run_script r sender grafted <<-END
		made = udp()
		for address in "10.99.9.8", "10.99.9.9", "10.99.9.8":
		    made.sendto(b"question", (address, 6000))
		    say(made.recvfrom(100)[1][0])
		made.connect(("10.99.9.9", 6000))
		say(made.getpeername()[0])
	END
	diff "$(out r)" - <<-END
		10.99.9.8
		10.99.9.9
		10.99.9.8
		10.99.9.9
	END
}

@test "nobody else comes in another's name" {
	answerer4
	SOCKGRAFT_REDIRECT="10.99.9.9:6000->10.77.0.2:6000" script r sender grafted <<-END
		made = udp(AF_INET, "0.0.0.0", 7000)
		made.sendto(b"question", ("10.99.9.9", 6000))
		for _ in range(4):
		    data, name = made.recvfrom(100)
		    say(data.decode().strip(), *name)
	END
	hears r answer
	said r '^answer 10\.99\.9\.9 6000$'
	on receiver "${UDP[@]}" send other-address 10.77.0.1 7000 --source 10.77.0.22 --source-port 6001
	on receiver "${UDP[@]}" send other-port 10.77.0.1 7000 --source 10.77.0.2 --source-port 6001
	on receiver "${UDP[@]}" send last 10.77.0.1 7000 --source 10.77.0.22 --source-port 7777
	finish r
	said r '^other-address 10\.77\.0\.22 6001$'
	said r '^other-port 10\.77\.0\.2 6001$'
	said r '^last 10\.77\.0\.22 7777$'
}

# answered_by FROM TO: to the one that reads, by a copy that was made before anything was sent, by a child, by the parent.
answered_elsewhere() {
	SOCKGRAFT_REDIRECT="$1->$2" run_script r sender grafted <<-END
		name = ("$1", 6000)
		made = udp(AF_INET6 if ":" in "$1" else AF_INET)
		made.settimeout(10)
		copy = made.dup()
		copy.sendto(b"question", name)
		say("original", made.recvfrom(100)[1][:2] == name)
		for child_sends in False, True:
		    made = udp(made.family, "", 7000 + child_sends)
		    made.settimeout(10)
		    child = os.fork()
		    if bool(child) != child_sends:
		        made.sendto(b"question", name)
		    else:
		        say("child" if not child else "parent", made.recvfrom(100)[1][:2] == name)
		    if not child:
		        os._exit(0)
		    os.waitpid(child, 0)
		    made.close()
	END
	diff "$(out r)" - <<-END
		original True
		child True
		parent True
	END
}

@test "an answer comes from whom the program asked by another descriptor, or in another process" {
	answerer4
	answered_elsewhere 10.99.9.9 10.77.0.2
}

@test "IPv6: an answer comes from whom the program asked by another descriptor, or in another process" {
	answerer6
	answered_elsewhere fd99::9 fd77::2
}

@test "a peer that is asked by its own name answers by that" {
	answerer4
	SOCKGRAFT_REDIRECT="10.99.9.9->10.77.0.2" run_script r sender grafted <<-END
		made = udp()
		made.settimeout(10)
		for name in "10.99.9.9", "10.77.0.2", "10.77.0.2", "10.99.9.9":
		    made.sendto(b"question", (name, 6000))
		    say(made.recvfrom(100)[1][0])
		made.connect(("10.99.9.9", 6000))
		made.sendto(b"question", ("10.77.0.2", 6000))
		say(made.recvfrom(100)[1][0], made.getpeername()[0])
	END
	diff "$(out r)" - <<-END
		10.99.9.9
		10.77.0.2
		10.77.0.2
		10.99.9.9
		10.99.9.9 10.99.9.9
	END
}

@test "what answers in the place of a group, or of all hosts, has its own address" {
	answerer4
	SOCKGRAFT_REDIRECT="239.9.9.9->10.77.0.2 255.255.255.255->10.77.0.2" run_script r sender grafted <<-END
		made = udp()
		made.settimeout(10)
		made.setsockopt(SOL_SOCKET, socket.SO_BROADCAST, 1)
		for name in "239.9.9.9", "255.255.255.255":
		    made.sendto(b"question", (name, 6000))
		    say(made.recvfrom(100)[1][0])
	END
	[ "$(cat "$(out r)")" = "$(printf '10.77.0.2\n10.77.0.2')" ]
}

@test "a group of one link goes further by the link that the program named" {
	start w "${UDP[@]}" receive :: 6000 --control --join ff15::114%b0 --join ff15::114%b1
	ready w 6000
	SOCKGRAFT_REDIRECT='ff02::9->ff15::114' run_script r sender grafted <<-END
		for link in "a1", "a0":
		    group = ("ff02::9", 6000, 0, index(link))
		    udp(AF_INET6).sendto(b"datagram-" + link.encode(), group)
		    made = udp(AF_INET6)
		    made.connect(group)
		    made.send(b"connected-" + link.encode())
		    say(made.getpeername()[0].split("%")[0])
	END
	[ "$(cat "$(out r)")" = "$(printf 'ff02::9\nff02::9')" ]
	for link in 0 1; do
		wait_until said w " datagram-a$link .*on=b$link\$"
		wait_until said w " connected-a$link .*on=b$link\$"
	done
	[ "$(grep -c hops= "$(out w)")" = 4 ]
}

@test "a header of the program's own says where it goes" {
	SOCKGRAFT_LOG=info SOCKGRAFT_REDIRECT="10.99.9.9->10.77.0.2" run_script r sender grafted <<-END
		made = socket.socket(AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
		header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20, 0, 0, 9, 253, 0, bytes(4), socket.inet_aton("10.99.9.9"))
		say(errno_of(made.sendto, header, ("10.99.9.9", 0)))
		plain = socket.socket(AF_INET, socket.SOCK_RAW, 253)
		say(plain.sendto(b"datagram", ("10.99.9.9", 0)))
	END
	[ "$(warnings r 'redirect 10.99.9.9->10.77.0.2')" = 1 ]
	said r '^8$'
}

@test "sendmmsg ends where the kernel ends it" {
	run_script plain sender <"$(mmsg_to_nobody)"
	SOCKGRAFT_REDIRECT="10.99.9.9->10.77.0.2" run_script r sender grafted <"$(mmsg_to_nobody)"
	diff "$(out plain)" "$(out r)"
	said r '^\[1, 1, 1\] 4$'
}

# A program that sends three datagrams by each of three calls to a port that nobody has: the answer to the first of a call
# ends it, and is used up.
mmsg_to_nobody() {
	cat >"$BATS_TEST_TMPDIR/mmsg" <<-'END'
		import ctypes, time
		made = udp()
		made.connect(("127.0.0.1", 6009))
		class Part(ctypes.Structure):
		    _fields_ = [("base", ctypes.c_char_p), ("length", ctypes.c_size_t)]
		class Message(ctypes.Structure):
		    _fields_ = [("name", ctypes.c_void_p), ("namelen", ctypes.c_uint), ("parts", ctypes.POINTER(Part)),
		        ("count", ctypes.c_size_t), ("control", ctypes.c_void_p), ("controllen", ctypes.c_size_t),
		        ("flags", ctypes.c_int), ("sent", ctypes.c_uint)]
		part = Part(b"datagram", 8)
		messages = (Message * 3)(*[Message(None, 0, ctypes.pointer(part), 1) for _ in range(3)])
		sent = [ctypes.CDLL(None).sendmmsg(made.fileno(), messages, 3, 0) for _ in range(3)]
		say(sent, made.send(b"last"))
	END
	echo "$BATS_TEST_TMPDIR/mmsg"
}
