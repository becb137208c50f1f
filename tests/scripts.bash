# shellcheck shell=bash
# Programs in Python from standard input, for what a program of one line does.  Loaded after hosts.

# script NAME HOST [grafted]: writes the program and starts it on the host, with the library preloaded if so said.
script() {
	local name=$1 host=$2
	{
		cat <<-'END'
			import array, errno, os, select, socket, struct, sys
			from socket import AF_INET, AF_INET6, IPPROTO_IP, IPPROTO_IPV6, SOL_SOCKET
			def udp(family=AF_INET, *name):
			    made = socket.socket(family, socket.SOCK_DGRAM)
			    if name:
			        made.bind(name)
			    return made
			def say(*words):
			    print(*words, flush=True)
			def index(name):
			    return socket.if_nametoindex(name)
			def by(made, name):
			    if made.family == AF_INET6:
			        made.setsockopt(IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index(name))
			    else:
			        made.setsockopt(IPPROTO_IP, socket.IP_MULTICAST_IF, struct.pack("=4s4si", b"", b"", index(name)))
			def errno_of(call, *arguments):
			    try:
			        return call(*arguments)
			    except OSError as error:
			        return errno.errorcode[error.errno]
			def wait_for(made):
			    select.select([made], [], [], 10)
		END
		cat
	} >"$BATS_TEST_TMPDIR/$name.py"
	# shellcheck disable=SC2086 # "grafted" or nothing
	start "$name" on "$host" ${3-} "$PYTHON" "$BATS_TEST_TMPDIR/$name.py"
}

# run_script NAME HOST [grafted]: and waits for its end.
run_script() {
	script "$@"
	finish "$1" || fail "$(cat "$(err "$1")")"
}
