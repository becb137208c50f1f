# What is placed on sockets, read from the wire, from a receiver's control messages, or from the kernel.  The
# grafted programs run on the sender.

load hosts
load receivers

setup() {
	hosts_up
}

teardown() {
	hosts_down
}

# grafted_send WORD ADDRESS [OPTION...]: by a program that chooses nothing itself.
grafted_send() {
	local word=$1 address=$2
	shift 2
	on sender grafted "${UDP[@]}" send "$word" "$address" 6000 "$@"
	hears w "$word"
}

# --- the class ---

@test "tos marks unicast and multicast" {
	watch4
	SOCKGRAFT_TOS=0x28 grafted_send one 10.77.0.2
	SOCKGRAFT_TOS=0x28 grafted_send two 239.1.1.1
	said w 'one .*class=0x28'
	said w 'two .*class=0x28'
}

@test "tos takes the name of a DSCP" {
	watch4
	SOCKGRAFT_TOS=ef grafted_send word 10.77.0.2
	said w 'word .*class=0xb8'
}

@test "tclass marks unicast and multicast" {
	watch6
	SOCKGRAFT_TCLASS=0x28 grafted_send one fd77::2
	SOCKGRAFT_TCLASS=0x28 grafted_send two ff15::114
	said w 'one .*class=0x28'
	said w 'two .*class=0x28'
}

@test "dscp marks IPv4" {
	watch4
	SOCKGRAFT_DSCP=ef grafted_send word 239.1.1.1
	said w 'word .*class=0xb8'
}

@test "dscp marks IPv6" {
	watch6
	SOCKGRAFT_DSCP=46 grafted_send word ff15::114
	said w 'word .*class=0xb8'
}

@test "dscp keeps the ECN bits" {
	watch4
	SOCKGRAFT_TOS=2 SOCKGRAFT_DSCP=ef grafted_send word 10.77.0.2
	said w 'word .*class=0xba'
}

@test "IPv6: dscp keeps the ECN bits" {
	watch6
	SOCKGRAFT_TCLASS=1 SOCKGRAFT_DSCP=ef grafted_send word fd77::2
	said w 'word .*class=0xb9'
}

@test "tos leaves IPv6 alone, tclass leaves IPv4 alone" {
	watch4
	SOCKGRAFT_TCLASS=0x28 grafted_send word 10.77.0.2
	said w 'word .*class=0x00'
	stop w
	watch6
	SOCKGRAFT_TOS=0x28 grafted_send word fd77::2
	said w 'word .*class=0x00'
}

@test "a dual-stack socket carries both classes" {
	watch6
	SOCKGRAFT_DSCP=ef on sender grafted "${UDP[@]}" receive :: 0 --both-families \
		--first-send four ::ffff:10.77.0.2 6000 --count 0
	SOCKGRAFT_DSCP=ef on sender grafted "${UDP[@]}" receive :: 0 --both-families \
		--first-send six fd77::2 6000 --count 0
	hears w four six
	said w 'four .*class=0xb8'
	said w 'six .*class=0xb8'
}

@test "a default is placed too" {
	watch4
	SOCKGRAFT_TTL='?9' SOCKGRAFT_DSCP='?ef' grafted_send word 10.77.0.2
	said w 'word hops=9 class=0xb8'
}

# --- hops ---

@test "ttl is for unicast alone" {
	watch4
	SOCKGRAFT_TTL=9 grafted_send one 10.77.0.2
	SOCKGRAFT_TTL=9 grafted_send two 239.1.1.1
	said w 'one hops=9 '
	said w 'two hops=1 '
}

@test "hoplimit is for unicast alone" {
	watch6
	SOCKGRAFT_HOPLIMIT=9 grafted_send one fd77::2
	SOCKGRAFT_HOPLIMIT=9 grafted_send two ff15::114
	said w 'one hops=9 '
	said w 'two hops=1 '
}

@test "multicast-ttl is for multicast alone" {
	watch4
	SOCKGRAFT_MULTICAST_TTL=16 grafted_send one 10.77.0.2
	SOCKGRAFT_MULTICAST_TTL=16 grafted_send two 239.1.1.1
	said w 'one hops=64 '
	said w 'two hops=16 '
}

@test "multicast-hoplimit is for multicast alone" {
	watch6
	SOCKGRAFT_MULTICAST_HOPLIMIT=16 grafted_send one fd77::2
	SOCKGRAFT_MULTICAST_HOPLIMIT=16 grafted_send two ff15::114
	said w 'one hops=64 '
	said w 'two hops=16 '
}

@test "multicast-ttl=0 keeps datagrams on this host" {
	watch4
	start local on sender "${UDP[@]}" receive 0.0.0.0 6000 --join 239.1.1.1%a0
	wait_until joined 239.1.1.1 a0 sender
	SOCKGRAFT_MULTICAST_TTL=0 on sender grafted "${UDP[@]}" send kept 239.1.1.1 6000
	send far 239.1.1.1 6000
	hears local kept far
	hears w far
	deaf w kept
}

# --- where to ---

@test "multicast-loop=off keeps a host from hearing itself" {
	start local on sender "${UDP[@]}" receive 0.0.0.0 6000 --join 239.1.1.1%a0
	wait_until joined 239.1.1.1 a0 sender
	SOCKGRAFT_MULTICAST_LOOP=off on sender grafted "${UDP[@]}" send own 239.1.1.1 6000
	SOCKGRAFT_MULTICAST_LOOP=on on sender grafted "${UDP[@]}" send looped 239.1.1.1 6000
	hears local looped
	deaf local own
}

@test "IPv6: multicast-loop=off keeps a host from hearing itself" {
	start local on sender "${UDP[@]}" receive :: 6000 --join ff15::114%a0
	wait_until joined ff15::114 a0 sender
	SOCKGRAFT_MULTICAST_LOOP=off SOCKGRAFT_INTERFACE=a0 on sender grafted \
		"${UDP[@]}" send own ff15::114 6000
	SOCKGRAFT_MULTICAST_LOOP=on SOCKGRAFT_INTERFACE=a0 on sender grafted \
		"${UDP[@]}" send looped ff15::114 6000
	hears local looped
	deaf local own
}

@test "interface: multicast leaves by it, unicast as before" {
	watch4
	SOCKGRAFT_INTERFACE=a1 grafted_send one 239.1.1.1
	SOCKGRAFT_INTERFACE=a1 grafted_send two 10.77.0.2
	said w '^10\.78\.0\.1 .* one .*on=b1$'
	said w '^10\.77\.0\.1 .* two .*on=b0$'
}

@test "IPv6: interface: multicast leaves by it, unicast as before" {
	watch6
	SOCKGRAFT_INTERFACE=a1 grafted_send one ff15::114
	SOCKGRAFT_INTERFACE=a1 grafted_send two fd77::2
	said w '^fd78::1 .* one .*on=b1$'
	said w '^fd77::1 .* two .*on=b0$'
}

@test "interface by its address and by its index" {
	local index
	index=$(on sender ip -oneline link show dev a1 | cut -d: -f1)
	watch4
	SOCKGRAFT_INTERFACE=10.78.0.1 grafted_send one 239.1.1.1
	SOCKGRAFT_INTERFACE=$index grafted_send two 239.1.1.1
	said w 'one .*on=b1$'
	said w 'two .*on=b1$'
}

@test "interface: the program's own join that named none is made there" {
	SOCKGRAFT_INTERFACE=b1 start r grafted "${UDP[@]}" receive 0.0.0.0 5000 --join 239.1.1.1
	ready r 5000
	joined 239.1.1.1 b1
	refute joined 239.1.1.1 b0
}

@test "interface: the program's own join that named one is made where it said" {
	SOCKGRAFT_INTERFACE=b1 start r grafted "${UDP[@]}" receive 0.0.0.0 5000 --join 239.1.1.1%b0
	ready r 5000
	joined 239.1.1.1 b0
	refute joined 239.1.1.1 b1
}

@test "device: all leaves by it" {
	watch4
	SOCKGRAFT_DEVICE=a1 grafted_send one 239.1.1.1
	said w 'one .*on=b1$'
}

@test "IPv6: device: all leaves by it" {
	watch6
	SOCKGRAFT_DEVICE=a1 grafted_send one ff15::114
	said w 'one .*on=b1$'
}

@test "device: what arrives elsewhere is not heard" {
	SOCKGRAFT_DEVICE=b1 start r grafted "${UDP[@]}" receive 0.0.0.0 5000
	ready r 5000
	send elsewhere 10.77.0.2 5000
	send there 10.78.0.2 5000
	hears r there
	deaf r elsewhere
}

@test "mark: routing by it" {
	on sender ip rule add fwmark 5 table 100
	on sender ip route add 239.1.1.1 dev a1 table 100
	watch4
	grafted_send zero 239.1.1.1
	SOCKGRAFT_MARK=5 grafted_send one 239.1.1.1
	said w 'zero .*on=b0$'
	said w 'one .*on=b1$'
}

# --- options read back ---

# options FAMILY KIND [OPTION...]: what the kernel says of a grafted socket.
options() {
	on sender grafted "${UDP[@]}" options "$@" >"$(out options)"
}

@test "mark and priority are on sockets of every kind" {
	local family kind
	for family in ipv4 ipv6; do
		for kind in udp tcp raw; do
			SOCKGRAFT_MARK=0x7 SOCKGRAFT_PRIORITY=3 options "$family" "$kind"
			said options '^mark=7$'
			said options '^priority=3$'
		done
	done
}

@test "the priority that was asked for is not the one that comes with a class" {
	SOCKGRAFT_PRIORITY=3 SOCKGRAFT_TOS=0x10 options ipv4 udp
	said options '^priority=3$'
	said options '^tos=16$'
}

@test "buffers: the kernel doubles what is asked for" {
	SOCKGRAFT_RCVBUF=64k SOCKGRAFT_SNDBUF=32k options ipv4 udp
	said options '^rcvbuf=131072$'
	said options '^sndbuf=65536$'
	SOCKGRAFT_RCVBUF=64k SOCKGRAFT_SNDBUF=32k options ipv6 tcp
	said options '^rcvbuf=131072$'
	said options '^sndbuf=65536$'
}

@test "buffers past the sysctl's maximum, where permitted" {
	local SO_RCVBUFFORCE=33
	on sender "$PYTHON" -c "import socket; socket.socket().setsockopt(socket.SOL_SOCKET, $SO_RCVBUFFORCE, 1)" \
		2>/dev/null || skip "only the machine's own root may"
	SOCKGRAFT_RCVBUF=64M SOCKGRAFT_SNDBUF=64M options ipv4 udp
	said options '^rcvbuf=134217728$'
	said options '^sndbuf=134217728$'
}

@test "reuse, before the bind" {
	SOCKGRAFT_REUSE=addr options ipv4 udp --bind 0.0.0.0 5000
	said options '^reuseaddr=1$'
	said options '^reuseport=0$'
	SOCKGRAFT_REUSE=port options ipv6 tcp --bind :: 5000
	said options '^reuseaddr=0$'
	said options '^reuseport=1$'
	SOCKGRAFT_REUSE=both options ipv4 tcp --bind 0.0.0.0 5000
	said options '^reuseaddr=1$'
	said options '^reuseport=1$'
}

@test "multicast-all is off where the policy joined, and where it says so" {
	SOCKGRAFT_JOIN=239.1.1.1%a0 options ipv4 udp --bind 0.0.0.0 5000
	said options '^multicast-all=0$'
	SOCKGRAFT_JOIN=ff15::114%a0 options ipv6 udp --bind :: 5000
	said options '^multicast-all6=0$'
	SOCKGRAFT_MULTICAST_ALL=off options ipv4 udp --bind 0.0.0.0 5000
	said options '^multicast-all=0$'
	SOCKGRAFT_MULTICAST_TTL=2 options ipv4 udp --bind 0.0.0.0 5000
	said options '^multicast-all=1$'
}

@test "multicast-all=on stays on where the policy joined" {
	SOCKGRAFT_JOIN=239.1.1.1%a0 SOCKGRAFT_MULTICAST_ALL=on options ipv4 udp --bind 0.0.0.0 5000
	said options '^multicast-all=1$'
}

# --- TCP ---

# What the client and the server say to each other, on the wire at the sender.
tcp_exchange() {
	local client=$1 server=$2 address=$3 wildcard=$4
	capture wire sender a0
	# shellcheck disable=SC2086 # "grafted" or nothing
	start server $server "${UDP[@]}" serve "$wildcard" 8000 --options
	wait_until said server '^at '
	# shellcheck disable=SC2086
	on sender $client "${UDP[@]}" ask "$address" 8000
	sees wire '\.8000 > .*Flags \[F'
	sees wire '> [^ ]*\.8000: .*Flags \[F'
}

@test "TCP: every segment of a client carries the class, the SYN too" {
	SOCKGRAFT_DSCP=af11 SOCKGRAFT_TTL=9 tcp_exchange grafted "" 10.77.0.2 0.0.0.0
	has_captured wire 'tos 0x28, ttl 9,.*> 10\.77\.0\.2\.8000: Flags \[S\]'
	refute has_captured wire 'tos 0x0,.*> 10\.77\.0\.2\.8000: '
}

@test "TCP: every segment of a server carries the class, the SYN-ACK too" {
	SOCKGRAFT_DSCP=af11 SOCKGRAFT_TTL=9 tcp_exchange "" grafted 10.77.0.2 0.0.0.0
	has_captured wire 'tos 0x28, ttl 9,.*10\.77\.0\.2\.8000 > .*Flags \[S\.\]'
	refute has_captured wire 'tos 0x0,.* 10\.77\.0\.2\.8000 > '
	said server '^tos=40$'
	said server '^ttl=9$'
}

@test "IPv6 TCP: every segment of a client carries the class, the SYN too" {
	SOCKGRAFT_DSCP=af11 SOCKGRAFT_HOPLIMIT=9 tcp_exchange grafted "" fd77::2 ::
	has_captured wire 'class 0x28,.*hlim 9,.*> fd77::2\.8000: Flags \[S\]'
	refute has_captured wire 'IP6 \((flowlabel|hlim).*> fd77::2\.8000: '
}

@test "IPv6 TCP: every segment of a server carries the class, the SYN-ACK too" {
	SOCKGRAFT_DSCP=af11 SOCKGRAFT_HOPLIMIT=9 tcp_exchange "" grafted fd77::2 ::
	has_captured wire 'class 0x28,.*hlim 9,.* fd77::2\.8000 > .*Flags \[S\.\]'
	refute has_captured wire 'IP6 \((flowlabel|hlim).* fd77::2\.8000 > '
	said server '^tclass=40$'
	said server '^hoplimit=9$'
}

@test "TCP: accepted connections carry mark, priority and buffers" {
	SOCKGRAFT_MARK=7 SOCKGRAFT_PRIORITY=3 SOCKGRAFT_RCVBUF=64k tcp_exchange "" grafted 10.77.0.2 0.0.0.0
	said server '^mark=7$'
	said server '^priority=3$'
	said server '^rcvbuf=131072$'
}

@test "TCP: an IPv4 client of a dual-stack server is answered with the class" {
	SOCKGRAFT_DSCP=af11 tcp_exchange "" grafted 10.77.0.2 ::
	has_captured wire 'tos 0x28,.* 10\.77\.0\.2\.8000 > .*Flags \[S\.\]'
	refute has_captured wire 'tos 0x0,.* 10\.77\.0\.2\.8000 > '
}

# --- other programs ---

@test "ping, a raw socket" {
	capture wire receiver b0
	SOCKGRAFT_DSCP=ef SOCKGRAFT_TTL=9 on sender grafted ping -c 1 -W 5 10.77.0.2
	sees wire 'tos 0xb8, ttl 9,.*ICMP echo request'
}

@test "IPv6: ping, a raw socket" {
	capture wire receiver b0
	SOCKGRAFT_DSCP=ef SOCKGRAFT_HOPLIMIT=9 on sender grafted ping -6 -c 1 -W 5 fd77::2
	sees wire 'class 0xb8,.*hlim 9,.*ICMP6, echo request'
}

@test "ping of a group" {
	capture wire receiver b1
	SOCKGRAFT_MULTICAST_TTL=16 SOCKGRAFT_INTERFACE=a1 on sender grafted ping -c 1 -W 0.1 239.1.1.1 || :
	sees wire 'ttl 16,.*> 239\.1\.1\.1: ICMP echo request'
}

@test "socat sends with class and TTL" {
	watch4
	SOCKGRAFT_DSCP=ef SOCKGRAFT_MULTICAST_TTL=16 on sender grafted socat -u STDIN UDP4-SENDTO:239.1.1.1:6000 <<<word
	hears w word
	said w 'word hops=16 class=0xb8'
}

@test "nc sends with class and TTL" {
	watch4
	SOCKGRAFT_DSCP=ef SOCKGRAFT_TTL=9 on sender grafted "$(command -v nc.openbsd || echo nc)" \
		-u -q 0 -w 1 10.77.0.2 6000 <<<word
	hears w word
	said w 'word hops=9 class=0xb8'
}

@test "a C program sends with class, TTL and interface" {
	watch4
	SOCKGRAFT_DSCP=ef SOCKGRAFT_MULTICAST_TTL=16 SOCKGRAFT_INTERFACE=a1 \
		on sender grafted "$EXAMPLES/multicast-sender" 239.1.1.1 6000
	hears w datagram
	said w 'datagram 1 hops=16 class=0xb8 to=239\.1\.1\.1 on=b1'
}
