# Core: which sockets hear which groups, from which interface and source; IPv4, IPv6 and both sides of a socket.

load hosts

setup() {
	hosts_up
}

teardown() {
	hosts_down
}

@test "one socket hears each of the groups it joined, and no other" {
	core listeners several_groups
}

@test "a group that was left is heard no more until it is joined again" {
	core listeners leave_and_rejoin
}

@test "all sockets that share a group and a port hear each datagram" {
	core listeners shared_port
}

# --- interfaces ---

@test "IPv4 listeners bound to a group, one on each interface, hear what arrives there" {
	core listeners interfaces_by_membership
}

@test "listeners with a filter, one on each interface, hear what arrives there" {
	core listeners interfaces_by_filter
}

@test "IPv6 listeners bound to a link-local group's zone hear what arrives there" {
	core listeners interfaces_by_zone
}

# --- raw sockets ---

@test "raw sockets hear the groups they joined, until they leave" {
	core listeners raw_listeners
}

@test "raw sockets on one interface each: IPv4 hears its own, IPv6 both" {
	core listeners raw_listeners_by_interface
}

# --- sources ---

@test "of included sources each is heard, and no other" {
	core listeners included_sources
}

@test "all sources but the excluded are heard" {
	core listeners excluded_sources
}

@test "sources replaced at once, and included turned to excluded" {
	core listeners replaced_sources
}
