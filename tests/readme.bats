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

@test "the manual's lists of keys and variables are the source's" {
	diff <("$BUILD/tests/policy_print" --man) \
		<(awk '/^\.\\" end/ { on = 0 } on { print } /^\.\\" keys/ { on = 1 }' docs/man/sockgraft.7)
}

@test "the library exports the interposed functions, and nothing else" {
	diff <(nm -D --defined-only "$BUILD/libsockgraft.so" | awk '{ print $3 }' | grep -v '^__[alu]san' | sort) \
		<("$BUILD/tests/functions_print" --names | sort)
}

@test "the manual's list of functions is the source's" {
	diff <("$BUILD/tests/functions_print" --man) \
		<(awk '/^\.\\" end/ { on = 0 } on { print } /^\.\\" functions/ { on = 1 }' docs/man/sockgraft.7)
}

@test "the library needs libc alone" {
	[ "$(needed_by libsockgraft.so)" = libc ]
}

# needed_by LIBRARY: what it takes, but for the sanitizers' libraries, which come with their build.
needed_by() {
	readelf -d "$BUILD/$1" | sed -nE 's/.*NEEDED.*\[(lib[a-z]+).*/\1/p' | grep -vE '^lib(asan|ubsan)$' | xargs
}

@test "core's shared library needs libc alone, and is known by the number of its ABI" {
	[ "$(needed_by libsockgraft-core.so)" = libc ]
	readelf -d "$BUILD/libsockgraft-core.so" | grep -F 'soname: [libsockgraft-core.so.0]'
}

# Every function that sockgraft.h declares; and the one table.
declared() {
	echo '#include "sockgraft.h"' | "${CC:-cc}" -D_GNU_SOURCE -Icore -E -P - | tr '\n' ' ' | tr ';{}' '\n' |
		grep -oE '\bgraft_[a-z0-9_]+ *\(|\bgraft_option_rows\b' | tr -d '( ' | sort -u
}

@test "core's shared library exports what sockgraft.h declares, and nothing else" {
	[ "$(declared | wc -l)" -gt 70 ]
	diff <(declared) <(nm -D --defined-only "$BUILD/libsockgraft-core.so" |
		awk '{ print $3 }' | grep -Ev '^__([alu]san|odr_asan)' | sort)
}

@test "core's static library hides all but that, link-time optimization or not" {
	[ "$BUILD" = build ] || skip "it has builds of its own"
	local own="$BATS_TEST_TMPDIR/own" program="$BATS_TEST_TMPDIR/program"
	MAKEFLAGS="" make -s BUILD="$own" CFLAGS="-O2 -flto" "$own/libsockgraft-core.a"
	cat >"$program.c" <<-END
		#include "sockgraft.h"
		int text_put(void);
		int kernel_send(void);
		int text_put(void) { return 3; }
		int kernel_send(void) { return 4; }
		int main(void)
		{
			struct graft_control control = {.with = GRAFT_WITH_HOPS, .hops = 9};
			char text[GRAFT_CONTROL_TEXT];
			union graft_address to = {.v4 = {.sin_family = AF_INET}};
			to.v4.sin_addr.s_addr = 0x0100007f;
			return graft_control_text(&control, text)[5] != '9' || graft_route_interface(&to) < 0 ||
			       text_put() != 3 || kernel_send() != 4;
		}
	END
	local library
	for library in "$BUILD/libsockgraft-core.a" "$own/libsockgraft-core.a"; do
		diff <(declared) <(nm -g --defined-only "$library" | awk 'NF == 3 { print $3 }' | sort)
		"${CC:-cc}" -Icore -o "$program" "$program.c" "$library"
		"$program"
	done
}

# compiles HEADER...: a program that includes these, in this order.
compiles() {
	printf '#include <%s>\n' "$@" | "${CC:-cc}" -D_GNU_SOURCE -Icore -Werror -fsyntax-only -xc - 2>"$BATS_TEST_TMPDIR/errors"
}

@test "sockgraft.h goes with the headers of kernel and C library that define the same things, in any order" {
	local first second pairs=0
	local headers=(linux/udp.h linux/if.h linux/in6.h netinet/udp.h net/if.h netinet/ip6.h)
	for first in "${headers[@]}"; do
		compiles "$first" sockgraft.h
		compiles sockgraft.h "$first"
		for second in "${headers[@]}"; do
			# Some exclude each other, or want another order.
			compiles "$first" netinet/in.h "$second" && compiles "$first" "$second" netinet/in.h || continue
			compiles "$first" "$second" sockgraft.h
			compiles "$first" sockgraft.h "$second"
			pairs=$((pairs + 1))
		done
	done
	[ "$pairs" -gt 20 ]
}

@test "sockgraft.h takes no name of the program's macros, and leaves them as they are" {
	local name macros
	macros=$(for name in ROW NUMBER TRAFFIC SWITCH BYTES GAUGE EVERY MESSAGE TOS TTL CLASS MARK; do
		echo "#define $name 77"
	done)
	printf '%s\n#include "sockgraft.h"\n%s\n_Static_assert(ROW == 77 && MARK == 77, "");\n' "$macros" "$macros" |
		"${CC:-cc}" -D_GNU_SOURCE -Icore -Wall -Werror -fsyntax-only -xc -
	echo '#include "sockgraft.h"
		#ifdef ROW
		#error ROW
		#endif' | "${CC:-cc}" -D_GNU_SOURCE -Icore -fsyntax-only -xc -
}

@test "make install and make uninstall" {
	make -s install BUILD="$BUILD" DESTDIR="$BATS_TEST_TMPDIR/root" PREFIX=/usr LIBDIR=/usr/lib/multi
	[ -s "$BATS_TEST_TMPDIR/root/usr/lib/multi/libsockgraft.so" ]
	make -s uninstall BUILD="$BUILD" DESTDIR="$BATS_TEST_TMPDIR/root" PREFIX=/usr LIBDIR=/usr/lib/multi
	[ -z "$(find "$BATS_TEST_TMPDIR/root" ! -type d)" ]
}

@test "the README's pictures and links lead to files" {
	local link count=0
	while read -r link; do
		[ -e "${link%%#*}" ]
		count=$((count + 1))
	done < <(grep -oE '\]\([a-z][^:)]*\)' README.md | tr -d '()]')
	[ "$count" -ge 4 ]
}

@test "the pictures are well-formed, and name their parts but once" {
	python3 - docs/*.svg <<-'END'
		import sys, xml.etree.ElementTree as tree
		for path in sys.argv[1:]:
		    root = tree.parse(path).getroot()
		    assert root.tag == "{http://www.w3.org/2000/svg}svg", path
		    names = [one.get("id") for one in root.iter() if one.get("id")]
		    assert len(names) == len(set(names)), path
	END
}

# The programs of the examples end at once.
@test "what the README runs is a policy that can be read" {
	local line count=0 program
	for program in legacyd sender player discovery; do
		ln -s "$(type -P true)" "$BATS_TEST_TMPDIR/$program"
	done
	echo "udp port=5000: ttl=3" >"$BATS_TEST_TMPDIR/rules"
	while read -r line; do
		line=${line//"/etc/legacyd.rules"/"$BATS_TEST_TMPDIR/rules"}
		(unset "${!SOCKGRAFT_@}" LD_PRELOAD && PATH=$BATS_TEST_TMPDIR:$BUILD:$PATH && eval "$line")
		count=$((count + 1))
	done < <(sed -n 's/^    \(sockgraft run .*\)/\1/p' README.md)
	[ "$count" -ge 6 ]
}
