# What the manual pages say is what the sources say, and their examples do what the pages tell.

setup() {
	load hosts
	cd "$TESTS/.." || return
	READ=("$PYTHON" "$TESTS/helpers/manuals.py")
	PAGES=(docs/man/*.3)
}

teardown() {
	[ ${#HOST[@]} = 0 ] || hosts_down
}

@test "the pages are well-formed" {
	command -v mandoc >/dev/null || skip "needs mandoc"
	[ -z "$(mandoc -T lint -W warning docs/man/*.[1-9])" ]
}

@test "the pages are set without a complaint on a screen of 78 columns" {
	command -v groff >/dev/null || skip "needs groff"
	local page
	for page in docs/man/*.[1-9]; do
		groff -mdoc -ww -Tutf8 -rLL=78n "$page" 2>&1 >"$BATS_TEST_TMPDIR/set" | tee -a "$BATS_TEST_TMPDIR/complaints"
		[ -s "$BATS_TEST_TMPDIR/set" ]
	done
	[ ! -s "$BATS_TEST_TMPDIR/complaints" ] || fail "$(cat "$BATS_TEST_TMPDIR/complaints")"
}

# What a column of one word a line would be.
@test "no list of the manual is a column of single words" {
	command -v groff >/dev/null || skip "needs groff"
	groff -mdoc -Tascii -P-cbou -rLL=78n docs/man/sockgraft.7 >"$BATS_TEST_TMPDIR/set"
	awk '/^INTERPOSED/ { on = 1 } /^NOT INTERPOSED/ { on = 0 } on { lines++; short += NF == 1 }
		END { exit !(lines > 60 && short < lines / 4) }' "$BATS_TEST_TMPDIR/set"
}

@test "every declaration of core stands in one synopsis, as it is in the header" {
	declared=$("${READ[@]}" declarations core/sockgraft.h | sort)
	[ "$(wc -l <<<"$declared")" -gt 80 ]
	diff <(echo "$declared") <("${READ[@]}" synopses "${PAGES[@]}" | sort)
}

@test "the pages name no function that there is not" {
	known=$("${READ[@]}" functions core/sockgraft.h && basename -s .3 "${PAGES[@]}")
	named=$("${READ[@]}" named "${PAGES[@]}" docs/man/sockgraft.7 | sort -u)
	[ -n "$named" ]
	[ -z "$(comm -13 <(sort -u <<<"$known") <(echo "$named"))" ]
}

@test "the overview lists every function once" {
	diff <("${READ[@]}" functions core/sockgraft.h | sort) \
		<(awk '/^\.Sh/ { on = / FUNCTIONS/ } on && /^\.It Fn/ { print $3 }' docs/man/libsockgraft-core.3 | sort)
}

@test "sockgraft(1) names each field of the JSON that is printed" {
	local name count=0 section
	section=$(awk '/^\.Sh/ { on = /JSON/ } on' docs/man/sockgraft.1)
	while read -r name; do
		grep -qw -- "$name" <<<"$section" || fail "$name"
		count=$((count + 1))
	done < <(grep -ohE 'json_[a-z_]+\("[a-z_]+"' shim/command/*.c | cut -d '"' -f 2 | sort -u)
	[ "$count" -gt 30 ]
}

@test "the list of options is the source's" {
	diff <("$BUILD/tests/options_print" --man) \
		<(awk '/^\.\\" end/ { on = 0 } on { print } /^\.\\" options/ { on = 1 }' docs/man/graft_set.3)
}

@test "every function and structure has a page of its name once the manual is installed, and none after" {
	local root=$BATS_TEST_TMPDIR/root names name
	make -s install BUILD="$BUILD" DESTDIR="$root" PREFIX=/usr LIBDIR=/usr/lib/multi
	names=$("${READ[@]}" functions core/sockgraft.h &&
		"${READ[@]}" declarations core/sockgraft.h | sed -nE 's/^(struct|union) (\w+) \{.*/\2/p')
	[ -n "$names" ]
	for name in $names libsockgraft-core; do
		grep -qx "\.Nm $name\( ,\)\?" "$root/usr/share/man/man3/$name.3" || fail "no page for $name"
	done
	[ -s "$root/usr/share/man/man7/sockgraft.7" ]
	make -s uninstall BUILD="$BUILD" DESTDIR="$root" PREFIX=/usr LIBDIR=/usr/lib/multi
	[ -z "$(find "$root" ! -type d)" ]
}

# The library may have been built with the sanitizers, which the program brings along then.
compile_example() {
	local sanitizers=()
	! nm "$BUILD/libsockgraft-core.a" | grep -q __asan_init || sanitizers=("-fsanitize=address,undefined")
	cc -std=gnu17 -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Werror "${sanitizers[@]}" -Icore \
		-o "${1%.c}" "$1" "$BUILD/libsockgraft-core.a"
}

@test "the examples compile without a warning, run, and print what the pages say" {
	command -v cc >/dev/null || skip "needs a compiler"
	"${READ[@]}" examples "$BATS_TEST_TMPDIR" "${PAGES[@]}"
	hosts_up
	local program example count=0
	for program in "$BATS_TEST_TMPDIR"/*.c; do
		example=${program%.c}
		compile_example "$program"
		on receiver timeout "$DEADLINE" "$example" >"$example.printed" || fail "${example##*/} failed"
		touch "$example.out"
		diff "$example.out" "$example.printed"
		count=$((count + 1))
	done
	[ "$count" -ge "${#PAGES[@]}" ]
}

@test "the header compiles by itself in strict C and in C++" {
	command -v cc >/dev/null || skip "needs a compiler"
	local standard
	for standard in c99 c11 c17 gnu17; do
		cc -x c -std="$standard" -Wall -Wextra -pedantic -Werror -fsyntax-only - <<<'#include "core/sockgraft.h"'
	done
	! command -v c++ >/dev/null ||
		c++ -x c++ -std=c++11 -Wall -Wextra -pedantic -Werror -fsyntax-only - <<<'#include "core/sockgraft.h"'
}

@test "core refuses what the pages tell, with the errors that they tell" {
	hosts_up
	on receiver "$BUILD/tests/refusals"
	on receiver setpriv --bounding-set -all --inh-caps -all "$BUILD/tests/refusals" --unprivileged
}
