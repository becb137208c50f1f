# Programs of 64 and of 32 bits in one environment: the loader puts into $LIB where the library for each is.

load ../hosts

setup_file() {
	local build
	build=$(realpath "${BUILD:-build/32}")
	local make=(env -u MAKEFLAGS -u MAKELEVEL -u ARCH make -s -C "$BATS_TEST_DIRNAME/../.." DESTDIR= install)
	"${make[@]}" PREFIX="$BATS_FILE_TMPDIR" BUILD="${build%/*}"
	"${make[@]}" PREFIX="$BATS_FILE_TMPDIR" BUILD="$build" ARCH=32
}

setup() {
	hosts_up
	SHORT=$BUILD/tests LONG=${BUILD%/*}/tests
	# shellcheck disable=SC2016,SC2034 # the loader replaces $LIB, hosts.bash uses GRAFT
	GRAFT=$BATS_FILE_TMPDIR'/$LIB/libsockgraft.so'
}

teardown() {
	hosts_down
}

# becomes PARENT CHILD: a program binds a socket, which is widened, and becomes another, which is told what the first
# asked for.
becomes() {
	SOCKGRAFT_JOIN=239.1.1.1%b0 start r grafted "$1/calls" bound 10.77.0.2 5000 "$2/probe" executed 3
	wait_until said r '^after exec: 10\.77\.0\.2 5000 16$'
	joined 239.1.1.1 b0
	send address 10.77.0.22 5000
	send group 239.1.1.1 5000
	hears r group
	deaf r address
	silent r
}

@test "a program of 64 bits starts one of 32" {
	becomes "$LONG" "$SHORT"
}

@test "a program of 32 bits starts one of 64" {
	becomes "$SHORT" "$LONG"
}

@test "a shell and what it starts" {
	# shellcheck disable=SC2016 # for the inner shell
	SOCKGRAFT_JOIN=239.1.1.1%b0 start r grafted sh -c \
		'"$1/calls" bound 10.77.0.2 5000 "$2/probe" executed 3' sh "$SHORT" "$LONG"
	wait_until said r '^after exec: 10\.77\.0\.2 5000 16$'
	silent r
}

@test "inherit=no: what it starts is left alone, of whichever bits" {
	export SOCKGRAFT_INHERIT=no SOCKGRAFT_JOIN=239.1.1.1%b0
	start r grafted "$LONG/calls" bound 10.77.0.2 5000 "$SHORT/probe" executed 3
	start s grafted "$SHORT/calls" bound 10.77.0.2 5001 "$LONG/probe" executed 3
	wait_until said r '^after exec: 0\.0\.0\.0 5000 16$'
	wait_until said s '^after exec: 0\.0\.0\.0 5001 16$'
	silent r
	silent s
}
