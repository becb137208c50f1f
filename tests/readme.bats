# What the README and the library say of themselves is what the source says.

setup() {
	BUILD=${BUILD:-build}
}

table() { # START: the README's lines between the comment that starts so and <!-- end -->
	awk -v start="<!-- $1" 'index($0, "<!-- end") { on = 0 } on { print } index($0, start) { on = 1 }' README.md
}

@test "the README's table of keys and its table of variables are the source's" {
	diff <("$BUILD/tests/policy_print" --table) <(table keys && echo && table variables)
}

@test "the library exports the interposed functions, and nothing else" {
	diff <(nm -D --defined-only "$BUILD/libsockgraft.so" | awk '{ print $3 }' | grep -v '^__[alu]san' | sort) \
		<("$BUILD/tests/functions_print" --names | sort)
}

@test "the manual's table of functions is the source's" {
	diff <("$BUILD/tests/functions_print" --man) \
		<(awk '/^\.\\" end/ { on = 0 } on { print } /^\.\\" functions/ { on = 1 }' docs/man/sockgraft.7)
}

@test "the library needs libc alone" {
	# The sanitizers' libraries come with their build.
	[ "$(readelf -d "$BUILD/libsockgraft.so" | sed -nE 's/.*NEEDED.*\[(lib[a-z]+).*/\1/p' |
		grep -vE '^lib(asan|ubsan)$' | xargs)" = libc ]
}

@test "make install and make uninstall" {
	make -s install BUILD="$BUILD" DESTDIR="$BATS_TEST_TMPDIR/root" PREFIX=/usr LIBDIR=/usr/lib/multi
	[ -s "$BATS_TEST_TMPDIR/root/usr/lib/multi/libsockgraft.so" ]
	make -s uninstall BUILD="$BUILD" DESTDIR="$BATS_TEST_TMPDIR/root" PREFIX=/usr LIBDIR=/usr/lib/multi
	[ -z "$(find "$BATS_TEST_TMPDIR/root" ! -type d)" ]
}
