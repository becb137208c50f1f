"""What sockgraft has to reach: one row for each thing measured, by which a run is judged and from which its page is
made. A value that has an interval misses its target if all of the interval does."""

from typing import NamedTuple

RECEIVE = ("recv", "recvfrom", "recvmsg", "recvmmsg")
SEND = ("send", "sendto", "sendmsg", "sendmmsg")
DATA = RECEIVE + SEND

# What core_datagrams.c does: its rows, and their titles.
AT_ONCE = {
    f"ipv{family}-{work}-batch": f"IPv{family}: {work} 64 at once" for family in (4, 6) for work in ("receive", "send")
}
ONE_BY_ONE = {
    f"ipv{family}-{work}": f"IPv{family}: {title}"
    for family in (4, 6)
    for work, title in (("receive", "receive"), ("send", "send"), ("both", "send and receive"))
}
DATAGRAMS = {**ONE_BY_ONE, **AT_ONCE}

# What spread.c does: a datagram by one interface, or more.
SPREADS = {
    f"ipv{family}-{work}-{count}": f"IPv{family}: {title} on {count}"
    for family in (4, 6)
    for work, title in (("sendto", "sendto"), ("send", "send, connected,"), ("batch", "sendmmsg of 64"))
    for count in (1, 2, 4)
}


class Target(NamedTuple):
    group: str
    name: str
    limit: float
    unit: str
    least: bool = False  # the limit is the least, not the most

    def missed(self, measured):
        return measured.high < self.limit if self.least else measured.low > self.limit


def of_calls(group, limit, **others):
    return tuple(Target(group, call, others.get(call, limit), "instructions") for call in DATA)


def of_acts(group, limits):
    return tuple(Target(group, name, limit, "instructions") for name, limit in limits.items())


IDLE, GOVERNED, BESIDE = "calls, no policy", "calls, policy on the socket", "calls, policy on other sockets"
SYSTEM, LIFE, START, SPACE = "system calls", "a socket's life", "start-up", "memory and size"
GROWTH, MULTICAST = "growth", "multicast"
SPREAD, ACTING, ACTING_SYSTEM = "several interfaces", "calls, policy at work", "system calls, policy at work"
CORE, CORE_IN_GO = "core, beside bare calls", "core, beside x/net"
COMMAND = "the command"

# Where there is something to do for a datagram: no more than it takes today, and a tenth.
ACTS = {
    "ttl, dscp: sendmsg, its message on the heap": 50,
    "ttl, dscp: sendmmsg, its message on the heap": 82,
    "ttl, dscp: sendmsg, a control message overridden": 700,
    "redirect: send, connected": 8,
    "redirect: recv, connected": 8,
    "redirect: sendto": 570,
    "redirect: sendto, its address on the heap": 570,
    "redirect: sendmsg": 570,
    "redirect: sendmmsg": 650,
    "redirect of a rule with a port: sendto": 570,
    "redirect: recvfrom of an answer": 410,
    "redirect: recvmsg of an answer": 450,
    "redirect: sendto, another address": 230,
    "redirect: recvfrom, another's datagram": 250,
    "join, bound to an address: sendto": 540,
    "interface, one: sendto in IPv6": 250,
}

TARGETS = (
    *of_calls(IDLE, 3),
    *of_calls(GOVERNED, 8, sendmsg=32, sendmmsg=64),
    *of_calls(BESIDE, 8),
    Target(SYSTEM, "added to a data call, no policy", 0, "calls"),
    Target(SYSTEM, "added to a data call, policy on the socket", 0, "calls"),
    Target(SYSTEM, "added to a data call, policy on other sockets", 0, "calls"),
    Target(SYSTEM, "socket and bind with join, tos, ttl: more than in a program written for it", 0, "calls"),
    Target(SYSTEM, "interface look-ups among them", 1, "calls"),
    Target(LIFE, "socket, setsockopt, close", 14, "instructions"),
    Target(LIFE, "dup, close", 14, "instructions"),
    Target(START, "no policy", 23000, "instructions"),
    Target(START, "no policy, time", 1.25, "× an empty library's"),
    Target(START, "ten rules, time", 1.6, "× an empty library's"),
    Target(COMMAND, "start of a program by sockgraft run", 1.1, "× that by env VARIABLE=..."),
    Target(SPACE, "private memory, no policy", 32, "kB"),
    Target(SPACE, "the library, stripped", 64, "KiB"),
    Target(SPACE, "libraries needed beside libc", 0, "libraries"),
    Target(GROWTH, "to 100,000 descriptors, no policy", 0.1, "instructions a call"),
    Target(GROWTH, "to 100,000 descriptors, policy", 0.1, "instructions a call"),
    Target(GROWTH, "to 8 threads, no policy", 0.1, "instructions a call"),
    Target(GROWTH, "to 8 threads, policy", 0.1, "instructions a call"),
    Target(GROWTH, "to 1,000 rules, on the socket", 0.1, "instructions a call"),
    Target(GROWTH, "to 1,000 rules, on other sockets", 0.1, "instructions a call"),
    Target(MULTICAST, "delivered", 0.98, "× native", least=True),
    Target(MULTICAST, "processor time", 1.02, "× native"),
    Target(MULTICAST, "latency, median", 1.02, "× native"),
    Target(MULTICAST, "latency, 99th percentile", 1.02, "× native"),
    Target(MULTICAST, "what a relay costs, saved", 0.98, "of it", least=True),
    *of_acts(ACTING, ACTS),
    *(Target(ACTING_SYSTEM, name, 0, "calls") for name in ACTS),
    *(Target(SPREAD, title, 1.05, "× sends by hand") for title in SPREADS.values()),
    *(Target(ACTING_SYSTEM, title, 0, "calls more than by hand") for title in SPREADS.values()),
    *(Target(CORE, title, 1.05, "× a bare loop's time") for title in DATAGRAMS.values()),
    *(Target(CORE_IN_GO, title, 0.5, "× x/net's time") for title in ONE_BY_ONE.values()),
)

# What each group's numbers mean; the page says it.
MEANINGS = {
    IDLE: "Instructions that the library adds to one call that succeeds, on any socket, where no variable of ours"
    " is set: callgrind's count for 120 calls less that for 40, divided by 80, less the same with nothing"
    " preloaded.",
    GOVERNED: "The same on a UDP socket on loopback, bound to the wildcard, with `join`, `ttl` and `dscp` of a rule;"
    " for `send` a connected one with `ttl` and `dscp`. sendmsg and sendmmsg have to look whether the message, which"
    " may not be readable, has control messages: they could say otherwise.",
    BESIDE: "The same where rules match other sockets only.",
    SYSTEM: "System calls by strace -f, counted as the instructions are. The program written for it makes socket,"
    " IP_TOS, IP_TTL, IP_MULTICAST_ALL, SIOCGIFINDEX on its own socket, MCAST_JOIN_GROUP, bind and close;"
    " the other makes socket, bind and close, and is grafted with `join`, `tos` and `ttl`.",
    LIFE: "Instructions added, no policy, counted as above: to three calls, and to two.",
    START: "Of a program that does nothing. Instructions: callgrind's total, the loader's included, less the same"
    " with nothing preloaded. Time: from vfork to the end of waitpid on processor 1, the lower quartile of"
    " all rounds; what the library adds to that, divided by what an empty library adds. The ten rules are"
    " five for UDP with port and destination, four for TCP with a port, and one for a program.",
    COMMAND: "Time from posix_spawn to the end of a program that does nothing, under the same policy: by `sockgraft run`,"
    " which reads the policy and looks into the program first, and by env(1) with the variables and LD_PRELOAD; the"
    " median of {rounds} rounds' ratios.",
    SPACE: "Memory: Private_Clean and Private_Dirty of /proc/PID/smaps_rollup of a program that waits, less the"
    " same with nothing preloaded. Size: of a stripped copy. Libraries: DT_NEEDED.",
    GROWTH: "By how much the instructions added to a call change, over all eight calls: between one socket and"
    " {descriptors:,} open, between one thread and eight, and between one or two rules and 1,000.",
    MULTICAST: "A receiver bound to one unicast address on a host of its own (a network namespace; sender on processor"
    " 0, receiver and relay on processor 1), grafted with `SOCKGRAFT_JOIN`. Delivered: datagrams of 64 bytes"
    " per second from a sender that is faster than any receiver. Processor time: user and system, of the"
    " receiver and of the relay, for a million datagrams delivered of that stream. Latency: from the"
    " sender's clock reading before send to the receiver's after recvfrom, at 4,000 datagrams per second."
    " Grafted, the receiver stays behind a packet filter of the kernel, which keeps it to its address and"
    " its group. Native: a receiver that binds the wildcard and joins by itself, with IP_MULTICAST_ALL off;"
    " no filter keeps it to one address. Held: one that binds the wildcard while another process is a"
    " member. Relay: `socat UDP4-RECV,ip-add-membership UDP4-SENDTO` to the receiver's address.",
    ACTING: "Instructions added, counted as above, to a call for whose datagram the policy has something to do: where"
    " it enforces a value and a control message may say otherwise, or does; where `redirect` sends the datagram"
    " elsewhere, or an answer is shown as coming from the address that the program sent to, or the datagram is"
    " another's; where a datagram names the address that a socket in a group was bound to; and where one may name, in"
    " IPv6, the multicast interface. On the heap: all others have message and address on the stack. The limits are"
    " what it takes, and a tenth: they are to show what makes it more.",
    ACTING_SYSTEM: "The same in system calls, by strace; by several interfaces, those of a datagram less those of a"
    " program that sends by each itself.",
    SPREAD: "Time of a datagram of 64 bytes that a program sends once and `interface` has leave by one interface"
    " (that a pattern covers), two or four, in units of the time that it takes to send it by each by hand: a loop of"
    " sendmsg, or of sendmmsg, whose messages, with the interface in IP_PKTINFO or IPV6_PKTINFO, are set up once."
    " Both take turns in one program that has the library preloaded, on one socket, by batches of 64: so nothing else"
    " differs between them. The loop by hand calls libc's own functions, found with dlsym in libc itself: what it"
    " runs is what a program without the library runs. The interfaces are veth pairs whose other ends have no"
    " members. A round's time is the lower quartile of its batches, all on processor 1.",
    CORE: "Time of a datagram of 64 bytes that a UDP socket on loopback sends to itself. Receiving gives sender, TTL or"
    " hop limit, TOS byte or traffic class, destination and interface; sending specifies source and interface"
    " (IPv4), or hop limit, traffic class and interface (IPv6). The bare loop has its msghdr or 64 of them set up"
    " once, puts back only msg_namelen and msg_controllen before a call, reads with CMSG_FIRSTHDR and CMSG_NXTHDR,"
    " in a room for just these messages, and fills in the messages for each datagram. Both take turns in one"
    " program, on one socket, by batches of 64 datagrams; what is received was sent before, and what is sent is"
    " received after, outside of what is timed, except where both are said. A round's time is the lower quartile"
    " of its {batches} batches. Instructions: callgrind's count of the loop for 192 datagrams less that for 64,"
    " divided by 128; the kernel's don't count.",
    CORE_IN_GO: "The same by ReadFrom and WriteTo of golang.org/x/net/ipv4 and ipv6, with a ControlMessage and all"
    " flags of SetControlMessage that it has for it (for IPv4 no TOS byte), GOMAXPROCS as Go sets it, in rounds"
    " between core's. Where the bare loop takes more than half of x/net's time, that is the kernel's, and no"
    " library can reach the target. The quartile leaves out most of the garbage collector's work.",
}
