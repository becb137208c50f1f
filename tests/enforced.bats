# Values that the policy enforces: whatever the program says succeeds, or fails, as it would without us, and changes
# nothing.

load hosts

# Of everything something else than programs have from the kernel.
ALL='tos=0x20 tclass=0x20 ttl=9 hoplimit=9 multicast-ttl=16 multicast-hoplimit=16 multicast-loop=off multicast-all=off
	rcvbuf=64k sndbuf=64k mark=7 priority=3 interface=b0 device=b0 reuse=both'

setup() {
	hosts_up
}

teardown() {
	hosts_down
}

# set_options NAME KIND [unprivileged]: with the library, and without.
set_options() {
	local name=$1
	shift
	on receiver "$BUILD/tests/options_set" "$@" >"$BATS_TEST_TMPDIR/$name.without" || fail "without: $*"
	on receiver grafted "$BUILD/tests/options_set" "$@" >"$BATS_TEST_TMPDIR/$name.with" 2>"$(err "$name")" ||
		fail "with: $*"
	silent "$name"
	grep -q '^changed' "$BATS_TEST_TMPDIR/$name.without" # there is something to hold on to
	diff <(grep -v '^changed' "$BATS_TEST_TMPDIR/$name.without") <(grep -v '^changed' "$BATS_TEST_TMPDIR/$name.with") ||
		fail "$name: results differ"
}

# What has changed of a socket; of a stream nothing of multicast is the policy's.
changes() {
	if [[ $1 == tcp* ]]; then
		set -- "$1" ' IP(V6)?_MULTICAST'
	fi
	grep '^changed' "$BATS_TEST_TMPDIR/$1.with" | grep -Ev -e "${2-^$}" || :
}

# --- setsockopt ---

@test "every spelling of every option, good and bad, gives what it gives without us, and changes nothing" {
	local kind
	for kind in udp4 udp6 tcp4 tcp6 raw4 raw6; do
		SOCKGRAFT_RULES=$ALL set_options "$kind" "$kind"
		[ -z "$(changes "$kind")" ] || fail "$kind: $(changes "$kind")"
	done
}
