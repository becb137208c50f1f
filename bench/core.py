"""Core beside bare loops of the system calls, and beside x/net's packages in Go: datagrams with control messages on
loopback, in rounds over all in turn."""

import os
import subprocess

from rounds import of_rounds, ratios
from targets import AT_ONCE, DATAGRAMS

# Each start lays out its memory anew; a batch is 64 datagrams.
STARTS, ROUNDS, BATCHES = 6, 10, 40
BARE, CORE, XNET = "bare", "core", "x/net"


class Server:
    """A program that times a row for each line that it is given."""

    def __init__(self, *command, environment=None):
        self.process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )

    def time(self, row):
        self.process.stdin.write(row + "\n")
        return [float(word) for word in self.process.stdout.readline().split()]

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def checked(path):
    subprocess.run([path, "check"], check=True)
    return Server(path, "serve", str(BATCHES))


def has_xnet(build):
    return os.path.exists(f"{build}/bench/xnet")


def time_datagrams(build, report):
    """Nanoseconds of a datagram, by row, by who moves it and by round. x/net's are missing where it is not there."""
    found = {row: {} for row in DATAGRAMS}
    for number in range(STARTS):
        report(f"datagrams, {ROUNDS} rounds: {number + 1} of {STARTS}")
        ours = checked(f"{build}/bench/core_datagrams")
        theirs = checked(f"{build}/bench/xnet") if has_xnet(build) else None
        for _ in range(ROUNDS):
            for row in DATAGRAMS:
                values = dict(zip((BARE, CORE), ours.time(row)))
                if theirs and row not in AT_ONCE:
                    values[XNET], = theirs.time(row)
                for name, value in values.items():
                    found[row].setdefault(name, []).append(value)
        for server in filter(None, (ours, theirs)):
            server.end()
    return found


def compare(found, one, other):
    """By row, the time of one in units of the other's, round by round."""
    return {row: of_rounds(ratios(times[one], times[other])) for row, times in found.items() if other in times}
