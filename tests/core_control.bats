# Core: control messages of datagrams, as they are received and specified; IPv4, IPv6 and both sides of a socket.

load hosts

setup() {
	hosts_up
}

teardown() {
	hosts_down
}

# --- received ---

@test "hops, class, packet information and time come when turned on, each by itself, and not when turned off" {
	core control on_and_off
}

@test "source, destination and interface are turned on and off together" {
	core control packet_info_by_any_part
}

@test "multicast tells its group and interface; for IPv4 also the address to answer from" {
	core control multicast_destination
}

@test "the time of receipt is the kernel's, by the real-time clock" {
	core control time_of_receipt
}

@test "drops are counted once something was dropped" {
	core control count_of_drops
}

@test "IPv6: a datagram too large for the path brings the path's MTU" {
	on receiver ip -6 route add fd77::1 dev b0 mtu 1300
	core control path_mtu
}

@test "turning on or off what is not there changes nothing" {
	core control a_failure_changes_nothing
}

@test "turning on or off what is not there changes neither side of a socket, nor its kind of time" {
	core control a_failure_changes_no_side
}

@test "what came before packet information was turned on tells its destination, and nothing unknown" {
	core control packet_info_turned_on_late
}

@test "all at once fit, and are read as the C library's macros read them" {
	core control all_at_once
}

@test "more than there is room for is told, and what came before is read" {
	core control too_many_are_incomplete
}

# --- specified ---

@test "hops, class, source and interface of one unicast datagram, and not of the next" {
	core control specify_unicast
}

@test "hops, class, source and interface of one multicast datagram, and not of the next" {
	core control specify_multicast
}

@test "hops, class, source and interface of one datagram of a connected socket" {
	core control specify_connected
}

@test "the interface of one datagram beside the one that the socket has" {
	core control interface_beside_the_socket_s
}

@test "a value out of range, a foreign source and a missing interface send nothing" {
	core control specify_wrongly
}

@test "IPv6: a next hop is laid out as RFC 3542 has it, and refused by Linux" {
	core control next_hop
}

@test "what is specified is on the wire" {
	capture first receiver b0
	capture second receiver b1
	core control send_marked
	sees second 'tos 0x28, ttl 9,.* 10\.77\.0\.3\.[0-9]+ > 239\.1\.1\.1\.5000:'
	sees second 'class 0x28,.*hlim 9,.* fd77::3\.[0-9]+ > ff15::114\.5001:'
	sees second 'tos 0x28, ttl 9,.* 10\.77\.0\.3\.[0-9]+ > 239\.1\.1\.1\.5002:'
	sees second 'tos 0x28, ttl 9,.* 10\.77\.0\.3\.[0-9]+ > 239\.1\.1\.1\.5003:'
	send end 239.1.1.1 5000
	sees first '> 239\.1\.1\.1\.5000'
	refute has_captured first ' 10\.77\.0\.3\.| fd77::3\.'
}
