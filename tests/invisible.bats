# Where it has nothing to do the library is not there: same system calls, same output, nothing left behind; and
# where the kernel serves a socket alone, nothing of ours runs per datagram.

load hosts

setup() {
	hosts_up
}

teardown() {
	hosts_down
}

CALLS=%network,%desc,read,write,close,poll,select,openat

# trace NAME [VARIABLE=VALUE...] COMMAND...: the system calls of a command on the receiver.
trace() {
	local name=$1
	shift
	start "$name" strace -f -o "$BATS_TEST_TMPDIR/$name.trace" -e "trace=$CALLS" -E "$@"
}

# The calls from the program's first socket on, without what differs from run to run: process ids,
# addresses in memory, and the ports and times that the kernel picks.  Loading the library lies before.
calls() {
	sed -E 's/^[0-9]+ +//; /^(mmap|munmap|mprotect|brk|\+\+\+|---)/d; s/0x[0-9a-f]+/ADDRESS/g; s/htons\([0-9]{5}\)/PORT/g' \
		"$BATS_TEST_TMPDIR/$1.trace" | sed -n '/AF_INET/,$p'
}

same_calls() {
	local with without
	with=$(calls with)
	without=$(calls without)
	[ -n "$without" ] || fail "nothing was traced"
	diff <(echo "$without") <(echo "$with")
}

# Both with and without the library, in the same way.
both_receive() {
	local name preload
	for name in without with; do
		preload=
		[ "$name" = without ] || preload=$GRAFT
		trace "$name" "LD_PRELOAD=$preload" "$@" "${UDP[@]}" receive 10.77.0.2 5000 --count 5
		wait_until bound 5000
		on sender "${UDP[@]}" send 'number#' 10.77.0.2 5000 --count 5 --source 10.77.0.1 --source-port 6000
		finish "$name"
		[ "$(sed -n '$=' "$(out "$name")")" = 6 ]
	done
}

@test "a receiver makes the same system calls where there is no policy" {
	both_receive -E X=1
	same_calls
	silent with
}

@test "a receiver makes the same system calls where no rule matches it" {
	both_receive -E 'SOCKGRAFT_RULES=udp port=5999: ttl=9; tcp: dscp=ef; exe=nobody: join=239.1.1.1%b0'
	same_calls
	silent with
}

@test "a receiver makes the same system calls where it is left alone by name" {
	both_receive -E SOCKGRAFT_TTL=9 -E 'SOCKGRAFT_SKIP=python*'
	same_calls
	silent with
}

@test "a sender and a TCP client make the same system calls where there is no policy" {
	local name preload
	start server on sender "${UDP[@]}" serve 0.0.0.0 8000
	wait_until said server '^at '
	for name in without with; do
		preload=
		[ "$name" = without ] || preload=$GRAFT
		trace "$name" "LD_PRELOAD=$preload" "${UDP[@]}" ask 10.77.0.1 8000
		finish "$name"
	done
	same_calls
	for name in without with; do
		preload=
		[ "$name" = without ] || preload=$GRAFT
		trace "$name" "LD_PRELOAD=$preload" "${UDP[@]}" send word 10.77.0.1 6000 --count 3
		finish "$name"
	done
	same_calls
}

@test "nothing is printed where there is no policy" {
	grafted "${UDP[@]}" send word 10.77.0.1 6000 >"$(out r)" 2>"$(err r)"
	[ ! -s "$(out r)" ]
	silent r
}

@test "nothing is printed where the policy is placed" {
	SOCKGRAFT_TTL=9 SOCKGRAFT_JOIN=239.1.1.1%b0 grafted "${UDP[@]}" send word 10.77.0.1 6000 >"$(out r)" 2>"$(err r)"
	[ ! -s "$(out r)" ]
	silent r
}

# The calls between the first and the last of ten datagrams; memory is the business of the sanitizers.
per_datagram() {
	sed -E 's/^[0-9]+ +//; /^(mmap|munmap|madvise)\(/d; s/[0-9]{5}/PORT/g' "$BATS_TEST_TMPDIR/$1.trace" | sed -n '/number1[^0]/,/number10/p' |
		sed -E 's/number[0-9]+//g; s/(, iov_len|= )[0-9]+/\1/; s/, [0-9]+\)/)/; s/[0-9]+$//; s/0x[0-9a-f]+//g; s/\[[0-9 =>]+\]//'
}

ten_datagrams() {
	local name=$1 to=$2
	wait_until bound 5000
	wait_until joined 239.1.1.1 b0
	wait_until asleep_traced
	send first "$to" 5000
	hears "$name" first
	on sender "${UDP[@]}" send 'number#' "$to" 5000 --count 10 --source 10.77.0.1 --source-port 6000 --interface a0
	hears "$name" number10
}

# strace waits for the program, and the program for datagrams.
asleep_traced() {
	local pid
	for pid in $(processes_on receiver); do
		[[ $(tr '\0' ' ' <"/proc/$pid/cmdline") != "$PYTHON "*receive* ]] || [[ $(cat "/proc/$pid/stat") == *") S "* ]] ||
			return
	done
}

@test "receiving a group costs no call more than without the library" {
	local CALLS=all how
	for how in recvfrom recvmsg recv; do
		trace native LD_PRELOAD= "${UDP[@]}" receive 0.0.0.0 5000 --join 239.1.1.1%b0 --how "$how" --count 11
		ten_datagrams native 239.1.1.1
		finish native
		trace grafted "LD_PRELOAD=$GRAFT" -E SOCKGRAFT_JOIN=239.1.1.1%b0 \
			"${UDP[@]}" receive 10.77.0.2 5000 --how "$how" --count 11
		ten_datagrams grafted 239.1.1.1
		finish grafted
		diff <(per_datagram native) <(per_datagram grafted)
		[ "$(per_datagram grafted | grep -c recv)" = 10 ]
	done
}

@test "sending costs one call a datagram, though it carries its source" {
	cat >"$BATS_TEST_TMPDIR/send.py" <<-END
		import os, socket
		made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		made.bind(("10.77.0.22", 5000))
		os.getppid()
		for _ in range(10):
		    made.sendto(b"x", ("10.77.0.1", 5000))
		os.getppid()
	END
	SOCKGRAFT_JOIN=239.1.1.1%b0 on receiver strace -o "$BATS_TEST_TMPDIR/trace" -E LD_PRELOAD="$GRAFT" \
		"$PYTHON" "$BATS_TEST_TMPDIR/send.py"
	[ "$(sed -n '/^getppid/,/^getppid/p' "$BATS_TEST_TMPDIR/trace" | grep -Ev '^(getppid|mmap|munmap|madvise)' |
		cut -d'(' -f1 | sort | uniq -c | xargs)" = "10 sendmsg" ]
}

@test "no descriptor is left open" {
	cat >"$BATS_TEST_TMPDIR/descriptors.py" <<-END
		import os, socket
		made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		made.bind(("10.77.0.2", 5000))
		print(made.fileno(), sorted(os.listdir("/proc/self/fd")))
	END
	on receiver "$PYTHON" "$BATS_TEST_TMPDIR/descriptors.py" >"$(out without)" </dev/null
	SOCKGRAFT_JOIN=239.1.1.1%b0 SOCKGRAFT_TTL=9 SOCKGRAFT_LOG=debug SOCKGRAFT_LOG_FILE=$BATS_TEST_TMPDIR/log \
		grafted "$PYTHON" "$BATS_TEST_TMPDIR/descriptors.py" >"$(out with)" </dev/null
	diff "$(out without)" "$(out with)"
}

# --- children ---

@test "children are governed too" {
	SOCKGRAFT_TTL=9 grafted sh -c '"$@"' sh "${UDP[@]}" options ipv4 udp >"$(out r)"
	said r '^ttl=9$'
}

@test "SOCKGRAFT_INHERIT=no: children start without the library" {
	SOCKGRAFT_INHERIT=no SOCKGRAFT_TTL=9 grafted "$PYTHON" -c \
		'import subprocess, sys; subprocess.run(sys.argv[1:])' "${UDP[@]}" options ipv4 udp >"$(out r)"
	said r '^ttl=64$'
}

@test "SOCKGRAFT_INHERIT=no: LD_PRELOAD is put back as it was" {
	local library=${GRAFT##* } others=
	[ "$library" = "$GRAFT" ] || others=${GRAFT% *}
	SOCKGRAFT_INHERIT=no grafted "$PYTHON" -c 'import subprocess; subprocess.run(["env"])' >"$(out r)"
	[ "$(sed -n 's/^LD_PRELOAD=//p' "$(out r)" | tr -d ' ')" = "$(echo "$others" | tr -d ' ')" ]
}

@test "SOCKGRAFT_INHERIT=no: other libraries stay in LD_PRELOAD" {
	local other
	other=$(ldd "$PYTHON" | awk '/libm\.so/ { print $3 }')
	[ -n "$other" ] || skip "no library at hand"
	on receiver env "LD_PRELOAD=${GRAFT% *}${GRAFT:+ }$other:${GRAFT##* }" SOCKGRAFT_INHERIT=no "$PYTHON" -c \
		'import subprocess; subprocess.run(["env"])' >"$(out r)"
	said r "^LD_PRELOAD=.*$other"
	refute said r '^LD_PRELOAD=.*libsockgraft'
}

# leaves LIST EXPECTED [HOW...]: with this list in LD_PRELOAD, where @us@ is the library, @one@ and @two@ are others,
# a child finds the expected one; "absent": no such variable.  The sanitizer's library, if there is one, comes first.
leaves() {
	local list=$1 expected=$2 how first=
	shift 2
	[ $# -gt 0 ] || set -- execv
	list=$(named "$list")
	expected=$(named "$expected")
	[[ $GRAFT != *" "* ]] || first=${GRAFT% *}
	[[ $expected != absent ]] || expected=
	[[ -z $first ]] || expected=$first${expected:+ }$expected
	for how; do
		[ "$how" != clearenv ] || expected=
		SOCKGRAFT_INHERIT=no on receiver env "LD_PRELOAD=$first${first:+ }$list" \
			LD_LIBRARY_PATH="${GRAFT_DIRECTORY-}" "$BUILD/tests/children" "$how" >"$(out child)"
		diff <(grep '^LD_PRELOAD=' "$(out child)" | behind "$first") \
			<([ -z "$expected" ] || echo "LD_PRELOAD=$expected" | behind "$first") || fail "$list, by $how"
	done
}

# Behind another entry it is the separator before ours that goes, whichever that is.
behind() {
	if [ -n "$1" ]; then tr ' ' :; else cat; fi
}

named() {
	local text=$1
	text=${text//"@us@"/${GRAFT##* }}
	text=${text//"@one@"/$BUILD/tests/faults.so}
	text=${text//"@two@"/$(ldd "$PYTHON" | awk '/libm\.so/ { print $3 }')}
	echo "$text"
}

@test "SOCKGRAFT_INHERIT=no: wherever the library stands in LD_PRELOAD, the rest stays byte for byte" {
	leaves @us@ absent
	leaves @us@:@one@ @one@
	leaves @one@:@us@ @one@
	leaves @one@:@us@:@two@ @one@:@two@
	leaves "@us@ @one@" @one@
	leaves "@one@ @us@" @one@
	leaves "@one@ @us@ @two@" "@one@ @two@"
	leaves "@one@:@us@ @two@" "@one@ @two@"
	leaves "@one@ @us@:@two@" "@one@:@two@"
	leaves @us@:@us@ absent
	leaves @us@:@one@:@us@ @one@
	leaves @one@:@us@:@us@:@two@ @one@:@two@
}

@test "SOCKGRAFT_INHERIT=no: however a program starts another" {
	leaves @us@ absent execv execve posix_spawn vfork system popen clearenv
	leaves @one@:@us@:@two@ @one@:@two@ execv execve posix_spawn vfork system popen clearenv
}

@test "SOCKGRAFT_INHERIT=no: by bare name, by another path, by \$LIB" {
	local directory library=${GRAFT##* }
	GRAFT_DIRECTORY=${library%/*} leaves @one@:libsockgraft.so:@two@ @one@:@two@
	GRAFT_DIRECTORY=${library%/*} leaves libsockgraft.so absent
	ln -s "${library%/*}" "$BATS_TEST_TMPDIR/link"
	leaves "$BATS_TEST_TMPDIR/link/libsockgraft.so:@one@" @one@
	leaves "${library%/*}/./libsockgraft.so" absent
	for directory in lib lib64 "lib/$(uname -m)-linux-gnu"; do
		mkdir -p "$BATS_TEST_TMPDIR/$directory"
		ln -s "$library" "$BATS_TEST_TMPDIR/$directory/libsockgraft.so"
	done
	leaves "@one@ $BATS_TEST_TMPDIR/\$LIB/libsockgraft.so @two@" "@one@ @two@" execv system
}

@test "children that are governed find LD_PRELOAD untouched" {
	local how
	for how in execv execve posix_spawn vfork system popen; do
		SOCKGRAFT_TTL=9 grafted "$BUILD/tests/children" "$how" >"$(out child)"
		said child "^LD_PRELOAD=$GRAFT\$"
	done
}

# --- the log file ---

log_something() {
	SOCKGRAFT_LOG=info SOCKGRAFT_LOG_FILE=$BATS_TEST_TMPDIR/log SOCKGRAFT_TTL=9 SOCKGRAFT_JOIN=239.1.1.1%nope0 \
		grafted "${UDP[@]}" send word 10.77.0.1 6000 --source 10.77.0.2 >"$(out r)" 2>"$(err r)"
}

@test "the log file has what would be on stderr" {
	log_something
	silent r
	grep -Eq '^sockgraft\[[0-9]+\]: info: fd 3 udp.*ttl' "$BATS_TEST_TMPDIR/log"
	grep -Eq '^sockgraft\[[0-9]+\]: warn: .*239\.1\.1\.1%nope0' "$BATS_TEST_TMPDIR/log"
}

@test "the log file is appended to" {
	echo before >"$BATS_TEST_TMPDIR/log"
	log_something
	[ "$(head -n 1 "$BATS_TEST_TMPDIR/log")" = before ]
	grep -q sockgraft "$BATS_TEST_TMPDIR/log"
}

@test "a log file that is a link is not followed" {
	echo precious >"$BATS_TEST_TMPDIR/precious"
	ln -s precious "$BATS_TEST_TMPDIR/log"
	log_something
	[ "$(cat "$BATS_TEST_TMPDIR/precious")" = precious ]
}

@test "a log file that can't be opened doesn't stop the program" {
	mkdir "$BATS_TEST_TMPDIR/log"
	log_something
}
