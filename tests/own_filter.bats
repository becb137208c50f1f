# A packet filter that the program attaches itself works together with ours.

load hosts

setup() {
	hosts_up
	PROBE=$BUILD/tests/probe
	export SOCKGRAFT_JOIN=239.1.1.1%b0
}

teardown() {
	hosts_down
}

# The program's filter refuses what starts with an x, ours what is not for the program.
send_all() {
	send xgroup 239.1.1.1 5000
	send xown 10.77.0.2 5000
	send address 10.77.0.22 5000
	send group 239.1.1.1 5000
	send own 10.77.0.2 5000
}

hears_what_both_admit() {
	hears r group own
	deaf r xgroup xown address
}

@test "a filter attached before the bind is kept" {
	start r grafted "$PROBE" filter-before 10.77.0.2 5000
	ready r 5000
	send_all
	hears_what_both_admit
}

@test "a filter attached after the bind does not open the socket, nor does detaching it" {
	start r grafted "$PROBE" filter-after 10.77.0.2 5000
	ready r 5000
	send_all
	hears_what_both_admit
	send end 10.77.0.2 5000
	hears r end
	wait_until asleep r
	send address 10.77.0.22 5000
	send xgroup 239.1.1.1 5000
	send end 10.77.0.2 5000
	hears r xgroup
	deaf r address
	finish r
}

@test "a filter that the kernel refuses is refused as without the shim" {
	start r grafted "$PROBE" filter-invalid 10.77.0.2 5000
	wait_until said r '^-1 Invalid argument$'
	send address 10.77.0.22 5000
	send end 10.77.0.2 5000
	hears r end
	deaf r address
}
