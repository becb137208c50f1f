"""What can be counted: instructions, by valgrind's callgrind, which counts the loader's too; system calls, by strace;
and what a process holds of memory. Counts repeat exactly, and so are taken once."""

import os
import re
import resource
import subprocess
import tempfile
from glob import glob

from candidates import NOTHING

SHORT, LONG = 40, 120  # the lengths of calls.c's loops
DATAGRAMS_SHORT, DATAGRAMS_LONG = 64, 192  # and of core_datagrams.c's
DATA_CALLS = 16  # in each turn of its row "data"
WANTED_DESCRIPTORS = 100000


class Counter:
    def __init__(self, build):
        self.calls = f"{build}/bench/calls"
        self.tiny = f"{build}/bench/tiny"
        self.datagrams = f"{build}/bench/core_datagrams"
        self.spread = f"{build}/bench/spread"

    def callgrind(self, candidate, *command):
        """The instructions of each dump, by its name, and of the whole program, by an empty name."""
        with tempfile.TemporaryDirectory() as directory:
            valgrind = ["valgrind", "-q", "--tool=callgrind", f"--callgrind-out-file={directory}/out"]
            ended = subprocess.run(
                [*valgrind, *command], env=candidate.environ(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
            totals = dict(dump_of(path) for path in glob(f"{directory}/out*"))
        totals["error"] = ended.stdout.decode().split("\n")
        return totals

    def per_turn(self, candidate, rows, descriptors=0, threads=1, peer="127.0.0.1"):
        """Instructions of one turn of each row's loop; rows that do not run are missing."""
        options = ["-d", str(descriptors), "-t", str(threads), "-p", peer]
        dumps = self.callgrind(candidate, self.calls, *options, "count", *rows)
        failed = {line.split()[0] for line in dumps["error"] if line}
        turns = {}
        for row in rows:
            short, long = dumps.get(f"{row} {SHORT}"), dumps.get(f"{row} {LONG}")
            if row not in failed and "*" not in failed and long:
                turns[row] = (long - short) / (LONG - SHORT) / threads
        return turns

    def per_datagram(self, variant, rows):
        """Instructions of one datagram of each row, by core or bare."""
        return self.of_datagrams(NOTHING, self.datagrams, variant, rows)

    def per_spread(self, candidate, variant, rows):
        """The same of what leaves by several interfaces, as the program sends it once, or by hand."""
        return self.of_datagrams(candidate, self.spread, variant, rows)

    def of_datagrams(self, candidate, program, variant, rows):
        dumps = self.callgrind(candidate, program, "count", variant, *rows)
        length = DATAGRAMS_LONG - DATAGRAMS_SHORT
        return {row: (dumps[f"{row} {DATAGRAMS_LONG}"] - dumps[f"{row} {DATAGRAMS_SHORT}"]) / length for row in rows}

    def start(self, candidate):
        return self.callgrind(candidate, self.tiny)[""]

    def trace(self, candidate, *command):
        """The system calls of a run, one per line."""
        with tempfile.NamedTemporaryFile("r") as file:
            environment = [f"--env={name}={value}" for name, value in candidate.environ().items()]
            strace = ["strace", "-f", "-qq", *environment, "-o", file.name]
            subprocess.run([*strace, *command], stdout=subprocess.DEVNULL, check=True)
            return file.read().splitlines()

    def system_calls(self, candidate, row, pattern="", peer="127.0.0.1"):
        """System calls of one turn of a row's loop, of those that match."""
        short, long = (
            sum(1 for line in lines if re.search(pattern, line))
            for lines in (
                self.trace(candidate, self.calls, "-p", peer, "run", str(length), row) for length in (SHORT, LONG)
            )
        )
        return (long - short) / (LONG - SHORT)

    def spread_system_calls(self, candidate, variant, row):
        short, long = (
            len(self.trace(candidate, self.spread, "run", variant, row, str(length)))
            for length in (DATAGRAMS_SHORT, DATAGRAMS_LONG)
        )
        return (long - short) / (DATAGRAMS_LONG - DATAGRAMS_SHORT)

    def private_memory(self, candidate):
        """Private_Clean and Private_Dirty of a program that does nothing, in kB."""
        process = subprocess.Popen([self.tiny, "wait"], env=candidate.environ(), stdout=subprocess.PIPE)
        process.stdout.read(1)
        with open(f"/proc/{process.pid}/smaps_rollup") as file:
            sizes = re.findall(r"^Private_(?:Clean|Dirty):\s+(\d+) kB", file.read(), re.MULTILINE)
        process.kill()
        process.wait()
        return sum(int(size) for size in sizes)


def dump_of(path):
    with open(path) as file:
        text = file.read()
    name = re.search(r"^desc: Trigger: Client Request: (.*)$", text, re.MULTILINE)
    total = re.search(r"^(?:totals|summary): (\d+)", text, re.MULTILINE)
    return name.group(1) if name else "", int(total.group(1))


def allow_descriptors():
    """How many sockets a program may have open here, at most as many as wanted."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED_DESCRIPTORS + 200
    for limit in (wanted, hard):
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(limit, wanted), max(hard, limit)))
            break
        except (ValueError, PermissionError):
            pass
    return min(resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 200, WANTED_DESCRIPTORS)


def needed_libraries(library):
    printed = subprocess.run(["readelf", "-d", library], stdout=subprocess.PIPE, text=True, check=True).stdout
    return re.findall(r"\(NEEDED\).*\[(.*)\]", printed)


def size(library):
    return os.stat(library).st_size
