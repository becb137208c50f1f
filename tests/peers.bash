# shellcheck shell=bash
# Programs with ideas of their own about where they send, by which way, and what they join; and what holds for the same
# program in several languages (tests/peers), all unmodified.  Loaded after hosts.

# needs COMMAND PACKAGE: skips the test where the program is not there.
needs() {
	command -v "$1" >/dev/null || skip "$1 is not installed: it is in the package $2"
}

# starts COMMAND...: skips the test where the program doesn't start behind the sanitizers' library, which wants memory
# laid out its own way.
starts() {
	[[ $GRAFT != *" "* ]] || LD_PRELOAD=${GRAFT% *} "$@" >/dev/null 2>&1 || skip "$1 doesn't run with the sanitizers"
}

# What Java runs; called once for a file.
compile_java() {
	! command -v javac >/dev/null || javac -d "$BATS_FILE_TMPDIR" "$TESTS/peers/Peer.java"
}

# peer KIND: PEER is what runs the program in that language.  "channel" is Java's other way to UDP.
peer() {
	case $1 in
	python) PEER=("$PYTHON" "$TESTS/peers/peer.py") ;;
	node)
		needs node nodejs
		starts node --version
		PEER=(node "$TESTS/peers/peer.js")
		;;
	java | channel)
		needs javac default-jdk-headless
		starts java -version
		PEER=(java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:-UsePerfData -cp "$BATS_FILE_TMPDIR" Peer)
		[ "$1" = java ] || PEER+=(channel)
		;;
	esac
}

# addresses 4|6: those of a test.  The first and second address of the sender on a0, its address on a1, two of the
# receiver on b0, one that nobody has, though the default route leads there, and two groups.
addresses() {
	if [ "$1" = 4 ]; then
		SOURCE=10.77.0.1 SOURCE2=10.77.0.3 SOURCE_A1=10.78.0.1
		SERVER=10.77.0.2 SERVER2=10.77.0.22 NOWHERE=10.99.0.1
		GROUP=239.1.1.1 OTHER=239.9.9.9 WILDCARD=0.0.0.0
	else
		SOURCE=fd77::1 SOURCE2=fd77::3 SOURCE_A1=fd78::1
		SERVER=fd77::2 SERVER2=fd77::22 NOWHERE=fd99::1
		GROUP=ff15::114 OTHER=ff15::999 WILDCARD=::
	fi
}

# at ADDRESS PORT: as the policy writes it.
at() {
	if [[ $1 == *:* ]]; then
		echo "[$1]:$2"
	else
		echo "$1:$2"
	fi
}

# literally TEXT: as a pattern.
literally() {
	echo "${1//./\\.}"
}

# --- what is watched ---

# watch PORT: a receiver named w, a member by both interfaces, that tells hops, class, destination and interface.
watch() {
	start w "${UDP[@]}" receive "$WILDCARD" "$1" --control --join "$GROUP%b0" --join "$GROUP%b1"
	ready w "$1"
}

# times NAME PATTERN: how many lines of the program's output match; many NAME PATTERN NUMBER: waits for so many.
times() {
	grep -Ec -e "$2" "$(out "$1")" || :
}

many() {
	wait_until so_many "$@"
}

so_many() {
	[ "$(times "$1" "$2")" = "$3" ]
}

# printed NAME LINE...: this and nothing else is what it printed, and it complained of nothing.
printed() {
	local name=$1
	shift
	diff <([ $# = 0 ] || printf '%s\n' "$@") "$(out "$name")" || fail "$name printed something else"
	silent "$name"
}

# nothing_to CAPTURE ADDRESS...: no packet has this destination.  A later packet must have been seen before.
nothing_to() {
	local name=$1 address
	shift
	for address; do
		refute has_captured "$name" " > $(literally "$address")[.:]" || return
	done
}

# reports CAPTURE GROUP SOURCE: waits for the report by which the host asks for the group from this source alone.
reports() {
	sees "$1" "gaddr $(literally "$2") (allow|to_in|is_in) \{ $(literally "$3") \}"
}

# no_any_source_report CAPTURE GROUP: nor one with a list of sources that are left out.
no_any_source_report() {
	refute has_captured "$1" "gaddr $(literally "$2") (to|is)_ex"
}

# --- what holds for a program, whatever its language ---

# sends [VARIABLE=VALUE]... -- WORD...: the program, grafted onto, runs on the sender to its end and says nothing.
sends() {
	local policy=()
	while [ "$1" != -- ]; do
		policy+=("$1")
		shift
	done
	shift
	start p on sender grafted "${policy[@]}" "${PEER[@]}" send "$@"
	finish p
	printed p
}

# What it sends to an address goes to a group, and nothing to the address.
redirected_to_group() {
	peer "$1"
	addresses "$2"
	watch 6000
	capture wire sender a0
	sends "SOCKGRAFT_REDIRECT=$NOWHERE->$GROUP" -- word "$NOWHERE" 6000
	hears w word1 word2 word3
	sees wire " > $(literally "$GROUP")\.6000: .*length 5"
	nothing_to wire "$NOWHERE"
}

# Its own TTL and interface don't count, of its own class only the ECN bits.
held_to_values() {
	peer "$1"
	addresses "$2"
	watch 6000
	sends SOCKGRAFT_MULTICAST_TTL=16 SOCKGRAFT_MULTICAST_HOPLIMIT=16 SOCKGRAFT_DSCP=ef SOCKGRAFT_INTERFACE=a0 -- \
		word "$GROUP" 6000 a1
	hears w word1 word2 word3
	[ "$(times w "word[123] hops=16 class=$3 to=$GROUP on=b0\$")" = 3 ]
	[ "$(times w word)" = 3 ]
}

# Of defaults its own TTL makes other values.
changes_defaults() {
	peer "$1"
	addresses "$2"
	watch 6000
	sends 'SOCKGRAFT_MULTICAST_TTL=?16' 'SOCKGRAFT_MULTICAST_HOPLIMIT=?16' 'SOCKGRAFT_DSCP=?ef' -- word "$GROUP" 6000 a1
	hears w word1 word2 word3
	[ "$(times w "word[123] hops=1 class=$3 to=$GROUP on=b1\$")" = 3 ]
	[ "$(times w word)" = 3 ]
}

# Each datagram leaves once by each interface, with the address that the sender has there.
sent_by_each_interface() {
	peer "$1"
	addresses "$2"
	watch 6000
	sends SOCKGRAFT_INTERFACE=a0+a1 -- word "$GROUP" 6000 a1
	many w word3 2
	[ "$(times w "^$SOURCE .* word[123] .*on=b0\$")" = 3 ]
	[ "$(times w "^$SOURCE_A1 .* word[123] .*on=b1\$")" = 3 ]
	[ "$(times w word)" = 6 ]
}

# server: one that answers on port 6000, after another address of its host has answered.
server() {
	start server "$PYTHON" "$TESTS/peers/peer.py" answer "$SERVER" 6000 "$SERVER2"
	wait_until said server ready
}

# asks COMMAND LINE...: the program asks an address that the policy has elsewhere, and prints these lines.
asks() {
	local command=$1
	shift
	capture wire sender a0
	SOCKGRAFT_REDIRECT="$(at "$NOWHERE" 7000)->$(at "$SERVER" 6000)" \
		start p on sender grafted "${PEER[@]}" "$command" "$NOWHERE" 7000
	finish p
	printed p "$@"
	sees wire " $(literally "$SERVER")\.6000 > "
	nothing_to wire "$NOWHERE"
}

# The answer comes from where it thinks it sent its question; an intruder doesn't.
heeds_the_answer() {
	peer "$1"
	addresses "$2"
	server
	asks ask "stranger intrusion" "right answer"
	said server "^heard $SOURCE question\$"
}

# So it does on a connected socket, which no intruder reaches.
heeds_the_answer_connected() {
	peer "$1"
	addresses "$2"
	server
	asks call "${@:3}" "right answer"
	said server "^heard $SOURCE question\$"
}

heeds_the_answer_by_tcp() {
	peer "$1"
	addresses "$2"
	start server "${UDP[@]}" serve "$SERVER" 6000
	wait_until said server '^at '
	asks dial "right answer"
}

# receives VARIABLE=VALUE WORD...: the program, grafted onto, has joined, and waits for datagrams on port 6000.
receives() {
	capture wire receiver b0
	capture wire1 receiver b1
	start r grafted "$1" "${PEER[@]}" receive "${@:2}"
	wait_until said r joined
}

# leaves_and_ends: it hears that it has to leave, and leaves the group for good; then it ends, having heard this only.
leaves_and_ends() {
	local heard
	send leave "$GROUP" 6000 "$SOURCE"
	wait_until said r '^left$'
	[ -z "$(mcfilter b0 "$GROUP" "$SOURCE")" ]
	[ -z "$(mcfilter b1 "$GROUP" "$SOURCE")" ]
	send end "$SERVER" 6000
	finish r
	mapfile -t heard < <(sed 's/^[0-9]* //' "$(out r)")
	[ "${heard[*]}" = "joined $* leave left end" ]
	silent r
}

# Its any-source join on the wrong interface is made where the filter says and for the filter's source.
joins_as_filtered() {
	peer "$1"
	addresses "$2"
	receives "SOCKGRAFT_FILTER=$SOURCE@$GROUP%b0" "$GROUP" 6000 b1
	[ "$(mcfilter b0 "$GROUP" "$SOURCE")" = "1 0" ]
	refute joined "$GROUP" b1
	reports wire "$GROUP" "$SOURCE"
	no_any_source_report wire "$GROUP"
	bystanders "$GROUP"
	send source2 "$GROUP" 6000 "$SOURCE2"
	send link "$GROUP" 6000 "$SOURCE_A1" a1
	send wanted "$GROUP" 6000 "$SOURCE"
	hears r wanted
	leaves_and_ends wanted
	refute has_captured wire1 "gaddr $(literally "$GROUP") .*$(literally "$SOURCE")"
}

# Others that make the host a member by both interfaces, from any source.
bystanders() {
	start by0 "${UDP[@]}" receive "$WILDCARD" 0 --join "$1%b0"
	start by1 "${UDP[@]}" receive "$WILDCARD" 0 --join "$1%b1"
	wait_until said by0 '^at '
	wait_until said by1 '^at '
}

# The source that it names itself gives way to the filter's.
names_a_source_in_vain() {
	peer "$1"
	addresses "$2"
	receives "SOCKGRAFT_FILTER=$SOURCE@*" "$GROUP" 6000 b0 "$SOURCE2"
	[ "$(mcfilter b0 "$GROUP" "$SOURCE")" = "1 0" ]
	[ -z "$(mcfilter b0 "$GROUP" "$SOURCE2")" ]
	reports wire "$GROUP" "$SOURCE"
	no_any_source_report wire "$GROUP"
	refute has_captured wire "gaddr $(literally "$GROUP") .*$(literally "$SOURCE2") "
	bystanders "$GROUP"
	send source2 "$GROUP" 6000 "$SOURCE2"
	send wanted "$GROUP" 6000 "$SOURCE"
	hears r wanted
	leaves_and_ends wanted
}

# The group that it joins is another one.
joins_as_redirected() {
	peer "$1"
	addresses "$2"
	receives "SOCKGRAFT_REDIRECT=$OTHER->$GROUP" "$OTHER" 6000 b0
	joined "$GROUP" b0
	refute joined "$OTHER" b0
	send other "$OTHER" 6000
	send wanted "$GROUP" 6000
	hears r wanted
	sees wire "gaddr $(literally "$GROUP") to_ex"
	send leave "$GROUP" 6000
	wait_until said r '^left$'
	refute joined "$GROUP" b0
	send end "$SERVER" 6000
	finish r
	[ "$(sed 's/^[0-9]* //' "$(out r)" | tr '\n' ' ')" = "joined wanted leave left end " ]
	silent r
}
