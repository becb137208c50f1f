# Core: raw sockets of both families, with traffic.

load hosts

setup() {
	hosts_up
}

teardown() {
	hosts_down
}

@test "an echo request with hops, class and source, and the neighbour's reply" {
	core raw echo
}

@test "an echo request to a group" {
	core raw echo_to_a_group
}

@test "an ICMP filter keeps out what it blocks, and lets in what it accepts" {
	core raw icmp_filter
}

@test "IPv4 packets are received with header and options, into buffers of every size" {
	core raw packets
}

@test "IPv4 headers are completed by the kernel, and wrong ones not sent" {
	core raw packet_by_the_kernel
}

@test "a segment size, which is UDP's, is passed over" {
	core raw segment_passed_over
}

@test "what is no IPv4 packet is told from one" {
	core raw packet_without_header
}

@test "a header of one's own is on the wire" {
	capture wire receiver b0
	core raw send_packet
	sees wire 'tos 0x28, ttl 9, id 4660, offset 0, flags \[DF\], proto [^,]*\(253\), length 32, options \(RA,.* 10\.77\.0\.99 > 10\.77\.0\.22:'
}

@test "IPv6: a header of one's own" {
	core raw ipv6_header_included
}

@test "IPv6: the checksum is put in and verified at its offset, and not without one" {
	core raw ipv6_checksum
}
