#!/usr/bin/env bats
# The policy's language: what is read, what is refused, and what holds for a socket.

setup() {
	BUILD=${BUILD:-build}
	cd "$BATS_TEST_DIRNAME/.." || return
	PRINT=$(realpath "$BUILD/tests/policy_print")
	TABLES=$BATS_TEST_DIRNAME/policy
	cd "$BATS_TEST_TMPDIR" || return
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
	awk -v status="$2" '!/^(#|$)/ { at = index($0, " => "); print substr($0, 1, at - 1) >"inputs"
		print status, substr($0, at + 4) >"wanted" }' "$1"
	env -i "$PRINT" --rows program /usr/bin/alias <inputs |
		awk '/^=> / { print $2, text; text = ""; next } { text = text (text == "" ? "" : " | ") $0 }' >got
	[[ -s wanted ]]
	diff <(paste -d '\n' inputs wanted) <(paste -d '\n' inputs got)
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

# Of large files, a template (helpers/rows.h) on each line of stdin, each is read, or refused in one short line, at once.
read_large() {
	local templates size=$1
	[[ $BUILD != *asan* ]] || size=$((size / 10)) # the sanitizers take their time
	templates=$(tee templates | wc -l)
	env -i "$PRINT" --large "$size" program <templates >out
	[[ $(grep -c '^=> ' out) == "$templates" ]]
	diff templates <(awk 'NR == FNR { template[NR] = $0; next }
		/^=> 0$/ || (/^=> 125$/ && lines == 1) { print template[++count]; lines = 0; next }
		{ lines++ } /^=> / || length >= 512 { print "wrong: " $0 }' templates out)
}

@test "a megabyte of one letter in a file is refused in one short line, at once" {
	for letter in a 0 : ',' + @ % '!' '#' '=' '[' '*' ';' '?' '-' '>' ' ' '\n'; do
		for before in '' ttl= join= filter= redirect= interface= bind= port= exe= 'udp: join=239.1.1.1%' 'join=10.0.0.5@' \
			'filter=*%' 'filter=10.0.0.5@' 'filter=*:' 'interface=?eth0+' 'redirect=10.0.0.1->' 'redirect=::1->'; do
			echo "$before{$letter}"
		done
	done | read_large 1000000
}

@test "a megabyte of items and rules is read, or said to be too large, at once" {
	read_large 1000000 <<-'END'
		join={239.1.1.1 }
		{ttl=3;}
		{udp: ttl=3\n}
		{exe=other: join=239.1.1.1;}
		{#\n}
		{;}
		{join=10.0.0.1+10.0.0.2@232.1.1.1%eth0+eth1\n}
		{join=239.1.1.1 }
		{filter=* }
		{filter=10.0.0.1@*\n}
		{interface=eth0+eth1\n}
		{redirect=10.0.0.1->10.0.0.2 }
		{redirect=::1->::2;}
		{exe=other: redirect=::1->::2;}
	END
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
		[[ $(env -i "$@" "$PRINT" --cramped program) == told ]]
	}
	cramped SOCKGRAFT_JOIN=10.0.0.5+10.0.0.6@232.1.1.1%eth0+eth1,239.1.1.1
	cramped SOCKGRAFT_RULES='udp port=1,2 addr=10.0.0.1,10.0.0.2 to=10.0.0.1,10.0.0.2 exe=*: ttl=3; interface=eth0'
	cramped SOCKGRAFT_ONLY=program SOCKGRAFT_DEVICE=eth0 SOCKGRAFT_TTL=3 SOCKGRAFT_LOG_FILE=/log
}

@test "half a megabyte of items in one list, or in each of two, is read, or said to be too large, at once" {
	read_large 500000 <<-'END'
		filter={*,}*
		filter={f::@*,}*
		filter=*%{a+}a
		filter={f::+}f::@*
		interface={a+}a
		redirect={::1->::2,}::3->::4
		port={1,}1: redirect=::1->::2;port={2,}2: redirect=::2->::1
		addr={::1,}::1: redirect=::1->::2;addr={::2,}::2: redirect=::2->::1
		to={[::1]:1,}::3: redirect=::1->::2 ::2->::1
	END
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

# Redirects of $1 to $2, each to the next.
chain() {
	local i redirects=
	for ((i = $1; i < $2; i++)); do
		redirects+="10.0.$((i / 250)).$((i % 250))->10.0.$(((i + 1) / 250)).$(((i + 1) % 250)) "
	done
	echo "$redirects"
}

@test "redirects: 256 are read, 257 are too many, and a loop of all is found" {
	SOCKGRAFT_REDIRECT=$(chain 1 257) "$PRINT" program
	SOCKGRAFT_RULES="exe=other: redirect=$(chain 1 300)" SOCKGRAFT_REDIRECT=$(chain 1 257) "$PRINT" program
	status=0
	SOCKGRAFT_RULES="redirect=$(chain 1 200)" SOCKGRAFT_REDIRECT=$(chain 200 258) "$PRINT" program 2>err || status=$?
	[[ $status == 125 ]]
	grep -Fx 'SOCKGRAFT_REDIRECT: "10.0.1.7->10.0.1.8": expected at most 256 redirects' err
	status=0
	SOCKGRAFT_REDIRECT="$(chain 1 256)10.0.1.6->10.0.0.1" "$PRINT" program 2>err || status=$?
	[[ $status == 125 ]]
	grep -Fx 'SOCKGRAFT_REDIRECT: "10.0.0.1->10.0.0.2": expected no loop, but "10.0.1.6->10.0.0.1" (SOCKGRAFT_REDIRECT) leads back' err
}

@test "interfaces: 32 are read" {
	[[ $(SOCKGRAFT_INTERFACE=$(echo {1..32} | tr ' ' +) "$PRINT" program) == *'+index 32' ]]
}

@test "of a loop between two lines of a file far away, and of long addresses, all is told" {
	local directory=$BATS_TEST_TMPDIR a b
	for _ in {1..5}; do
		directory+=/$(letters 200 d)
	done
	mkdir -p "$directory"
	a='[1111:2222:3333:4444:5555:6666:7777:8888]:50001'
	b='[1111:2222:3333:4444:5555:6666:7777:9999]:50002'
	{
		letters 99999 $'\n'
		echo "redirect=$a->$b; redirect=$b->$a"
	} >"$directory/policy"
	status=0
	SOCKGRAFT_FILE=$directory/policy "$PRINT" program 2>err || status=$?
	[[ $status == 125 && $(wc -c <err) -lt 512 ]]
	grep -Ex '\.\.\.d+/policy:100000: "'".*->.*"'": expected no loop, but ".*->.*" \(\.\.\.d+/policy:100000\) leads back' err
	grep -F "\"$a->$b\"" err
	grep -F "\"$b->$a\"" err
}

@test "each setting knows where it stands" {
	printf '\n# x\nttl=4;ttl=5' >policy
	got=$(SOCKGRAFT_RULES='ttl=1;; udp: ttl=2 dscp=ef' SOCKGRAFT_TTL=3 SOCKGRAFT_FILE=policy "$PRINT" --origins program)
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
	needs 'interface=eth0+eth1' 'interfaces spreads '
	needs 'interface=eth*' 'interfaces spreads '
	needs 'interface=?eth0' 'interfaces defaults '
	needs 'device=?eth0' 'defaults '
	needs 'udp: ttl=?3' 'defaults '
	needs 'filter=*' 'filters '
	needs 'filter=239.1.1.1:5000' 'local filters '
	needs 'filter=*:5000' 'local filters '
	needs 'redirect=10.0.0.1->10.0.0.2' 'redirects '
	needs 'tcp: redirect=10.0.0.1:1->10.0.0.2:2' 'redirects '
	needs 'udp port=5: redirect=10.0.0.1->10.0.0.2' 'local redirects redirect-local '
	needs 'to=10.0.0.1: redirect=10.0.0.1->10.0.0.2' 'to redirects '
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

@test "plan: the first filter that covers the group counts, with those of the same groups and port" {
	rules='udp: filter=10.0.0.1@232.1.1.1,10.0.0.2@232.1.0.0/16,10.0.0.3@232.1.1.1%eth0 10.0.0.4@232.1.9.9/16'
	rules+='; filter=!10.0.0.5@232.1.1.1 10.0.0.6@*%eth1 ff15::1 fe80::7@* ff3e::/16'
	plan "$rules" udp ipv4 - 232.1.1.1 <<-'END'
		filter 10.0.0.1@232.1.1.1 (SOCKGRAFT_RULES rule 1)
		filter 10.0.0.3@232.1.1.1%eth0 (SOCKGRAFT_RULES rule 1)
		filter !10.0.0.5@232.1.1.1 (SOCKGRAFT_RULES rule 2)
	END
	plan "$rules" udp ipv4 - 232.1.1.2 <<-'END'
		filter 10.0.0.2@232.1.0.0/16 (SOCKGRAFT_RULES rule 1)
		filter 10.0.0.4@232.1.9.9/16 (SOCKGRAFT_RULES rule 1)
	END
	plan "$rules" udp ipv4 - 239.1.1.1 <<<'filter 10.0.0.6@*%eth1 (SOCKGRAFT_RULES rule 2)'
	plan "$rules" raw ipv4 - 232.1.1.2 <<<'filter 10.0.0.6@*%eth1 (SOCKGRAFT_RULES rule 2)'
	plan "$rules" udp ipv6 - ff15::1 <<<'filter ff15::1 (SOCKGRAFT_RULES rule 2)'
	plan "$rules" udp ipv6 - ff3e::1 <<<'filter fe80::7@* (SOCKGRAFT_RULES rule 2)'
	plan 'filter=10.0.0.6@* ff15::1' udp ipv6 - ff15::2 <<<''
}

@test "plan: a filter with a port is for sockets bound to it alone" {
	rules='filter=10.0.0.1@239.1.1.1:5000,10.0.0.2@239.1.1.1:6000,10.0.0.3@*:5000,10.0.0.4@239.1.1.1/32:5000,10.0.0.5@239.1.1.1'
	plan "$rules" udp ipv4 0.0.0.0:5000 239.1.1.1 <<-'END'
		filter 10.0.0.1@239.1.1.1:5000 (SOCKGRAFT_RULES rule 1)
		filter 10.0.0.4@239.1.1.1:5000 (SOCKGRAFT_RULES rule 1)
	END
	plan "$rules" udp ipv4 0.0.0.0:6000 239.1.1.1 <<<'filter 10.0.0.2@239.1.1.1:6000 (SOCKGRAFT_RULES rule 1)'
	plan "$rules" udp ipv4 0.0.0.0:5000 239.1.1.2 <<<'filter 10.0.0.3@*:5000 (SOCKGRAFT_RULES rule 1)'
	plan "$rules" udp ipv4 0.0.0.0:7000 239.1.1.1 <<<'filter 10.0.0.5@239.1.1.1 (SOCKGRAFT_RULES rule 1)'
	plan "$rules" udp ipv4 - 239.1.1.1 <<<'filter 10.0.0.5@239.1.1.1 (SOCKGRAFT_RULES rule 1)'
	plan "$rules" udp ipv4 - 239.1.1.2 <<<''
	plan 'port=5000: filter=*%eth0; filter=*%eth1' udp ipv4 0.0.0.0:5000 239.1.1.1 <<-'END'
		filter *%eth0 (SOCKGRAFT_RULES rule 1)
		filter *%eth1 (SOCKGRAFT_RULES rule 2)
	END
}

@test "plan: of redirects the first that takes address and port counts" {
	rules='udp: redirect=10.0.0.1:5->239.1.1.1:6,10.0.0.1:7->239.1.1.2,10.0.0.1->239.1.1.3:8 10.0.0.1:9->239.1.1.9'
	rules+='; redirect=10.0.0.1->10.0.0.2 10.0.0.3->239.1.1.4 10.0.0.5->10.0.0.6:1'
	plan "$rules" udp ipv4 - 10.0.0.1:5 <<<'redirect 239.1.1.1:6 (SOCKGRAFT_RULES rule 1)'
	plan "$rules" udp ipv4 - 10.0.0.1:7 <<<'redirect 239.1.1.2:7 (SOCKGRAFT_RULES rule 1)'
	plan "$rules" udp ipv4 - 10.0.0.1:9 <<<'redirect 239.1.1.3:8 (SOCKGRAFT_RULES rule 1)'
	plan "$rules" tcp ipv4 - 10.0.0.1:5 <<<'redirect 10.0.0.2:5 (SOCKGRAFT_RULES rule 2)'
	plan "$rules" udp ipv4 - 10.0.0.9:5 <<<''
	plan "$rules" udp ipv6 - '[::ffff:10.0.0.1]:5' <<<'redirect [::ffff:239.1.1.1]:6 (SOCKGRAFT_RULES rule 1)'
	# There is no connection to a group, and a raw socket has no ports.
	plan "$rules" tcp ipv4 - 10.0.0.3:5 <<<''
	plan "$rules" raw ipv4 - 10.0.0.3 <<<'redirect 239.1.1.4 (SOCKGRAFT_RULES rule 2)'
	plan "$rules" raw ipv4 - 10.0.0.5 <<<'redirect 10.0.0.6 (SOCKGRAFT_RULES rule 2)'
	plan 'redirect=10.0.0.1->10.0.0.1:5001' udp ipv4 - 10.0.0.1:5 <<<'redirect 10.0.0.1:5001 (SOCKGRAFT_RULES rule 1)'
	plan 'redirect=10.0.0.1->10.0.0.2,10.0.0.2->10.0.0.3' udp ipv4 - 10.0.0.1:5 <<<'redirect 10.0.0.2:5 (SOCKGRAFT_RULES rule 1)'
	plan 'redirect=[::1]:5->[ff15::1]:6' udp ipv6 - '[::1]:5' <<<'redirect [ff15::1]:6 (SOCKGRAFT_RULES rule 1)'
}

@test "plan: a group that is joined on a port that isn't known yet is redirected whatever its port" {
	rules='redirect=239.1.1.1:5000->239.2.2.2:5001,239.1.1.3->239.2.2.3:5001'
	plan "$rules" udp ipv4 - 239.1.1.1 <<<'redirect 239.2.2.2 (SOCKGRAFT_RULES rule 1)'
	plan "$rules" udp ipv4 - 239.1.1.1:5000 <<<'redirect 239.2.2.2:5001 (SOCKGRAFT_RULES rule 1)'
	plan "$rules" udp ipv4 - 239.1.1.1:6000 <<<''
	plan "$rules" raw ipv4 - 239.1.1.1 <<<''
	plan "$rules" udp ipv4 - 239.1.1.3 <<<'redirect 239.2.2.3:5001 (SOCKGRAFT_RULES rule 1)'
	plan "$rules" udp ipv4 - 239.2.2.2 <<<'back 239.1.1.1'
	plan 'redirect=10.0.0.1:5000->10.0.0.2' udp ipv4 - 10.0.0.1 <<<''
}

@test "plan: what a redirect leads to is shown as what was asked for" {
	rules='udp: redirect=10.0.0.1:5->10.0.0.2:6,10.0.0.1:7->10.0.0.3,10.0.0.4->10.0.0.5,10.0.0.6->10.0.0.7:8'
	rules+=',239.1.1.1->239.1.1.2,::1->::2,[fe80::1]:5->fe80::2'
	plan "$rules" udp ipv4 - 10.0.0.2:6 <<<'back 10.0.0.1:5'
	plan "$rules" udp ipv4 - 10.0.0.2:5 <<<''
	plan "$rules" udp ipv4 - 10.0.0.3:7 <<<'back 10.0.0.1:7'
	plan "$rules" udp ipv4 - 10.0.0.3:8 <<<''
	plan "$rules" udp ipv4 - 10.0.0.5:1234 <<<'back 10.0.0.4:1234'
	plan "$rules" udp ipv4 - 10.0.0.7:8 <<<'back 10.0.0.6:8'
	plan "$rules" udp ipv4 - 10.0.0.7:9 <<<''
	plan "$rules" tcp ipv4 - 10.0.0.5:1234 <<<''
	plan "$rules" udp ipv6 - '[::ffff:10.0.0.2]:6' <<<'back [::ffff:10.0.0.1]:5'
	plan "$rules" udp ipv4 - 239.1.1.2:5000 <<<'back 239.1.1.1:5000'
	plan "$rules" udp ipv6 - '[::2]:5' <<<'back [::1]:5'
	plan "$rules" udp ipv6 - '[fe80::2]:5' <<<'back [fe80::1]:5'
}

@test "plan: what a stronger redirect would have sent elsewhere was not asked for" {
	plan 'redirect=10.0.0.1->10.0.0.3,10.0.0.1->10.0.0.2' udp ipv4 - 10.0.0.2:5 <<<''
	plan 'redirect=10.0.0.1:5->10.0.0.3; udp: redirect=10.0.0.1->10.0.0.2' udp ipv4 - 10.0.0.2:5 <<<''
	plan 'redirect=10.0.0.1:5->10.0.0.3; udp: redirect=10.0.0.1->10.0.0.2' udp ipv4 - 10.0.0.2:6 <<<'back 10.0.0.1:6'
	plan 'tcp: redirect=10.0.0.1->10.0.0.3; redirect=10.0.0.1->10.0.0.2' udp ipv4 - 10.0.0.2:5 <<<'back 10.0.0.1:5'
	plan 'redirect=10.0.0.1:5->10.0.0.2:5 10.0.0.3->10.0.0.2' udp ipv4 - 10.0.0.2:5 <<<'back 10.0.0.1:5'
	plan 'redirect=10.0.0.1:5->10.0.0.2:5 10.0.0.3->10.0.0.2' udp ipv4 - 10.0.0.2:6 <<<'back 10.0.0.3:6'
}

@test "plan: to= is the destination as it was asked for, and as a redirect has it" {
	rules='to=10.0.0.0/8: ttl=1; to=239.0.0.0/8:6: multicast-ttl=2; to=239.1.1.1:5: dscp=ef'
	plan "$rules" udp ipv4 - '10.0.0.1:5->239.1.1.1:6' <<<$'ttl=1\nmulticast-ttl=2'
	plan "$rules" udp ipv4 - '10.0.0.1:5' <<<'ttl=1'
	plan "$rules" udp ipv4 - '192.0.2.1:5->239.1.1.1:6' <<<'multicast-ttl=2'
	plan "$rules" udp ipv6 - '[::ffff:10.0.0.1]:5->[::ffff:239.1.1.1]:6' <<<$'ttl=1\nmulticast-ttl=2'
}

@test "plan: a redirect's own to= is asked of where it leads from and to, not of the socket's last destination" {
	rules='to=10.0.0.1: redirect=10.0.0.1->10.0.0.2 ttl=3; to=10.0.0.4:5: redirect=10.0.0.3->10.0.0.4'
	rules+='; to=10.0.0.9: redirect=10.0.0.5->10.0.0.6'
	plan "$rules" udp ipv4 - 10.0.0.1:5 <<-'END'
		ttl=3
		redirect 10.0.0.2:5 (SOCKGRAFT_RULES rule 1)
	END
	plan "$rules" udp ipv4 - 10.0.0.2:5 <<<'back 10.0.0.1:5'
	plan "$rules" udp ipv4 - 10.0.0.3:5 <<<'redirect 10.0.0.4:5 (SOCKGRAFT_RULES rule 2)'
	plan "$rules" udp ipv4 - 10.0.0.3:6 <<<''
	plan "$rules" udp ipv4 - '10.0.0.5:5->10.0.0.9:5' <<<''
}

@test "plan: redirects of rules that ask for the local port, and of a family" {
	rules='port=5000: redirect=10.0.0.1->10.0.0.2; ipv6: redirect=10.0.0.3->10.0.0.4 ::3->::4; ipv4: redirect=10.0.0.5->10.0.0.6'
	plan "$rules" udp ipv4 - 10.0.0.1:5 <<<''
	plan "$rules" udp ipv4 0.0.0.0:5000 10.0.0.1:5 <<<'redirect 10.0.0.2:5 (SOCKGRAFT_RULES rule 1)'
	plan "$rules" udp ipv4 0.0.0.0:5001 10.0.0.1:5 <<<''
	plan "$rules" udp ipv6 - '[::ffff:10.0.0.3]:5' <<<''
	plan "$rules" udp ipv6 - '[::3]:5' <<<'redirect [::4]:5 (SOCKGRAFT_RULES rule 2)'
	plan "$rules" udp ipv6 - '[::ffff:10.0.0.5]:5' <<<'redirect [::ffff:10.0.0.6]:5 (SOCKGRAFT_RULES rule 3)'
}

@test "plan: filters and redirects of rules, then of variables, then of the file" {
	echo 'filter=*%eth2 redirect=10.0.0.1->10.0.0.4,10.0.0.5->10.0.0.6' >policy
	rewritten() {
		got=$(SOCKGRAFT_RULES='udp: filter=*%eth0 redirect=10.0.0.1:5->10.0.0.2' SOCKGRAFT_FILTER='*%eth1' \
			SOCKGRAFT_REDIRECT='10.0.0.1->10.0.0.3' SOCKGRAFT_FILE=policy "$PRINT" --plan "$1" ipv4 - "$2" program)
		diff - <(echo "$got")
	}
	rewritten udp 10.0.0.1:5 <<<'redirect 10.0.0.2:5 (SOCKGRAFT_RULES rule 1)'
	rewritten udp 10.0.0.1:6 <<<'redirect 10.0.0.3:6 (SOCKGRAFT_REDIRECT)'
	rewritten udp 10.0.0.5:6 <<<'redirect 10.0.0.6:6 (policy:1)'
	rewritten raw 239.1.1.1 <<-'END'
		filter *%eth1 (SOCKGRAFT_FILTER)
		filter *%eth2 (policy:1)
	END
	rewritten udp 239.1.1.1 <<-'END'
		filter *%eth0 (SOCKGRAFT_RULES rule 1)
		filter *%eth1 (SOCKGRAFT_FILTER)
		filter *%eth2 (policy:1)
	END
}
