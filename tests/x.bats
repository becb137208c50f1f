load hosts
setup() {
	hosts_up
	PROBE=$BUILD/tests/signals
}
teardown() {
	hosts_down
}
@test "engaged" {
	SOCKGRAFT_LOG=error SOCKGRAFT_INTERFACE=b0+b1 SOCKGRAFT_REDIRECT='10.99.9.9->10.77.0.1,239.9.9.9->239.8.8.8' grafted "$PROBE" handler 10.77.0.22 8192 >"$(out r)" 2>"$(err r)" || true
	said r '^all went well$'
}
@test "spread" {
	SOCKGRAFT_LOG=error SOCKGRAFT_INTERFACE=b0+b1 SOCKGRAFT_JOIN='239.1.1.1%b0' grafted "$PROBE" handler 239.1.1.1 8192 >"$(out r)" 2>"$(err r)" || true
	said r '^all went well$'
}
