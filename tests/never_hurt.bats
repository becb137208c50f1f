# What programs do, and what must not come of it: each of these would break a program that nobody thought of.

load hosts

setup() {
	hosts_up
}

teardown() {
	hosts_down
}

# python NAME [VARIABLE=VALUE...]: starts a program from standard input, grafted onto.
python() {
	local name=$1
	shift
	{
		echo 'import os, socket, struct, sys, time'
		echo 'def udp(family=socket.AF_INET): return socket.socket(family, socket.SOCK_DGRAM)'
		echo 'def hear(made, last="end"):'
		echo '    heard = ""'
		echo '    while heard != last:'
		echo '        heard = made.recv(2000).decode().strip()'
		echo '        print(heard, flush=True)'
		cat
	} >"$BATS_TEST_TMPDIR/$name.py"
	local assignment
	for assignment; do
		export "${assignment?}"
	done
	start "$name" grafted "$PYTHON" "$BATS_TEST_TMPDIR/$name.py"
}

@test "a copy made before the bind leaves the socket as narrow, and knows its name" {
	python r SOCKGRAFT_JOIN=ff15::114%b0 <<-END
		made = udp(socket.AF_INET6)
		copy = made.dup()
		made.bind(("fd77::22", 5000))
		copy.sendto(b"x", ("fd77::1", 6000))
		print(copy.getsockname()[0], flush=True)
		hear(made)
	END
	wait_until said r '^fd77::22$'
	send address fd77::2 5000
	send group ff15::114 5000
	send end fd77::22 5000
	finish r
	hears r group
	deaf r address
}

@test "a filter attached through a copy does not take the place of ours" {
	python r SOCKGRAFT_JOIN=239.1.1.1%b0 <<-END
		import ctypes
		made = udp()
		copy = made.dup()
		made.bind(("10.77.0.2", 5000))
		code = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0xffffffff))
		copy.setsockopt(socket.SOL_SOCKET, 26, struct.pack("HxxxxxxP", 1, ctypes.addressof(code)))
		print("attached", flush=True)
		hear(made)
	END
	wait_until said r '^attached$'
	send address 10.77.0.22 5000
	send group 239.1.1.1 5000
	send end 10.77.0.2 5000
	finish r
	hears r group
	deaf r address
}

@test "the program may join the policy's group itself, and leave it: it stays joined" {
	python r SOCKGRAFT_JOIN=10.77.0.1@232.7.8.9%b0,239.1.1.1%b0 <<-END
		made = udp()
		made.bind(("0.0.0.0", 5000))
		for group in "239.1.1.1", "232.7.8.9":
		    request = socket.inet_aton(group) + socket.inet_aton("10.77.0.2")
		    made.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, request)
		    made.setsockopt(socket.IPPROTO_IP, socket.IP_DROP_MEMBERSHIP, request)
		print("left", flush=True)
		hear(made)
	END
	wait_until said r '^left$'
	send unwanted 232.7.8.9 5000 10.77.0.3
	send wanted 232.7.8.9 5000 10.77.0.1
	send end 239.1.1.1 5000
	finish r
	hears r wanted
	deaf r unwanted
	silent r
}

@test "a program that joins on its own before the bind is not refused" {
	python r SOCKGRAFT_JOIN=239.1.1.1%b0 <<-END
		made = udp()
		request = socket.inet_aton("239.1.1.1") + socket.inet_aton("10.77.0.2")
		made.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, request)
		made.bind(("0.0.0.0", 5000))
		print("bound", flush=True)
		hear(made)
	END
	wait_until said r '^bound$'
	send end 239.1.1.1 5000
	finish r
	silent r
}

@test "a socket for each of several addresses on one port: each hears its own, the first the group" {
	python r SOCKGRAFT_JOIN=239.1.1.1%b0 <<-END
		first, second = udp(), udp()
		first.bind(("10.77.0.2", 5000))
		second.bind(("10.77.0.22", 5000))
		print([made.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR) for made in (first, second)], flush=True)
		hear(second, "second")
		hear(first)
	END
	wait_until said r '^\[0, 0\]$'
	send group 239.1.1.1 5000
	send second 10.77.0.22 5000
	send end 10.77.0.2 5000
	finish r
	hears r second group end
	[ "$(warnings r)" = 1 ]
}

@test "a program whose stderr was closed finds nothing of ours in its files" {
	cat >"$BATS_TEST_TMPDIR/r.py" <<-END
		import os, socket, sys
		data = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT)
		made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		made.bind(("10.77.0.2", 5000))
		print(data)
	END
	SOCKGRAFT_JOIN=239.1.1.1%nope0 on receiver env LD_PRELOAD="$GRAFT" \
		sh -c 'exec "$@" 2>&-' sh "$PYTHON" "$BATS_TEST_TMPDIR/r.py" "$BATS_TEST_TMPDIR/data"
	[ ! -s "$BATS_TEST_TMPDIR/data" ]
}

@test "a handler with SA_RESTART lets a receive go on, while a membership waits too" {
	start r grafted env SOCKGRAFT_JOIN=239.1.1.1%nope0 "$BUILD/tests/probe" restarted 10.77.0.2 5000
	wait_until said r '^alarm$'
	send end 10.77.0.2 5000
	finish r
	said r '^end$'
}

@test "a read of no bytes does not wait, while a membership does" {
	python r SOCKGRAFT_JOIN=239.1.1.1%nope0 <<-END
		made = udp()
		made.bind(("10.77.0.2", 5000))
		print(os.read(made.fileno(), 0), flush=True)
	END
	finish r
	said r "^b''$"
}

@test "a descriptor that was closed behind our back is not joined" {
	python r SOCKGRAFT_JOIN=239.1.1.1%b5 <<-END
		import ctypes
		libc = ctypes.CDLL(None)
		made = udp()
		made.bind(("10.77.0.2", 5000))
		libc.syscall(3, made.fileno())
		end, other = os.pipe()
		print(end == made.fileno(), flush=True)
		for _ in range(3):
		    libc.poll(None, 0, 700)
	END
	[ "$(uname -m)" = x86_64 ] || skip "the number of close is x86-64's"
	finish r
	said r '^True$'
	[ "$(warnings r)" = 1 ]
}

@test "ping by ICMP datagrams hears its answers" {
	on receiver sysctl -qw net.ipv4.ping_group_range="0 0" || skip "no ICMP datagram sockets here"
	SOCKGRAFT_JOIN=ff15::114%b0,239.1.1.1%b0 grafted ping -c 1 -W 5 -I fd77::22 fd77::1
	SOCKGRAFT_JOIN=ff15::114%b0,239.1.1.1%b0 grafted ping -c 1 -W 5 -I 10.77.0.22 10.77.0.1
}

@test "bound to a link-local address, it hears its own host" {
	python r SOCKGRAFT_JOIN=ff15::114%b0 <<-END
		zone = socket.if_nametoindex("b0")
		made = udp(socket.AF_INET6)
		made.bind(("fe80::b0", 5000, 0, zone))
		udp(socket.AF_INET6).sendto(b"end", ("fe80::b0", 5000, 0, zone))
		hear(made)
	END
	finish r
}

@test "a mapped address that is not the first of its network stays the source of a connection" {
	python r SOCKGRAFT_JOIN=239.1.1.1%b0 <<-END
		made = udp(socket.AF_INET6)
		made.bind(("::ffff:10.77.0.22", 5000))
		made.connect(("::ffff:10.77.0.1", 6000))
		print(made.getsockname()[0], flush=True)
	END
	finish r
	said r '^::ffff:10.77.0.22$'
}

@test "bytes behind the last control message are no error" {
	start r grafted env SOCKGRAFT_JOIN=239.1.1.1%b0 "$BUILD/tests/probe" control-tail 10.77.0.22 5000 10.77.0.1 6000
	finish r
	said r '^sent 4$'
}

@test "a connection that is the program's stderr carries nothing of ours" {
	cat >"$BATS_TEST_TMPDIR/r.py" <<-END
		import os, socket, subprocess, sys
		listener = socket.create_server(("127.0.0.1", 8000))
		peer = socket.create_connection(("127.0.0.1", 8000))
		accepted, _ = listener.accept()
		child = "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).bind(('127.0.0.1', 5000))"
		subprocess.run([sys.executable, "-c", child], stderr=accepted.fileno(),
		    env=dict(os.environ, LD_PRELOAD=sys.argv[1], SOCKGRAFT_JOIN="239.1.1.1%nope0"), check=True)
		accepted.close()
		print(peer.recv(1000))
	END
	on receiver "$PYTHON" "$BATS_TEST_TMPDIR/r.py" "$GRAFT" >"$(out r)"
	said r "^b''$"
}

@test "bind=ADDRESS that the kernel refuses is a warning, and the program is bound as it asked" {
	python r SOCKGRAFT_BIND=10.99.0.1 <<-END
		made = udp()
		made.bind(("10.77.0.2", 5000))
		print(made.getsockname(), flush=True)
	END
	finish r
	said r "'10.77.0.2', 5000"
	[ "$(warnings r '10.99.0.1:5000: Cannot assign')" = 1 ]
}

@test "addr= sees the address that a connect gives" {
	python r SOCKGRAFT_RULES='addr=10.77.0.0/24: ttl=9' <<-END
		made = udp()
		made.bind(("0.0.0.0", 5000))
		made.connect(("10.77.0.1", 6000))
		print("ttl", made.getsockopt(socket.IPPROTO_IP, socket.IP_TTL), flush=True)
	END
	finish r
	said r '^ttl 9$'
}

@test "a full pipe in place of stderr holds nobody up" {
	cat >"$BATS_TEST_TMPDIR/r.py" <<-END
		import fcntl, os, socket
		reader, writer = os.pipe()
		fcntl.fcntl(writer, fcntl.F_SETFL, os.O_NONBLOCK)
		try:
		    while True:
		        os.write(writer, b"x" * 4096)
		except BlockingIOError:
		    pass
		fcntl.fcntl(writer, fcntl.F_SETFL, 0)
		os.dup2(writer, 2)
		made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		made.bind(("10.77.0.2", 5000))
		print("bound")
	END
	SOCKGRAFT_JOIN=239.1.1.1%nope0 start r grafted "$PYTHON" "$BATS_TEST_TMPDIR/r.py"
	finish r
	said r '^bound$'
}

@test "valgrind finds nothing wrong with what is looked at" {
	command -v valgrind >/dev/null || skip "there is no valgrind here"
	[[ $GRAFT != *" "* ]] || skip "the sanitizers are in the way"
	# nc's addresses lie on the heap, where getaddrinfo put them.
	SOCKGRAFT_JOIN=239.1.1.1%b0 SOCKGRAFT_LOG=error start r grafted \
		valgrind -q --error-exitcode=9 nc -u -w 1 -s 10.77.0.22 10.77.0.1 6000
	finish r
	silent r
}
