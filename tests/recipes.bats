# The recipes of examples/recipes, as far as one machine can try them: what they name is there, what can be run of them
# does what they say.

bats_require_minimum_version 1.5.0

load hosts

RECIPES=$BATS_TEST_DIRNAME/../examples/recipes

setup() {
	hosts_up
	ROOT=$BATS_TEST_TMPDIR/root
	MAKE=(env -u MAKEFLAGS -u MAKELEVEL make -s -C "$TESTS/.." "BUILD=$BUILD")
}

teardown() {
	hosts_down
}

# ours FILE: a copy of a recipe's file in which the names are those of the test hosts.
ours() {
	local copy=$BATS_TEST_TMPDIR/${1##*/}
	sed 's/eth0/b0/g; s/10\.0\.0\.5/10.77.0.1/g' "$RECIPES/$1" >"$copy"
	echo "$copy"
}

@test "the table of recipes has each directory" {
	diff <(cd "$RECIPES" && printf '%s\n' */) <(sed -nE 's/^\| .([a-z]+\/).*/\1/p' "$RECIPES/README.md" | sort)
}

# --- systemd ---

@test "systemd: the drop-in goes with a unit" {
	command -v systemd-analyze >/dev/null || skip "needs systemd-analyze"
	local units=$BATS_TEST_TMPDIR/units
	mkdir -p "$units/legacyd.service.d"
	printf '[Service]\nExecStart=/bin/true\n' >"$units/legacyd.service"
	cp "$RECIPES/systemd/sockgraft.conf" "$units/legacyd.service.d"
	run -0 systemd-analyze verify --man=no "$units/legacyd.service"
	[ -z "$output" ] || fail "$output"
	# That it was read at all:
	echo 'ExecStartt=/bin/true' >>"$units/legacyd.service.d/sockgraft.conf"
	run systemd-analyze verify --man=no "$units/legacyd.service"
	[[ $output == *ExecStartt* ]]
}

# What systemd would make of the environment file: lines NAME=VALUE, with quotes around a value taken off.
environment() {
	sed -nE 's/^([A-Z_]+)="?([^"]*)"?$/\1=\2/p' "$1"
}

@test "systemd: the drop-in's library with the policy of /etc/default" {
	local preload policy
	"${MAKE[@]}" install DESTDIR= PREFIX="$ROOT"
	preload=$(sed -n "s|^Environment=\(.*\)/usr/local/|\1$ROOT/|p" "$RECIPES/systemd/sockgraft.conf")
	[[ $preload == LD_PRELOAD=* ]]
	mapfile -t policy < <(environment "$(ours systemd/legacyd.default)")
	[ ${#policy[@]} = 3 ]
	cp "$EXAMPLES/unicast-receiver" "$BATS_TEST_TMPDIR/legacyd"
	start r "$preload" "${policy[@]}" "$BATS_TEST_TMPDIR/legacyd" 10.77.0.2 5000 1 "$DEADLINE"
	wait_until mcfilter_is "1 0" b0 232.7.8.9 10.77.0.1
	send group 232.7.8.9 5000
	hears r group
	complained r '^sockgraft\[[0-9]+\]: info: .*join 10\.77\.0\.1@232\.7\.8\.9:5000%b0'
	refute complained r 'error|warn'
}

# --- containers ---

# install_as_in_image: what the first stage of the image does, into ROOT.
install_as_in_image() {
	local line words
	line=$(sed -n 's/^RUN make //p' "$RECIPES/container/Containerfile")
	[[ $line == "-C /src install BUILD=/tmp/build "* ]]
	read -ra words <<<"${line#*BUILD=/tmp/build }"
	"${MAKE[@]}" install DESTDIR="$ROOT" "${words[@]}"
}

# listed INSTRUCTION: the words of ENTRYPOINT or CMD, a line each.
listed() {
	sed -n "s/^$1 //p" "$RECIPES/container/Containerfile" | "$PYTHON" -c 'import json, sys; print(*json.load(sys.stdin), sep="\n")'
}

@test "a container image: instructions are known, and what they run is right shell" {
	local instruction rest
	while read -r instruction rest; do
		case $instruction in
		"" | \#*) ;;
		FROM | COPY | ENV | ENTRYPOINT | CMD) ;;
		RUN) sh -n -c "$rest" ;;
		*) fail "no such instruction: $instruction" ;;
		esac
	done <"$RECIPES/container/Containerfile"
	listed CMD
}

@test "a container image: what is copied is what is installed, and starts the program" {
	local source entry policy
	install_as_in_image
	while read -r source; do
		[ -s "$ROOT$source" ] || fail "not installed: $source"
	done < <(awk '/^COPY --from/ { print $3 }' "$RECIPES/container/Containerfile")
	mapfile -t entry < <(listed ENTRYPOINT)
	policy=$(sed -n 's/^ENV //p' "$(ours container/Containerfile)")
	start r "$policy" "$ROOT${entry[0]}" "${entry[@]:1}" "$EXAMPLES/unicast-receiver" 10.77.0.2 5000 1 "$DEADLINE"
	wait_until joined 239.1.1.1 b0
	send group 239.1.1.1 5000
	hears r group
	silent r
}

# pod EXPRESSION: what Python says of the pod's spec.
pod() {
	"$PYTHON" - "$(ours kubernetes/pod.yaml)" "$1" <<-'END'
		import sys, yaml
		with open(sys.argv[1]) as file:
		    pod = yaml.safe_load(file)["spec"]
		init, main = pod["initContainers"][0], pod["containers"][0]
		print(*eval(sys.argv[2]), sep="\n")
	END
}

@test "a pod: the init container brings what the program's container preloads" {
	"$PYTHON" -c 'import yaml' 2>/dev/null || skip "needs Python's yaml"
	local copy policy volumes=$BATS_TEST_TMPDIR
	[ "$(pod '{mount["name"] for one in (init, main) for mount in one["volumeMounts"]}')" = \
		"$(pod '[volume["name"] for volume in pod["volumes"]]')" ]
	[ "$(pod '[mount["mountPath"] for mount in init["volumeMounts"]]')" = /graft ]
	[ "$(pod '[mount["mountPath"] for mount in main["volumeMounts"]]')" = /graft ]
	install_as_in_image
	mkdir "$volumes/graft"
	mapfile -t copy < <(pod 'init["command"]')
	copy=("${copy[@]/#\/opt/"$ROOT/opt"}")
	"${copy[@]/#\/graft/"$volumes/graft"}"
	mapfile -t policy < <(pod '[one["name"] + "=" + one["value"] for one in main["env"]]')
	policy=("${policy[@]/=\/graft/"=$volumes/graft"}")
	cp "$EXAMPLES/unicast-receiver" "$BATS_TEST_TMPDIR/legacyd"
	start r "${policy[@]}" "$BATS_TEST_TMPDIR/legacyd" 10.77.0.2 5000 1 "$DEADLINE"
	wait_until joined 239.1.1.1 b0
	send group 239.1.1.1 5000
	hears r group
	silent r
}

# --- Java ---

@test "Java: its joins are by the interface, and from the source, that the rules say" {
	command -v javac >/dev/null || skip "needs javac"
	javac -d "$BATS_TEST_TMPDIR" "$TESTS/peers/Peer.java"
	start r "$BUILD/sockgraft" run -f "$(ours java/java.rules)" \
		java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -cp "$BATS_TEST_TMPDIR" Peer receive 239.1.1.1 5000 b1
	wait_until mcfilter_is "1 0" b0 239.1.1.1 10.77.0.1
	refute joined 239.1.1.1 b1
	send other 239.1.1.1 5000 10.77.0.3
	send end 239.1.1.1 5000 10.77.0.1
	finish r
	refute said r other
	said r end
	silent r
}

# --- 32 bits ---

@test "a 32-bit program: the command finds the library for it beside the other" {
	local library program=$BATS_TEST_TMPDIR/program
	echo 'int main(void) { return 7; }' | cc -m32 -x c -o "$program" - 2>/dev/null || skip "needs cc -m32"
	"${MAKE[@]}" install DESTDIR= PREFIX="$ROOT"
	run -126 "$ROOT/bin/sockgraft" run "$program"
	[[ $output == *"make ARCH=32 install" ]]
	"${MAKE[@]}" BUILD="$BUILD/32" ARCH=32 install DESTDIR= PREFIX="$ROOT"
	if "$program" 2>/dev/null || [ $? = 7 ]; then
		run "$ROOT/bin/sockgraft" run --ttl 9 "$program"
		[ "$status $output" = "7 " ]
	else # the kernel has no 32-bit programs: what would be loaded is of their kind
		strace -v -s 9999 -e trace=execve -o "$BATS_TEST_TMPDIR/trace" "$ROOT/bin/sockgraft" run --ttl 9 "$program" 2>/dev/null || :
		library=$(sed -nE "s|^execve\(\"$program\".*\"LD_PRELOAD=([^\"]*)\".*|\1|p" "$BATS_TEST_TMPDIR/trace")
		readelf -h "${library/\$LIB/lib}" | grep -q ELF32
	fi
}
