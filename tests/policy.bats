#!/usr/bin/env bats
# The policy's language: what is read, what is refused, and what holds for a socket.

setup() {
	BUILD=${BUILD:-build}
	cd "$BATS_TEST_DIRNAME/.." || return
	PRINT=$(realpath "$BUILD/tests/policy_print")
	TABLES=$BATS_TEST_DIRNAME/policy
	cd "$BATS_TEST_TMPDIR" || return
}

# Runs policy_print, in mode $2 if given, in an environment of the assignments in $1 and of nothing else.
read_policy() {
	local rest="$1 && " value variables=()
	while [[ -n $rest ]]; do
		# The zero byte that a file may hold goes through printf, never through a variable.
		value=${rest%%" && "*}
		rest=${rest#*" && "}
		if [[ $value == FILE=* ]]; then
			printf '%b' "${value#FILE=}" >policy
			variables+=(SOCKGRAFT_FILE=policy)
		else
			printf -v value '%b' "$value"
			variables+=("$value")
		fi
	done
	env -i "${variables[@]}" "$PRINT" ${2:+"$2"} program /usr/bin/alias
}

# Every variable that there is: those of the keys, then those of the process.
variables() {
	local name
	"$PRINT" --table | cut -s -d '`' -f 2 | while read -r name; do
		[[ $name == SOCKGRAFT_* ]] || name=SOCKGRAFT_${name^^}
		echo "${name//-/_}"
	done
}

# Every row "INPUT => OUTPUT" of table $1: the lines of output, joined by " | ", and exit status $2.
check_table() {
	local line input want got status wrong=0 rows=0
	while IFS= read -r line || [[ -n $line ]]; do
		[[ -z $line || $line == '#'* ]] && continue
		input=${line%%" => "*}
		want=${line#*" => "}
		status=0
		got=$(read_policy "$input" 2>&1) || status=$?
		got=${got//$'\n'/ | }
		rows=$((rows + 1))
		[[ $got == "$want" && $status == "$2" ]] && continue
		printf 'input:    %s\nexpected: %s\nstatus %s:  %s\n\n' "$input" "$want" "$status" "$got"
		wrong=$((wrong + 1))
	done <"$1"
	echo "$wrong of $rows rows are wrong"
	[[ $wrong == 0 && $rows -gt 0 ]]
}

@test "what is read means what the table says" {
	check_table "$TABLES/good.txt" 0
}

@test "what is refused is told as the table says" {
	check_table "$TABLES/bad.txt" 125
}

@test "a table has rows for every key and variable" {
	variables >names
	[[ $(wc -l <names) == 28 ]]
	for variable in $(<names); do
		grep -q "$variable=" "$TABLES/bad.txt" || { echo "no $variable in bad.txt"; false; }
	done
}

@test "an error goes to stderr alone, as one line" {
	env -i SOCKGRAFT_TTL=300 "$PRINT" program >out 2>err || status=$?
	[[ $status == 125 && ! -s out ]]
	[[ $(wc -l <err) == 1 ]]
}

@test "every byte as a value of every key and variable" {
	"$PRINT" --bytes >out
	digits='TOS TCLASS MULTICAST_TTL MULTICAST_HOPLIMIT MARK PRIORITY DSCP'
	for key in $digits; do
		grep -qx "SOCKGRAFT_$key 30-39" out
	done
	for key in TTL HOPLIMIT RCVBUF SNDBUF; do
		grep -qx "SOCKGRAFT_$key 31-39" out
	done
	grep -qx 'SOCKGRAFT_FILTER 2a-2a' out
	for key in JOIN REDIRECT BIND REUSE MULTICAST_LOOP MULTICAST_ALL INHERIT LOG ON_ERROR; do
		grep -qx "SOCKGRAFT_$key" out
	done
	grep -qx 'SOCKGRAFT_LOG_FILE 01-ff' out
	# No blank, slash, colon, control byte or pattern; a dot alone is no interface.
	grep -qx 'SOCKGRAFT_DEVICE 21-29 2b-2b 2d-2d 30-39 3b-3e 40-7e 80-9f a1-ff' out
	[[ $(wc -l <out) == 26 ]]
}

# $1 bytes of $2.
letters() {
	head -c "$1" /dev/zero | tr '\0' "$2"
}

@test "a megabyte of one letter in a file is refused in one short line, at once" {
	for letter in a 0 : ',' + @ % '!' '#' '=' '[' '*' ';' '?' '-' '>' ' ' $'\n'; do
		letters 1000000 "$letter" >megabyte
		for before in '' ttl= join= redirect= bind= port= exe= 'udp: join=239.1.1.1%' 'join=10.0.0.5@'; do
			printf '%s' "$before" | cat - megabyte >policy
			status=0
			SOCKGRAFT_FILE=policy timeout 10 "$PRINT" program >out 2>err || status=$?
			[[ $status == 125 || $status == 0 ]] || { echo "$before$letter: status $status"; false; }
			[[ $(wc -c <err) -lt 512 && $(wc -l <err) -le 1 ]]
		done
	done
}

@test "a megabyte of items and rules is read, or said to be too large, at once" {
	for item in '239.1.1.1 ' 'ttl=3;' 'udp: ttl=3\n' 'exe=other: join=239.1.1.1;' '#\n' ';' \
		'join=10.0.0.1+10.0.0.2@232.1.1.1%eth0+eth1\n' 'join=239.1.1.1 '; do
		printf '%b' "$item" >item
		for _ in {1..16}; do
			cat item item >twice
			mv twice item
		done
		printf 'join=' | cat - item | head -c 1000000 >policy
		[[ $item == 239* ]] || head -c 1000000 item >policy
		status=0
		SOCKGRAFT_FILE=policy timeout 10 "$PRINT" program >out 2>err || status=$?
		[[ $status == 125 || $status == 0 ]] || { echo "$item: status $status"; false; }
		[[ $(wc -c <err) -lt 512 && $(wc -l <err) -le 1 ]]
	done
}

@test "a hundred kilobytes of one letter in each variable" {
	for variable in $(variables); do
		status=0
		env -i "$variable=$(letters 100000 a)" "$PRINT" program >out 2>err || status=$?
		case $variable in
		SOCKGRAFT_ONLY | SOCKGRAFT_SKIP | SOCKGRAFT_LOG_FILE) [[ $status == 0 ]] ;;
		*) [[ $status == 125 ]] ;;
		esac || { echo "$variable: status $status"; cat err; false; }
		[[ $(wc -c <err) -lt 512 && $(wc -l <err) -le 1 ]]
	done
}

@test "an unknown variable of a hundred kilobytes" {
	status=0
	env -i "SOCKGRAFT_$(letters 100000 a)=1" "$PRINT" program 2>err || status=$?
	[[ $status == 125 && $(wc -c <err) -lt 512 ]]
}

@test "a policy that is larger than its memory is said to be" {
	cramped() {
		[[ $(read_policy "$1" --cramped) == told ]]
	}
	cramped 'SOCKGRAFT_JOIN=10.0.0.5+10.0.0.6@232.1.1.1%eth0+eth1,239.1.1.1'
	cramped 'SOCKGRAFT_RULES=udp port=1,2 addr=10.0.0.1,10.0.0.2 to=10.0.0.1,10.0.0.2 exe=*: ttl=3; interface=eth0'
	cramped 'SOCKGRAFT_ONLY=program && SOCKGRAFT_DEVICE=eth0 && SOCKGRAFT_TTL=3 && SOCKGRAFT_LOG_FILE=/log'
}

@test "sources: 256 are read, 257 are too many" {
	sources=10.0.1.1
	for i in {2..256}; do
		sources+=+10.0.2.$((i - 1))
	done
	SOCKGRAFT_JOIN=$sources@232.1.1.1 "$PRINT" program
	status=0
	SOCKGRAFT_JOIN=$sources+10.0.3.1@232.1.1.1 "$PRINT" program 2>err || status=$?
	[[ $status == 125 ]]
	grep -q 'SOCKGRAFT_JOIN: "10.0.3.1": expected at most 256 sources' err
}

@test "each setting knows where it stands" {
	got=$(read_policy 'SOCKGRAFT_RULES=ttl=1;; udp: ttl=2 dscp=ef && SOCKGRAFT_TTL=3 && FILE=\n# x\nttl=4;ttl=5' --origins)
	diff - <(echo "$got") <<-'END'
		SOCKGRAFT_RULES rule 1: ttl=1
		SOCKGRAFT_RULES rule 2: ttl=2
		SOCKGRAFT_RULES rule 2: dscp=46
		SOCKGRAFT_TTL: ttl=3
		policy:3: ttl=4
		policy:3: ttl=5
	END
}

@test "of a variable that is there twice, the first counts" {
	[[ $(SOCKGRAFT_TTL=3 "$PRINT" --append SOCKGRAFT_TTL=4 program) == 'rule: ttl=3' ]]
	[[ $(SOCKGRAFT_LOG=info "$PRINT" --append SOCKGRAFT_LOG=wrong program) == $'none\nlog=info' ]]
}

@test "what the policy needs to know" {
	needs() {
		got=$(SOCKGRAFT_RULES=$1 "$PRINT" --needs program)
		[[ $got == "$2" ]] || { echo "$1: $got"; false; }
	}
	needs 'ttl=3' ''
	needs 'udp: ttl=3' ''
	needs 'port=5: ttl=3' 'local '
	needs 'addr=10.0.0.0/8: ttl=3' 'local '
	needs 'to=10.0.0.0/8: ttl=3' 'to '
	needs 'ipv4: ttl=3' 'local to '
	needs 'ttl=3; join=239.1.1.1' 'joins '
	needs 'join=239.1.1.1,239.1.1.2:5000' 'local joins '
	needs 'bind=auto' ''
	needs 'interface=eth0' 'interfaces '
	needs 'bind=any' ''
	needs 'exe=other: bind=any join=239.1.1.1; ttl=3' ''
}

# plan RULES KIND FAMILY LOCAL TO, then the plan's lines on stdin.
plan() {
	got=$(env -i SOCKGRAFT_RULES="$1" "$PRINT" --plan "$2" "$3" "$4" "$5" program)
	diff - <(echo "$got") || { echo "for: $*"; false; }
}

holds() {
	plan "$1: ttl=3" "${@:2}" <<<'ttl=3'
}

holds_not() {
	plan "$1: ttl=3" "${@:2}" <<<''
}

@test "match: kind and family" {
	holds udp udp ipv4 - -
	holds_not udp tcp ipv4 - -
	holds tcp tcp ipv6 - -
	holds raw raw ipv4 - -
	holds_not udp other ipv4 - -
	holds ipv4 udp ipv4 - -
	holds_not ipv6 udp ipv4 - -
	holds ipv6 udp ipv6 - -
	holds_not ipv4 udp ipv6 - -
	holds ipv4 udp ipv6 '[::ffff:10.0.0.1]:5000' -
	holds_not ipv6 udp ipv6 '[::ffff:10.0.0.1]:5000' -
	holds ipv4 udp ipv6 '[::]:5000' ::ffff:10.0.0.1
	holds ipv6 udp ipv6 '[::]:5000' ::1
	holds_not 'udp ipv6' tcp ipv6 - -
}

@test "match: port and local address" {
	holds_not port=5000 udp ipv4 - -
	holds port=5000 udp ipv4 0.0.0.0:5000 -
	holds_not port=5000 udp ipv4 0.0.0.0:5001 -
	holds port=1,5000-5009 udp ipv6 '[::]:5009' -
	holds port=5000-5009 udp ipv6 '[::]:5000' -
	holds_not port=5000-5009 udp ipv6 '[::]:4999' -
	holds_not port=5000-5009 udp ipv6 '[::]:5010' -
	holds_not port=1-65535 udp ipv4 10.0.0.1 -
	holds_not addr=10.0.0.0/8 udp ipv4 - 10.0.0.1
	holds addr=10.0.0.0/8 udp ipv4 10.255.0.1:5000 -
	holds_not addr=10.0.0.0/8 udp ipv4 11.0.0.1:5000 -
	holds addr=10.0.0.0/8 udp ipv6 '[::ffff:10.0.0.1]:5000' -
	holds addr=10.0.0.0/9 udp ipv4 10.127.255.255 -
	holds_not addr=10.0.0.0/9 udp ipv4 10.128.0.0 -
	holds addr=10.0.0.1 udp ipv4 10.0.0.1:5000 -
	holds_not addr=10.0.0.1 udp ipv4 10.0.0.2:5000 -
	holds addr=0.0.0.0/0 udp ipv4 10.0.0.1 -
	holds_not addr=0.0.0.0/0 udp ipv6 ::1 -
	holds addr=::/0 udp ipv6 ::1 -
	holds addr=fe80::/10 udp ipv6 febf::1 -
	holds_not addr=fe80::/10 udp ipv6 fec0::1 -
	holds addr=192.0.2.1,fe80::/10 udp ipv6 fe80::1 -
}

@test "match: destination" {
	holds_not to=239.0.0.0/8 udp ipv4 239.0.0.1:5000 -
	holds to=239.0.0.0/8 udp ipv4 - 239.1.1.1:5000
	holds_not to=239.0.0.0/8 udp ipv4 - 238.1.1.1:5000
	holds to=239.0.0.0/8:5000 udp ipv4 - 239.1.1.1:5000
	holds_not to=239.0.0.0/8:5000 udp ipv4 - 239.1.1.1:5001
	holds to=239.0.0.0/8:5000 udp ipv6 - '[::ffff:239.1.1.1]:5000'
	holds 'to=[ff15::/16]:5000' udp ipv6 - '[ff15::1]:5000'
	holds_not 'to=[ff15::]/16:5000' udp ipv6 - '[ff15::1]:5001'
	holds 'to=10.0.0.1:1,[ff15::/16]' udp ipv6 - '[ff15::1]:5001'
	holds 'udp port=1 to=10.0.0.1' udp ipv4 0.0.0.0:1 10.0.0.1:2
	holds_not 'udp port=1 to=10.0.0.1' udp ipv4 0.0.0.0:2 10.0.0.1:2
}

@test "plan: the first value of a key counts, joins add up" {
	rules='udp port=5000: ttl=1 join=239.1.1.1,239.1.1.2; tcp: dscp=ef; udp: ttl=2 dscp=?af11 join=239.1.1.3:5000 239.1.1.4:6000'
	rules+='; join=10.0.0.5@232.1.1.1%eth0'
	plan "$rules" udp ipv4 0.0.0.0:5000 - <<-'END'
		ttl=1
		dscp=?10
		join 239.1.1.1 (SOCKGRAFT_RULES rule 1)
		join 239.1.1.2 (SOCKGRAFT_RULES rule 1)
		join 239.1.1.3:5000 (SOCKGRAFT_RULES rule 3)
		join 10.0.0.5@232.1.1.1%eth0 (SOCKGRAFT_RULES rule 4)
	END
	plan "$rules" udp ipv4 - - <<-'END'
		ttl=2
		dscp=?10
		join 10.0.0.5@232.1.1.1%eth0 (SOCKGRAFT_RULES rule 4)
	END
	plan "$rules" tcp ipv4 - - <<-'END'
		dscp=46
		join 10.0.0.5@232.1.1.1%eth0 (SOCKGRAFT_RULES rule 4)
	END
}

@test "plan: rules, then variables, then the file" {
	echo 'ttl=3 hoplimit=3 mark=3 join=239.0.0.3' >policy
	got=$(SOCKGRAFT_RULES='ttl=1 join=239.0.0.1' SOCKGRAFT_TTL=2 SOCKGRAFT_HOPLIMIT=2 SOCKGRAFT_JOIN=239.0.0.2 \
		SOCKGRAFT_FILE=policy "$PRINT" --plan udp ipv4 - - program)
	diff - <(echo "$got") <<-'END'
		ttl=1
		hoplimit=2
		mark=3
		join 239.0.0.1 (SOCKGRAFT_RULES rule 1)
		join 239.0.0.2 (SOCKGRAFT_JOIN)
		join 239.0.0.3 (policy:1)
	END
}
