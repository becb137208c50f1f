"""The sending side: multicast that leaves by several interfaces, beside a program that sends by each itself; and calls
for whose datagrams the policy has something to do.

The interfaces are out0 and those after it; nobody at their other ends is a member of anything."""

import core
from multicast import ip
from rounds import of_rounds, ratios
from targets import SPREADS

EXITS = 4
STARTS, ROUNDS, BATCHES = 4, 10, 24
BARE, GRAFTED = "bare", "grafted"
ON_ONE = ("taskset", "-c", "1")

# By the ports of spread.c: so many interfaces, the one of them by a pattern.
SPREAD = "; ".join(
    f"udp port={24000 + count}: interface={names}"
    for count, names in ((1, "out0*"), (2, "out0+out1"), (4, "+".join(f"out{number}" for number in range(EXITS))))
)
PEER, ASKED = "127.0.0.1", "127.0.0.9"  # calls.c's peer, and the address that is redirected to it
HELD = "udp: ttl=16 dscp=ef"
REDIRECT = f"udp: redirect={ASKED}->{PEER}"
REDIRECT_OF_PORT = f"udp port=20000-20999: redirect={ASKED}->{PEER}"
BOUND = "udp port=22000: join=239.1.1.1%lo"
ONE = "udp: interface=out0"

SETTINGS = {
    "several interfaces": SPREAD,
    "ttl, dscp": HELD,
    "redirect": REDIRECT,
    "redirect of a rule with a port": REDIRECT_OF_PORT,
    "join, bound to an address": BOUND,
    "interface, one": ONE,
}

# By the names of targets.py: for a row of calls.c the policy, where the program thinks its peer is, and the row.
CALLS = {
    "ttl, dscp: sendmsg, its message on the heap": (HELD, PEER, "sendmsg-kept"),
    "ttl, dscp: sendmmsg, its message on the heap": (HELD, PEER, "sendmmsg-kept"),
    "ttl, dscp: sendmsg, a control message overridden": (HELD, PEER, "sendmsg-ttl"),
    "redirect: send, connected": (REDIRECT, ASKED, "send"),
    "redirect: recv, connected": (REDIRECT, ASKED, "recv-connected"),
    "redirect: sendto": (REDIRECT, ASKED, "sendto"),
    "redirect: sendto, its address on the heap": (REDIRECT, ASKED, "sendto-kept"),
    "redirect: sendmsg": (REDIRECT, ASKED, "sendmsg"),
    "redirect: sendmmsg": (REDIRECT, ASKED, "sendmmsg"),
    "redirect of a rule with a port: sendto": (REDIRECT_OF_PORT, ASKED, "sendto"),
    "redirect: recvfrom of an answer": (REDIRECT, ASKED, "recvfrom-answer"),
    "redirect: recvmsg of an answer": (REDIRECT, ASKED, "recvmsg-answer"),
    "redirect: sendto, another address": (REDIRECT, PEER, "sendto"),
    "redirect: recvfrom, another's datagram": (REDIRECT, PEER, "recvfrom"),
    "join, bound to an address: sendto": (BOUND, PEER, "sendto-bound"),
}
# And the one that is a row of spread.c.
ONE_CALL, ONE_ROW = "interface, one: sendto in IPv6", "ipv6-sendto-1"


def by_setting():
    """The names of CALLS, by policy and peer."""
    settings = {}
    for name, (rules, peer, _) in CALLS.items():
        settings.setdefault((rules, peer), []).append(name)
    return settings


def lay_out():
    """What spread.c sends on, in this namespace."""
    for number in range(EXITS):
        out, sink = f"out{number}", f"sink{number}"
        ip("link", "add", out, "type", "veth", "peer", "name", sink)
        ip("address", "add", f"10.88.{number}.1/24", "dev", out)
        ip("address", "add", f"fd88:{number}::1/64", "dev", out, "nodad")
        for interface in (out, sink):
            ip("link", "set", interface, "up")


def time_spread(build, candidate, report):
    """Nanoseconds of a datagram, by row, by who sends it and by round."""
    found = {row: {BARE: [], GRAFTED: []} for row in SPREADS}
    for number in range(STARTS):
        report(f"several interfaces, {ROUNDS} rounds: {number + 1} of {STARTS}")
        command = [*ON_ONE, f"{build}/bench/spread", "serve", str(BATCHES)]
        server = core.Server(*command, environment=candidate.environ())
        for _ in range(ROUNDS):
            for row in SPREADS:
                for name, value in zip((BARE, GRAFTED), server.time(row)):
                    found[row][name].append(value)
        server.end()
    return found


def compare(found):
    """By row, the time of a grafted program's datagram in units of that by hand."""
    return {row: of_rounds(ratios(times[GRAFTED], times[BARE])) for row, times in found.items()}
