# shellcheck shell=bash
# The build with ThreadSanitizer, for the test files that use it.  Loaded after hosts.

TSAN=$(realpath -m "$TESTS/../build/tsan")

# needs_tsan PROGRAM: skips the test unless this is the run that has that build, with the program in it.
needs_tsan() {
	[ "$BUILD" = "${TSAN%/tsan}" ] || skip "it has a build of its own"
	[ -e "$TSAN/$1" ] || skip "make thread-builds makes what it takes"
}

# An old sanitizer can't lay out its memory where the kernel picks addresses from a wider range.
can_run_at_all() {
	! complained r 'unexpected memory mapping' || skip "ThreadSanitizer doesn't run on this kernel"
}

can_run() {
	can_run_at_all
	fail "$(cat "$(err r)")"
}
