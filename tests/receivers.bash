# shellcheck shell=bash
# The reference receivers, all unmodified, and what each of them has to show in the same way.

NC=nc.openbsd
command -v "$NC" >/dev/null || NC=nc

# listen KIND ADDRESS PORT: starts a receiver named r on the receiver, grafted onto, and waits until it is set up.
listen() {
	local kind=$1 address=$2 port=$3
	case $kind in
	python) start r grafted "${UDP[@]}" receive "$address" "$port" ;;
	socat) start r grafted socat -u "$(socat_address "$address" "$port")" STDOUT ;;
	nc) start r grafted "$NC" -d -k -u -l "$address" "$port" ;;
	example) start r grafted "$EXAMPLES/unicast-receiver" "$address" "$port" ;;
	esac
	ready r "$port"
}

socat_address() {
	if [[ $1 == *:* ]]; then
		echo "UDP6-RECV:$2,bind=[$1]"
	else
		echo "UDP4-RECV:$2,bind=$1"
	fi
}

# A receiver named w on port 6000 that answers, and tells where what it hears was sent.
answerer4() {
	start w "${UDP[@]}" receive 0.0.0.0 6000 --control --reply answer --join 239.1.1.1%b0 "$@"
	ready w 6000
}

answerer6() {
	start w "${UDP[@]}" receive :: 6000 --control --reply answer --join ff15::114%b0 "$@"
	ready w 6000
}

# Two programs that make the host receive what the one under test must not hear.
bystanders() {
	bystander other-group "$1%b0"
	bystander other-link "$2%b1"
}

# The unwanted first; what is wanted, and follows, shows that the others had their chance.
send_unwanted4() {
	send address 10.77.0.22 5000
	send group9 239.9.9.9 5000
	send link 239.1.1.1 5000 10.78.0.1 a1
	send port 239.1.1.1 5001
}

send_unwanted6() {
	send address fd77::22 5000
	send group9 ff15::999 5000
	send link ff15::114 5000 fd78::1 a1
	send port ff15::114 5001
}

hears_group_and_own_address4() {
	bystanders 239.9.9.9 239.1.1.1
	SOCKGRAFT_JOIN=239.1.1.1%b0 listen "$1" 10.77.0.2 5000
	send_unwanted4
	send group 239.1.1.1 5000
	send own 10.77.0.2 5000
	hears r group own
	deaf r address group9 link port
	silent r
}

hears_group_and_own_address6() {
	bystanders ff15::999 ff15::114
	SOCKGRAFT_JOIN=ff15::114%b0 listen "$1" fd77::2 5000
	send_unwanted6
	send group ff15::114 5000
	send own fd77::2 5000
	hears r group own
	deaf r address group9 link port
	silent r
}

hears_wanted_source4() {
	SOCKGRAFT_JOIN=10.77.0.1@232.7.8.9%b0 listen "$1" 10.77.0.2 5000
	send unwanted 232.7.8.9 5000 10.77.0.3
	send wanted 232.7.8.9 5000 10.77.0.1
	hears r wanted
	deaf r unwanted
	silent r
}

hears_wanted_source6() {
	SOCKGRAFT_JOIN=fd77::1@ff35::8000:9%b0 listen "$1" fd77::2 5000
	send unwanted ff35::8000:9 5000 fd77::3
	send wanted ff35::8000:9 5000 fd77::1
	hears r wanted
	deaf r unwanted
	silent r
}

# sends_marked WILDCARD GROUP: what a program sends carries the marks of the policy and leaves by its interface.
sends_marked() {
	start w "${UDP[@]}" receive "$1" 6000 --control --join "$2%b0" --join "$2%b1"
	ready w 6000
	SOCKGRAFT_DSCP=ef SOCKGRAFT_MULTICAST_TTL=16 SOCKGRAFT_MULTICAST_HOPLIMIT=16 SOCKGRAFT_INTERFACE=a1 \
		on sender grafted "$EXAMPLES/multicast-sender" "$2" 6000
	hears w datagram
	said w 'datagram 1 hops=16 class=0xb8 to=.* on=b1'
}

# hears_all_but_one RECEIVER GROUP ADDRESS WANTED UNWANTED: bound to the address, of the group all sources but one.
hears_all_but_one() {
	SOCKGRAFT_JOIN="!$5@$2%b0" listen "$1" "$3" 5000
	[ "$(mcfilter b0 "$2" "$5")" = "0 1" ]
	send unwanted "$2" 5000 "$5"
	send wanted "$2" 5000 "$4"
	hears r wanted
	deaf r unwanted
	silent r
}

# answers_by_interface PROBE: a control message that names an interface alone leaves the source as it is bound.
answers_by_interface() {
	start by_peer on sender "${UDP[@]}" receive fd77::1 6001
	wait_until bound 6001 sender
	SOCKGRAFT_JOIN=ff15::114%b0 start by grafted "$1" by-interface fd77::22 5000 fd77::1 6001
	finish by
	hears by_peer by-interface
	said by_peer '^fd77::22 5000 by-interface$'
}

# A receiver named w that tells hops, class, destination and interface of what arrives on port 6000.
watch4() {
	start w "${UDP[@]}" receive 0.0.0.0 6000 --control --join 239.1.1.1%b0 --join 239.1.1.1%b1
	ready w 6000
}

watch6() {
	start w "${UDP[@]}" receive :: 6000 --control --join ff15::114%b0 --join ff15::114%b1
	ready w 6000
}
