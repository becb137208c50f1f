# Each call that core makes fails, one after the other, with each errno of its manual page: the program goes on as
# it does without the library, or fails only where it is told to; nothing leaks, hangs or crashes.

load hosts

GROUPS4='239.1.1.1%b0,10.77.0.99@232.7.8.9%b0+b1,!10.77.0.2@239.1.1.2%b*,239.1.1.3%10.77.0.2,239.1.1.4'
GROUPS6='ff15::114%b0,fd77::99@ff35::8000:9%b0+b1,!fd77::2@ff15::115%b*,ff15::113%fd77::2,ff15::116'
MARKS='tos=0x20 dscp=ef ttl=9 tclass=0x20 hoplimit=9 multicast-ttl=3 multicast-hoplimit=3 multicast-loop=on
	rcvbuf=64k sndbuf=64k priority=3 mark=7 interface=b0'

setup() {
	hosts_up
}

teardown() {
	hosts_down
}

# sweep udp|tcp ADDRESS RULES: the host program, with every call failing in turn; under the sanitizers with one errno
# each, as they take their time.
sweep() {
	local how=sweep
	[[ $GRAFT != *asan* ]] || how=some
	on receiver "$BUILD/tests/host" plain "$1" "$2" >"$(out plain)"
	SOCKGRAFT_RULES=$3 on receiver env LD_PRELOAD="$GRAFT $BUILD/tests/faults.so" \
		"$BUILD/tests/host" "$how" "$1" "$2" "$(out plain)" >"$(out sweep)" 2>"$(err sweep)" ||
		fail "$(cat "$(out sweep)")"
}

# fails NAME AT-LEAST: so many calls of this function were made to fail; the sanitizers are in the way of some.
fails() {
	local calls
	calls=$(sed -nE "s/^$1: ([0-9]+) calls.*/\1/p" "$(out sweep)")
	[ "${calls:-0}" -ge "$2" ] || [[ $GRAFT == *asan* ]] || fail "$1: $calls calls failed, not $2"
}

@test "one address" {
	sweep udp 10.77.0.22 "udp: join=$GROUPS4 $MARKS; udp port=5000: reuse=addr"
	fails socket 8
	fails close 6
	fails bind 2
	fails connect 2
	fails getsockname 8
	fails getsockopt 8
	fails setsockopt 40
	fails send 2
	fails recv 2
	fails ioctl 4
	fails mmap 4
}

@test "IPv6: one address" {
	sweep udp fd77::22 "udp: join=$GROUPS6 $MARKS"
}

@test "the wildcard" {
	sweep udp 0.0.0.0 "udp: join=$GROUPS4 $MARKS; udp port=5000: bind=any"
}

@test "IPv6: the wildcard, and the groups of both families" {
	sweep udp :: "udp: join=$GROUPS4,$GROUPS6 $MARKS"
}

@test "TCP" {
	sweep tcp 10.77.0.22 "tcp: $MARKS reuse=addr; tcp addr=10.77.0.0/24: dscp=af11"
}

@test "an interface that isn't there yet" {
	sweep udp 10.77.0.22 "udp: join=239.1.1.1%nope0,ff15::114%nope0 interface=nope0 device=nope0 dscp=ef"
}

@test "fail: one address" {
	SOCKGRAFT_ON_ERROR=fail sweep udp 10.77.0.22 "udp: join=$GROUPS4 $MARKS"
}

@test "fail: IPv6: one address" {
	SOCKGRAFT_ON_ERROR=fail sweep udp fd77::22 "udp: join=$GROUPS6 $MARKS"
}

@test "fail: IPv6: the wildcard, and the groups of both families" {
	SOCKGRAFT_ON_ERROR=fail sweep udp :: "udp: join=$GROUPS4,$GROUPS6 $MARKS"
}

@test "fail: TCP" {
	SOCKGRAFT_ON_ERROR=fail sweep tcp fd77::22 "tcp: $MARKS; tcp addr=fd77::/64: dscp=af11"
}

@test "no memory: one line, and status 125 before main" {
	local status=0
	[[ $GRAFT != *asan* ]] || skip "the sanitizer maps memory in between"
	FAULT=mmap:1:12 SOCKGRAFT_TTL=9 on receiver env LD_PRELOAD="$GRAFT $BUILD/tests/faults.so" \
		"$BUILD/tests/host" plain udp 10.77.0.22 >"$(out r)" 2>"$(err r)" || status=$?
	[ "$status" = 125 ]
	[ ! -s "$(out r)" ]
	[ "$(warnings r "no memory for")" = 1 ]
}
