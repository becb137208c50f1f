# Other preloaded libraries, before ours and behind it: each does its work, and the group is heard.

load hosts
load receivers

setup() {
	[[ $GRAFT != *" "* ]] || skip "a sanitizer must be the first, and have malloc to itself"
	hosts_up
}

teardown() {
	hosts_down
}

# library FILE PACKAGE: where the loader would find it.
library() {
	OTHER=$(find "$(dirname "$(ldd "$PYTHON" | awk '/libc\.so/ { print $3 }')")/" -name "$1" -print -quit)
	[ -n "$OTHER" ] || skip "$1 is missing: $2"
}

# receive_beside OTHER: python and socat hear their own address and the group, and nobody else's, in both orders.
receive_beside() {
	receive_with "$1" "$GRAFT:$1"
	receive_with "$1" "$1:$GRAFT"
}

# receive_with OTHER LIST
receive_with() {
	local kind
	for kind in python socat; do
		GRAFT=$2 SOCKGRAFT_JOIN=10.77.0.1@232.7.8.9%b0 listen "$kind" 10.77.0.2 5000
		grep -q "${1##*/}" "/proc/${STARTED[r]}/maps" || fail "${1##*/} is not loaded"
		grep -q libsockgraft "/proc/${STARTED[r]}/maps"
		send address 10.77.0.22 5000
		send source 232.7.8.9 5000 10.77.0.3
		send group 232.7.8.9 5000 10.77.0.1
		send own 10.77.0.2 5000
		hears r group own
		deaf r address source
		[ "$(warnings r)" = 0 ] || fail "$(cat "$(err r)")"
		stop r
	done
}

@test "jemalloc" {
	library libjemalloc.so.2 libjemalloc2
	receive_beside "$OTHER"
}

@test "a tracer of memory" {
	library libmemusage.so libc-devtools
	receive_beside "$OTHER"
}

@test "an allocator that makes socket calls from malloc and from its constructor" {
	receive_beside "$BUILD/tests/allocator.so"
}

@test "eatmydata" {
	library libeatmydata.so libeatmydata1
	receive_beside "$OTHER"
}

@test "faketime" {
	library libfaketime.so.1 libfaketime
	FAKETIME='2001-01-01 00:00:00' receive_beside "$OTHER"
}

@test "faketime, while a membership waits" {
	library libfaketime.so.1 libfaketime
	GRAFT=$GRAFT:$OTHER FAKETIME='+1d' SOCKGRAFT_JOIN=239.1.1.1%b2 listen socat 10.77.0.2 5000
	add_link 2
	wait_until joined 239.1.1.1 b2
	send group 239.1.1.1 5000 10.79.0.1 a2
	hears r group
}

@test "an indirect function behind ours" {
	receive_with "$BUILD/tests/indirect.so" "$GRAFT:$BUILD/tests/indirect.so"
	complained r '^indirect: bind$'
}

@test "a call of ours from within the look-up of the functions behind" {
	LD_BIND_NOW=1 receive_with "$BUILD/tests/nested.so" "$GRAFT:$BUILD/tests/nested.so"
}

@test "all of them" {
	local all name
	all=$BUILD/tests/allocator.so
	for name in libeatmydata.so libfaketime.so.1 libmemusage.so; do
		library "$name" "see tests/need"
		all=$all:$OTHER
	done
	receive_beside "$all"
}

@test "a program built with AddressSanitizer" {
	local sanitizer list options memberships=239.1.1.1%b0,239.1.1.2%nope0
	[ -x "$BUILD/tests/sanitized" ] || skip "make test builds it"
	sanitizer=$(ldd "$BUILD/tests/sanitized" | awk '/libasan/ { print $3 }')
	for list in "$GRAFT" "$GRAFT $sanitizer" "$sanitizer $GRAFT"; do
		options=$ASAN_OPTIONS:verify_asan_link_order=0
		ASAN_OPTIONS=$options SOCKGRAFT_LOG=quiet SOCKGRAFT_JOIN=$memberships on receiver env LD_PRELOAD="$list" \
			"$BUILD/tests/sanitized" stress 10.77.0.22 1 >"$(out r)"
		said r '^[1-9][0-9]* rounds$'
	done
}
