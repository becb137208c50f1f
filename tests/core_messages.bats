# Core: control messages as bytes, read and written. No traffic, and no network namespace.

load hosts

setup() {
	clean_environment
}

teardown() {
	no_sanitizer_report
}

@test "any bytes are read safely: random ones, likely ones, whole messages and damaged ones, cut off anywhere" {
	"$BUILD/tests/core/messages" any_bytes
}

@test "whole messages before a cut are read, at any alignment" {
	"$BUILD/tests/core/messages" cut_off
}

@test "a number is one byte or an int" {
	"$BUILD/tests/core/messages" one_byte_or_an_int
}

@test "a value of several bytes is read as the kernel wrote it, on either byte order" {
	"$BUILD/tests/core/messages" native_values
}

@test "every combination of what is specified fits, is read back, and touches nothing past a room too small" {
	"$BUILD/tests/core/messages" every_combination
}

@test "values out of their range" {
	"$BUILD/tests/core/messages" ranges
}

@test "a mapped destination is IPv4's" {
	"$BUILD/tests/core/messages" mapped_destination
}

@test "a mapped source is IPv4's, one of the other family is refused" {
	"$BUILD/tests/core/messages" mapped_source
	"$BUILD/tests/core/messages" source_of_the_other_family
}
