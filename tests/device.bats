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

watch4() {
	start w "${UDP[@]}" receive 0.0.0.0 6000 --control --join 239.1.1.1%b0 --join 239.1.1.1%b1
	ready w 6000
}

watch6() {
	start w "${UDP[@]}" receive :: 6000 --control --join ff15::114%b0 --join ff15::114%b1
	ready w 6000
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
