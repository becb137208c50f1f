# The device that a socket is bound to: the policy's, which stays, and the program's own, which the rest of the policy
# meets.

load hosts
load receivers
load scripts

setup() {
	hosts_up
}

teardown() {
	hosts_down
}

# on_link LINK WORD...: they came by this one alone.
on_link() {
	local link=$1 word
	shift
	for word; do
		wait_until said w " $word .*on=$link\$"
		[ "$(grep -c " $word " "$(out w)")" = 1 ] || fail "$word came elsewhere too"
	done
}

# came TIMES PATTERN: so many lines of the receiver's match.
came() {
	[ "$(grep -Ec -e "$2" "$(out w)")" = "$1" ]
}

# --- a socket that is disconnected ---

# disconnects GROUP PEER: what it is bound to before, while and after it is connected.
disconnects() {
	run_script r sender grafted <<-END
		import ctypes
		def disconnect(made):
		    say(ctypes.CDLL(None).connect(made.fileno(), ctypes.create_string_buffer(16), 16))
		def device(made):
		    return made.getsockopt(SOL_SOCKET, socket.SO_BINDTODEVICE, 16).rstrip(b"\\0").decode() or "none"
		family = AF_INET6 if ":" in "$1" else AF_INET
		made = udp(family)
		before = device(made)
		made.connect(("$2", 6000))
		connected = device(made)
		disconnect(made)
		say(before, connected, device(made))
		made.sendto(b"group", ("$1", 6000))
		made.setsockopt(SOL_SOCKET, socket.SO_BINDTODEVICE, b"a0")
		say("own", device(made))
		disconnect(made)
		say("own", device(made))
	END
}

@test "device: disconnecting a socket leaves it" {
	watch4
	SOCKGRAFT_DEVICE=a1 disconnects 239.1.1.1 10.78.0.2
	said r '^a1 a1 a1$'
	on_link b1 group
	[ "$(grep -c '^own a1$' "$(out r)")" = 2 ]
	silent r
}

@test "IPv6: device: disconnecting a socket leaves it" {
	watch6
	SOCKGRAFT_DEVICE=a1 disconnects ff15::114 fd78::2
	said r '^a1 a1 a1$'
	on_link b1 group
	[ "$(grep -c '^own a1$' "$(out r)")" = 2 ]
	silent r
}

@test "device: what a rule on the peer has placed stays when the socket is disconnected" {
	SOCKGRAFT_RULES='udp to=10.78.0.2: device=a1; udp to=fd78::2: device=a1' disconnects 239.1.1.1 10.78.0.2
	said r '^none a1 a1$'
	SOCKGRAFT_RULES='udp to=10.78.0.2: device=a1; udp to=fd78::2: device=a1' disconnects ff15::114 fd78::2
	said r '^none a1 a1$'
}

@test "device: a default comes back when the socket is disconnected, unless the program has one of its own" {
	local group peer
	while read -r group peer; do
		SOCKGRAFT_DEVICE='?a1' disconnects "$group" "$peer"
		said r '^a1 a1 a1$'
		said r '^own a0$'
		said r '^own none$'
	done <<-END
		239.1.1.1 10.78.0.2
		ff15::114 fd78::2
	END
}

# --- the program's own, and interface= ---

# binds GROUP DEVICE...: what its multicast leaves by, in turn, where "" lets go of the device.
binds() {
	local group=$1
	shift
	run_script r sender grafted <<-END
		family = AF_INET6 if ":" in "$group" else AF_INET
		made = udp(family)
		for device in "$*".split(","):
		    result = errno_of(made.setsockopt, SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
		    say(result, errno_of(made.sendto, ("by-%s" % device).encode(), ("$group", 6000)))
	END
}

# refuses_interface GROUP WATCH
refuses_interface() {
	"$2"
	SOCKGRAFT_INTERFACE=a0 binds "$1" a0,a1,
	on_link b0 by-a0 by-
	on_link b1 by-a1
	[ "$(warnings r 'warn: fd [0-9]+ udp .*: interface=a0: Invalid argument: the program bound the socket to a1, and multicast leaves by that alone; device= overrides it$')" = 1 ]
	[ "$(warnings r)" = 1 ]
}

@test "interface: the program's own device comes before it, with one warning" {
	refuses_interface 239.1.1.1 watch4
}

@test "IPv6: interface: the program's own device comes before it, with one warning" {
	refuses_interface ff15::114 watch6
}

@test "interface: the program's own device, by its index, and before the interface is known" {
	SOCKGRAFT_RULES='udp to=239.0.0.0/8: interface=a0; udp to=ff15::/16: interface=a0' run_script r sender grafted <<-END
		for family, group in (AF_INET, "239.1.1.1"), (AF_INET6, "ff15::114"):
		    made = udp(family)
		    made.setsockopt(SOL_SOCKET, 62, index("a1")) # SO_BINDTOIFINDEX
		    made.sendto(b"word", (group, 6000))
	END
	[ "$(warnings r 'interface=a0: Invalid argument: the program bound the socket to a1')" = 2 ]
	[ "$(warnings r)" = 2 ]
}

@test "interface: with ON_ERROR=fail the program's own device is refused" {
	watch4
	SOCKGRAFT_ON_ERROR=fail SOCKGRAFT_INTERFACE=a0 binds 239.1.1.1 a1
	said r '^EINVAL 5$'
	on_link b0 by-a1
}

@test "interface: a default gives way to the program's own device" {
	watch6
	SOCKGRAFT_INTERFACE='?a0' binds ff15::114 a1
	on_link b1 by-a1
	silent r
	SOCKGRAFT_INTERFACE='?a0+a0' binds ff15::114 a1
	wait_until came 2 ' by-a1 .*on=b1$'
	silent r
}

@test "several interfaces: IPv4 leaves by each, whatever device the program has" {
	watch4
	SOCKGRAFT_INTERFACE=a0+a1 binds 239.1.1.1 a1,a0
	wait_until came 4 ' by-a[01] .*on=b[01]$'
	silent r
}

@test "IPv6: several interfaces: the program's own device, the first of them: the others fail, with one warning" {
	watch6
	SOCKGRAFT_INTERFACE=a0+a1 binds ff15::114 a0,a0
	wait_until came 2 ' by-a0 .*on=b0$'
	[ "$(warnings r 'send on interface a1: Invalid argument: the program bound the socket to a0, and multicast leaves by that alone; device= overrides it$')" = 1 ]
	[ "$(warnings r)" = 1 ]
}

@test "IPv6: several interfaces: the program's own device, one that is none of them, with one warning" {
	on sender ip -batch - <<-END
		link add a9 type veth peer name c9
		address add fd99::1/64 dev a9 nodad
		link set a9 up
		link set c9 up
	END
	wait_until link_up sender a9
	watch6
	capture wire sender c9
	SOCKGRAFT_INTERFACE=a0+a1 binds ff15::114 a9,a1,
	[ "$(grep -c '^None [0-9]' "$(out r)")" = 3 ]
	sees wire 'fd99::1\.[0-9]+ > ff15::114\.6000'
	on_link b1 by-a1
	wait_until said w ' by- .*on=b0$'
	wait_until said w ' by- .*on=b1$'
	[ "$(warnings r 'interface=a0\+a1: Invalid argument: the program bound the socket to a9, and multicast')" = 1 ]
	[ "$(warnings r 'interface=a0\+a1: Invalid argument: the program bound the socket to a1, and multicast')" = 1 ]
	[ "$(warnings r)" = 2 ]
}

@test "interface: a VRF of which it is one is no obstacle" {
	on sender ip link add vrf0 type vrf table 100 || skip "no VRF here"
	on sender ip link set vrf0 up
	on sender ip link set a0 master vrf0
	SOCKGRAFT_INTERFACE=a0 binds 239.1.1.1 vrf0
	silent r
	SOCKGRAFT_INTERFACE=a0 binds ff15::114 vrf0
	silent r
}

# judges FAMILY [grafted]: what comes of other interfaces than that of a socket's own device.
judges() {
	run_script r sender "${2-}" <<-END
		for device in "a0", "a1":
		    made = udp($1)
		    made.setsockopt(SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
		    for name in "a0", "a1":
		        say(device, name, errno_of(by, made, name))
		    if $1 == AF_INET:
		        for address in "10.77.0.1", "10.78.0.1":
		            say(device, address, errno_of(made.setsockopt, IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(address)))
	END
}

@test "interface: another than that of the program's own device is refused, as without us" {
	local family
	for family in AF_INET AF_INET6; do
		judges "$family"
		cp "$(out r)" "$BATS_TEST_TMPDIR/without"
		grep -q EINVAL "$BATS_TEST_TMPDIR/without"
		SOCKGRAFT_INTERFACE=a0 judges "$family" grafted
		diff "$BATS_TEST_TMPDIR/without" "$(out r)"
		SOCKGRAFT_INTERFACE=a0+a1 judges "$family" grafted
		diff "$BATS_TEST_TMPDIR/without" "$(out r)"
	done
}

# --- the interface of a source for all datagrams (IPV6_PKTINFO), and interface= ---

@test "IPv6: interface: the program's own for all datagrams is that of unicast still" {
	local interfaces
	watch6
	for interfaces in a0 a0+a0; do
		SOCKGRAFT_INTERFACE=$interfaces run_script r sender grafted <<-END
			def source(made, index):
			    made.setsockopt(IPPROTO_IPV6, socket.IPV6_PKTINFO, b"\\0" * 16 + struct.pack("I", index))
			made = udp(AF_INET6)
			source(made, index("a1"))
			made.sendto(b"unicast", ("fe80::b1", 6000))
			made.sendto(b"multicast", ("ff15::114", 6000))
			source(made, 0)
			say("none left", made.getsockopt(IPPROTO_IPV6, 76)) # IPV6_UNICAST_IF
			made.setsockopt(IPPROTO_IPV6, 76, socket.htonl(index("a1")))
			source(made, 0)
			say("its own", socket.ntohl(made.getsockopt(IPPROTO_IPV6, 76)) == index("a1"))
		END
		wait_until said w '^fe80::a1 [0-9]+ unicast .*on=b1$'
		wait_until said w '^fd77::1 [0-9]+ multicast .*on=b0$'
		refute said w ' multicast .*on=b1$'
		said r '^none left 0$'
		said r '^its own True$'
		silent r
		stop w
		watch6
	done
}

# --- the socket's device, and join= ---

# binds_addresses: what comes of a bind to each address, on each device.
binds_addresses() {
	run_script r receiver "$@" <<-END
		for device in b"", b"lo", b"b0", b"b1":
		    for address in "127.0.0.1", "10.77.0.2", "10.78.0.2", "10.99.9.9", "::1", "fd77::2", "fd78::2", "fd99::9":
		        made = udp(AF_INET6 if ":" in address else AF_INET)
		        made.setsockopt(SOL_SOCKET, socket.SO_BINDTODEVICE, device)
		        say(device, address, errno_of(made.bind, (address, 5000)), made.getsockname()[:2])
	END
}

@test "join: a bind to an address that is not the device's fails as without us" {
	binds_addresses
	cp "$(out r)" "$BATS_TEST_TMPDIR/without"
	grep -q "b'b0' ::1 EADDRNOTAVAIL" "$BATS_TEST_TMPDIR/without"
	SOCKGRAFT_JOIN=239.1.1.1%b0,ff15::114%b0 binds_addresses grafted
	diff "$BATS_TEST_TMPDIR/without" "$(out r)"
	silent r
}

@test "join: a widened socket on the program's device hears the group" {
	local address group
	while read -r address group; do
		SOCKGRAFT_JOIN="$group%b0" script r receiver grafted <<-END
			made = udp(AF_INET6 if ":" in "$address" else AF_INET)
			made.setsockopt(SOL_SOCKET, socket.SO_BINDTODEVICE, b"b0")
			made.bind(("$address", 5000))
			say(made.recv(100).decode())
		END
		ready r 5000
		send word "$group" 5000
		hears r word
		silent r
		finish r
	done <<-END
		10.77.0.2 239.1.1.1
		fd77::2 ff15::114
	END
}
