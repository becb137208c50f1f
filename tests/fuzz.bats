# What the fuzzers once found, and what they start from, taken once by their targets.

setup() {
	BUILD=${BUILD:-build}
}

take() { # TARGET
	"$BUILD/tests/fuzz_$1" "$BATS_TEST_DIRNAME/fuzz/corpus/$1"/*
}

@test "the policy's parsers" {
	take policy
}

@test "what core reads: control messages, headers, addresses, interfaces, names" {
	take core
}
