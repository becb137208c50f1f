# sockgraft run: the policy that the program is started under, what is refused before it is, and how it is said.

load hosts

# Most of it needs no host.
setup() {
	local - && set +T
	clean_environment
	cd "$BATS_TEST_TMPDIR" || return
	SOCKGRAFT=$BUILD/sockgraft
}

teardown() {
	[ ${#HOST[@]} = 0 ] || hosts_down
}

# tells ARGUMENT...: what a program that is run so has in its environment of ours.
tells() {
	"$SOCKGRAFT" run "$@" env | grep -E '^SOCKGRAFT_' | sort
}

# refuses STATUS PATTERN ARGUMENT...: with that status and one line, and before the program, which would leave a file.
refuses() {
	local wanted=$1 pattern=$2 status=0
	shift 2
	"$SOCKGRAFT" run "$@" >out 2>err || status=$?
	[ "$status" = "$wanted" ] || fail "$*: exit status $status: $(cat err)"
	grep -Eq -e "$pattern" err || fail "$*: $(cat err)"
	[ "$(wc -l <err)" = 1 ]
	[ ! -s out ]
	[ ! -e started ]
}

# compiled FILE [OPTION...]: a program that leaves the file "started".
compiled() {
	local file=$1
	shift
	cat >program.c <<-'END'
		#include <fcntl.h>
		int main(void) { return creat("started", 0600) < 0; }
	END
	cc "$@" -o "$file" program.c 2>err || skip "no compiler for that: $(head -n 1 err)"
}

as_root() {
	[ "$EUID" = 0 ] || skip "needs root"
}

# --- the policy ---

@test "keys, rules, files and the log's level become the variables" {
	echo 'ttl=9' >rules
	[ "$(tells --join 239.1.1.1 --multicast-ttl=16 -f rules --on-error fail -v)" = "$(printf '%s\n' "SOCKGRAFT_FILE=$PWD/rules" \
		SOCKGRAFT_JOIN=239.1.1.1 SOCKGRAFT_LOG=info SOCKGRAFT_MULTICAST_TTL=16 SOCKGRAFT_ON_ERROR=fail)" ]
	[ "$(tells -vv)" = SOCKGRAFT_LOG=debug ]
	[ "$(tells -v -v)" = SOCKGRAFT_LOG=debug ]
	[ "$(tells -q)" = SOCKGRAFT_LOG=quiet ]
	[ "$(tells --file=rules --log debug)" = "$(printf '%s\n' "SOCKGRAFT_FILE=$PWD/rules" SOCKGRAFT_LOG=debug)" ]
}

@test "files are found by children that are somewhere else" {
	echo 'ttl=9' >rules
	mkdir elsewhere
	# shellcheck disable=SC2016 # for the shell that is run
	"$SOCKGRAFT" run -v -f rules --log-file log sh -c 'cd elsewhere && exec "$0" -c "import socket; socket.socket()"' "$PYTHON"
	grep -q 'ttl=9' log
	[ ! -e elsewhere/log ]
	SOCKGRAFT_FILE=rules "$SOCKGRAFT" run sh -c 'cd elsewhere && sh -c true'
}

@test "lists that are given several times add up, and take the environment's place" {
	[ "$(SOCKGRAFT_JOIN=239.1.1.9 tells --join 239.1.1.1 --ttl 3 --join=239.1.1.2 --ttl 4)" = "$(printf '%s\n' \
		SOCKGRAFT_JOIN=239.1.1.1,239.1.1.2 SOCKGRAFT_TTL=4)" ]
	[ "$(tells --filter '10.0.0.5@*' --filter 'fd77::5@*')" = 'SOCKGRAFT_FILTER=10.0.0.5@*,fd77::5@*' ]
	[ "$(tells --redirect '10.0.0.5->10.0.0.6' --redirect '10.0.0.7->10.0.0.8')" = \
		'SOCKGRAFT_REDIRECT=10.0.0.5->10.0.0.6,10.0.0.7->10.0.0.8' ]
}

@test "every key and every variable is an option" {
	local name
	"$BUILD/tests/policy_print" --table | cut -s -d '`' -f 2 >names
	[ "$(wc -l <names)" -gt 25 ]
	while read -r name; do
		name=${name#SOCKGRAFT_} name=${name,,} name=${name//_/-}
		[ "$name" != rules ] || name=rule
		refuses 125 "^sockgraft run: --$name: expected a value" "--$name"
	done <names
}

@test "rules of the command line are stronger than the environment's, the first the strongest" {
	local got
	got=$(SOCKGRAFT_RULES='ttl=3 mark=3' "$SOCKGRAFT" run -r 'udp: ttl=1' --rule 'ttl=2 # and no more' printenv SOCKGRAFT_RULES)
	[ "$got" = $'udp: ttl=1\nttl=2 # and no more\nttl=3 mark=3' ]
}

@test "a key of the command line takes the place of the environment's" {
	[ "$(SOCKGRAFT_TTL=3 tells --ttl 4)" = SOCKGRAFT_TTL=4 ]
}

@test "a policy with a mistake is refused as the library refuses it, before the program" {
	refuses 125 '^sockgraft run: SOCKGRAFT_TTL: "300": expected a number from 1 to 255$' --ttl 300 touch started
	refuses 125 'SOCKGRAFT_RULES rule 1: ' -r 'udp join' touch started
	refuses 125 '"[.]/nosuch": cannot be read: No such file|SOCKGRAFT_FILE: "[.]/nosuch"' -f ./nosuch touch started
	echo 'ttl=no' >rules
	refuses 125 'rules:1: ' --file rules touch started
	SOCKGRAFT_TLT=3 refuses 125 'unknown variable' touch started
}

@test "options that are none, or lack their value, are refused" {
	refuses 125 '^sockgraft run: --nosuch: no such option' --nosuch 3 touch started
	refuses 125 '^sockgraft run: --TTL: no such option' --TTL 3 touch started
	refuses 125 '^sockgraft run: -x: no such option, and no key of the policy [(]' -x touch started
	refuses 125 '^sockgraft run: -vx: no such option' -vx touch started
	refuses 125 '^sockgraft run: --ttl: expected a value' --ttl
	refuses 125 '^usage: sockgraft run '
	refuses 125 '^usage: sockgraft run ' --ttl 3
	refuses 125 '^usage: sockgraft run ' --
}

@test "of an option that is none the nearest one is told" {
	refuses 125 '^sockgraft run: --joim: no such option, .*: did you mean "--join"[?]' --joim 239.1.1.1 touch started
	refuses 125 'did you mean "--multicast-ttl"[?]' --multicast-tt=3 touch started
	refuses 125 'did you mean "--ttl"[?]' --TTL 3 touch started
	refuses 125 'did you mean "--on-error"[?]' --on-eror fail touch started
	refuses 125 'did you mean "--file"[?]' --fiel x touch started
}

@test "a file without a name is refused" {
	refuses 125 '^sockgraft run: -f: expected the path of a file$' -f '' touch started
	refuses 125 '^sockgraft run: --file: expected the path of a file$' --file= touch started
}

@test "what is behind -- or the program's name is the program's" {
	[ "$("$SOCKGRAFT" run -- echo --ttl 300)" = '--ttl 300' ]
	[ "$("$SOCKGRAFT" run echo -q -- --help)" = '-q -- --help' ]
}

# --- the program ---

@test "the program has the command's process, and its exit status is the command's" {
	[ "$(sh -c 'echo $$; exec "$@"' sh "$SOCKGRAFT" run sh -c 'echo $$' | uniq | wc -l)" = 1 ]
	local status=0
	"$SOCKGRAFT" run sh -c 'exit 37' || status=$?
	[ "$status" = 37 ]
	status=0
	"$SOCKGRAFT" run sh -c 'kill -TERM $$' || status=$?
	[ "$status" = 143 ]
}

@test "nothing but the program writes, and it has the descriptors that the command had" {
	[ "$("$SOCKGRAFT" run --ttl 9 echo word 2>&1)" = word ]
	"$PYTHON" -c 'import os; print(os.listdir("/proc/self/fd"))' 7>/dev/null >bare
	"$SOCKGRAFT" run "$PYTHON" -c 'import os; print(os.listdir("/proc/self/fd"))' 7>/dev/null >with
	diff bare with
}

@test "the library goes behind what is in LD_PRELOAD, once" {
	[ "$("$SOCKGRAFT" run printenv LD_PRELOAD)" = "$BUILD/libsockgraft.so" ]
	[ "$(LD_PRELOAD=libdl.so.2 "$SOCKGRAFT" run printenv LD_PRELOAD)" = "libdl.so.2:$BUILD/libsockgraft.so" ]
	[ "$("$SOCKGRAFT" run "$SOCKGRAFT" run printenv LD_PRELOAD)" = "$BUILD/libsockgraft.so" ]
	[ "$(LD_PRELOAD="$BUILD/libsockgraft.so libdl.so.2" "$SOCKGRAFT" run printenv LD_PRELOAD)" = \
		"$BUILD/libsockgraft.so libdl.so.2" ]
}

# other_kind FILE: the library, as it would be for another architecture.
other_kind() {
	cp "$BUILD/libsockgraft.so" "$1"
	printf '\000\001' | dd of="$1" bs=1 seek=18 conv=notrunc status=none
}

@test "what is named like the library in LD_PRELOAD and isn't found, or not for the program, does not count" {
	local entry
	mkdir other
	other_kind other/libsockgraft.so
	for entry in /nonexist/libsockgraft.so "$PWD/other/libsockgraft.so" "$PWD/\$LIB/libsockgraft.so"; do
		[ "$(LD_PRELOAD=$entry "$SOCKGRAFT" run printenv LD_PRELOAD 2>err)" = "$entry:$BUILD/libsockgraft.so" ]
		LD_PRELOAD=$entry "$SOCKGRAFT" run --ttl 5 grep -q "$BUILD/libsockgraft.so" /proc/self/maps 2>err
	done
}

@test "where the loader would look for the library, run's own takes its place" {
	[ "$(LD_PRELOAD='libdl.so.2:libsockgraft.so libm.so.6' "$SOCKGRAFT" run printenv LD_PRELOAD 2>err)" = \
		"libdl.so.2:$BUILD/libsockgraft.so libm.so.6" ]
	LD_PRELOAD=libsockgraft.so "$SOCKGRAFT" run --ttl 5 grep -q "$BUILD/libsockgraft.so" /proc/self/maps 2>err
	# shellcheck disable=SC2016 # for the loader
	[ "$(LD_PRELOAD='$ORIGIN/libsockgraft.so' "$SOCKGRAFT" run printenv LD_PRELOAD 2>err)" = "$BUILD/libsockgraft.so" ]
}

@test "another copy of the library that suits the program stays the only one" {
	local found
	mkdir copy
	cp "$BUILD/libsockgraft.so" copy
	ln -s "$BUILD/libsockgraft.so" .
	for found in "$PWD/copy/libsockgraft.so" ./copy/libsockgraft.so "$PWD/libsockgraft.so"; do
		[ "$(LD_PRELOAD=$found "$SOCKGRAFT" run printenv LD_PRELOAD)" = "$found" ]
	done
}

@test "a program that isn't there" {
	refuses 127 '^sockgraft run: nosuch: no such program in PATH$' nosuch
	refuses 127 '^sockgraft run: ./nosuch: No such file or directory$' ./nosuch
	refuses 127 '^sockgraft run: : no such program' ''
	local status=0
	PATH=/nonexistent "$SOCKGRAFT" run touch started 2>err || status=$?
	[[ $status == 127 && $(<err) == 'sockgraft run: touch: no such program in PATH' ]]
}

@test "a file that can't be run" {
	echo 'touch started' >script
	refuses 126 '^sockgraft run: ./script: Permission denied$' ./script
	refuses 126 '^sockgraft run: /: Is a directory$' /
	mkdir bin
	cp script bin/program
	PATH=$PWD/bin:$PATH refuses 126 '^sockgraft run: program: Permission denied$' program
}

@test "scripts, with their interpreter or without, are run as execvp has it" {
	printf '#!/bin/sh\nprintenv LD_PRELOAD\n' >script
	echo 'printenv LD_PRELOAD' >text
	chmod +x script text
	[ "$("$SOCKGRAFT" run ./script)" = "$BUILD/libsockgraft.so" ]
	[ "$("$SOCKGRAFT" run ./text)" = "$BUILD/libsockgraft.so" ]
	[ "$(PATH=$PWD:$PATH "$SOCKGRAFT" run script)" = "$BUILD/libsockgraft.so" ]
}

@test "a script whose interpreter is missing" {
	printf '#!/nonexist/sh -e\n' >script
	printf '#! /bin/sh\r\necho\r\n' >dos
	printf '#!%s\n' "$PWD/script" >script-of-script
	printf '#!%s\n' / >directory
	chmod +x script dos script-of-script directory
	refuses 127 '^sockgraft run: ./script: its interpreter "/nonexist/sh" is missing$' ./script
	refuses 127 '^sockgraft run: ./dos: its interpreter "/bin/sh\\r" is missing: the script has DOS line ends' ./dos
	refuses 127 "^sockgraft run: $PWD/script: its interpreter \"/nonexist/sh\" is missing$" ./script-of-script
	refuses 126 '^sockgraft run: ./directory: its interpreter "/" can.t be run: Is a directory$' ./directory
	mv script legacy-script
	PATH=$PWD:$PATH refuses 127 "^sockgraft run: $PWD/legacy-script: its interpreter \"/nonexist/sh\" is missing$" legacy-script
}

@test "the search in PATH goes on behind a script whose interpreter is missing" {
	mkdir first second
	printf '#!/nonexist\n' >first/program
	printf '#!/bin/sh\necho second\n' >second/program
	chmod +x first/program second/program
	[ "$(PATH=$PWD/first:$PWD/second:$PATH env program)" = second ]
	[ "$(PATH=$PWD/first:$PWD/second:$PATH "$SOCKGRAFT" run program)" = second ]
}

@test "an interpreter that is a FIFO is not waited for" {
	mkfifo -m 755 fifo
	printf '#!%s\n' "$PWD/fifo" >script
	chmod +x script
	local status=0
	timeout "$DEADLINE" "$SOCKGRAFT" run ./script 2>err || status=$?
	[ "$status" = 126 ]
	grep -q "^sockgraft run: ./script: its interpreter \"$PWD/fifo\" can't be run: Permission denied" err
}

# --- what a preload can't reach ---

@test "a statically linked program" {
	compiled static -static
	refuses 126 '^sockgraft run: ./static: it is statically linked' ./static
	compiled static-pie -static-pie
	refuses 126 '^sockgraft run: ./static-pie: it is statically linked' ./static-pie
}

@test "the dynamic loader itself is none" {
	local loader
	loader=$(readelf -l /bin/true | sed -n 's/.*interpreter: \(.*\)\]/\1/p')
	[ -e "$loader" ] || skip "no loader"
	[ "$("$SOCKGRAFT" run "$loader" "$(command -v printenv)" LD_PRELOAD)" = "$BUILD/libsockgraft.so" ]
}

@test "a script whose interpreter is statically linked" {
	compiled static -static
	printf '#! %s -x\n' "$PWD/static" >script
	printf '#!/usr/bin/env -S NAME=value %s\n' "$PWD/static" >by-env
	printf '#!%s\n' "$PWD/script" >script-of-script
	chmod +x script by-env script-of-script
	refuses 126 "^sockgraft run: $PWD/static: it is statically linked" ./script
	refuses 126 "^sockgraft run: $PWD/static: it is statically linked" ./by-env
	refuses 126 "^sockgraft run: $PWD/static: it is statically linked" ./script-of-script
}

# The note that Go's linker writes, in a program of ours, dynamically linked as Go's with cgo are.
@test "a Go program" {
	cat >note.c <<-'END'
		__asm__(".section .note.go.buildid, \"a\", %note\n.long 4, 4, 4\n.ascii \"Go\\0\\0\"\n.long 1\n.text");
	END
	compiled go note.c
	refuses 126 '^sockgraft run: ./go: it is a Go program' ./go
	strip go
	refuses 126 '^sockgraft run: ./go: it is a Go program' ./go
	compiled other
	"$SOCKGRAFT" run ./other
	[ -e started ]
}

@test "setuid, setgid and capability-bearing programs" {
	as_root
	[[ $(findmnt -no OPTIONS -T .) != *nosuid* ]] || skip "mounted nosuid"
	compiled program
	chmod 755 . program
	cp program setuid && chown 65534 setuid && chmod u+s setuid
	cp program setgid && chgrp 65534 setgid && chmod g+s setgid
	cp program own && chmod u+s own
	refuses 126 '^sockgraft run: ./setuid: it is setuid' ./setuid
	refuses 126 '^sockgraft run: ./setgid: it is setgid' ./setgid
	"$SOCKGRAFT" run ./own # root becomes root
	[ -e started ]
	rm started
	"$SOCKGRAFT" run setpriv --no-new-privs "$SOCKGRAFT" run ./setuid # which counts no more
	[ -e started ]
}

@test "a script's setuid and setgid bits give it no rights" {
	as_root
	printf '#!/bin/sh\ntouch started\n' >setuid
	cp setuid setgid
	chmod 755 . setuid setgid
	chown 65534 setuid && chmod u+s setuid
	chgrp 65534 setgid && chmod g+s setgid
	"$SOCKGRAFT" run ./setuid
	rm started
	"$SOCKGRAFT" run ./setgid
	[ -e started ]
	[[ $(findmnt -no OPTIONS -T .) != *nosuid* ]] || skip "mounted nosuid"
	compiled program
	cp program interpreter && chown 65534 interpreter && chmod 4755 interpreter
	printf '#!%s\n' "$PWD/interpreter" >script
	chmod +x script
	rm started
	refuses 126 "^sockgraft run: $PWD/interpreter: it is setuid" ./script
}

@test "a script's capabilities give it no rights" {
	as_root
	PLACE=$(mktemp -d /tmp/sockgraft-run.XXXXXX)
	cp "$BUILD/sockgraft" "$BUILD/libsockgraft.so" "$PLACE"
	printf '#!/bin/sh\necho started\n' >"$PLACE/script"
	chmod 755 "$PLACE" "$PLACE"/*
	setcap cap_net_raw+ep "$PLACE/script" || { rm -rf "$PLACE"; skip "no capabilities of files here"; }
	local got
	got=$(setpriv --reuid=65534 --regid=65534 --clear-groups "$PLACE/sockgraft" run "$PLACE/script" 2>&1 || :)
	rm -rf "$PLACE"
	[ "$got" = started ]
}

@test "a program with capabilities, for whoever is not root" {
	as_root
	compiled program
	PLACE=$(mktemp -d /tmp/sockgraft-run.XXXXXX)
	cp program "$BUILD/sockgraft" "$BUILD/libsockgraft.so" "$PLACE"
	chmod 755 "$PLACE" "$PLACE"/*
	setcap cap_net_raw+ep "$PLACE/program" || { rm -rf "$PLACE"; skip "no capabilities of files here"; }
	local status=0
	setpriv --reuid=65534 --regid=65534 --clear-groups "$PLACE/sockgraft" run "$PLACE/program" 2>err || status=$?
	"$SOCKGRAFT" run "$PLACE/program" # root has them anyway
	rm -rf "$PLACE"
	[ "$status" = 126 ]
	grep -q 'it has capabilities of its own' err
	[ -e started ]
}

@test "a program for another architecture" {
	compiled program
	# e_machine becomes another's, in a file that is otherwise a program.
	printf '\000\001' | dd of=program bs=1 seek=18 conv=notrunc status=none
	refuses 126 '^sockgraft run: ./program: it is a program for another architecture, and there is no libsockgraft.so' ./program
}

@test "a program of 32 bits, without a library for those and with one" {
	compiled program -m32
	mkdir bin
	cp "$SOCKGRAFT" "$BUILD/libsockgraft.so" bin
	SOCKGRAFT=bin/sockgraft refuses 126 'it is a program for i386, and there is no libsockgraft.so .* make ARCH=32 install' ./program
	[ -e "$BUILD/32/libsockgraft.so" ] || skip "no library of 32 bits was built"
	mkdir bin/32
	cp "$BUILD/32/libsockgraft.so" bin/32
	./program 2>/dev/null || skip "this kernel runs no programs of 32 bits"
	rm started
	bin/sockgraft run --ttl 9 ./program
	[ -e started ]
}

@test "a program that may be run and not read is run" {
	as_root
	PLACE=$(mktemp -d /tmp/sockgraft-run.XXXXXX)
	cp "$(command -v printenv)" "$BUILD/sockgraft" "$BUILD/libsockgraft.so" "$PLACE"
	chmod 755 "$PLACE" "$PLACE"/*
	chmod 711 "$PLACE/printenv"
	local got
	got=$(setpriv --reuid=65534 --regid=65534 --clear-groups "$PLACE/sockgraft" run "$PLACE/printenv" LD_PRELOAD)
	rm -rf "$PLACE"
	[ "$got" = "$PLACE/libsockgraft.so" ]
}

# --- where the library is ---

@test "installed, the library is found under the command's prefix, by \$LIB where that leads there" {
	make -s -C "$TESTS/.." BUILD="$BUILD" DESTDIR="$PWD/root" PREFIX=/usr install >out 2>&1 || fail "$(cat out)"
	local preload
	preload=$(root/usr/bin/sockgraft run printenv LD_PRELOAD)
	[[ $preload == "$PWD/root/usr/"*/libsockgraft.so ]]
	[ "$(SOCKGRAFT_TTL=300 env "LD_PRELOAD=$preload" true 2>&1 | grep -c 'expected a number')" = 1 ]
	rm "$(find root -name libsockgraft.so)"
	SOCKGRAFT=root/usr/bin/sockgraft refuses 126 'there is no libsockgraft.so for those' touch started
}

# --- what it is for ---

@test "a program is started under a policy, and hears the group; IPv4 and IPv6" {
	hosts_up
	start r "$SOCKGRAFT" run --join 239.1.1.1%b0 -- "${UDP[@]}" receive 10.77.0.2 5000
	ready r 5000
	send word 239.1.1.1 5000
	hears r word
	start s "$SOCKGRAFT" run -r 'udp port=5001: join=fd77::1@ff35::8000:9%b0' socat -u 'UDP6-RECV:5001,bind=[fd77::2]' STDOUT
	ready s 5001
	send unwanted ff35::8000:9 5001 fd77::3
	send wanted ff35::8000:9 5001 fd77::1
	hears s wanted
	deaf s unwanted
	silent r
	silent s
}

@test "help is on stdout and fits a screen; a mistake is told on stderr" {
	local subcommand
	for subcommand in "" run check show doctor; do
		# shellcheck disable=SC2086 # none, or one
		"$SOCKGRAFT" $subcommand --help >help
		[ "$(wc -l <help)" -le 24 ]
		[ "$(wc -L <help)" -le 80 ]
	done
	local status=0
	"$SOCKGRAFT" nosuch >out 2>err || status=$?
	[[ $status == 2 && ! -s out ]]
	grep -q '^sockgraft: nosuch: no such subcommand$' err
	status=0
	"$SOCKGRAFT" help nosuch >out 2>err || status=$?
	[[ $status == 2 && ! -s out ]]
	grep -q '^sockgraft: help: nosuch: no such subcommand$' err
	"$SOCKGRAFT" help keys | grep -q -- '--multicast-ttl'
	[[ $("$SOCKGRAFT" --version) == "sockgraft "[0-9]* ]]
}

@test "what can't be written is told" {
	local wanted arguments status
	while read -r wanted arguments; do
		status=0
		# shellcheck disable=SC2086 # several
		"$SOCKGRAFT" $arguments >/dev/full 2>err || status=$?
		[ "$status" = "$wanted" ] || fail "$arguments: exit status $status"
		grep -Eq '^sockgraft( [a-z]+)?: stdout: No space left on device$' err || fail "$arguments: $(cat err)"
		[ "$(wc -l <err)" = 1 ]
	done <<-END
		125 check --ttl 3
		125 check --ttl 3 --json
		125 run --help
		1 show --help
		1 doctor --help
		1 help keys
		1 help
		1 --version
	END
	"$SOCKGRAFT" run true >&-
}
