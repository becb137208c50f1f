# docs/parity.md, the table of what x/net's ipv4 and ipv6 have in C, is held against what it speaks of.

load programs

TABLE=$BATS_TEST_DIRNAME/../docs/parity.md
HEADERS=("$BATS_TEST_DIRNAME/../core/sockgraft.h" "$BATS_TEST_DIRNAME/../core/sockgraft_options.h")

# column N: the cells of the tables' rows.
column() {
	awk -F ' [|] |^[|] | [|]$' -v n="$1" '/^[|] / && !/here [|]/ { print $(n + 1) }' "$TABLE"
}

@test "each name in the table is declared in core's headers" {
	local name names
	names=$(column 2 | grep -oE '\b(graft|GRAFT)_[A-Za-z0-9_]+' | sort -u)
	[ "$(wc -l <<<"$names")" -gt 60 ]
	for name in $names; do
		[[ $name == GRAFT_* ]] && grep -qsw "ROW(${name#GRAFT_}" "${HEADERS[@]}" && continue
		grep -qsw "$name" "${HEADERS[@]}" || fail "$name is declared nowhere"
	done
}

@test "each function of core's header stands in the table, or is there for those that do" {
	local name
	for name in $(grep -oE '\bgraft_[a-z0-9_]+\(' "${HEADERS[0]}" | tr -d '(' | sort -u); do
		case $name in
		graft_address_* | graft_prefix_* | graft_filter_* | graft_pattern_matches) continue ;;
		graft_side_* | graft_interface_name_valid) continue ;;
		esac
		column 2 | grep -qw "$name" || fail "$name is missing"
	done
}

@test "each test in the table is there" {
	local file title
	[ "$(column 3 | grep -c '"')" = "$(column 3 | wc -l)" ] || fail "a row without a test"
	while IFS='|' read -r file title; do
		grep -qsF "@test \"$title\" {" "$BATS_TEST_DIRNAME/$file.bats" || fail "$file has no test \"$title\""
	done < <(column 3 | grep -oE '[a-z_]+: "[^"]*"' | sed 's/: "/|/; s/"$//')
}

# Every exported function and method, but for those that a type has from Go's own libraries.
@test "the table has every operation of x/net's ipv4 and ipv6" {
	local source=/usr/share/gocode/src/golang.org/x/net package operations
	[ -d "$source/ipv4" ] || skip "needs golang-golang-x-net-dev"
	for package in ipv4 ipv6; do
		operations+=$(find "$source/$package" -name '*.go' ! -name '*_test.go' -exec cat {} + |
			sed -nE 's/^func (\([a-z]+ \*?([A-Za-z]+)\) )?([A-Z][A-Za-z]*)\(.*/\2.\3/p' |
			sed -E 's/^(Conn|PacketConn|RawConn|genericOpt|dgramOpt|payloadHandler|packetHandler)?\.//' |
			sed "s/^/$package./")$'\n'
	done
	diff <(sort -u <<<"${operations%$'\n'}") <(column 1 | grep -oE '\bipv[46]\.[A-Za-z.]+' | sort -u)
}
