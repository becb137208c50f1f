# shellcheck shell=bash
# Test hosts in private network namespaces.  A test file loads this, calls hosts_up in setup and hosts_down
# in teardown; programs.bash, loaded along, runs programs on the hosts.
#
#	sender                                           receiver
#	a0  10.77.0.1  10.77.0.3   ----------------  b0  10.77.0.2  10.77.0.22
#	    fd77::1    fd77::3     fe80::a0  fe80::b0    fd77::2    fd77::22
#	a1  10.78.0.1  fd78::1     ----------------  b1  10.78.0.2  fd78::2
#	                           fe80::a1  fe80::b1
#
# Functions here that run much say `local - && set +T`: bats traces every command otherwise, which takes longer
# than the commands.
#
# Every test has its own hosts, which have no name that another test could know, so that all tests may
# run at once.  They live as long as the processes that hold them, and those the kernel kills when the
# test's own process is gone, however it went.

TESTS=$(cd "${BASH_SOURCE[0]%/*}" && pwd)

# Seconds until a state that is waited for counts as never reached.
DEADLINE=${DEADLINE:-15}

declare -gA HOST=() # host: the process that holds its namespace

# Root needs no user namespace, and without one can test what only root may.  A container may deny root
# the one and allow the other.  It is tried once for all tests of a run.
OWN_USERS=$(cat "$BATS_RUN_TMPDIR/own_users" 2>/dev/null) || {
	unshare --net true 2>/dev/null || OWN_USERS=yes
	echo "$OWN_USERS" >"$BATS_RUN_TMPDIR/own_users"
}
NEW_HOST=(unshare ${OWN_USERS:+--user --map-root-user} --net)

# hosts_up [bridge]: lays out the two hosts; with "bridge", a0 and b0 meet in a snooping bridge on a third.
hosts_up() {
	local - && set +T
	clean_environment
	hold sender exec "${NEW_HOST[@]}"
	hold receiver beside sender unshare --net
	if [ "${1-}" = bridge ]; then
		hold bridge beside sender unshare --net
		add_bridge
	fi
	local commands=()
	loopback_commands
	[ "${1-}" = bridge ] || pair_command 0
	pair_command 1
	link_commands a 0 1 3
	link_commands a 1 1 3
	default_routes 10.77.0.2 fd77::2 a0
	lay_out sender
	loopback_commands
	link_commands b 0 2 22
	link_commands b 1 2 22
	default_routes 10.77.0.1 fd77::1 b0
	lay_out receiver
	wait_until link_up sender a0 a1
}

# Ends everything that runs on the hosts, and the hosts.  What the programs printed is shown if the
# test has failed, and it fails where a sanitizer had something to say.
hosts_down() {
	local - && set +T
	[ -n "${BATS_TEST_COMPLETED-}" ] || show_programs
	end_programs
	local host
	end_strays
	for host in "${!HOST[@]}"; do
		kill -KILL "${HOST[$host]}" 2>/dev/null || :
	done
	HOST=()
	no_sanitizer_report
}

# add_link N: one more link, aN to bN, with the networks 10.(77+N).0.0/24 and fd(77+N)::/64.
add_link() {
	local - && set +T
	local commands=()
	pair_command "$1"
	link_commands a "$1" 1 3
	lay_out sender
	link_commands b "$1" 2 22
	lay_out receiver
	wait_until link_up sender "a$1"
}

# on HOST [grafted] COMMAND...: runs a command on a host, with the library preloaded if so said.
on() {
	local host=$1
	shift
	if [ "$1" = grafted ]; then
		shift
		set -- env "$PRELOAD_AS=$GRAFT" "$@"
	fi
	beside "$host" "$@"
}

# beside HOST COMMAND...: runs a command in a host's namespaces; in place of this shell if so told.  bats waits for
# whoever has its descriptors 3 and 4.
beside() {
	local pid=${HOST[$1]} users=()
	shift
	[ -z "$OWN_USERS" ] || users=(--user="/proc/$pid/ns/user" --preserve-credentials)
	${in_place-} nsenter "${users[@]}" --net="/proc/$pid/ns/net" -- "$@" 3>&- 4>&-
}

# hold HOST COMMAND...: starts the process that keeps a namespace alive, and waits until it is there.
hold() {
	local host=$1 fd ready=
	shift
	exec {fd}< <(in_place="exec" && "$@" setpriv --pdeathsig KILL sh -c 'echo up; exec sleep infinity' 3>&- 4>&-)
	HOST[$host]=$!
	read -r -t "$DEADLINE" ready <&"$fd" || :
	exec {fd}<&-
	[ "$ready" = up ] || fail "no host $host: are network namespaces allowed here?"
}

# lay_out HOST: has ip do what was put into commands since the last time.
lay_out() {
	printf '%s\n' "${commands[@]}" | on "$1" ip -batch -
	commands=()
}

loopback_commands() {
	commands+=("link set lo multicast on" "link set lo up")
}

# default_routes VIA4 VIA6 INTERFACE
default_routes() {
	commands+=("route add default via $1 dev $3" "route add default via $2 dev $3")
}

# The two ends have different indexes: the kernel lets a veth that has its peer's wait up to a second until it is UP.
pair_command() {
	commands+=("link add a$1 index $((10 + $1)) type veth peer name b$1 netns ${HOST[receiver]}")
}

add_bridge() {
	on bridge ip -batch - <<-END
		link add br0 type bridge mcast_snooping 1 mcast_querier 1 mcast_igmp_version 3 mcast_mld_version 2
		link add pa0 type veth peer name a0 netns ${HOST[sender]}
		link add pb0 type veth peer name b0 netns ${HOST[receiver]}
		link set pa0 master br0 up
		link set pb0 master br0 up
		link set br0 addrgenmode none
		address add fe80::bb/64 dev br0 nodad
		link set br0 up
	END
}

# Only link 0 has second addresses; the kernel prefers the first as the source.  No address waits for
# duplicate address detection.
link_commands() {
	local dev=$1$2 net=$((77 + $2)) address
	local addresses=("10.$net.0.$3/24" "fd$net::$3/64 nodad" "fe80::$dev/64 nodad")
	[ "$2" != 0 ] || addresses+=("10.$net.0.$4/24" "fd$net::$4/64 nodad preferred_lft 0")
	commands+=("link set $dev addrgenmode none")
	for address in "${addresses[@]}"; do
		commands+=("address add $address dev $dev")
	done
	commands+=("link set $dev up")
}

# link_up HOST INTERFACE...: of two ends, that which was there first is UP last.
link_up() {
	local links host=$1 link
	shift
	on "$host" ip -oneline link show up >"$BATS_TEST_TMPDIR/links"
	read -r -d "" links <"$BATS_TEST_TMPDIR/links" || :
	for link; do
		[[ $links =~ " $link"(@[^ ]*)?": "[^$'\n']*"state UP" ]] || return
	done
}

# Programs that a started program left behind: they are on the hosts still.
end_strays() {
	local pid holders=" ${HOST[*]} "
	for pid in $(processes_on "${!HOST[@]}"); do
		[[ $holders == *" $pid "* ]] || kill -KILL "$pid" 2>/dev/null || :
	done
}

# processes_on HOST...
processes_on() {
	local host any=() path
	for host; do
		any+=(${any:+-o} -samefile "/proc/${HOST[$host]}/ns/net")
	done
	while IFS=/ read -r _ _ path _; do
		echo "$path"
	done < <(find -L /proc/[0-9]*/ns/net -maxdepth 0 '(' "${any[@]}" ')' 2>/dev/null)
}

# shellcheck source=programs.bash
. "$TESTS/programs.bash"
