# Core: one socket in many threads, which send, receive, turn control messages on and off, join and leave at once.

load hosts
load sanitizer

setup() {
	hosts_up
}

teardown() {
	hosts_down
}

@test "threads on one socket lose nothing that the kernel did not drop" {
	core threads one_socket
}

@test "threads on one socket: no data race" {
	needs_tsan tests/core/threads
	export TSAN_OPTIONS=log_path=$BATS_TEST_TMPDIR/sanitizer
	BUILD=$TSAN core threads one_socket 2>"$(err r)" || can_run
}

@test "a thread that is cancelled while core asks the kernel leaves no descriptor open" {
	core threads no_cancellation_points
}

@test "a thread that is cancelled while it waits for a datagram ends" {
	core threads receiving_is_a_cancellation_point
}
