# Many threads and children use sockets at once: no data race, and no call that waits for another thread's.

load hosts
load sanitizer

setup() {
	hosts_up
}

teardown() {
	hosts_down
}

# without_races ADDRESS MEMBERSHIPS: library and program, both built with ThreadSanitizer, which sees most where our
# functions come before its own.
without_races() {
	local sanitizer
	needs_tsan libsockgraft.so
	sanitizer=$(ldd "$TSAN/libsockgraft.so" | awk '/libtsan|libclang_rt/ { print $3 }')
	# The slots are pointers, and as such written whole; whichever of the two functions a call finds there does.
	export TSAN_OPTIONS=log_path=$BATS_TEST_TMPDIR/sanitizer
	SOCKGRAFT_LOG=quiet SOCKGRAFT_JOIN=$2 on receiver env LD_PRELOAD="$TSAN/libsockgraft.so $sanitizer" \
		"$TSAN/tests/threads" stress "$1" 3 >"$(out r)" 2>"$(err r)" || can_run
	said r '^[1-9][0-9]* rounds$'
}

@test "no data race" {
	without_races 10.77.0.22 239.1.1.1%b0
}

@test "IPv6: no data race" {
	without_races fd77::22 ff15::114%b0
}

@test "no data race while a membership waits" {
	without_races 10.77.0.22 239.1.1.1%b0,239.1.1.2%nope0
}

@test "a race would be seen" {
	needs_tsan tests/threads
	export TSAN_OPTIONS="log_path=$BATS_TEST_TMPDIR/seen"
	on receiver "$TSAN/tests/threads" race 10.77.0.22 1 >"$(out r)" 2>"$(err r)" || can_run_at_all
	grep -q 'data race' "$BATS_TEST_TMPDIR"/seen.*
}

# while_blocked MEMBERSHIPS CALL...: while one thread is blocked in the call, another uses sockets as ever.
while_blocked() {
	local memberships=$1 call
	shift
	for call; do
		SOCKGRAFT_LOG=quiet SOCKGRAFT_JOIN=$memberships grafted \
			"$BUILD/tests/threads" beside 10.77.0.22 "$call" >"$(out r)" || fail "$call"
		said r '^200 rounds$'
	done
}

CALLS=(recv recvfrom read recvmsg recvmmsg poll select epoll_wait accept connect)

@test "a call that blocks holds up no other thread" {
	while_blocked 239.1.1.1%b0 "${CALLS[@]}"
}

@test "a call that blocks holds up no other thread, while a membership waits" {
	while_blocked 239.1.1.1%b0,239.1.1.2%nope0 "${CALLS[@]}"
}

@test "threads and children that use sockets at once all succeed" {
	local memberships
	for memberships in 239.1.1.1%b0 239.1.1.1%b0,239.1.1.2%nope0; do
		SOCKGRAFT_LOG=quiet SOCKGRAFT_JOIN=$memberships grafted \
			"$BUILD/tests/threads" stress 10.77.0.22 2 >"$(out r)"
		said r '^[1-9][0-9]* rounds$'
	done
}
