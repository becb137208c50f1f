# Core: datagrams between two hosts, alone and in batches; IPv4, IPv6 and both sides of a socket.

load hosts

setup() {
	hosts_up
}

teardown() {
	hosts_down
}

@test "a question from one address to another, and the answer" {
	core datagrams there_and_back
}

@test "lengths: cut off, looked at beforehand, and empty" {
	core datagrams lengths
}

# --- batches ---

@test "1 to 200 datagrams are sent, in parts, to several addresses, with control messages each" {
	core datagrams send_batches
}

@test "1 to 200 datagrams are received, in parts: all, what is there, and without waiting" {
	core datagrams receive_batches
}

@test "a datagram too long for its parts, in a batch" {
	core datagrams receive_batch_too_long
}

@test "a batch waits as long as a single receive" {
	core datagrams receive_batch_waits
}

@test "a batch is sent up to the first error" {
	core datagrams send_batch_errors
}

@test "a batch to the connected peer" {
	core datagrams batch_to_the_peer
}

@test "to a mapped address from either kind of socket, and to the peer by no address, alone and in a batch" {
	core datagrams mapped_and_unspecified
}

# --- filters ---

@test "a packet filter lets in what it accepts, until it is detached" {
	core datagrams packet_filter
}

# --- multicast ---

@test "multicast loopback off keeps a host from hearing itself" {
	core datagrams multicast_loop
}

@test "multicast with no hops stays on the host" {
	core datagrams multicast_hops
}

@test "multicast leaves by one interface after the other, of the socket and of one datagram" {
	core datagrams multicast_interfaces
}

# --- offload ---

@test "segmentation: one call sends several datagrams" {
	core datagrams segmentation
}

@test "coalescing: several datagrams are received at once, with the size of each" {
	core datagrams coalescing
}

# --- the path MTU ---

@test "the path MTU of a connected socket, before and after the route has a smaller one" {
	local input
	mkfifo "$BATS_TEST_TMPDIR/input"
	INPUT=$BATS_TEST_TMPDIR/input start r PEER="/proc/${HOST[sender]}/ns/net" "$BUILD/tests/core/datagrams" path_mtu
	exec {input}>"$BATS_TEST_TMPDIR/input"
	wait_until said r 'was 1500'
	on receiver ip route add 10.77.0.1 dev b0 mtu 1300
	on receiver ip -6 route add fd77::1 dev b0 mtu 1300
	echo >&"$input"
	exec {input}>&-
	finish r
	said r 'was 1300'
}
