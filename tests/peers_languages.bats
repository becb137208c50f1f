# A program in several languages (tests/peers) whose own ideas the policy overrides: where it sends, by which interface
# and with which TTL and class, which group it joins, where and from whom.

load hosts
load peers

setup_file() {
	compile_java
}

setup() {
	hosts_up
}

teardown() {
	hosts_down
}

# --- python3 ---

@test "python3: what it sends to an address goes to a group" {
	redirected_to_group python 4
}

@test "python3: it is held to TTL, class and interface" {
	held_to_values python 4 0xba
}

@test "python3: it may change what is a default" {
	changes_defaults python 4 0x4a
}

@test "python3: what it sends to a group leaves by each interface" {
	sent_by_each_interface python 4
}

@test "python3: it heeds the answer of the peer that it was redirected to" {
	heeds_the_answer python 4
}

@test "python3: it heeds the answer on a connected socket" {
	heeds_the_answer_connected python 4 "right name"
}

@test "python3: it heeds the answer by TCP" {
	heeds_the_answer_by_tcp python 4
}

@test "python3: its any-source join is made where and for whom the filter says" {
	joins_as_filtered python 4
}

@test "python3: the source that it names gives way to the filter's" {
	names_a_source_in_vain python 4
}

@test "python3: the group that it joins is another one" {
	joins_as_redirected python 4
}

@test "IPv6, python3: what it sends to an address goes to a group" {
	redirected_to_group python 6
}

@test "IPv6, python3: it is held to TTL, class and interface" {
	held_to_values python 6 0xba
}

@test "IPv6, python3: it may change what is a default" {
	changes_defaults python 6 0x4a
}

@test "IPv6, python3: what it sends to a group leaves by each interface" {
	sent_by_each_interface python 6
}

@test "IPv6, python3: it heeds the answer of the peer that it was redirected to" {
	heeds_the_answer python 6
}

@test "IPv6, python3: it heeds the answer on a connected socket" {
	heeds_the_answer_connected python 6 "right name"
}

@test "IPv6, python3: it heeds the answer by TCP" {
	heeds_the_answer_by_tcp python 6
}

@test "IPv6, python3: its any-source join is made where and for whom the filter says" {
	joins_as_filtered python 6
}

@test "IPv6, python3: the source that it names gives way to the filter's" {
	names_a_source_in_vain python 6
}

@test "IPv6, python3: the group that it joins is another one" {
	joins_as_redirected python 6
}

# --- node ---

@test "node: what it sends to an address goes to a group" {
	redirected_to_group node 4
}

@test "node: it is held to TTL, class and interface" {
	held_to_values node 4 0xb8
}

@test "node: it may change what is a default" {
	changes_defaults node 4 0xb8
}

@test "node: what it sends to a group leaves by each interface" {
	sent_by_each_interface node 4
}

@test "node: it heeds the answer of the peer that it was redirected to" {
	heeds_the_answer node 4
}

@test "node: it heeds the answer on a connected socket" {
	heeds_the_answer_connected node 4 "right name"
}

@test "node: it heeds the answer by TCP" {
	heeds_the_answer_by_tcp node 4
}

@test "node: its any-source join is made where and for whom the filter says" {
	joins_as_filtered node 4
}

@test "node: the source that it names gives way to the filter's" {
	names_a_source_in_vain node 4
}

@test "node: the group that it joins is another one" {
	joins_as_redirected node 4
}

@test "IPv6, node: what it sends to an address goes to a group" {
	redirected_to_group node 6
}

@test "IPv6, node: it is held to TTL, class and interface" {
	held_to_values node 6 0xb8
}

@test "IPv6, node: it may change what is a default" {
	changes_defaults node 6 0xb8
}

@test "IPv6, node: what it sends to a group leaves by each interface" {
	sent_by_each_interface node 6
}

@test "IPv6, node: it heeds the answer of the peer that it was redirected to" {
	heeds_the_answer node 6
}

@test "IPv6, node: it heeds the answer on a connected socket" {
	heeds_the_answer_connected node 6 "right name"
}

@test "IPv6, node: it heeds the answer by TCP" {
	heeds_the_answer_by_tcp node 6
}

@test "IPv6, node: its any-source join is made where and for whom the filter says" {
	joins_as_filtered node 6
}

@test "IPv6, node: the source that it names gives way to the filter's" {
	names_a_source_in_vain node 6
}

@test "IPv6, node: the group that it joins is another one" {
	joins_as_redirected node 6
}

# --- Java ---

@test "Java: what it sends to an address goes to a group" {
	redirected_to_group java 4
}

@test "Java: it is held to TTL, class and interface" {
	held_to_values java 4 0xba
}

@test "Java: it may change what is a default" {
	changes_defaults java 4 0x4a
}

@test "Java: what it sends to a group leaves by each interface" {
	sent_by_each_interface java 4
}

@test "Java: it heeds the answer of the peer that it was redirected to" {
	heeds_the_answer java 4
}

@test "Java: it heeds the answer on a connected socket" {
	heeds_the_answer_connected java 4
}

@test "Java: it heeds the answer by TCP" {
	heeds_the_answer_by_tcp java 4
}

@test "Java: its any-source join is made where and for whom the filter says" {
	joins_as_filtered java 4
}

@test "Java: the group that it joins is another one" {
	joins_as_redirected java 4
}

@test "IPv6, Java: what it sends to an address goes to a group" {
	redirected_to_group java 6
}

@test "IPv6, Java: it is held to TTL, class and interface" {
	held_to_values java 6 0xba
}

@test "IPv6, Java: it may change what is a default" {
	changes_defaults java 6 0x4a
}

@test "IPv6, Java: what it sends to a group leaves by each interface" {
	sent_by_each_interface java 6
}

@test "IPv6, Java: it heeds the answer of the peer that it was redirected to" {
	heeds_the_answer java 6
}

@test "IPv6, Java: it heeds the answer on a connected socket" {
	heeds_the_answer_connected java 6
}

@test "IPv6, Java: it heeds the answer by TCP" {
	heeds_the_answer_by_tcp java 6
}

@test "IPv6, Java: its any-source join is made where and for whom the filter says" {
	joins_as_filtered java 6
}

@test "IPv6, Java: the group that it joins is another one" {
	joins_as_redirected java 6
}

# --- Java, DatagramChannel ---

@test "Java, DatagramChannel: it is held to TTL, class and interface" {
	held_to_values channel 4 0xba
}

@test "Java, DatagramChannel: what it sends to a group leaves by each interface" {
	sent_by_each_interface channel 4
}

@test "Java, DatagramChannel: it heeds the answer of the peer that it was redirected to" {
	heeds_the_answer channel 4
}

@test "Java, DatagramChannel: its any-source join is made where and for whom the filter says" {
	joins_as_filtered channel 4
}

@test "Java, DatagramChannel: the source that it names gives way to the filter's" {
	names_a_source_in_vain channel 4
}

@test "IPv6, Java, DatagramChannel: it is held to TTL, class and interface" {
	held_to_values channel 6 0xba
}

@test "IPv6, Java, DatagramChannel: what it sends to a group leaves by each interface" {
	sent_by_each_interface channel 6
}

@test "IPv6, Java, DatagramChannel: it heeds the answer of the peer that it was redirected to" {
	heeds_the_answer channel 6
}

@test "IPv6, Java, DatagramChannel: its any-source join is made where and for whom the filter says" {
	joins_as_filtered channel 6
}

@test "IPv6, Java, DatagramChannel: the source that it names gives way to the filter's" {
	names_a_source_in_vain channel 6
}
