# shellcheck shell=bash
# A program that makes membership requests (helpers/memberships.c), for the test files on them.  Loaded after hosts.

MEMBERSHIPS=$BUILD/tests/memberships

# asks FAMILY STEP...: runs it on the receiver, grafted, as a program named r, up to a step that waits.  `goes_on` lets
# it make the steps behind the next "line".
asks() {
	local pipe=$BATS_TEST_TMPDIR/lines
	[ -p "$pipe" ] || mkfifo "$pipe"
	exec {LINES_TO}<>"$pipe"
	INPUT=$pipe start r grafted "$MEMBERSHIPS" "$@" memberships line receive
	wait_until said r '^memberships: '
}

goes_on() {
	echo >&"$LINES_TO"
}

# answers LINE...: each request's answer, in order.
answers() {
	diff <(printf '%s\n' "$@") <(grep -Ev '^(member|memberships)[ :]' "$(out r)")
}

# members LINE...: what the kernel says that the socket is a member of, "GROUP%INTERFACE MODE SOURCES".
members() {
	diff <(printf '%s\n' "$@" | sort) <(sed -n 's/^member //p' "$(out r)" | sort)
}

# without_members: of nothing.
without_members() {
	said r '^memberships: 0$'
}

# are_alike FAMILY STEP...: each request has the answer that it has without the library.  The policy is in the
# environment.
are_alike() {
	start bare "$MEMBERSHIPS" "$@"
	finish bare
	start r grafted "$MEMBERSHIPS" "$@"
	finish r
	silent r
	[ -s "$(out bare)" ]
	diff "$(out bare)" "$(out r)"
}
