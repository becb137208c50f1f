# What sockgraft show tells of programs that know nothing of it, on the receiver, which has a network namespace of its
# own; the command runs in another.

load hosts
load scripts

setup() {
	hosts_up
	printf '%s\n' \
		'def request(index, *addresses):' \
		'    return struct.pack("@I4x", index) + b"".join(map(storage, addresses))' \
		'def storage(address):' \
		'    if ":" in address:' \
		'        raw = struct.pack("=HHI", AF_INET6, 0, 0) + socket.inet_pton(AF_INET6, address)' \
		'    else:' \
		'        raw = struct.pack("=HH", AF_INET, 0) + socket.inet_aton(address)' \
		'    return raw.ljust(128, b"\0")' \
		'def member(made, number, on, *addresses):' \
		'    level = IPPROTO_IPV6 if ":" in addresses[0] else IPPROTO_IP' \
		'    made.setsockopt(level, number, request(index(on), *addresses))' \
		'JOIN, BLOCK, JOIN_SOURCE = 42, 43, 46' \
		'def stay():' \
		'    say("up")' \
		'    select.select([], [], [])' >"$BATS_TEST_TMPDIR/memberships"
}

teardown() {
	hosts_down
}

# program NAME [grafted]: a script that ends with stay(), once it got there.
program() {
	local name=$1
	shift
	script "$name" receiver "$@" < <(cat "$BATS_TEST_TMPDIR/memberships" -)
	wait_until said "$name" '^up$'
}

# show ARGUMENT...: to $(out s) and $(err s), columns one blank apart. Its exit status.
show() {
	local - status=0 && set +T
	"$BUILD/sockgraft" show "$@" >"$BATS_TEST_TMPDIR/s.raw" 2>"$(err s)" || status=$?
	tr -s ' ' <"$BATS_TEST_TMPDIR/s.raw" >"$(out s)"
	return "$status"
}

# shows PATTERN: a whole row, behind the process's name, number and descriptor.
shows() {
	said s "^[^ ]+ [0-9]+ [0-9]+ $1\$" || fail "no row '$1' in: $(cat "$(out s)" "$(err s)")"
}

rows() {
	tail -n +2 "$(out s)" | wc -l
}

# fails_with STATUS ARGUMENT...
fails_with() {
	local status=0 wanted=$1
	shift
	show "$@" || status=$?
	[ "$status" = "$wanted" ] || fail "exit status $status"
}

pid() {
	echo "${STARTED[$1]}"
}

# --- memberships ---

@test "a member from any source" {
	start r socat -u UDP4-RECV:5000,ip-add-membership=239.1.1.1:b0 STDOUT
	wait_until joined 239.1.1.1 b0
	show "$(pid r)"
	said s "^socat $(pid r) [0-9]+ udp 0\.0\.0\.0:5000 239\.1\.1\.1 b0 exclude - 64/1 cs0 [?] 0 -\$"
	[ "$(rows)" = 1 ]
	[ ! -s "$(err s)" ]
}

@test "IPv6: a member from any source" {
	start r socat -u 'UDP6-RECV:5000,ipv6-join-group=[ff15::114]:b0' STDOUT
	wait_until joined ff15::114 b0
	show "$(pid r)"
	said s "^socat $(pid r) [0-9]+ udp \[::\]:5000 ff15::114 b0 exclude - 64/1 cs0 - 0 -\$"
}

@test "a member from some sources" {
	program r <<-'END'
		made = udp(AF_INET, "", 5000)
		member(made, JOIN_SOURCE, "b0", "232.7.8.9", "10.77.0.1")
		member(made, JOIN_SOURCE, "b0", "232.7.8.9", "10.77.0.3")
		stay()
	END
	show "$(pid r)"
	shows 'udp 0\.0\.0\.0:5000 232\.7\.8\.9 b0 include (10\.77\.0\.1\+10\.77\.0\.3|10\.77\.0\.3\+10\.77\.0\.1) .*'
}

@test "IPv6: a member from one source" {
	program r <<-'END'
		made = udp(AF_INET6, "::", 5000)
		member(made, JOIN_SOURCE, "b1", "ff35::8000:9", "fd78::1")
		stay()
	END
	show "$(pid r)"
	shows 'udp \[::\]:5000 ff35::8000:9 b1 include fd78::1 .*'
}

@test "a member from all but some sources, in both families on one socket" {
	program r <<-'END'
		made = udp(AF_INET6, "::", 5000)
		for group, source in ("239.1.1.1", "10.77.0.66"), ("ff15::114", "fd77::66"):
		    member(made, JOIN, "b0", group)
		    member(made, BLOCK, "b0", group, source)
		stay()
	END
	show "$(pid r)"
	shows 'udp \[::\]:5000 239\.1\.1\.1 b0 exclude 10\.77\.0\.66 .*'
	shows 'udp \[::\]:5000 ff15::114 b0 exclude fd77::66 .*'
	[ "$(rows)" = 2 ]
}

@test "a group on two interfaces is two rows" {
	program r <<-'END'
		made = udp(AF_INET, "", 5000)
		member(made, JOIN, "b0", "239.1.1.1")
		member(made, JOIN, "b1", "239.1.1.1")
		stay()
	END
	show "$(pid r)"
	shows 'udp 0\.0\.0\.0:5000 239\.1\.1\.1 b0 .*'
	shows 'udp 0\.0\.0\.0:5000 239\.1\.1\.1 b1 .*'
}

@test "a socket of another network namespace than its process's" {
	[ "$(id -u)" = 0 ] && [ -z "$OWN_USERS" ] || skip "it takes root outside of a user namespace"
	program r <<-'END'
		import ctypes
		four, six = udp(AF_INET, "", 5000), udp(AF_INET6, "::", 5001)
		member(four, JOIN, "b1", "239.1.1.1")
		member(six, JOIN_SOURCE, "b0", "ff35::1", "fd77::1")
		ctypes.CDLL(None).unshare(0x40000000)
		stay()
	END
	show "$(pid r)"
	shows 'udp 0\.0\.0\.0:5000 239\.1\.1\.1 b1 exclude - .*'
	shows 'udp \[::\]:5001 ff35::1 b0 include fd77::1 .*'
}

@test "each process that shares a socket is shown" {
	program r <<-'END'
		made = udp(AF_INET, "", 5000)
		member(made, JOIN, "b0", "239.1.1.1")
		os.set_inheritable(made.fileno(), True)
		if not os.fork():
		    os.execvp("sleep", ["sleep", "1000"])
		stay()
	END
	shared() {
		show --group 239.1.1.1%b0 && said s '^python3[^ ]* ' && said s '^sleep '
	}
	wait_until shared
}

# --- what the socket is set to ---

@test "TTL, class, outgoing interface and device" {
	program r <<-'END'
		made = udp(AF_INET, "10.77.0.2", 5000)
		made.setsockopt(IPPROTO_IP, socket.IP_TTL, 9)
		made.setsockopt(IPPROTO_IP, socket.IP_MULTICAST_TTL, 16)
		made.setsockopt(IPPROTO_IP, socket.IP_TOS, 0xb8)
		made.setsockopt(IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("10.78.0.2"))
		other = udp(AF_INET, "", 5001)
		other.setsockopt(SOL_SOCKET, socket.SO_BINDTODEVICE, b"b0")
		other.setsockopt(IPPROTO_IP, socket.IP_TOS, 4)
		third = udp(AF_INET, "", 5002)
		third.setsockopt(IPPROTO_IP, socket.IP_MULTICAST_IF, struct.pack("=4s4si", b"", b"", index("b0")))
		stay()
	END
	show "$(pid r)"
	shows 'udp 10\.77\.0\.2:5000 - - - - 9/16 ef b1 0 -'
	shows 'udp 0\.0\.0\.0:5001%b0 - - - - 64/1 le - 0 -'
	shows 'udp 0\.0\.0\.0:5002 - - - - 64/1 cs0 [?] 0 -'
}

@test "IPv6: hop limit, class and outgoing interface" {
	program r <<-'END'
		link = udp(AF_INET6, "fe80::b0%b0", 5001, 0, index("b0"))
		made = udp(AF_INET6, "::", 5000)
		made.setsockopt(IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, 9)
		made.setsockopt(IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 16)
		made.setsockopt(IPPROTO_IPV6, socket.IPV6_TCLASS, 0x28)
		by(made, "b0")
		stay()
	END
	show "$(pid r)"
	shows 'udp \[::\]:5000 - - - - 64/1,9/16 cs0,af11 b0 0 -'
	shows 'udp \[fe80::b0(%[0-9]+)?\]:5001(%b0)? - - - - 64/1 cs0 - 0 -'
}

@test "a raw socket, one for pings, UDP-Lite and TCP" {
	program r <<-'END'
		kept = [socket.socket(AF_INET, socket.SOCK_RAW, 89), socket.socket(AF_INET6, socket.SOCK_RAW, 103)]
		member(kept[0], JOIN, "b0", "224.0.0.5")
		lite = socket.socket(AF_INET, socket.SOCK_DGRAM, 136)
		lite.bind(("", 5000))
		open("/proc/sys/net/ipv4/ping_group_range", "w").write("0 0")
		ping = socket.socket(AF_INET, socket.SOCK_DGRAM, 1)
		stream = socket.socket()
		stream.bind(("10.77.0.2", 8000))
		stream.listen()
		stay()
	END
	show "$(pid r)"
	shows 'raw:89 0\.0\.0\.0 224\.0\.0\.5 b0 exclude - 64/1 .*'
	shows 'raw:103 \[::\]|raw:103 :: - - - - 64/1 .*'
	shows 'udplite 0\.0\.0\.0:5000 - .*'
	shows 'icmp 0\.0\.0\.0 - .*'
	shows 'tcp 10\.77\.0\.2:8000 - - - - 64 cs0 - - -'
	[ "$(rows)" = 5 ]
}

@test "drops are counted" {
	program r <<-'END'
		made = udp(AF_INET, "", 5000)
		made.setsockopt(SOL_SOCKET, socket.SO_RCVBUF, 2048)
		stay()
	END
	kill -STOP "$(pid r)"
	on sender "${UDP[@]}" send word 10.77.0.2 5000 --count 40
	dropped() {
		show "$(pid r)" && shows 'udp 0\.0\.0\.0:5000 .* [1-9][0-9]* -'
	}
	wait_until dropped
	in_state r T
}

# --- what governs it ---

@test "the rule behind a membership and behind the settings" {
	SOCKGRAFT_RULES='tcp: ttl=3; udp port=5000: join=239.1.1.1%b0 ttl=9' SOCKGRAFT_JOIN=ff15::114 SOCKGRAFT_DSCP=ef \
		start r grafted socat -u UDP4-RECV:5000 STDOUT
	ready r 5000
	show "$(pid r)"
	shows 'udp 0\.0\.0\.0:5000 239\.1\.1\.1 b0 exclude - 9/1 ef [?] 0 SOCKGRAFT_RULES rule 2, SOCKGRAFT_DSCP'
}

@test "a variable's memberships; what the program joined itself has no rule" {
	SOCKGRAFT_JOIN=10.77.0.1@232.7.8.9%b0 start r grafted "${UDP[@]}" receive 0.0.0.0 5000 --join 239.1.1.1%b1
	wait_until joined 239.1.1.1 b1
	wait_until asleep r
	show "$(pid r)"
	shows 'udp 0\.0\.0\.0:5000 232\.7\.8\.9 b0 include 10\.77\.0\.1 .* 0 SOCKGRAFT_JOIN'
	shows 'udp 0\.0\.0\.0:5000 239\.1\.1\.1 b1 exclude - .* 0 no rule'
}

@test "a filter and a redirect of the program's own join" {
	SOCKGRAFT_FILTER=10.77.0.1@239.1.1.1%b0 start r grafted "${UDP[@]}" receive 0.0.0.0 5000 --join 239.1.1.1%b1
	SOCKGRAFT_REDIRECT='239.2.2.2->239.3.3.3' start s2 grafted "${UDP[@]}" receive 0.0.0.0 5001 --join 239.2.2.2%b1
	wait_until joined 239.1.1.1 b0
	wait_until joined 239.3.3.3 b1
	show "$(pid r)" "$(pid s2)"
	shows 'udp 0\.0\.0\.0:5000 239\.1\.1\.1 b0 include 10\.77\.0\.1 .* SOCKGRAFT_FILTER'
	shows 'udp 0\.0\.0\.0:5001 239\.3\.3\.3 b1 exclude - .* SOCKGRAFT_REDIRECT'
}

@test "a rule that asks for the address that the program asked for, where the socket is bound more widely" {
	SOCKGRAFT_RULES='udp addr=10.77.0.2: join=239.1.1.1%b0' start r grafted "${UDP[@]}" receive 10.77.0.2 5000
	ready r 5000
	show "$(pid r)"
	shows 'udp 0\.0\.0\.0:5000 239\.1\.1\.1 b0 exclude .* SOCKGRAFT_RULES rule 1'
}

@test "outgoing interfaces by the policy" {
	SOCKGRAFT_INTERFACE=b0+b1 start r grafted socat -u UDP4-RECV:5000 STDOUT
	SOCKGRAFT_INTERFACE=b1 start one grafted socat -u UDP4-RECV:5001 STDOUT
	ready r 5000
	ready one 5001
	show "$(pid r)" "$(pid one)"
	shows 'udp 0\.0\.0\.0:5000 .* b0\+b1 0 SOCKGRAFT_INTERFACE'
	shows 'udp 0\.0\.0\.0:5001 .* b1 0 SOCKGRAFT_INTERFACE'
}

@test "a rule for the program's name, in a file beside which it started" {
	mkdir "$BATS_TEST_TMPDIR/there"
	printf 'exe=other: ttl=3\nexe=legacyd: ttl=9\n' >"$BATS_TEST_TMPDIR/there/rules"
	printf '#!%s\nimport socket, time\ns = socket.socket(2, 2)\ns.bind(("", 5000))\ntime.sleep(1000)\n' "$PYTHON" \
		>"$BATS_TEST_TMPDIR/there/legacyd"
	chmod +x "$BATS_TEST_TMPDIR/there/legacyd"
	cd "$BATS_TEST_TMPDIR/there"
	SOCKGRAFT_FILE=rules start r grafted ./legacyd
	cd /
	ready r 5000
	show legacyd
	shows 'udp 0\.0\.0\.0:5000 - - - - 9/1 cs0 [?] 0 rules:2'
}

@test "without a policy, and with one that can't be read any more" {
	start r grafted socat -u UDP4-RECV:5000 STDOUT
	echo 'ttl=9' >"$BATS_TEST_TMPDIR/rules"
	SOCKGRAFT_FILE=$BATS_TEST_TMPDIR/rules start gone grafted socat -u UDP4-RECV:5001 STDOUT
	ready r 5000
	ready gone 5001
	rm "$BATS_TEST_TMPDIR/rules"
	show "$(pid r)" "$(pid gone)"
	shows 'udp 0\.0\.0\.0:5000 .* 0 no policy'
	shows 'udp 0\.0\.0\.0:5001 .* 0 \?'
	complained s "^sockgraft show: socat \($(pid gone)\): its policy can't be read: SOCKGRAFT_FILE: .*No such file"
}

# --- which ones ---

@test "--group finds members by any spelling of the address" {
	bystander one 239.1.1.1%b0
	bystander two 239.1.1.1%b1
	bystander six ff15::114%b0
	for group in 239.1.1.1 ::ffff:239.1.1.1 ::FFFF:ef01:0101; do
		show --group "$group" "$(pid one)" "$(pid two)" "$(pid six)"
		[ "$(rows)" = 2 ]
	done
	show "--group=FF15:0:0:0::0114" "$(pid one)" "$(pid two)" "$(pid six)"
	[ "$(rows)" = 1 ]
	show --group '[ff15::114]%b0'
	said s "^python3[^ ]* $(pid six) "
	for on in b1 'b1*' "$(on receiver cat /sys/class/net/b1/ifindex 2>/dev/null || echo b1)"; do
		show --group "239.1.1.1%$on" "$(pid one)" "$(pid two)"
		[ "$(rows)" = 1 ]
		said s " $(pid two) "
	done
}

@test "--group without members" {
	bystander one 239.1.1.1%b0
	fails_with 1 --group 239.99.99.99
	complained s '^sockgraft show: 239\.99\.99\.99: there is no member'
	[ ! -s "$(out s)" ]
	fails_with 1 --group 239.1.1.1%b1 "$(pid one)"
}

@test "without arguments, members alone" {
	bystander one 239.1.1.1%b0
	start none socat -u UDP4-RECV:5000 STDOUT
	ready none 5000
	show
	said s " $(pid one) "
	refute said s " $(pid none) "
	show "$(pid none)"
	[ "$(rows)" = 1 ]
}

@test "by number, name and pattern; each process once" {
	start r socat -u UDP4-RECV:5000 STDOUT
	ready r 5000
	for name in socat 'soc*' "socat $(pid r)"; do
		# shellcheck disable=SC2086
		show $name
		[ "$(grep -c " $(pid r) " "$(out s)")" = 1 ]
	done
	exec_name=$(readlink "/proc/$(pid r)/exe")
	show "${exec_name##*/}"
	said s " $(pid r) "
}

@test "a name and a number that nobody has" {
	start r socat -u UDP4-RECV:5000 STDOUT
	ready r 5000
	fails_with 1 nobody-has-this "$(pid r)"
	said s " $(pid r) "
	[ "$(cat "$(err s)")" = "sockgraft show: nobody-has-this: no process has that name" ]
	fails_with 1 4194304999
	complained s '^sockgraft show: 4194304999: no process has that number$'
	fails_with 1 "${HOST[receiver]}"
	complained s '^sockgraft show: there is no IP socket$'
}

@test "JSON is one document" {
	program r <<-'END'
		made = udp(AF_INET6, "::", 5000)
		member(made, JOIN_SOURCE, "b0", "232.7.8.9", "10.77.0.1")
		member(made, JOIN, "b1", "ff15::114")
		made.setsockopt(IPPROTO_IPV6, socket.IPV6_TCLASS, 0xb8)
		made.setsockopt(IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 7)
		by(made, "b1")
		stay()
	END
	show --json "$(pid r)"
	"$PYTHON" - "$(out s)" "$(pid r)" <<-'END'
		import json, sys
		four, six = json.load(open(sys.argv[1]))
		assert four["pid"] == six["pid"] == int(sys.argv[2]) and four["fd"] == six["fd"]
		assert four["protocol"] == "udp" and four["family"] == "ipv6" and four["local"] == "[::]:5000"
		assert (four["group"], four["interface"], four["mode"]) == ("232.7.8.9", "b0", "include")
		assert (six["group"], six["interface"], six["mode"]) == ("ff15::114", "b1", "exclude")
		assert four["sources"] == ["10.77.0.1"] and six["sources"] == []
		assert six["ttl"] == 64 and six["multicast_ttl"] == 1 and six["multicast_hop_limit"] == 7
		assert six["traffic_class"] == 0xb8 and six["dscp"] == 46 and six["tos"] == 0
		assert six["multicast_interface"] == "b1" and six["multicast_interface_known"] is True and six["drops"] == 0
		assert six["shim"] is False and six["rules"] == [] and six["memberships_known"] is True
	END
	fails_with 1 --json --group 239.99.99.99
	[ "$(cat "$(out s)")" = "[]" ]
}

@test "JSON tells which rule is behind what" {
	SOCKGRAFT_RULES='udp: join=239.1.1.1%b0 ttl=9' start r grafted socat -u UDP4-RECV:5000 STDOUT
	ready r 5000
	show --json "$(pid r)"
	said s '"shim":true,"rules":\[\{"key":"join","origin":"SOCKGRAFT_RULES rule 1"\},\{"key":"ttl","origin":"SOCKGRAFT_RULES rule 1"\}\]'
}

@test "a name that would be a command to the terminal is harmless" {
	program r <<-'END'
		made = udp(AF_INET, "", 5000)
		open("/proc/self/comm", "w").write("a\033[31mb\nc")
		stay()
	END
	show "$(pid r)"
	said s "^a\?\[31mb\?c $(pid r) "
	show --json "$(pid r)"
	"$PYTHON" -c 'import json, sys; assert json.load(open(sys.argv[1]))[0]["process"] == "a\x1b[31mb\nc"' "$(out s)"
}

# --- what may not be seen ---

@test "where sockets may not be copied, what /proc has is shown, and what it takes" {
	SOCKGRAFT_TTL=9 start r grafted socat -u UDP4-RECV:5000,ip-add-membership=239.1.1.1:b0 STDOUT
	ready r 5000
	strace -o /dev/null -e inject=pidfd_getfd:error=EPERM "$BUILD/sockgraft" show "$(pid r)" >"$(out s)" 2>"$(err s)"
	said s "^socat +$(pid r) +[0-9]+ +udp +0\.0\.0\.0:5000 +\? +\? +\? +\? +\? +\? +\? +0 +SOCKGRAFT_TTL\$"
	complained s '^sockgraft show: the sockets of 1 process may not be asked .*: it takes root, or CAP_SYS_PTRACE$'
	status=0
	strace -o /dev/null -e inject=pidfd_getfd:error=ENOSYS "$BUILD/sockgraft" show --json --group 239.1.1.1 \
		>"$(out s)" 2>"$(err s)" || status=$?
	[ "$status $(cat "$(out s)")" = "1 []" ]
	complained s 'it takes Linux 5\.6$'
}

@test "IPv6: where sockets may not be copied, too" {
	start r socat -u 'UDP6-RECV:5000,bind=[fd77::2]' STDOUT
	ready r 5000
	strace -o /dev/null -e inject=pidfd_getfd:error=EPERM "$BUILD/sockgraft" show --json "$(pid r)" >"$(out s)" 2>"$(err s)"
	said s '"local":"\[fd77::2\]:5000","memberships_known":false,"group":null,'
}

# An ordinary user who may execute the command.
by_anybody() {
	PLACE=$(mktemp -d /tmp/sockgraft-show.XXXXXX)
	chmod 755 "$PLACE"
	install -m 755 "$BUILD/sockgraft" "$PLACE"
	status=0
	setpriv --reuid 65534 --regid 65534 --clear-groups "$PLACE/sockgraft" show "$@" >"$(out s)" 2>"$(err s)" || status=$?
	rm -r "$PLACE"
}

@test "an ordinary user sees his own processes, and is told of the others" {
	[ "$(id -u)" = 0 ] || skip "it takes root to become somebody else"
	[ -z "$OWN_USERS" ] || skip "it takes root outside of a user namespace"
	start own setpriv --reuid 65534 --regid 65534 --clear-groups socat -u UDP4-RECV:5000,ip-add-membership=239.1.1.1:b0 STDOUT
	bystander other 239.1.1.1%b0
	ready own 5000
	by_anybody --group 239.1.1.1
	[ "$status" = 0 ]
	said s " $(pid own) .* 239\.1\.1\.1 "
	refute said s " $(pid other) "
	complained s '^sockgraft show: [0-9]+ process(es)? may not be looked at: it takes root, or CAP_SYS_PTRACE$'
	by_anybody "$(pid other)"
	[ "$status" = 1 ]
	[ ! -s "$(out s)" ]
	complained s '^sockgraft show: 1 process may not be looked at: '
}

@test "processes that end meanwhile are not spoken of" {
	bystander one 239.1.1.1%b0
	sh -c 'while :; do sleep 0.001; done' 3>&- &
	local churn=$!
	for _ in {1..20}; do
		show --group 239.1.1.1
		[ ! -s "$(err s)" ] || break
	done
	kill "$churn"
	[ "$(id -u)" != 0 ] || [ ! -s "$(err s)" ]
}

@test "the process makes no system call for it" {
	start r strace -f -o "$BATS_TEST_TMPDIR/trace" socat -u UDP4-RECV:5000,ip-add-membership=239.1.1.1:b0 STDOUT
	ready r 5000
	waits() {
		tail -n 1 "$BATS_TEST_TMPDIR/trace" | grep -Eq '(select|poll|recv)[a-z0-9_]*\('
	}
	wait_until waits
	before=$(wc -l <"$BATS_TEST_TMPDIR/trace")
	show --group 239.1.1.1
	said s '^socat '
	show --json socat
	[ "$(wc -l <"$BATS_TEST_TMPDIR/trace")" = "$before" ]
}

# --- the screen ---

# on_terminal COMMAND: its output, as a terminal gets it.
on_terminal() {
	TERM=xterm "$PYTHON" -c 'import pty, sys; sys.exit(pty.spawn(["sh", "-c", sys.argv[1]]) >> 8)' "$1" </dev/null
}

@test "colour on a terminal alone, and not with NO_COLOR" {
	bystander one 239.1.1.1%b0
	escape=$'\033['
	[[ $(on_terminal "$BUILD/sockgraft show $(pid one)") == *"$escape"*239.1.1.1* ]]
	[[ $(on_terminal "NO_COLOR=1 $BUILD/sockgraft show $(pid one)") != *"$escape"* ]]
	[[ $(on_terminal "TERM=dumb $BUILD/sockgraft show $(pid one)") != *"$escape"* ]]
	show "$(pid one)"
	refute said s "$(printf '\033')"
}

@test "columns are aligned" {
	bystander one 239.1.1.1%b0
	bystander two 239.100.100.100%b0
	show "$(pid one)" "$(pid two)"
	[ "$(awk '{ print index($0, " b0 ") } NR == 1 { print index($0, " IF ") }' "$BATS_TEST_TMPDIR/s.raw" |
		grep -v '^0$' | sort -u | wc -l)" = 1 ]
}

# --- again and again ---

# watch NAME ARGUMENT...: the command, where no signal is ignored.
watch() {
	local name=$1
	shift
	start "$name" "$PYTHON" -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])' "$BUILD/sockgraft" show "$@"
}

lines() {
	[ "$(wc -l <"$(out "$1")")" -ge "$2" ]
}

@test "--watch sees what comes and goes, and ends well when interrupted" {
	bystander one 239.1.1.1%b0
	watch w --json --watch=0.05 "$(pid one)" late-comer
	wait_until lines w 3
	complained w '^sockgraft show: late-comer: no process has that name$'
	[ "$(wc -l <"$(err w)")" = 1 ]
	stop one
	wait_until said w '^\[\]$'
	kill -INT "$(pid w)"
	finish w
	"$PYTHON" -c 'import json, sys; [json.loads(line) for line in open(sys.argv[1])]' "$(out w)"
}

@test "--watch ends well when nobody reads any more" {
	bystander one 239.1.1.1%b0
	watch_for() {
		status=0
		timeout "$DEADLINE" "$BUILD/sockgraft" show --watch="$1" "$(pid one)" || status=$?
		echo "$status" >"$BATS_TEST_TMPDIR/status"
	}
	watch_for 0.05 | head -n 5 >"$(out s)"
	[ "$(cat "$BATS_TEST_TMPDIR/status")" = 0 ]
	[ "$(grep -c PROCESS "$(out s)")" = 2 ]
	# At once, not at the next refresh.
	watch_for 1000 | head -n 1 >"$(out s)"
	[ "$(cat "$BATS_TEST_TMPDIR/status")" = 0 ]
}

@test "--watch clears the screen of a terminal" {
	bystander one 239.1.1.1%b0
	seen=$(on_terminal "timeout --foreground -s INT 1 $BUILD/sockgraft show --watch=0.1 $(pid one)" || :)
	[[ $seen == *$'\033[H\033[2J'*239.1.1.1*$'\033[H\033[2J'* ]]
}

@test "a number behind --watch is a process's" {
	bystander one 239.1.1.1%b0
	bystander two 239.1.1.2%b0
	watch w --json --watch "$(pid one)"
	wait_until lines w 1
	said w '"group":"239\.1\.1\.1"'
	refute said w '"group":"239\.1\.1\.2"'
	stop w
}

# --- usage ---

@test "wrong usage is told, exit status 2" {
	for wrong in --nonsense -x "--group" "--group 10.0.0.1" "--group nonsense" "--group 239.1.1.1%a/b" \
		"--group 239.1.1.1%10.0.0.1" "--group=" "--watch=0" "--watch=x" "--watch=1x" "--watch=" "--jsonx"; do
		# shellcheck disable=SC2086
		fails_with 2 $wrong
		complained s '^sockgraft show: '
		complained s '^usage: sockgraft show '
		[ ! -s "$(out s)" ]
	done
	fails_with 2 ""
	fails_with 2 --grup 239.1.1.1
	complained s '^sockgraft show: --grup: no such option: did you mean "--group"[?]$'
}

@test "--help fits a screen" {
	"$BUILD/sockgraft" show --help >"$(out s)"
	said s '^usage: sockgraft show \[--group GROUP\]'
	[ "$(wc -l <"$(out s)")" -le 24 ]
	[ "$(wc -L <"$(out s)")" -le 80 ]
}

@test "what can't be written is told" {
	bystander one 239.1.1.1%b0
	status=0
	"$BUILD/sockgraft" show "$(pid one)" >/dev/full 2>"$(err s)" || status=$?
	[ "$status" = 1 ]
	complained s '^sockgraft show: stdout: No space left on device$'
}
