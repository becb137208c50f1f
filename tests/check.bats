# sockgraft check: the policy as it is understood, and each warning where there is reason for it and nowhere else.

load hosts
load settings

setup() {
	hosts_up
	set_up_receiver
}

teardown() {
	hosts_down
}

# check ARGUMENT...: what it prints, on stderr too, is in $output.
check() {
	output=$(on receiver "$BUILD/sockgraft" check "$@" 2>&1)
}

says() {
	grep -Eq -e "$1" <<<"$output" || fail "no line matches $1 in:" "$output"
}

warns() {
	says "^warning: .*$1"
}

clean() {
	refute grep -E '^(warning|error): ' <<<"$output"
}

# provokes PATTERN COMMAND ARGUMENT...: nothing is wrong before the command has run on the receiver; after it there is
# this one warning, and status 1 where that is asked for; and nothing is wrong once the command was run that it names.
provokes() {
	local pattern=$1 command=$2
	shift 2
	check --strict "$@"
	clean
	on receiver sh -c "$command"
	check "$@"
	warns "$pattern"
	refute check --strict "$@"
	[ "$(grep -c '^warning: ' <<<"$output")" = 1 ]
	[[ $output =~ "; to mend it: "((ip|sysctl)" "[^,$'\n']*) ]] || return 0
	command=${BASH_REMATCH[1]}
	on receiver sh -c "${command//INTERFACE/b0}" >/dev/null
	wait_until check --strict "$@"
	clean
}

# --- what is printed ---

@test "rules, the strongest first, in words and with their origin" {
	SOCKGRAFT_RULES='udp port=6000,7000-7009: dscp=af11' check -r 'udp ipv4 port=5000 to=239.0.0.0/8: rcvbuf=4M' \
		--ttl '?16' --multicast-loop off
	says '^  IPv4 UDP sockets bound to port 5000 that send to 239.0.0.0/8$'
	says '^    rcvbuf=4194304  \(SOCKGRAFT_RULES rule 1\)$'
	says '^  UDP sockets bound to port 6000 or 7000-7009$'
	says '^    dscp=af11  \(SOCKGRAFT_RULES rule 2\)$'
	says '^  every socket$'
	says '^    ttl=\?16  \(SOCKGRAFT_TTL\)$'
	says '^    multicast-loop=off  \(SOCKGRAFT_MULTICAST_LOOP\)$'
	clean
}

@test "interfaces as this host has them: by pattern, by index, by address" {
	check --join '10.77.0.1@232.7.8.9%b*+10.77.0.2,ff15::114%b1'
	says '^  b\*: b0 b1$'
	says '^  10.77.0.2: b0$'
	says '^  232.7.8.9 on b0, include 10.77.0.1  \(SOCKGRAFT_JOIN\)$'
	says '^  232.7.8.9 on b1, include 10.77.0.1  '
	says '^  ff15::114 on b1, any source  '
	clean
}

@test "what the route picks where no interface is named" {
	check --join '239.1.1.1,ff15::114,!10.77.0.66@239.9.9.9'
	says '^  239.1.1.1 on b0, which the route picks, any source  '
	says '^  ff15::114 on b[01], which the route picks, any source  '
	says '^  239.9.9.9 on b0, which the route picks, exclude 10.77.0.66  '
	clean
}

@test "memberships that meet on a socket are one, as the kernel has it" {
	local rows='10.77.0.1@239.7.8.9%b0,239.7.8.9%b0,10.77.0.1@232.7.8.9%b0,10.77.0.3@232.7.8.9%b0,10.77.0.1@232.7.8.9%b1'
	check --join "$rows,fd77::1@ff35::8000:9%b0,fd77::3@ff35::8000:9%b0"
	says '^  239.7.8.9 on b0, any source  \(SOCKGRAFT_JOIN\)$'
	says '^  232.7.8.9 on b0, include 10.77.0.1 10.77.0.3  \(SOCKGRAFT_JOIN\)$'
	says '^  232.7.8.9 on b1, include 10.77.0.1  '
	says '^  ff35::8000:9 on b0, include fd77::1 fd77::3  '
	[ "$(grep -c '^  [^ ]* on ' <<<"$output")" = 4 ]
	check -r 'udp port=5000: join=10.77.0.1@232.7.8.9%b0' --join 10.77.0.3@232.7.8.9%b0
	says '^  232.7.8.9 on b0, include 10.77.0.1 10.77.0.3  \(SOCKGRAFT_RULES rule 1, SOCKGRAFT_JOIN\)$'
	says '^  232.7.8.9 on b0, include 10.77.0.3  \(SOCKGRAFT_JOIN\)$'
	check --join '239.1.1.1,239.1.1.1%b0,!10.77.0.66@239.2.2.2%b0,!10.77.0.67@239.2.2.2%b0,!10.77.0.66@239.3.3.3%b0'
	says '^  239.1.1.1 on b0, any source  '
	says '^  239.2.2.2 on b0, any source  '
	says '^  239.3.3.3 on b0, exclude 10.77.0.66  '
	[ "$(grep -c '^  [^ ]* on ' <<<"$output")" = 3 ]
}

@test "a filter leaves the program its interface" {
	check --filter '10.77.0.1@232.0.0.0/8,*%b1'
	says '^  where the program joins it, 232.0.0.0/8 on the program.s interface, include 10.77.0.1  '
	says '^  where the program joins it, \* on b1, any source  '
	clean
}

@test "as JSON" {
	on receiver "$BUILD/sockgraft" check --json --join '10.77.0.1@232.7.8.9%b*,239.1.1.1,239.2.2.2%eth9' \
		--dscp ef >"$BATS_TEST_TMPDIR/json"
	"$PYTHON" - "$BATS_TEST_TMPDIR/json" <<-'END'
		import json, sys
		document = json.load(open(sys.argv[1]))
		assert sorted(document) == ["findings", "interfaces", "memberships", "rules"], document
		(rule,) = document["rules"]
		assert rule["covers"] == "every socket"
		assert {"key": "dscp", "value": "ef", "origin": "SOCKGRAFT_DSCP"} in rule["settings"]
		found = {one["named"]: [each["name"] for each in one["found"]] for one in document["interfaces"]}
		assert found == {"b*": ["b0", "b1"], "eth9": []}, found
		made = [(one["group"], one["interface"], one["by_route"], one["mode"], one["sources"])
		        for one in document["memberships"]]
		assert made == [("232.7.8.9", "b0", False, "include", ["10.77.0.1"]),
		                ("232.7.8.9", "b1", False, "include", ["10.77.0.1"]),
		                ("239.1.1.1", "b0", True, "exclude", [])], made
		(finding,) = document["findings"]
		assert (finding["level"], finding["word"]) == ("warning", "interface-missing"), finding
	END
}

# --- errors ---

@test "what is wrong is one line and status 125, as run has it" {
	local status=0
	check --ttl 300 || status=$?
	[ "$status" = 125 ]
	[ "$output" = 'sockgraft check: SOCKGRAFT_TTL: "300": expected a number from 1 to 255' ]
	status=0
	check --tll 3 || status=$?
	[ "$status" = 125 ]
	says '^sockgraft check: --tll: no such option'
	status=0
	check --strit || status=$?
	[ "$status" = 125 ]
	says 'did you mean "--strict"[?]'
}

@test "with a program: whether run would start it, and the rules that are for it" {
	local status=0
	check -r 'exe=true: ttl=3; exe=false: ttl=4' true
	says '^    ttl=3 '
	refute says 'ttl=4'
	check --ttl 3 -- no-such-program-here || status=$?
	[ "$status" = 125 ]
	says '^sockgraft check: no-such-program-here: no such program'
	status=0
	check --ttl 3 /etc/passwd || status=$?
	[ "$status" = 125 ]
	says '^sockgraft check: /etc/passwd: '
	status=0
	printf '#!/nonexist\n' >"$BATS_TEST_TMPDIR/script"
	chmod +x "$BATS_TEST_TMPDIR/script"
	check --ttl 3 "$BATS_TEST_TMPDIR/script" || status=$?
	[ "$status" = 125 ]
	says '^sockgraft check: .*/script: its interpreter "/nonexist" is missing$'
}

# --- warnings on the host ---

@test "an interface that is down, or missing" {
	provokes 'b1 is down: .*ip link set b1 up' 'ip link set b1 down' --join 239.1.1.1%b1
	provokes 'there is no interface b1:' 'ip link delete b1' --join 239.1.1.1%b0,ff15::114%b1 --interface 'b?'
	check --interface 'b1*' --device b1
	warns 'no interface that can multicast matches b1\*'
	warns 'there is no interface b1:'
}

@test "an interface without multicast" {
	provokes 'b1 has no MULTICAST flag: .*ip link set b1 multicast on' 'ip link set b1 multicast off' \
		--join ff15::114%b1
}

@test "no route to the group where no interface is named" {
	provokes 'there is no route to 239.1.1.1, ' 'ip route flush all' --join 239.1.1.1
	check --strict --join 239.1.1.1%b0
	clean
}

@test "no route to the group, IPv6" {
	provokes 'there is no route to ff15::114, ' 'ip -6 route flush table all' --join ff15::114
	check --strict --join ff15::114%b0
	clean
}

@test "a source that rp_filter keeps out" {
	provokes 'the route back to the source 10.78.0.1 leaves by b1, and rp_filter is 1 on b0: .*sysctl -w net.ipv4.conf.b0.rp_filter=2' \
		'echo 1 >/proc/sys/net/ipv4/conf/all/rp_filter' --join 10.78.0.1@232.7.8.9%b0
	setting ipv4/conf/b0/rp_filter 1
	check --strict --join 10.77.0.1@232.7.8.9%b0
	clean
}

@test "loose rp_filter keeps out a source without any route" {
	setting ipv4/conf/b0/rp_filter 2
	provokes 'there is no route back to the source 192.0.2.1, and rp_filter is 2 on b0: ' 'ip route delete default' \
		--join 192.0.2.1@232.7.8.9%b0
}

@test "rp_filter and a source that is left out, or IPv6" {
	setting ipv4/conf/b0/rp_filter 1
	check --strict --join '!10.78.0.1@239.7.8.9%b0,fd78::1@ff35::8000:9%b0'
	clean
}

@test "IGMP of a version without sources" {
	provokes 'IGMP is forced to version 2 on b0 ' 'echo 2 >/proc/sys/net/ipv4/conf/b0/force_igmp_version' \
		--join 10.77.0.1@232.7.8.9%b0
	check --strict --join 239.1.1.1%b0,fd77::1@ff35::8000:9%b0,10.77.0.1@232.7.8.9%b1
	clean
	setting ipv4/conf/all/force_igmp_version 1
	check --join 10.77.0.1@232.7.8.9%b1
	warns 'IGMP is forced to version 1 on b1 .*net.ipv4.conf.all.force_igmp_version=0'
}

@test "MLD of a version without sources" {
	provokes 'MLD is forced to version 1 on b0 ' 'echo 1 >/proc/sys/net/ipv6/conf/b0/force_mld_version' \
		--join fd77::1@ff35::8000:9%b0
	check --strict --join ff15::114%b0
	clean
}

@test "more groups than a socket may join" {
	setting ipv4/igmp_max_memberships 2
	check --strict --join 239.1.1.1%b0,239.1.1.2%b0,ff15::1%b0
	clean
	check --strict -r 'port=1: join=239.1.1.1%b0; port=2: join=239.1.1.2%b0; port=3: join=239.1.1.3%b0'
	clean
	check --join 239.1.1.1%b0+b1,239.1.1.2%b0,239.1.1.2%b0
	warns '3 IPv4 memberships are for one socket, and .* is 2: .*sysctl -w net.ipv4.igmp_max_memberships=3'
	check -r 'port=1: join=239.1.1.3%b0' --join 239.1.1.1%b0,239.1.1.2%b0
	warns '3 IPv4 memberships'
}

@test "more sources than a membership may have" {
	setting ipv4/igmp_max_msf 2
	check --strict --join 10.77.0.1+10.77.0.3@232.7.8.9%b0,10.77.0.1@232.7.8.8%b0,fd77::1@ff35::8000:9%b0
	clean
	check --join 10.77.0.1+10.77.0.3@232.7.8.9%b0,10.77.0.4@232.7.8.9%b0
	warns '3 sources are given for 232.7.8.9, and net.ipv4.igmp_max_msf is 2: '
	check --join "$(seq -s + -f fd77::%g 1 64)@ff35::8000:9%b0" --strict
	clean
	check --join "$(seq -s + -f fd77::%g 1 65)@ff35::8000:9%b0"
	warns '65 sources are given for ff35::8000:9, and net.ipv6.mld_max_msf is 64'
}

# --- warnings on the policy ---

@test "source-specific groups without sources, or with some left out" {
	check --strict --join 10.77.0.1@232.7.8.9%b0,fd77::1@ff35::8000:9%b0,239.1.1.1%b0,ff15::114%b0,ff35:30::1%b0
	clean
	check --join '232.7.8.9%b0,ff35::8000:9%b0,!10.77.0.1@232.1.1.1%b0,!fd77::1@ff32::1%b0'
	warns '232.7.8.9 is a group of source-specific multicast, and no source is given'
	warns 'ff35::8000:9 is a group of source-specific multicast, and no source is given'
	warns '232.1.1.1 is a group of source-specific multicast, and sources are left out'
	warns 'ff32::1 is a group of source-specific multicast, and sources are left out'
}

@test "a TTL that ends at the link, of a group that doesn't" {
	check --strict --multicast-ttl 1 --multicast-hoplimit 1 --join 224.0.0.200%b0,ff02::114%b0
	clean
	check --strict --multicast-ttl 16 --multicast-hoplimit 16 --join 239.1.1.1%b0,ff15::114%b0
	clean
	check --multicast-ttl 1 --multicast-hoplimit 1 --join 239.1.1.1%b0,ff15::114%b0
	warns 'multicast-ttl is 1 \(SOCKGRAFT_MULTICAST_TTL\), and the scope of 239.1.1.1 is wider'
	warns 'multicast-hoplimit is 1 \(SOCKGRAFT_MULTICAST_HOPLIMIT\), and the scope of ff15::114 is wider'
	check -r 'udp to=239.0.0.0/8: multicast-ttl=1'
	warns 'the scope of 239.0.0.0 is wider'
	check --strict -r 'multicast-ttl=16' --multicast-ttl 1 --join 239.1.1.1%b0 || :
	refute says 'scope'
}

@test "multicast that reaches nobody" {
	check --strict --multicast-ttl 0
	clean
	check --strict -r 'port=1: multicast-ttl=0; port=2: multicast-loop=off'
	clean
	check --multicast-loop off -r 'udp port=1: multicast-ttl=0'
	warns 'multicast-ttl is 0 \(SOCKGRAFT_RULES rule 1\) and multicast-loop is off \(SOCKGRAFT_MULTICAST_LOOP\): '
}

@test "a rule that can never apply" {
	local narrow
	for narrow in 'udp port=5000: ttl=3' 'ipv4: ttl=3' 'to=239.0.0.0/8: ttl=3' 'addr=10.0.0.0/8: ttl=3 dscp=0'; do
		check -r 'ttl=1 dscp=ef' -r "$narrow"
		warns 'SOCKGRAFT_RULES rule 2 can never apply: SOCKGRAFT_RULES rule 1 covers its sockets'
		check --strict -r "$narrow" -r 'ttl=1 dscp=ef'
		clean
		check --strict -r 'ttl=1 dscp=ef' -r "$narrow rcvbuf=4M"
		clean
		check --strict -r 'ttl=1 dscp=ef' -r "$narrow join=239.1.1.1%b0"
		clean
	done
}

@test "what to do about a rule that can never apply can be done" {
	local rules=$BATS_TEST_TMPDIR/rules
	printf 'ttl=3\nudp: ttl=4\n' >"$rules"
	check --ttl 1 -f "$rules"
	warns 'rules:1 can never apply: .*; to mend it: say it in SOCKGRAFT_RULES [(]--rule[)], which is stronger than SOCKGRAFT_TTL, or'
	check -f "$rules"
	warns "rules:2 can never apply: .*; to mend it: put it before $rules:1, or leave it out"
	check -r ttl=5 -f "$rules"
	warns 'rules:1 can never apply: .*; to mend it: say it in SOCKGRAFT_RULES [(]--rule[)], before SOCKGRAFT_RULES rule 1, or'
	check -r ttl=5 --ttl 1
	warns 'SOCKGRAFT_TTL can never apply: .*; to mend it: say it in SOCKGRAFT_RULES [(]--rule[)], before SOCKGRAFT_RULES rule 1, or'
	check -r ttl=5 -r ttl=6
	warns 'SOCKGRAFT_RULES rule 2 can never apply: .*; to mend it: put it before SOCKGRAFT_RULES rule 1, or leave it out'
}

@test "matches that don't cover each other" {
	local pair
	for pair in 'udp:tcp' 'port=1-5:port=2-6' 'to=239.1.0.0/16:to=239.0.0.0/8' 'to=239.0.0.0/8;5:to=239.0.0.0/8' \
		'addr=10.0.0.0/8:udp' 'ipv4:ipv6' 'port=1:udp'; do
		pair=${pair//;/@}
		check --strict -r "$(tr @ : <<<"${pair%:*}"): ttl=1" -r "${pair##*:}: ttl=2"
		clean
	done
}

@test "a program that the policy leaves alone" {
	check --strict --ttl 3 --only 'cat true' true
	clean
	check --ttl 3 --only cat true
	warns 'SOCKGRAFT_ONLY or SOCKGRAFT_SKIP leaves true alone'
	refute check --strict --ttl 3 --skip 'tr*' true
	warns 'leaves true alone'
	check -r 'exe=cat: ttl=3' true
	warns 'there is no rule for true: '
	check
	warns 'there is no rule for a program that is not named: '
}
