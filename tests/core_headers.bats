# Core: IP headers and the internet checksum, byte for byte. No traffic, and no network namespace.

load hosts

setup() {
	clean_environment
}

teardown() {
	no_sanitizer_report
}

@test "IPv4 headers are read and written as RFC 791 has them, with and without options" {
	"$BUILD/tests/core/headers" ipv4
}

@test "IPv4 headers that are cut off or of another version" {
	"$BUILD/tests/core/headers" ipv4_malformed
}

@test "IPv4 headers with values out of range, or odd options, are not written" {
	"$BUILD/tests/core/headers" ipv4_ranges
}

@test "IPv6 headers are read and written as RFC 8200 has them" {
	"$BUILD/tests/core/headers" ipv6
}

@test "IPv6 headers that are cut off or of another version" {
	"$BUILD/tests/core/headers" ipv6_malformed
}

@test "IPv6 headers with values out of range are not written" {
	"$BUILD/tests/core/headers" ipv6_ranges
}

@test "the internet checksum of known bytes, and of bytes that contain it" {
	"$BUILD/tests/core/headers" checksum
}
