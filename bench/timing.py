"""What can only be timed: calls and starts, in rounds over all candidates in turn."""

import random
import subprocess

from rounds import Measured, of_rounds, ratios

CALL_ROUNDS, CALL_BATCHES = 9, 60
START_ROUNDS, RESAMPLES = 3000, 200


def time_calls(build, candidates, rows, report):
    """Nanoseconds of each row's call, by candidate and round; rows that do not run are missing."""
    found = {candidate.name: {} for candidate in candidates}
    for number in range(CALL_ROUNDS):
        report(f"time of calls, round {number + 1} of {CALL_ROUNDS}")
        for candidate in candidates if number % 2 else candidates[::-1]:
            ended = subprocess.run(
                ["taskset", "-c", "1", f"{build}/bench/calls", "time", str(CALL_BATCHES), *rows],
                env=candidate.environ(),
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
            for line in ended.stdout.splitlines():
                row, value = line.split(" ", 1)
                if value.replace(".", "").isdigit():
                    found[candidate.name].setdefault(row, []).append(float(value))
    return found


def compare_calls(found, candidate):
    """Times against nothing preloaded, round by round."""
    nothing = found["nothing"]
    return {
        row: of_rounds(ratios(values, nothing[row]))
        for row, values in found[candidate].items()
        if len(values) == CALL_ROUNDS
    }


def time_starts(build, candidates, report):
    """Nanoseconds of a start, by candidate and round."""
    report(f"time of starts, {START_ROUNDS} rounds")
    words = []
    for candidate in candidates:
        words += ["--"] * bool(words)
        words += [f"{name}={value}" for name, value in candidate.environ().items()]
    printed = subprocess.run(
        ["taskset", "-c", "1", f"{build}/bench/spawn", str(START_ROUNDS), f"{build}/bench/tiny", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=True,
    ).stdout
    rounds = [[int(word) for word in line.split()] for line in printed.splitlines()]
    return {candidate.name: times for candidate, times in zip(candidates, zip(*rounds))}


def compare_starts(times):
    """By candidate, the nanoseconds that a library adds to a start, and those in units of what an empty library adds.

    The lower quartile stands for a start, as what else goes on only ever makes one slower; the interval is that of
    RESAMPLES draws of the rounds."""
    rounds = len(times["nothing"])
    found = added(times, range(rounds))
    draws = [added(times, random.choices(range(rounds), k=rounds)) for _ in range(RESAMPLES)]
    compared = {}
    for name in times:
        drawn = sorted(draw[name] / draw["empty"] for draw in draws)
        low, high = drawn[RESAMPLES // 40], drawn[-1 - RESAMPLES // 40]
        compared[name] = found[name], Measured(found[name] / found["empty"], low, high)
    return compared


def added(times, chosen):
    quartiles = {name: sorted(map(values.__getitem__, chosen))[len(values) // 4] for name, values in times.items()}
    return {name: quartile - quartiles["nothing"] for name, quartile in quartiles.items()}
