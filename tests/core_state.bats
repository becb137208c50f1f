# What core does to a socket, by what the kernel then says of it: no traffic. Each test is a case of a program in
# tests/core, which runs on a host of its own where no memory is to be had.

load hosts

# A host with two interfaces that have addresses, joined by a cable, and two that have none.
setup() {
	local - && set +T
	clean_environment
	hold receiver exec "${NEW_HOST[@]}"
	local commands=("link add b0 type veth peer name b1" "link add n0 type veth peer name n1")
	loopback_commands
	link_commands b 0 2 22
	link_commands b 1 2 22
	commands+=("link set n0 addrgenmode none" "link set n1 addrgenmode none" "link set n0 up" "link set n1 up")
	default_routes 10.77.0.1 fd77::1 b0
	commands+=("route add multicast ff15::/16 dev b0 table local")
	lay_out receiver
	wait_until link_up receiver b0
}

teardown() {
	hosts_down
}

# core PROGRAM CASE: with every request for memory a crash; the sanitizers ask for some.
core() {
	local preload=("$PRELOAD_AS=$BUILD/tests/no_memory.so")
	[[ $GRAFT != *asan* ]] || preload=()
	on receiver env "${preload[@]}" "$BUILD/tests/core/$1" "$2"
}

# as_root PROGRAM CASE: one that becomes another user.
as_root() {
	[ -z "$OWN_USERS" ] || skip "needs root"
	core "$@"
}

# --- names ---

@test "every DSCP name leads to its value and back, and nothing else is one" {
	core names dscp_names
}

@test "every ICMP type's name leads to its type and back, in both families, and nothing else is one" {
	core names icmp_names
}

@test "a family without ICMP has no names for its types" {
	core names icmp_names_of_no_family
}

# --- addresses ---

@test "an address is read and written as RFC 5952 has it, with port and zone" {
	core addresses texts
}

@test "what is no address is refused" {
	core addresses bad_texts
}

@test "multicast, wildcard, link-local and mapped addresses are told apart, at their bounds" {
	core addresses kinds
}

@test "an IPv4 address is mapped and back; an IPv6 one stays as it is" {
	core addresses mapped_and_back
}

@test "a zeroed address is none of any kind" {
	core addresses no_address
}

@test "a prefix covers its addresses, to the bit, and none of the other family" {
	core addresses prefixes
}

# --- text ---

@test "control messages are written part by part, in one order" {
	core describe control_parts
}

@test "addresses in control messages are written with zone and port" {
	core describe control_addresses
}

@test "a time is written with nine decimals, before 1970 too" {
	core describe control_times
}

@test "the longest control messages fit" {
	core describe longest_control
}

@test "headers are written value by value, and the longest fit" {
	core describe ipv4_headers
	core describe ipv6_headers
}

# --- options ---

@test "each option on each kind of socket: set, as the kernel tells it; out of range, nothing changes" {
	core options every_row_on_every_socket
}

@test "an odd checksum offset is refused" {
	core options odd_checksum_offset
}

@test "an option of one side of a socket leaves the other side as it was" {
	core options one_side_only
}

@test "an option of one family alone does not reach the other side" {
	core options a_side_without_the_option
}

@test "an option that one side refuses is not set on the other" {
	[[ $BUILD != */32 ]] || skip "seccomp can't see what socketcall(2) is called with"
	core options both_sides_or_none
}

@test "the path MTU is there once connected, and only to get" {
	core options path_mtu
}

@test "marks, and priorities over 6, take permission" {
	as_root options marks_without_permission
}

@test "a buffer within the maximum, on each kind of socket" {
	core options buffers_within_the_maximum
}

@test "a buffer past the maximum, where permitted" {
	as_root options buffers_past_the_maximum
}

@test "without permission a buffer is as large as the maximum allows, and that is said" {
	as_root options buffers_past_the_maximum_without_permission
}

@test "a buffer out of range is refused, and stays as it was" {
	core options buffers_out_of_range
}

@test "a timeout is kept, rounded up to a tick, for its own direction" {
	core options timeouts_round_up
}

@test "the longest timeout is never shortened to less than a time_t can tell" {
	core options the_longest_timeout
}

@test "a timeout too long to tell in nanoseconds is the longest that can be told" {
	[ "$(getconf LONG_BIT)" = 64 ] && [[ $BUILD != */32 ]] || skip "its seconds have 32 bits"
	core options a_timeout_past_nanoseconds
}

@test "a timeout ends a call that receives" {
	core options a_timeout_ends_a_call
}

@test "the datagrams dropped for a full buffer are counted" {
	core options drops
}

# --- memberships ---

@test "a group is joined and left by interface; to join twice says EADDRINUSE, to leave twice EADDRNOTAVAIL" {
	core memberships join_and_leave
}

@test "a group without an interface is joined where its route leads" {
	core memberships join_where_the_route_leads
}

@test "the last close leaves the groups" {
	core memberships closing_leaves
}

@test "sources of a group add up; to leave the last leaves the group" {
	core memberships include_sources
}

@test "sources of a group are blocked and unblocked" {
	core memberships exclude_sources
}

@test "a group is left whatever its mode and sources" {
	core memberships leave_whatever_the_mode
}

@test "what is no group, a source of the other family and an unknown interface are refused" {
	core memberships refused_joins
}

@test "a group of a family that the socket lacks says ENOPROTOOPT" {
	core memberships group_of_a_family_that_the_socket_lacks
}

@test "without a route there is no default interface" {
	core memberships no_route
}

@test "more groups than the host allows say ENOBUFS" {
	core memberships too_many_groups
}

@test "an AF_INET6 socket is a member of a group of each family, each left by itself" {
	core memberships groups_of_both_families
}

@test "mode and sources are set at once and got, whatever the room" {
	core memberships sources_at_once
}

@test "refused sources leave mode and sources as they were" {
	core memberships refused_sources_at_once
}

@test "mapped sources go in, plain ones come out" {
	core memberships mapped_sources_at_once
}

@test "as many sources as the host allows, and not one more" {
	core memberships too_many_sources
}

@test "all memberships of a socket, with modes and sources, whatever the room" {
	core memberships memberships_of_a_socket
}

@test "a socket without memberships has none, whatever its host has joined" {
	core memberships no_memberships
}

@test "memberships are found among hundreds" {
	core memberships hundreds_of_groups
}

@test "memberships of another process's socket, by its descriptor" {
	core memberships of_another_process
}

@test "memberships in another network namespace are found by a process there" {
	core memberships of_another_network_namespace
}

@test "a descriptor of a process that may not be traced says EPERM" {
	as_root memberships of_a_process_that_may_not_be_traced
}

# --- interfaces ---

@test "an interface is written as an index, an address, a pattern or a name" {
	core interfaces good_texts
}

@test "what names no interface is refused, and what it was meant as is said" {
	core interfaces bad_texts
}

@test "a pattern matches by * and ?" {
	core interfaces patterns
}

@test "an interface is found by name, index and address of either family" {
	core interfaces resolved
}

@test "a pattern finds all that multicast, at most as many as there is room for" {
	core interfaces resolved_patterns
}

@test "an interface is looked up with any room, and what is missing is told" {
	core interfaces resolved_in_any_room
}

@test "an index leads to the name, on each kind of socket" {
	core interfaces names_by_index
}

@test "a name is one of the socket's network namespace" {
	core interfaces names_of_the_namespace_of_the_socket
}

@test "the interface that the route leaves by, to a mapped address too" {
	core interfaces routes
}

@test "a zone says the interface by itself; no route leads to another family" {
	core interfaces routes_of_zones_and_other_families
}

@test "the interface that multicast leaves by is set by index and got, on each kind of socket" {
	core interfaces outgoing_interface
}

@test "an AF_INET socket's outgoing interface goes by its first address, if it has one" {
	core interfaces outgoing_interface_by_its_address
}

@test "an AF_INET socket's outgoing interface whose address is gone, or on two interfaces" {
	core interfaces outgoing_interface_whose_address_changes
}

@test "an AF_INET socket's outgoing interface that has its address twice" {
	core interfaces outgoing_interface_with_an_address_twice
}

@test "the outgoing interface is one of the socket's network namespace" {
	core interfaces outgoing_interface_in_the_namespace_of_the_socket
}

@test "each side of a socket has its own outgoing interface" {
	core interfaces outgoing_interface_of_one_side
}

# --- filters ---

@test "each of the 256 ICMP types is blocked and accepted by itself" {
	core filters each_icmp_type
}

@test "an ICMP type out of range changes nothing" {
	core filters icmp_types_out_of_range
}

@test "an ICMP filter on a socket is got as it was set, type by type" {
	core filters icmp_filter_on_a_socket
}

@test "a single type over 31 can not be blocked on IPv4, and the filter stays" {
	core filters icmp_filter_that_ipv4_can_not_have
}

@test "other sockets have no ICMP filter" {
	core filters icmp_filter_on_other_sockets
}

@test "a BPF program is attached, read back, replaced and detached, on each kind of socket" {
	core filters bpf_attach_read_detach
}

@test "a BPF program that is wrong or too long is refused, and the one before stays" {
	core filters bpf_refused
}

@test "a filter made from addresses is read back from the socket with its identity and what is behind it" {
	core filters filters_carry_their_identity
}

@test "a filter that does not fit says E2BIG and writes no further" {
	core filters filters_without_room
}

# --- errors ---

@test "a closed descriptor is EBADF, whatever the function" {
	core errors closed_descriptor
}

@test "what is no socket is ENOTSOCK, whatever the function" {
	core errors no_socket
}

@test "an AF_UNIX socket has what any socket has, and nothing of IP" {
	core errors socket_of_another_family
}

@test "a call that fails writes no result" {
	core errors nothing_is_written
}

@test "a descriptor of no process, and one that is not open, are refused" {
	core errors descriptor_of_nobody
}

@test "no function leaves a descriptor open" {
	core errors no_descriptor_is_left_open
}

# --- the tests themselves ---

@test "where no memory is to be had, whoever asks for some ends" {
	[[ $GRAFT != *asan* ]] || skip "the sanitizers ask for memory"
	"$BUILD/tests/core/memory" asks
	! core memory asks || fail "memory was to be had"
}

@test "every case of the programs in tests/core is a test" {
	local program name
	for program in "$TESTS"/core/*.c; do
		program=$(basename "$program" .c)
		for name in $("$BUILD/tests/core/$program"); do
			grep -Eqs "(core|as_root|asks|/core/)[ /]*(.*\b)?$program\"? $name\b" "$TESTS"/core_*.bats ||
				fail "no test runs $program $name"
		done
	done
}

@test "every function of the library is called by a program in tests/core" {
	local name missing=
	for name in $(nm -g --defined-only "$BUILD/libsockgraft-core.a" | awk '$2 == "T" { print $3 }'); do
		grep -Eqsw "$name" "$TESTS"/core/*.c || missing+=" $name"
	done
	[ -z "$missing" ] || fail "not called:$missing"
	[ "$(nm -g --defined-only "$BUILD/libsockgraft-core.a" | grep -c ' T graft_')" -gt 70 ]
}
