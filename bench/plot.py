"""The picture of a run, by gnuplot: what each library adds to a call, and what takes a relay's place."""

import os
import subprocess
import tempfile

from multicast import MEASURES, VARIANTS

CALLS = ("recvfrom", "recvmsg", "sendto", "sendmsg")
OURS = ("no policy", "policy")


def draw(bench, script, picture):
    with tempfile.TemporaryDirectory() as directory:
        write(f"{directory}/calls", instructions(bench))
        write(f"{directory}/streams", streams(bench))
        variables = f"directory = '{directory}'; picture = '{picture}'"
        subprocess.run(["gnuplot", "-e", variables, script], check=True)


def write(path, rows):
    with open(path, "w") as file:
        for row in rows:
            cells = (f'"{cell}"' if isinstance(cell, str) else f"{cell:.3f}" for cell in row)
            file.write("\t".join(cells) + "\n")


def instructions(bench):
    """This library first, then the others by what they add; a call that fails has no bar."""
    names = {bench.ours.idle.name: "sockgraft, no policy", bench.ours.policy.name: "sockgraft, policy"}
    others = {candidate.name: candidate.name for candidate in [bench.empty, *bench.shims]}
    ordered = sorted(others, key=lambda name: max(bench.counted[name].get(call, 0) for call in CALLS))
    yield ("library", *CALLS)
    for name in [*names, *ordered]:
        title = {**names, **others}[name]
        yield (title, *(max(0, bench.counted[name].get(call, 0)) for call in CALLS))


def streams(bench):
    yield ("receiver", *MEASURES)
    for variant in VARIANTS:
        yield (variant, *(bench.streams[variant][measure].value for measure in MEASURES))
