# With the library and without it every interposed function does the same, whatever it is called with: what it
# returns, errno, what it writes and where, which descriptors there are afterwards. tests/same has the calls.

load hosts

setup() {
	hosts_up
}

teardown() {
	hosts_down
}

# The sanitizers' library alone, where the build has one, and with a library of ours.
SANITIZER=
[[ $GRAFT != *' '* ]] || SANITIZER=${GRAFT% *}

# Not $(out NAME), all of which a test that fails would show.
calls() {
	echo "$BATS_TEST_TMPDIR/$1.calls"
}

# What they do without the library, once for all tests.
run_without() {
	local once=$BATS_FILE_TMPDIR/without
	if [ ! -e "$once" ]; then
		run_calls without "$SANITIZER"
		cp "$(calls without)" "$once"
	fi
	cp "$once" "$(calls without)"
}

run_calls() { # NAME LIBRARIES [VARIABLE=VALUE...]
	local name=$1 libraries=$2 from=-
	shift 2
	[ -z "$SANITIZER" ] || from=${libraries##* }
	[ -z "$SANITIZER" ] || [ "$libraries" != "$SANITIZER" ] || from=libc.so.6
	on receiver env "$@" "LD_PRELOAD=$libraries" "$BUILD/tests/same/same" "$from" \
		>"$(calls "$name")" 2>"$(err "$name")" </dev/null ||
		fail "$name: exit status $?: $(tail -n 1 "$(calls "$name")")"
	sed -i '/^\*\*\* buffer overflow/d' "$(err "$name")" # what _FORTIFY_SOURCE says
}

calls_of() {
	grep -a "^$2: " "$(calls "$1")" || :
}

functions_called() {
	cut -d: -f1 "$(calls without)" | uniq
}

# One check for each function; those that fail show how.
compare_calls() {
	local - && set +T
	local name differing=0
	for name in $(functions_called); do
		if diff <(calls_of without "$name") <(calls_of with "$name") >"$BATS_TEST_TMPDIR/diff"; then
			echo "ok: $name: $(calls_of with "$name" | wc -l) calls"
		else
			differing=$((differing + 1))
			echo "not ok: $name: $(grep -c '^>' "$BATS_TEST_TMPDIR/diff") calls differ:"
			head -n 40 "$BATS_TEST_TMPDIR/diff"
		fi
	done
	[ "$differing" = 0 ] || fail "$differing functions differ" || return
	diff "$(calls without)" "$(calls with)"
}

is_same() { # [VARIABLE=VALUE...]
	run_without
	run_calls with "$GRAFT" "$@"
	[ "$(functions_called | wc -l)" -gt 30 ]
	compare_calls
}

# needs_no_sanitizer: what others of these tests show of our memory is enough.
needs_no_sanitizer() {
	[ -z "$SANITIZER" ] || skip "not with the sanitizers, which take their time"
}

@test "every function is the same twice without the library" {
	needs_no_sanitizer
	run_without
	run_calls with "$SANITIZER"
	compare_calls
}

@test "every function is the same with the library and no policy" {
	is_same
	[ "$(warnings with)" = 0 ]
}

@test "every function is the same where no rule matches" {
	needs_no_sanitizer
	is_same SOCKGRAFT_RULES='udp port=1: ttl=9'
	[ "$(warnings with)" = 0 ]
}

# Rules on all that a rule can ask for, which leave everything as it was.
@test "every function is the same where rules match and change nothing" {
	needs_no_sanitizer
	is_same SOCKGRAFT_RULES='udp: multicast-loop=?on; udp to=0.0.0.0/0: multicast-ttl=?1;
		udp to=::/0: multicast-hoplimit=?1; port=1-65535: priority=?0; addr=127.0.0.0/8: ttl=?64; tcp: mark=?0'
	[ "$(warnings with)" = 0 ]
}

@test "every function is the same where groups are joined" {
	is_same SOCKGRAFT_JOIN=239.1.1.1%b0,ff15::114%b0
}

@test "every function is the same where a membership waits for its interface" {
	needs_no_sanitizer
	is_same SOCKGRAFT_JOIN=239.1.1.1%nope0,ff15::114%nope0
}

@test "every function is the same where the program's joins are rewritten" {
	is_same SOCKGRAFT_FILTER='10.77.0.1@*%b1,fd77::1@*%b1'
	[ "$(warnings with)" = 0 ]
}

# What is enforced is as it was, so that only the values that the program sets itself are others.
@test "every function is the same but for the values where the policy enforces those that there are" {
	run_without
	run_calls with "$GRAFT" SOCKGRAFT_RULES='tos=0 tclass=0 dscp=0 priority=0 mark=0; udp: ttl=64 hoplimit=64;
		udp: multicast-ttl=1 multicast-hoplimit=1 multicast-loop=on rcvbuf=106496 sndbuf=106496'
	sed -i '/^_*setsockopt/s/; now.*//' "$(calls without)" "$(calls with)"
	compare_calls
	[ "$(warnings with)" = 0 ]
}

@test "every function is the same where multicast leaves by several interfaces" {
	run_without
	run_calls with "$GRAFT" SOCKGRAFT_INTERFACE=b0+lo
	sed -i '/^_*getsockopt.*MULTICAST_IF/d; /^_*setsockopt.*MULTICAST_IF/s/; now.*//' "$(calls without)" "$(calls with)"
	compare_calls
	[ "$(warnings with)" = "$(warnings with '(send on interface lo: Network is unreachable|interface=b0\+lo: .* bound the socket to lo, )')" ]
}

@test "every function is the same where what nobody sends to is redirected" {
	is_same SOCKGRAFT_REDIRECT='10.99.9.9->10.77.0.1,fd99::9->fd77::1,239.99.9.9:9->239.1.1.1'
	[ "$(warnings with)" = 0 ]
}

# --- before our constructor ---

# call_early LIBRARY...: a program that calls everything from a constructor; of the libraries the last is
# constructed first.
call_early() {
	SOCKGRAFT_TTL=9 on receiver env LD_PRELOAD="$SANITIZER $*" "${UDP[@]}" options ipv4 udp \
		>"$(out r)" 2>"$(err r)" </dev/null
	complained r '^early: ([0-9]+) of \1 as expected$'
	said r '^ttl=9$'
}

@test "every function works from the constructor of a library that is constructed before ours" {
	call_early "${GRAFT##* }" "$BUILD/tests/early.so"
}

@test "every function works from the constructor of a library that is constructed after ours" {
	call_early "$BUILD/tests/early.so" "${GRAFT##* }"
}
