# Completion in real shells on a terminal: what they put into the line is what the command's help says.

load hosts

setup() {
	clean_environment
	COMPLETION=$TESTS/../shim/command/completion
	mkdir "$BATS_TEST_TMPDIR/bin" "$BATS_TEST_TMPDIR/files"
	printf '#!/bin/sh\nexec "%s/sockgraft" "$@"\n' "$BUILD" >"$BATS_TEST_TMPDIR/bin/sockgraft"
	chmod +x "$BATS_TEST_TMPDIR/bin/sockgraft"
	PATH=$BATS_TEST_TMPDIR/bin:$PATH
	cd "$BATS_TEST_TMPDIR/files" || return
}

teardown() {
	[ ${#HOST[@]} = 0 ] || hosts_down
}

need_zsh() {
	command -v zsh >/dev/null || skip "needs zsh"
}

# complete SHELL LINE...: prints what becomes of each line.
complete() {
	local file=$COMPLETION/_sockgraft
	[ "$1" = zsh ] || file=$COMPLETION/sockgraft.bash
	"$PYTHON" "$TESTS/helpers/complete.py" "$1" "$file" "${@:2}"
}

# completes SHELL [LINE RESULT]...: one session for all, as a shell takes long to start.
completes() {
	local shell=$1 lines=() results=()
	shift
	while [ $# -gt 0 ]; do
		lines+=("$1") results+=("$2")
		shift 2
	done
	diff <(printf '%s\n' "${results[@]}") <(complete "$shell" "${lines[@]}")
}

# told SUBCOMMAND HELP: unless the command has it, this is what it says of it.
told() {
	[[ $("$BUILD/sockgraft" help "$1") != "usage: sockgraft $1 "* ]] || return 0
	printf '%s\n' "usage: sockgraft $1 $2" >"$BATS_TEST_TMPDIR/$1"
	sed -i "2i [ \"\$1 \$2\" != 'help $1' ] || exec cat '$BATS_TEST_TMPDIR/$1'" "$BATS_TEST_TMPDIR/bin/sockgraft"
}

all_told() {
	told check "[POLICY OPTION]... [--strict] [--json] [--] [PROGRAM [ARGUMENT]...]
  -r, --rule RULE   a rule
  --KEY VALUE       a key
  --strict          exit status 1"
	told show "[--group GROUP] [--watch[=SECONDS]] [--json] [PID|NAME]..."
	told doctor "[GROUP] [--send|--receive] [--port N] [--time SECONDS] [OPTION]...
  --send            numbered datagrams
  --count N         how many: 10;  --interval SECONDS: one after so long: 0.1;  --ttl N: 64
  --json            one document, with --watch none"
}

# has WORD...: the line that was read has all of these.
has() {
	local word
	for word; do
		[[ " $line " == *" $word "* ]] || fail "not offered: $word in: $line"
	done
}

the_subcommands() {
	all_told
	line=$(complete "$1" "sockgraft ")
	has run help
	# shellcheck disable=SC2046 # a word each
	has $("$BUILD/sockgraft" help | sed -nE 's/^  ([a-z]+) .*/\1/p')
	completes "$1" "sockgraft ru" "sockgraft run" "sockgraft help k" "sockgraft help keys"
}

@test "bash: the subcommands" {
	the_subcommands bash
}

@test "zsh: the subcommands" {
	need_zsh
	the_subcommands zsh
}

the_keys() {
	line=$(complete "$1" "sockgraft run --")
	# shellcheck disable=SC2046 # a word each
	has --rule --file $("$BUILD/sockgraft" help keys | awk '/^  --/ { print $1 }')
	line=$(complete "$1" "sockgraft run -")
	has -r -f -v -q
}

@test "bash: every key of the policy is an option" {
	the_keys bash
}

@test "zsh: every key of the policy is an option" {
	need_zsh
	the_keys zsh
}

the_values() {
	touch rules.txt
	completes "$1" \
		"sockgraft run --multicast-lo" "sockgraft run --multicast-loop" \
		"sockgraft run --multicast-loop o" "sockgraft run --multicast-loop off on" \
		"sockgraft run --on-error=w" "sockgraft run --on-error=warn" \
		"sockgraft run -f ru" "sockgraft run -f rules.txt" \
		"sockgraft run --file=ru" "sockgraft run --file=rules.txt" \
		"sockgraft run -r 'udp port=5: ttl=3' --on-error f" "sockgraft run -r udp port=5: ttl=3 --on-error fail"
}

@test "bash: an option's values" {
	the_values bash
}

@test "zsh: an option's values" {
	need_zsh
	the_values zsh
}

the_program() {
	touch argument.txt
	printf '#!/bin/sh\n' >"$BATS_TEST_TMPDIR/bin/legacyd"
	chmod +x "$BATS_TEST_TMPDIR/bin/legacyd"
	completes "$1" \
		"sockgraft run legac" "sockgraft run legacyd" \
		"sockgraft run --ttl 3 -v legac" "sockgraft run --ttl 3 -v legacyd" \
		"sockgraft run --ttl=3 -- legac" "sockgraft run --ttl=3 -- legacyd" \
		"sockgraft run legacyd --option argu" "sockgraft run legacyd --option argument.txt" \
		"sockgraft run -- legacyd argu" "sockgraft run -- legacyd argument.txt"
}

@test "bash: the program and its arguments" {
	the_program bash
}

@test "zsh: the program and its arguments" {
	need_zsh
	the_program zsh
}

the_groups() {
	hosts_up
	bystander b 239.5.6.7%b0
	bystander c ff15::114%b1
	all_told
	local file=$COMPLETION/_sockgraft
	[ "$1" = zsh ] || file=$COMPLETION/sockgraft.bash
	diff - <(on receiver "$PYTHON" "$TESTS/helpers/complete.py" "$1" "$file" \
		"sockgraft run --join 239.5" \
		"sockgraft run --join 10.0.0.5@239.5" \
		"sockgraft run --join ff15" \
		"sockgraft run --join ff15::114%b1,239.5.6.7%l" \
		"sockgraft run --interface b0+b" \
		"sockgraft run --device b" \
		"sockgraft show --group 239" \
		"sockgraft doctor 239" \
		"sockgraft doctor --port 5000 239.5.6.7%b" \
		"sockgraft doctor --ttl 3 --interval 1 239") <<-END
		sockgraft run --join 239.5.6.7
		sockgraft run --join 10.0.0.5@239.5.6.7
		sockgraft run --join ff15::114
		sockgraft run --join ff15::114%b1,239.5.6.7%lo
		sockgraft run --interface b0+b0 b0+b1
		sockgraft run --device b0 b1
		sockgraft show --group 239.5.6.7
		sockgraft doctor 239.5.6.7
		sockgraft doctor --port 5000 239.5.6.7%b0 239.5.6.7%b1
		sockgraft doctor --ttl 3 --interval 1 239.5.6.7
	END
}

@test "bash: groups and interfaces of this host" {
	the_groups bash
}

@test "zsh: groups and interfaces of this host" {
	need_zsh
	the_groups zsh
}

# A process may call itself what it likes.
the_processes() {
	all_told
	cp "$(command -v sleep)" 'legacyd;touch x'
	"./legacyd;touch x" 60 3>&- 4>&- &
	local pid=$!
	completes "$1" "sockgraft show legacy" "sockgraft show legacyd;touch x" \
		"sockgraft show --json $pid" "sockgraft show --json $pid" \
		"sockgraft show --watch legacy" "sockgraft show --watch legacyd;touch x"
	kill "$pid"
	[ ! -e x ]
}

@test "bash: processes by number and by name, whatever the name is" {
	the_processes bash
}

@test "zsh: processes by number and by name, whatever the name is" {
	need_zsh
	the_processes zsh
}

the_options() {
	all_told
	line=$(complete "$1" "sockgraft check --")
	has --strict --json --join --rule --on-error
	line=$(complete "$1" "sockgraft show --")
	has --group --watch --json
	line=$(complete "$1" "sockgraft doctor --")
	has --port --time --send --receive --count --interval --ttl --json
	completes "$1" "sockgraft check --strict --multicast-loop=of" "sockgraft check --strict --multicast-loop=off"
}

@test "bash: the options of each subcommand" {
	the_options bash
}

@test "zsh: the options of each subcommand" {
	need_zsh
	the_options zsh
}
