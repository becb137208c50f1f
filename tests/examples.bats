# The examples of core: each does what its first line says, IPv4 and IPv6 alike, also on the wire; and whoever has
# the library installed can build them.

load hosts

setup() {
	hosts_up
}

teardown() {
	hosts_down
}

# example NAME [on HOST] PROGRAM ARGUMENT...: starts one of them in the background. What it is told to do later comes
# from a FIFO: tell NAME LINE.
example() {
	local name=$1 host=receiver fd
	shift
	if [ "$1" = on ]; then
		host=$2
		shift 2
	fi
	mkfifo "$BATS_TEST_TMPDIR/$name.in"
	exec {fd}<>"$BATS_TEST_TMPDIR/$name.in" # neither end waits for the other then
	INPUT=$BATS_TEST_TMPDIR/$name.in start "$name" on "$host" "$EXAMPLES/core/$1" "${@:2}"
	exec {fd}>&-
}

tell() {
	echo "$2" >"$BATS_TEST_TMPDIR/$1.in"
}

# says NAME PATTERN: waits for a line on standard output.
says() {
	wait_until said "$@"
}

# prints PATTERN COMMAND...: runs a command to its end; a line that it prints matches.
prints() {
	local output
	output=$("${@:2}" 2>&1) || fail "failed: ${*:2}: $output" || return
	grep -Eq -e "$1" <<<"$output" || fail "not there: $1 in: $output"
}

# --- mark-tcp ---

# marked ADDRESS WILDCARD PATTERN: what the server sends on a connection matches, its SYN-ACK does not.
marked() {
	capture wire sender a0
	example server mark-tcp "$2" 8000
	wait_until listening
	[ "$(on sender socat -u "TCP:$1:8000" STDOUT)" = marked ]
	sees wire "$3.*\.8000 > .*length 7"
	refute has_captured wire "$3.*\.8000 > .*Flags \[S\.\]"
}

listening() {
	on receiver ss -H -ltn | grep -q ':8000 '
}

@test "mark-tcp: the connections of a server are marked" {
	marked 10.77.0.2 0.0.0.0 'tos 0x28, ttl 128,'
}

@test "IPv6: mark-tcp: the connections of a server are marked" {
	marked '[fd77::2]' :: 'class 0x28,.*hlim 128,'
}

@test "mark-tcp: an IPv4 connection of an IPv6 server is marked" {
	marked 10.77.0.2 :: 'tos 0x28, ttl 128,'
}

# --- two-groups ---

# The third group, and the first on the other interface, come to this host only since somebody else joined them.
two_groups() {
	example r two-groups 5000 "$1" b0 "$2" b1
	ready r 5000
	bystander other "$3%b0"
	send third "$3" 5000
	send first "$1" 5000 "" a0
	send second "$2" 5000 "" a1
	send unicast "$4" 5000
	hears r first second unicast
	deaf r third
	said r "to $3 on b0: discarded$"
	said r "to $1 on b0: first$"
	said r "to $2 on b1: second$"
	bystander elsewhere "$1%b1"
	send misplaced "$1" 5000 "" a1
	says r "to $1 on b1: discarded$"
	deaf r misplaced
}

@test "two-groups: each on its interface, others are discarded" {
	two_groups 239.1.1.1 239.1.1.2 239.1.1.3 10.77.0.2
}

@test "IPv6: two-groups: each on its interface, others are discarded" {
	two_groups ff15::114 ff15::115 ff15::116 fd77::2
}

# --- each-interface ---

each_interface() {
	start w "${UDP[@]}" receive "$1" 6000 --control --join "$2%b0" --join "$2%b1"
	ready w 6000
	on sender "$EXAMPLES/core/each-interface" "$2" 6000 word a0 ef 4 a1 af11 16
	says w ' word hops=4 class=0xb8 .*on=b0$'
	says w ' word hops=16 class=0x28 .*on=b1$'
	[ "$(grep -c " word " "$(out w)")" = 2 ]
}

@test "each-interface: a class and a hop limit on each" {
	each_interface 0.0.0.0 239.1.1.1
}

@test "IPv6: each-interface: a class and a hop limit on each" {
	each_interface :: ff15::114
}

# --- two-listeners ---

two_listeners() {
	example r two-listeners "$1" 5000 b0
	ready r 5000
	send unicast "$2" 5000
	send word "$1" 5000
	says r '^first .*: word$'
	says r '^second .*: word$'
	deaf r unicast
}

@test "two-listeners: both hear the group" {
	two_listeners 239.1.1.1 10.77.0.2
}

@test "IPv6: two-listeners: both hear the group" {
	two_listeners ff15::114 fd77::2
}

@test "IPv6: two-listeners: both hear a group of the link" {
	two_listeners ff02::114 fd77::2
}

# --- leave-and-rejoin ---

leave_and_rejoin() {
	example r leave-and-rejoin "$1" 5000 b0
	says r "^joined $1$"
	send before "$1" 5000
	hears r before
	tell r "-$1"
	says r "^left $1$"
	refute joined "$1" b0
	bystander other "$1%b0"
	send between "$1" 5000
	tell r "+$2"
	says r "^joined $2$"
	send another "$2" 5000
	hears r another
	tell r "+$1"
	says r "^joined $1$"
	wait_until rejoined "$1"
	send after "$1" 5000
	hears r after
	deaf r between
}

rejoined() {
	[ "$(grep -c "^joined $1$" "$(out r)")" = 2 ]
}

@test "leave-and-rejoin: a group is left, another joined, and the first again" {
	leave_and_rejoin 239.1.1.1 239.1.1.2
}

@test "IPv6: leave-and-rejoin: a group is left, another joined, and the first again" {
	leave_and_rejoin ff15::114 ff15::115
}

# --- include and exclude ---

include() { # GROUP SOURCE SOURCE
	example r include "$1" 5000 b0 "$2"
	says r "^joined $2, 1 sources$"
	send unwanted "$1" 5000 "$3"
	send one "$1" 5000 "$2"
	hears r one
	tell r "+$3"
	says r "^joined $3, 2 sources$"
	send two "$1" 5000 "$3"
	hears r two
	tell r "-$2"
	says r "^left $2, 1 sources$"
	send late "$1" 5000 "$2"
	send three "$1" 5000 "$3"
	hears r three
	tell r "-$3"
	says r "^left $3, 0 sources$"
	refute joined "$1" b0
	deaf r unwanted late
}

@test "include: a group from the sources named alone" {
	include 232.7.8.9 10.77.0.1 10.77.0.3
}

@test "IPv6: include: a group from the sources named alone" {
	include ff35::114 fd77::1 fd77::3
}

exclude() { # GROUP SOURCE SOURCE
	example r exclude "$1" 5000 b0
	says r "^joined $1$"
	send one "$1" 5000 "$3"
	hears r one
	tell r "-$3"
	says r "^blocked $3$"
	send blocked-word "$1" 5000 "$3"
	send two "$1" 5000 "$2"
	hears r two
	tell r "+$3"
	says r "^unblocked $3$"
	send three "$1" 5000 "$3"
	hears r three
	deaf r blocked-word
}

@test "exclude: a group from any source but the one blocked" {
	exclude 239.1.1.1 10.77.0.1 10.77.0.3
}

@test "IPv6: exclude: a group from any source but the one blocked" {
	exclude ff15::114 fd77::1 fd77::3
}

# --- mDNS ---

mdns() { # GROUP UNICAST RESPONDER
	local query=(on sender "$EXAMPLES/core/mdns-query")
	example r mdns-responder "$1" b0 host.local 10.77.0.2 fd77::2
	ready r 5353
	capture wire sender a0
	start stranger "${query[@]}" "$1" a0 other.local
	start unicast "${query[@]}" "$2" a0 host.local
	start elsewhere "${query[@]}" "$1" a1 host.local
	"${query[@]}" "$1" a0 Host.local >"$(out q)"
	said q "^$3: Host.local A 10\.77\.0\.2$"
	said q "^$3: Host.local AAAA fd77::2$"
	[ "$(wc -l <"$(out q)")" = 2 ]
	refute finish stranger
	refute finish unicast
	refute finish elsewhere
	sees wire "> $1\.5353: .* A \(QM\)\? Host\.local\. AAAA \(QM\)\? Host\.local\. "
	sees wire '(ttl|hlim) 255.*\.5353 > .* 2/0/0 Host\.local\. A 10\.77\.0\.2, Host\.local\. AAAA fd77::2 '
}

@test "mdns-query and mdns-responder: the addresses of a name" {
	mdns 224.0.0.251 10.77.0.2 '10\.77\.0\.2:5353'
}

@test "IPv6: mdns-query and mdns-responder: the addresses of a name" {
	mdns ff02::fb fd77::2 '\[fe80::b0%[0-9]+\]:5353'
}

# Too little; to another query; a name that leads in a circle; an address that ends early.
@test "mdns-query: what is no answer is not taken for one" {
	INPUT=<(cat <<-'END'
		import socket, struct
		sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		sock.bind(("10.77.0.2", 5353))
		query, source = sock.recvfrom(9000)
		address = b"\0\1\0\1\0\0\0\n\0\4\n\x4d\0\2"
		answer = struct.pack("!5H", 0x8400, 0, 1, 0, 0) + b"\4host\5local\0" + address
		sock.sendto(query[:2] + b"\x84", source)
		sock.sendto(bytes([query[0] ^ 1, query[1]]) + answer, source)
		sock.sendto(query[:2] + struct.pack("!5H", 0x8400, 0, 1, 0, 0) + b"\1a\xc0\x0c" + address, source)
		sock.sendto(query[:2] + answer[:-1], source)
	END
	) start r "$PYTHON" -
	ready r 5353
	refute on sender "$EXAMPLES/core/mdns-query" 10.77.0.2 a0 host.local >"$(out q)" 2>"$(err q)"
	[ "$(grep -c "^10\.77\.0\.2:5353: not a DNS message$" "$(err q)")" = 2 ]
	complained q '^no answer for host.local$'
	[ ! -s "$(out q)" ]
}

# --- traceroute ---

# A third host behind the receiver, which forwards to it: 10.79.0.2, fd79::2.
add_far_host() {
	local - && set +T
	hold far beside sender unshare --net
	on receiver sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'
	# shellcheck disable=SC2153 # HOST is in hosts.bash
	on receiver ip -batch - <<-END
		link add c0 type veth peer name d0 netns ${HOST[far]}
		address add 10.79.0.1/24 dev c0
		address add fd79::1/64 dev c0 nodad
		link set c0 up
	END
	# shellcheck disable=SC2034 # lay_out has it
	local commands=("address add 10.79.0.2/24 dev d0" "address add fd79::2/64 dev d0 nodad" "link set d0 up")
	default_routes 10.79.0.1 fd79::1 d0
	lay_out far
	wait_until on sender ping -c 1 -W 1 10.79.0.2 >/dev/null
	wait_until on sender ping -c 1 -W 1 fd79::2 >/dev/null
}

traced() { # FAR ROUTER UNREACHABLE FORWARDED
	capture wire receiver b0
	on sender "$EXAMPLES/core/traceroute" "$1" >"$(out t)"
	[ "$(wc -l <"$(out t)")" = 2 ]
	said t "^1 $2 time exceeded, [0-9.]+ ms, on a0, 64 hops left$"
	said t "^2 $1 echo reply, [0-9.]+ ms, on a0, 63 hops left$"
	sees wire "(ttl|hlim) 1,.*$1: .*ICMP6?,? echo request"
	sees wire "(ttl|hlim) 2,.*$1: .*ICMP6?,? echo request"
	refute has_captured wire "(ttl|hlim) 3,.*echo request"
	refute has_captured wire 'wrong icmp cksum|bad icmp6 cksum'
	on receiver ip route add unreachable "$3"
	refute on sender "$EXAMPLES/core/traceroute" "${3%/*}" >"$(out u)"
	said u "^1 $2 destination unreachable, "
}

@test "traceroute: router and destination answer" {
	add_far_host
	traced 10.79.0.2 10.77.0.2 10.80.0.1/32
}

@test "IPv6: traceroute: router and destination answer" {
	add_far_host
	traced fd79::2 fd77::2 fd80::1/128
}

@test "traceroute: a hop that is silent" {
	add_far_host
	on receiver ip route add blackhole 10.80.0.1/32
	start t on sender "$EXAMPLES/core/traceroute" 10.80.0.1
	says t '^1 \*$'
}

# --- OSPF ---

# ospf_checksums CAPTURE: the internet checksum of the payload of each packet of IP protocol 89, of IPv6 over the
# addresses too: 0 is right.
ospf_checksums() {
	"$PYTHON" - "$BATS_TEST_TMPDIR/$1.packets" <<-'END'
		import struct, sys
		capture, at = open(sys.argv[1], "rb").read(), 24
		while at < len(capture):
		    length = struct.unpack_from("=I", capture, at + 8)[0]
		    packet = capture[at + 16 + 14:at + 16 + length]
		    at += 16 + length
		    if packet[0] >> 4 == 4 and packet[9] == 89:
		        covered = packet[(packet[0] & 15) * 4:struct.unpack_from("!H", packet, 2)[0]]
		    elif packet[0] >> 4 == 6 and packet[6] == 89:
		        size = struct.unpack_from("!H", packet, 4)[0]
		        covered = packet[8:40] + struct.pack("!II", size, 89) + packet[40:40 + size]
		        if packet[54:56] != b"\0\0": # what follows the checksum
		            print("not in its place")
		    else:
		        continue
		    total = sum(struct.unpack("!%dH" % (len(covered) // 2), covered))
		    print("%04x" % (0xffff - (total % 0xffff or 0xffff)))
	END
}

# forged FAMILY GROUP: a hello whose checksum is wrong.
forged() {
	on sender "$PYTHON" - "$@" <<-'END'
		import socket, sys
		six = sys.argv[1] == "6"
		hello = bytearray(36 if six else 44)
		hello[0:4] = bytes([3 if six else 2, 1, 0, len(hello)])
		hello[4:8] = socket.inet_aton("192.0.2.66")
		hello[12:14] = b"\x12\x34"
		sock = socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_RAW, 89)
		index = socket.if_nametoindex("a0")
		sock.sendto(hello, (sys.argv[2], 0, 0, index) if six else (sys.argv[2], 0))
	END
}

ospf() { # FAMILY GROUP SOURCE PATTERN
	example r ospf-hello "$2" b0 192.0.2.2
	wait_until joined "$2" b0
	wait_until asleep r
	capture wire receiver b0
	forged "$1" "$2"
	sees wire '192\.0\.2\.66'
	ospf_checksums wire | grep -qv 0000 # it would notice
	stop wire
	capture good receiver b0
	example s on sender ospf-hello "$2" a0 192.0.2.1
	says r "^hello of router 192\.0\.2\.1 from $3"
	refute said r '192\.0\.2\.66'
	refute said s 192 # its own
	sees good "$4.*> $2: OSPFv[23], Hello, length (36|44).*Router-ID 192\.0\.2\.1.*Hello Timer 10s, Dead Timer 40s"
	[ "$(ospf_checksums good | sort -u)" = 0000 ]
	silent r
	silent s
}

@test "ospf-hello: hellos are sent and heard" {
	ospf 4 224.0.0.5 '10\.77\.0\.1$' 'tos 0xc0, ttl 1,'
	has_captured good 'Mask 255\.255\.255\.0'
}

@test "IPv6: ospf-hello: hellos are sent and heard" {
	ospf 6 ff02::5 'fe80::a0' 'class 0xc0,.*hlim 1,'
}

# --- refusals ---

@test "an example says what it asked for and what the kernel said" {
	local line
	while IFS='|' read -r line wanted; do
		# shellcheck disable=SC2086 # a program and its arguments
		! on receiver "$EXAMPLES/core/"$line >"$(out p)" 2>"$(err p)" </dev/null || fail "succeeded: $line"
		complained p "$wanted"
	done <<-'END'
		mark-tcp 10.77.0.99 8000|^bind 10.77.0.99 port 8000: Cannot assign requested address$
		mark-tcp 10.77.0.2 8000 ef11|^DSCP ef11: Invalid argument$
		two-groups 5000 239.1.1.1 b0 10.77.0.2 b1|^join 10.77.0.2 on b1: Invalid argument$
		each-interface 239.1.1.1 6000 word b9 ef 4|^interface b9: No such device$
		include 232.7.8.9 5000 b0 fd77::1|^join 232.7.8.9 from fd77::1: Invalid argument$
		exclude 239.1.1.1 70000 b0|^port 70000: Invalid argument$
		traceroute|^usage: traceroute ADDRESS$
	END
}

# --- to build them ---

# What the library was built with has to come along.
sanitizers() {
	! readelf -d "$BUILD/libsockgraft-core.so" | grep -q 'NEEDED.*libasan' || echo -fsanitize=address,undefined
}

# installed: installs into a directory of the test's own and tells pkg-config.
installed() {
	command -v pkg-config >/dev/null || skip "needs pkg-config"
	make -s install BUILD="$BUILD" DESTDIR="$BATS_TEST_TMPDIR/root" PREFIX=/usr LIBDIR=/usr/lib/multi
	export PKG_CONFIG_PATH=$BATS_TEST_TMPDIR/root/usr/lib/multi/pkgconfig
	export PKG_CONFIG_SYSROOT_DIR=$BATS_TEST_TMPDIR/root
}

# runs [VARIABLE=VALUE]: the program that was built sends.
sends() {
	start w "${UDP[@]}" receive 0.0.0.0 6000 --join 239.1.1.1%b0
	ready w 6000
	on sender env "$@" "$BATS_TEST_TMPDIR/program" 239.1.1.1 6000 word a0 ef 4
	hears w word
}

@test "every example builds against the installed library, and runs with the shared one" {
	installed
	local source
	for source in examples/core/*.c; do
		# shellcheck disable=SC2046 # several words
		cc -Wall -Wextra -Werror $(sanitizers) -o "$BATS_TEST_TMPDIR/program" "$source" \
			$(pkg-config --cflags --libs sockgraft-core)
	done
	# shellcheck disable=SC2046
	cc $(sanitizers) -o "$BATS_TEST_TMPDIR/program" examples/core/each-interface.c \
		$(pkg-config --cflags --libs sockgraft-core)
	readelf -d "$BATS_TEST_TMPDIR/program" | grep -q 'NEEDED.*libsockgraft-core\.so\.[0-9]'
	sends LD_LIBRARY_PATH="$BATS_TEST_TMPDIR/root/usr/lib/multi"
}

@test "an example builds against the installed static library" {
	installed
	# shellcheck disable=SC2046
	cc $(sanitizers) -o "$BATS_TEST_TMPDIR/program" examples/core/each-interface.c \
		$(pkg-config --cflags sockgraft-core) "$BATS_TEST_TMPDIR/root/usr/lib/multi/libsockgraft-core.a"
	refute grep -q libsockgraft-core <<<"$(readelf -d "$BATS_TEST_TMPDIR/program")"
	sends
}

# compiles COMPILER LANGUAGE STANDARD: sockgraft.h and nothing else.
compiles() {
	"$1" -x "$2" -std="$3" -pedantic -Wall -Wextra -Werror -Icore -fsyntax-only - <<<'#include "sockgraft.h"'
}

@test "sockgraft.h compiles alone, as strict C11 and C17" {
	compiles cc c c11
	compiles cc c c17
}

@test "sockgraft.h compiles alone, as strict C++17" {
	command -v g++ >/dev/null || skip "needs g++"
	compiles g++ c++ c++17
}
