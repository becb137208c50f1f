# Programs that run with more rights than whoever starts them: the loader leaves the library out, and where the
# library is trusted and loaded all the same, its variables are nobody's to set.

load hosts

ANYBODY=65534

setup() {
	[ "$(id -u)" = 0 ] || skip "it takes root to give a program more rights"
	[ -z "$OWN_USERS" ] || skip "it takes root outside of a user namespace to give a program more rights"
	[[ $GRAFT != *" "* ]] || skip "the sanitizer's library can't be loaded either"
	hosts_up
	# Whoever has no rights must be able to reach it, and the file system to allow such programs.
	PLACE=$(mktemp -d /tmp/sockgraft-secure.XXXXXX)
	[[ $(findmnt -no OPTIONS -T "$PLACE") != *nosuid* ]] || skip "/tmp is mounted nosuid"
	chmod 755 "$PLACE"
	cp "$BUILD/tests/rights" "$PLACE/rights"
	cp "$GRAFT" "$PLACE/libsockgraft.so"
	chmod 755 "$PLACE"/*
}

teardown() {
	[ -z "${PLACE-}" ] || rm -rf "$PLACE"
	hosts_down
}

# by_anybody COMMAND...: without any rights.
by_anybody() {
	on receiver setpriv --reuid "$ANYBODY" --regid "$ANYBODY" --clear-groups --inh-caps=-all "$@"
}

# A bad policy would end a program that reads it, and a good one shows.
leaves_alone() {
	SOCKGRAFT_TTL=9 by_anybody env "$@" "$PLACE/rights" >"$(out r)" 2>"$(err r)"
	said r '^secure 1 ttl 64$' || fail "$(cat "$(out r)" "$(err r)")"
	silent r
	SOCKGRAFT_NONSENSE=1 SOCKGRAFT_TTL=nonsense by_anybody env "$@" "$PLACE/rights" >"$(out r)" 2>"$(err r)"
	said r '^secure 1 ttl 64$'
}

@test "without more rights, the same program is governed" {
	SOCKGRAFT_TTL=9 by_anybody env "LD_PRELOAD=$PLACE/libsockgraft.so" "$PLACE/rights" >"$(out r)"
	said r '^secure 0 ttl 9$'
	refute env SOCKGRAFT_TTL=nonsense LD_PRELOAD="$PLACE/libsockgraft.so" "$PLACE/rights" >"$(out r)" 2>&1
}

@test "setuid: the loader leaves the library out" {
	chmod u+s "$PLACE/rights"
	leaves_alone "LD_PRELOAD=$PLACE/libsockgraft.so"
}

@test "setgid: the loader leaves the library out" {
	chmod g+s "$PLACE/rights"
	leaves_alone "LD_PRELOAD=$PLACE/libsockgraft.so"
}

@test "with file capabilities: the loader leaves the library out" {
	setcap cap_net_admin+ep "$PLACE/rights" || skip "no file capabilities here"
	leaves_alone "LD_PRELOAD=$PLACE/libsockgraft.so"
}

# trusted COMMAND...: where the library lies in a directory that the loader trusts, setuid, and so may be preloaded by
# its bare name into such programs too (ld.so(8)).  The directory is this command's alone.
trusted() {
	chmod u+s "$PLACE/libsockgraft.so"
	mkdir -p "$PLACE/upper" "$PLACE/work"
	mv "$PLACE/libsockgraft.so" "$PLACE/upper/"
	# shellcheck disable=SC2016 # for the inner shell
	on receiver unshare --mount --propagation private sh -c '
		directory=$1 place=$2
		shift 2
		mount -t tmpfs none "$place/work" && mkdir "$place/work/up" "$place/work/tmp" &&
			cp -p "$place/upper/libsockgraft.so" "$place/work/up/" &&
			mount -t overlay -o "lowerdir=$directory,upperdir=$place/work/up,workdir=$place/work/tmp" \
				none "$directory" || exit 99
		exec "$@"' sh "$(libraries)" "$PLACE" setpriv --reuid "$ANYBODY" --regid "$ANYBODY" --clear-groups \
		--inh-caps=-all env LD_PRELOAD=libsockgraft.so "$@" >"$(out r)" 2>"$(err r)"
}

# Where libc lies, which the loader trusts.
libraries() {
	dirname "$(ldd "$PLACE/rights" | awk '/libc\.so/ { print $3 }')" | xargs realpath
}

@test "setuid, and the library trusted: loaded, and its variables are ignored" {
	local status=0
	chmod u+s "$PLACE/rights"
	SOCKGRAFT_TTL=9 trusted "$PLACE/rights" || status=$?
	[ "$status" != 99 ] || skip "no overlay can be mounted here"
	[ "$status" = 0 ]
	said r '^libsockgraft.so is loaded$'
	said r '^secure 1 ttl 64$' || fail "$(cat "$(out r)" "$(err r)")"
	silent r
}

@test "setuid, and the library trusted: a bad policy is nobody's to complain of" {
	local status=0
	chmod u+s "$PLACE/rights"
	SOCKGRAFT_TTL=nonsense SOCKGRAFT_NONSENSE=1 SOCKGRAFT_LOG_FILE=$PLACE/log trusted "$PLACE/rights" || status=$?
	[ "$status" != 99 ] || skip "no overlay can be mounted here"
	[ "$status" = 0 ]
	said r '^libsockgraft.so is loaded$'
	said r '^secure 1 ttl 64$'
	silent r
	[ ! -e "$PLACE/log" ]
}
