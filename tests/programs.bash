# shellcheck shell=bash
# Programs on the test hosts: starting them, sending to them, and waiting for what they and the kernel do.
# That something does not arrive is shown without waiting for nothing: the unwanted datagrams are sent
# first, a wanted one after them; once that has arrived, the others had their chance.

BUILD=$(cd "$TESTS/.." && realpath -m "${BUILD:-build}")
EXAMPLES=${EXAMPLES:-$BUILD/examples}
GRAFT=${GRAFT_PRELOAD:-$BUILD/libsockgraft.so}
PRELOAD_AS=${PRELOAD_AS:-LD_PRELOAD} # an emulator hands it to the program by a variable of its own

# A Python installed for everyone is preferred to a wrapper script that is found earlier.
PYTHON=/usr/bin/python3
[ -x "$PYTHON" ] || PYTHON=$(command -v python3)
UDP=("$PYTHON" "$TESTS/helpers/udp.py")

declare -gA STARTED=() # name of a program in the background: its process

# The variables of whoever runs the tests don't govern them.
clean_environment() {
	local name
	for name in "${!SOCKGRAFT_@}" LD_PRELOAD; do
		unset "$name"
	done
	export PATH=$PATH:/usr/sbin:/sbin LC_ALL=C PYTHONDONTWRITEBYTECODE=1
	export ASAN_OPTIONS=detect_leaks=0:log_path=$BATS_TEST_TMPDIR/sanitizer
	export UBSAN_OPTIONS=print_stacktrace=1:log_path=$BATS_TEST_TMPDIR/sanitizer
}

fail() {
	echo "$*" >&2
	return 1
}

# refute COMMAND...: succeeds where the command doesn't.
refute() {
	! "$@" || fail "should not hold: $*"
}

# wait_until COMMAND...: polls until the command succeeds.
wait_until() {
	local - && set +T
	local end=$((SECONDS + DEADLINE))
	until "$@"; do
		((SECONDS < end)) || fail "waited $DEADLINE seconds in vain for: $*" || return
		pause
	done
}

# A hundredth of a second, without a process: nobody writes to this pipe.
pause() {
	[ -n "${NOBODY-}" ] || exec {NOBODY}<> <(:)
	read -r -t 0.01 -u "$NOBODY" || :
}

# --- running programs ---

# start NAME [on HOST] [grafted] COMMAND...: runs a program in the background, on the receiver if no host is
# said, with the file INPUT as its standard input if given.  What it prints goes to $(out NAME) and
# $(err NAME).  It dies with the test.
start() {
	local - && set +T
	local name=$1 host=receiver preload=()
	shift
	if [ "$1" = on ]; then
		host=$2
		shift 2
	fi
	if [ "$1" = grafted ]; then
		preload=("$PRELOAD_AS=$GRAFT")
		shift
	fi
	# What another of that name has printed is gone by now, not only once this one runs.
	: >"$BATS_TEST_TMPDIR/$name.out" 2>"$BATS_TEST_TMPDIR/$name.err"
	in_place="exec" beside "$host" setpriv --pdeathsig KILL env "${preload[@]}" "$@" \
		<"${INPUT:-/dev/null}" >"$BATS_TEST_TMPDIR/$name.out" 2>"$BATS_TEST_TMPDIR/$name.err" &
	STARTED[$name]=$!
}

# grafted COMMAND...: runs a command on the receiver, to its end, with the library preloaded for it alone.
grafted() {
	on receiver grafted "$@"
}

out() {
	echo "$BATS_TEST_TMPDIR/$1.out"
}

err() {
	echo "$BATS_TEST_TMPDIR/$1.err"
}

stop() {
	kill -KILL "${STARTED[$1]}" 2>/dev/null || :
	wait "${STARTED[$1]}" 2>/dev/null || :
	unset "STARTED[$1]"
}

# finish NAME: waits for a program that ends by itself, and returns its exit status.
finish() {
	local - && set +T
	local pid=${STARTED[$1]}
	wait_until ended "$1" || return
	unset "STARTED[$1]"
	wait "$pid"
}

# in_state NAME LETTERS: one of them is what /proc has for the process; none is once it is gone.
in_state() {
	local stat=
	{ read -r stat <"/proc/${STARTED[$1]}/stat"; } 2>/dev/null || :
	[[ $stat == *") "[$2]" "* ]]
}

ended() {
	! in_state "$1" RSDTt
}

end_programs() {
	local name
	for name in "${!STARTED[@]}"; do
		stop "$name"
	done
}

show_programs() {
	local file
	for file in "$BATS_TEST_TMPDIR"/*.out "$BATS_TEST_TMPDIR"/*.err "$BATS_TEST_TMPDIR"/*.packets; do
		[ -s "$file" ] || continue
		echo "--- ${file##*/}"
		if [[ $file == *.packets ]]; then
			packets_in "$file"
		else
			cat -v "$file"
		fi
	done
}

no_sanitizer_report() {
	local file
	for file in "$BATS_TEST_TMPDIR"/sanitizer.*; do
		[ ! -e "$file" ] || fail "$(cat "$file")"
	done
}

# --- what programs say ---

# said NAME PATTERN: a line that the program printed matches; complained NAME PATTERN: one on stderr.
said() {
	grep -Eq -e "$2" "$BATS_TEST_TMPDIR/$1.out"
}

complained() {
	grep -Eq -e "$2" "$BATS_TEST_TMPDIR/$1.err"
}

# hears NAME WORD...: the datagrams with these words arrive at the program.
hears() {
	local name=$1 word
	shift
	for word; do
		wait_until grep -qw -e "$word" "$BATS_TEST_TMPDIR/$name.out"
	done
}

# deaf NAME WORD...: none of these has arrived.  A wanted datagram, sent later, must have been heard before.
deaf() {
	local name=$1 word
	shift
	for word; do
		! grep -qw -e "$word" "$BATS_TEST_TMPDIR/$name.out" || fail "$name heard $word" || return
	done
}

# complains NAME PATTERN: waits for the line on stderr; silent NAME: nothing is there.
complains() {
	wait_until complained "$1" "$2"
}

silent() {
	[ ! -s "$BATS_TEST_TMPDIR/$1.err" ] || fail "$1 complained: $(cat "$BATS_TEST_TMPDIR/$1.err")"
}

# warnings NAME [PATTERN]: how many lines the library has written on the program's stderr.
warnings() {
	grep -Ec -e "^sockgraft\[[0-9]+\]: .*${2-}" "$BATS_TEST_TMPDIR/$1.err" || :
}

# --- what the kernel says ---

# bound PORT [HOST]: a UDP socket is bound to the port; bound_to ADDRESS:PORT: and to this address.  ss writes
# 0.0.0.0:5000, 0.0.0.0%b0:5000 (device), [::]:5000, and *:5000 for both families at once.
bound() {
	local - && set +T
	# shellcheck disable=SC2153 # HOST is in hosts.bash
	local port at sockets sockets6 net=/proc/${HOST[${2-receiver}]}/net
	printf -v port :%04X "$1"
	mapfile -t sockets <"$net/udp"
	mapfile -t sockets6 <"$net/udp6"
	for at in "${sockets[@]}" "${sockets6[@]}"; do
		read -r _ at _ <<<"$at"
		[[ $at != *"$port" ]] || return 0
	done
	return 1
}

bound_to() {
	udp_sockets receiver | grep -qFx -e "$1"
}

udp_sockets() {
	on "$1" ss -H -uan | awk '{ print $4 }'
}

# joined GROUP INTERFACE [HOST]: somebody on the host is a member.
joined() {
	local - && set +T
	local groups
	groups=$(on "${3-receiver}" ip maddress show dev "$2" 2>/dev/null) || return
	[[ $groups =~ (^|[[:space:]])"$1"([[:space:]]|$) ]]
}

# mcfilter INTERFACE GROUP SOURCE: prints "INCLUDE EXCLUDE", the numbers of sockets that admit only this source
# and of those that leave it out.
mcfilter() {
	"$PYTHON" - "/proc/${HOST[receiver]}/net" "$@" <<-'END'
		import ipaddress, sys
		net, interface, group, source = sys.argv[1:]
		six = ":" in group
		wanted = [ipaddress.ip_address(text).packed.hex() for text in (group, source)]
		for line in open(net + ("/mcfilter6" if six else "/mcfilter")):
		    words = line.replace("0x", "").split()
		    if words[1] == interface and words[2:4] == wanted:
		        print(int(words[4], 0), int(words[5], 0))
	END
}

# mcfilter_is "INCLUDE EXCLUDE" INTERFACE GROUP SOURCE
mcfilter_is() {
	[ "$(mcfilter "${@:2}")" = "$1" ]
}

# asleep NAME: the program waits for something, as a receiver does once it is set up.
asleep() {
	in_state "$1" S
}

# ready NAME PORT: waits until a receiver is bound and waits for datagrams.
ready() {
	wait_until bound "$2"
	wait_until asleep "$1"
}

# --- sending and watching ---

# send WORD ADDRESS PORT [SOURCE [INTERFACE]]: one datagram from the sender, by a program that chooses its source
# and its interface (a0 if it is not said and the address is multicast).
send() {
	local - && set +T
	local options=()
	[ -z "${4-}" ] || options+=(--source "$4")
	if [[ $2 =~ ^(22[4-9]|23[0-9]|ff[0-9a-f]{2}:) ]]; then
		options+=(--interface "${5:-a0}")
	fi
	on sender "${UDP[@]}" send "$1" "$2" "$3" "${options[@]}"
}

# bystander NAME GROUP%INTERFACE: a program of its own that joins a group on the receiver.
bystander() {
	local wildcard=0.0.0.0
	[[ $2 != *:* ]] || wildcard=::
	start "$1" "${UDP[@]}" receive "$wildcard" 0 --join "$2"
	wait_until joined "${2%\%*}" "${2#*%}"
}

# capture NAME HOST INTERFACE: records packets from now on; `captured NAME` prints a line per packet so far.
capture() {
	local file=$BATS_TEST_TMPDIR/$1.packets
	start "$1" on "$2" "$PYTHON" "$TESTS/helpers/capture.py" "$3" "$file"
	wait_until test -s "$file"
}

captured() {
	packets_in "$BATS_TEST_TMPDIR/$1.packets"
}

packets_in() {
	"${READ_PACKETS[@]}" -n -vv -K -t -r - <"$1" 2>/dev/null |
		awk 'NR > 1 && /^[^ \t]/ { printf "\n" } { printf "%s", $0 } END { print "" }'
}

# tcpdump insists on becoming another user where it finds itself root, which a container may not allow.
# It is tried once for all tests of a run.
READ_PACKETS=(tcpdump)
AS_NOBODY=$(cat "$BATS_RUN_TMPDIR/as_nobody" 2>/dev/null) || {
	[ "$EUID" != 0 ] || ! unshare --user true 2>/dev/null || AS_NOBODY=yes
	echo "$AS_NOBODY" >"$BATS_RUN_TMPDIR/as_nobody"
}
[ -z "$AS_NOBODY" ] || READ_PACKETS=(unshare --user tcpdump)

# sees NAME PATTERN: waits for a packet whose line matches.
sees() {
	wait_until has_captured "$1" "$2"
}

has_captured() {
	grep -Eq -e "$2" <<<"$(captured "$1")"
}

# --- the tests of core ---

# core PROGRAM CASE...: runs cases of a program of tests/core on the receiver, which opens sockets on the sender too.
core() {
	local program=$BUILD/tests/core/$1 case
	shift
	for case; do
		PEER=/proc/${HOST[sender]}/ns/net on receiver "$program" "$case" || fail "$case"
	done
}
