# Debian packages: what is in them, what Debian's own checker says of them, and that they work from where they are put.

load hosts

setup_file() {
	local tool
	for tool in dh dpkg-buildpackage; do
		command -v "$tool" >/dev/null || skip "needs $tool"
	done
	# In a directory of its own: other tests build at the same time.
	DEB_BUILD_OPTIONS=parallel=1 make -s -C "$BATS_TEST_DIRNAME/.." deb BUILD="$BATS_FILE_TMPDIR" \
		>"$BATS_FILE_TMPDIR/log" 2>&1 || { cat "$BATS_FILE_TMPDIR/log" >&2 && return 1; }
	mkdir "$BATS_FILE_TMPDIR/root"
	local package
	for package in "$BATS_FILE_TMPDIR"/deb/*.deb; do
		dpkg-deb --extract "$package" "$BATS_FILE_TMPDIR/root"
	done
}

setup() {
	clean_environment
	DEBS=$BATS_FILE_TMPDIR/deb ROOT=$BATS_FILE_TMPDIR/root
	TRIPLET=$(dpkg-architecture -q DEB_HOST_MULTIARCH)
}

teardown() {
	[ ${#HOST[@]} = 0 ] || hosts_down
}

# contents PACKAGE: its files, but for the manual pages of core, and what is in every package's directory of documents,
# where only what is large is compressed.
contents() {
	dpkg-deb --contents "$DEBS/$1"_*.deb | awk '$1 !~ /^d/ { print substr($6, 2) }' |
		grep -Ev -e '/man3/|/doc/.*/(copyright|changelog|examples)' | sed '/[.]md[.]gz$/s/[.]gz$//' | sort
}

has_alone() {
	diff <(contents "$1") <(sed "s/TRIPLET/$TRIPLET/")
}

@test "each package has its own" {
	has_alone sockgraft <<-END
		/usr/bin/sockgraft
		/usr/share/bash-completion/completions/sockgraft
		/usr/share/doc/sockgraft/CHANGELOG.md
		/usr/share/doc/sockgraft/README.md
		/usr/share/man/man1/sockgraft.1.gz
		/usr/share/zsh/vendor-completions/_sockgraft
	END
	has_alone libsockgraft <<-END
		/usr/lib/TRIPLET/libsockgraft.so
		/usr/share/lintian/overrides/libsockgraft
		/usr/share/man/man7/sockgraft.7.gz
	END
	has_alone libsockgraft-core0 <<-END
		/usr/lib/TRIPLET/libsockgraft-core.so.0
	END
	has_alone libsockgraft-core-dev <<-END
		/usr/include/sockgraft.h
		/usr/include/sockgraft_options.h
		/usr/lib/TRIPLET/libsockgraft-core.a
		/usr/lib/TRIPLET/libsockgraft-core.so
		/usr/lib/TRIPLET/pkgconfig/sockgraft-core.pc
	END
	[ -s "$ROOT/usr/share/doc/sockgraft/examples/recipes/README.md" ]
	[ -s "$ROOT/usr/share/doc/libsockgraft-core-dev/examples/traceroute.c" ]
}

@test "nothing that is built is left out, or in two packages" {
	local root=$BATS_TEST_TMPDIR/root
	make -s -C "$TESTS/.." install BUILD="$BUILD" DESTDIR="$root" PREFIX=/usr LOADER_LIB="lib/$TRIPLET" \
		ZSHCOMPDIR=/usr/share/zsh/vendor-completions
	diff <(cd "$root" && find . ! -type d | sed 's|\(/man/.*\)|\1.gz|' | sort) \
		<(cd "$ROOT" && find . ! -type d ! -path './usr/share/doc/*' ! -path '*/lintian/*' | sort)
	[ -z "$(for package in "$DEBS"/*.deb; do dpkg-deb --contents "$package" | awk '$1 !~ /^d/ { print $6 }'; done | sort | uniq -d)" ]
}

@test "the packages' version is the Makefile's" {
	local version package
	version=$(sed -n 's/^VERSION *:= *//p' "$TESTS/../Makefile")
	for package in "$DEBS"/*.deb; do
		[ "$(dpkg-deb --field "$package" Version)" = "$version" ]
	done
	[ "$("$ROOT/usr/bin/sockgraft" --version)" = "sockgraft $version" ]
}

@test "libraries for several architectures can be installed side by side" {
	local package
	for package in libsockgraft libsockgraft-core0 libsockgraft-core-dev; do
		[ "$(dpkg-deb --field "$DEBS/${package}"_*.deb Multi-Arch)" = same ]
	done
	[[ $(dpkg-deb --field "$DEBS"/libsockgraft_*.deb Depends) =~ ^libc6\ \([^,]*\)$ ]]
}

@test "lintian has nothing to say" {
	command -v lintian >/dev/null || skip "needs lintian"
	lintian --allow-root --fail-on error,warning "$DEBS"/*.changes
}

@test "the command of the package runs a program with the library of the package" {
	hosts_up
	start r "$ROOT/usr/bin/sockgraft" run --join 239.1.1.1%b0 "$EXAMPLES/unicast-receiver" 10.77.0.2 5000 1 "$DEADLINE"
	wait_until joined 239.1.1.1 b0
	# shellcheck disable=SC2016 # as the loader is told
	tr '\0' '\n' <"/proc/${STARTED[r]}/environ" | grep -Fx "LD_PRELOAD=$(realpath "$ROOT")"'/usr/$LIB/libsockgraft.so'
	send word 239.1.1.1 5000
	hears r word
	silent r
}

@test "a program is built with the packages for it" {
	cp "$TESTS/../examples/core/"{traceroute.c,example.h} "$BATS_TEST_TMPDIR"
	cd "$BATS_TEST_TMPDIR" || return
	cc -I"$ROOT/usr/include" -o traceroute traceroute.c -L"$ROOT/usr/lib/$TRIPLET" -lsockgraft-core
	readelf -d traceroute | grep -F 'NEEDED' | grep -F 'libsockgraft-core.so.0'
}
