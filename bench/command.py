"""What `sockgraft run` adds to the start of a program."""

import os
import random
import time

from rounds import of_rounds, ratios

ROUNDS = 400
POLICY = {"JOIN": "239.1.1.1%lo", "TTL": "9"}


def words(build):
    """By name, the two ways to start a program under the same policy."""
    program = f"{build}/bench/tiny"
    variables = [f"SOCKGRAFT_{key}={value}" for key, value in POLICY.items()]
    options = [word for key, value in POLICY.items() for word in (f"--{key.lower()}", value)]
    return {
        "env": ["/usr/bin/env", *variables, f"LD_PRELOAD={build}/libsockgraft.so", program],
        "run": [f"{build}/sockgraft", "run", *options, program],
    }


def start(command):
    began = time.perf_counter_ns()
    process = os.posix_spawn(command[0], command, os.environ)
    _, status = os.waitpid(process, 0)
    if status:
        raise SystemExit(f"bench: {command}: status {status:#x}")
    return time.perf_counter_ns() - began


def compare(build, report):
    """The time from spawn to the end, against env's, round by round."""
    report(f"starts by sockgraft run and by env, {ROUNDS} rounds")
    commands = words(os.path.realpath(build))
    found = {name: [] for name in commands}
    for _ in range(ROUNDS):
        for name in random.sample(list(commands), len(commands)):
            found[name].append(start(commands[name]))
    return of_rounds(ratios(found["run"], found["env"]))
