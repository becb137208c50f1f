# What `make install` puts in place, that it works from there, and that `make uninstall` takes all of it away.

load hosts

setup() {
	cd "$TESTS/.." || return
	clean_environment
	ROOT=$BATS_TEST_TMPDIR/root
	MAKE=(env -u MAKEFLAGS -u MAKELEVEL make -s "BUILD=$BUILD" "DESTDIR=$ROOT" PREFIX=/usr LIBDIR=/usr/lib/multi)
}

teardown() {
	[ ${#HOST[@]} = 0 ] || hosts_down
}

# installed: every file but the manual pages of core, as paths.
installed() {
	find "$ROOT" ! -type d ! -path '*/man3/*' -printf '/%P\n' | sort
}

@test "what is installed, and that nothing of it is left" {
	"${MAKE[@]}" install
	diff <(installed) - <<-END
		/usr/bin/sockgraft
		/usr/include/sockgraft.h
		/usr/include/sockgraft_options.h
		/usr/lib/multi/libsockgraft-core.a
		/usr/lib/multi/libsockgraft-core.so
		/usr/lib/multi/libsockgraft-core.so.0
		/usr/lib/multi/libsockgraft.so
		/usr/lib/multi/pkgconfig/sockgraft-core.pc
		/usr/share/bash-completion/completions/sockgraft
		/usr/share/man/man1/sockgraft.1
		/usr/share/man/man7/sockgraft.7
		/usr/share/zsh/site-functions/_sockgraft
	END
	"${MAKE[@]}" uninstall
	[ -z "$(find "$ROOT" ! -type d)" ]
}

@test "each directory can be another" {
	local others=(BINDIR=/b BASHCOMPDIR=/bash ZSHCOMPDIR=/zsh MANDIR=/man INCLUDEDIR=/include LIBDIR=/lib)
	"${MAKE[@]}" "${others[@]}" install
	[ -x "$ROOT/b/sockgraft" ]
	[ -s "$ROOT/bash/sockgraft" ]
	[ -s "$ROOT/zsh/_sockgraft" ]
	[ -s "$ROOT/man/man1/sockgraft.1" ]
	[ ! -e "$ROOT/usr" ]
	"${MAKE[@]}" "${others[@]}" uninstall
	[ -z "$(find "$ROOT" ! -type d)" ]
}

@test "the 32-bit library comes without a command, which would take the other's place" {
	"${MAKE[@]}" -n ARCH=32 BUILD="$BATS_TEST_TMPDIR/32" install >"$BATS_TEST_TMPDIR/commands"
	grep -q '/usr/lib/multi/libsockgraft\.so' "$BATS_TEST_TMPDIR/commands"
	refute grep -q /usr/bin "$BATS_TEST_TMPDIR/commands"
	"${MAKE[@]}" -n ARCH=32 uninstall >"$BATS_TEST_TMPDIR/commands"
	refute grep -q /usr/bin "$BATS_TEST_TMPDIR/commands"
}

@test "the installed command finds the installed library" {
	"${MAKE[@]}" LIBDIR=/usr/lib install
	hosts_up
	start r "$ROOT/usr/bin/sockgraft" run --join 239.1.1.1%b0 "$EXAMPLES/unicast-receiver" 10.77.0.2 5000 1 "$DEADLINE"
	wait_until joined 239.1.1.1 b0
	send word 239.1.1.1 5000
	hears r word
	silent r
}

@test "the installed command says its version, which is the Makefile's" {
	"${MAKE[@]}" install
	[ "$("$ROOT/usr/bin/sockgraft" --version)" = "sockgraft $(sed -n 's/^VERSION *:= *//p' Makefile)" ]
}

# options SUBCOMMAND: those of its usage and of its help's lines, in which two blanks stand before an option.
options() {
	"$BUILD/sockgraft" help "$1" | awk '/^usage:/ { print } /^  -/ { gsub(/  -/, "\n  -"); print }' |
		sed -E '/^usage/!s/   +[^ ].*//; /^usage/!s/:.*//' | grep -oE -e '(^|[^A-Za-z-])--?[a-z][a-z-]*' | grep -oE -e '--?[a-z-]+$' | sort -u
}

@test "sockgraft(1) has every subcommand, and every option of each" {
	local subcommand option page=docs/man/sockgraft.1
	for subcommand in $("$BUILD/sockgraft" help | sed -nE 's/^  ([a-z]+) .*/\1/p'); do
		awk -v title=".Ss sockgraft $subcommand" '/^\.S[sh]/ { on = $0 == title } on' $page >"$BATS_TEST_TMPDIR/section"
		[ -s "$BATS_TEST_TMPDIR/section" ] || fail "nothing on $subcommand"
		if [ "$subcommand" = check ]; then # which has run's options too
			awk '/^\.S[sh]/ { on = /sockgraft run/ } on' $page >>"$BATS_TEST_TMPDIR/section"
		fi
		for option in $(options "$subcommand"); do
			grep -Eq "^\.It.* Fl ${option#-}( |$)|^\.It.*, ${option#-}( |$)" "$BATS_TEST_TMPDIR/section" ||
				fail "$subcommand: nothing on $option"
		done
	done
}
