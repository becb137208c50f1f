# shellcheck shell=bash
# The receiver's kernel settings, for the test files on what sockgraft says of them.  Loaded after hosts.

# setting PATH VALUE: of the receiver, below /proc/sys/net.
setting() {
	on receiver tee "/proc/sys/net/$1" <<<"$2" >/dev/null
}

# What is inherited from this machine must not make a difference.
set_up_receiver() {
	setting ipv4/conf/all/rp_filter 0
	setting ipv4/conf/b0/rp_filter 0
	setting ipv4/conf/b1/rp_filter 0
}
